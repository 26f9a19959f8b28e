"""The small faults that a module could have.

Law: values alone; nothing is run and nothing on disk is changed.
"""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

ROOT = Path(__file__).resolve().parents[2]
LEFT_ALONE = {"cast", "isinstance", "len", "TypeVar", "NewType"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One small fault: what stands instead of what, and where."""

    key: str
    path: str
    where: str
    lines: tuple[int, int]
    in_function: bool
    module: cst.Module = field(repr=False)
    old: cst.CSTNode
    new: cst.CSTNode

    @property
    def source(self) -> str:
        """The whole module with the fault in it."""
        return cst.ensure_type(self.module.deep_replace(self.old, self.new), cst.Module).code

    def diff(self) -> str:
        """The fault as a change of the file."""
        old, new = self.module.code.splitlines(), self.source.splitlines()
        return "\n".join(list(difflib.unified_diff(old, new, lineterm="", n=1))[2:])


def faults(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What could stand instead of a node by mistake."""
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            made = operator(node)
            yield from list(made)[:1] if operator is operator_string else made
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call | cst.Await):
        yield cst.Pass()
    if isinstance(node, cst.If | cst.While) and isinstance(
        test := node.test, cst.Name | cst.Attribute | cst.Call | cst.Await | cst.NamedExpr
    ):
        inner = test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), inner))
    if isinstance(node, cst.Return) and node.value is not None and node.value.deep_equals(cst.Name("None")) is False:
        yield node.with_changes(value=cst.Name("None"))


class Finder(cst.CSTVisitor):
    """Walks a module and notes all faults that it could have."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, path: str, module: cst.Module) -> None:
        super().__init__()
        self.path, self.module = path, module
        self.found: list[Mutant] = []
        self.names: list[str] = []
        self.statements: list[cst.CSTNode] = []
        self.functions = 0
        self.seen: Counter[str] = Counter()

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Note the faults of a node, and say whether to look into it."""
        if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom) or _is_left_alone(node):
            return False
        if not self.functions and _is_told_to_people(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.names.append(node.name.value)
        elif isinstance(node, cst.SimpleStatementLine):
            self.statements.append(node)
        for new in faults(node):
            self._note(node, new)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """Leave what was entered."""
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self.names.pop()
        elif isinstance(original_node, cst.SimpleStatementLine):
            self.statements.pop()

    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:  # noqa: ARG002, N802 - libcst's signature
        """What stands outside of functions has run before any test does."""
        self.functions += 1

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:  # noqa: ARG002, N802 - libcst's signature
        """Its end."""
        self.functions -= 1

    def _note(self, old: cst.CSTNode, new: cst.CSTNode) -> None:
        where = ".".join(self.names)
        texts = self.module.code_for_node(old), self.module.code_for_node(new)
        name = "\0".join((self.path, where, *texts))
        self.seen[name] += 1
        place: Any = self.get_metadata(PositionProvider, self.statements[-1] if self.statements else old)
        last = place.start.line if isinstance(old, cst.If | cst.While) else place.end.line
        self.found.append(
            Mutant(
                key=hashlib.sha256(f"{name}\0{self.seen[name]}".encode()).hexdigest()[:12],
                path=self.path,
                where=where,
                lines=(place.start.line, last),
                in_function=self.functions > 0,
                module=self.module,
                old=old,
                new=new,
            )
        )


def _is_left_alone(node: cst.CSTNode) -> bool:
    """Whether a node is for type checkers, for speed or for people alone, or any fault in it is a TypeError."""
    if isinstance(node, cst.If):
        return m.matches(node.test, m.Name("TYPE_CHECKING"))
    if isinstance(node, cst.Arg):
        return node.keyword is not None and node.keyword.value in ("frozen", "gc", "strict")
    if isinstance(node, cst.Assign):
        return m.matches(node, m.Assign([m.AssignTarget(m.Name("__slots__"))]))
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in LEFT_ALONE


def _is_told_to_people(node: cst.CSTNode) -> bool:
    """Whether a constant is a text with words."""
    return isinstance(node, cst.Assign) and isinstance(node.value, cst.SimpleString) and " " in node.value.value


def mutants_of(path: str) -> list[Mutant]:
    """All faults that a file could have."""
    wrapper = MetadataWrapper(cst.parse_module((ROOT / path).read_text("utf-8")))
    finder = Finder(path, wrapper.module)
    wrapper.visit(finder)
    return finder.found


def files_in(paths: Iterable[str]) -> list[str]:
    """Files, and those in directories, under their names in the repository."""
    found = [ROOT / path for path in paths]
    files = [file for path in found for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return [file.resolve().relative_to(ROOT).as_posix() for file in files]
