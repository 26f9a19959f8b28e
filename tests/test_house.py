"""The laws of the house: which floor may see which, and what a file looks like."""

from __future__ import annotations

import ast
import importlib
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import batchio

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "batchio"
MODULES = sorted(PACKAGE.rglob("*.py"))
FILES = sorted([*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
SOURCES = {path: path.read_text("utf-8") for path in FILES}
TREES = {path: ast.parse(source) for path, source in SOURCES.items()}


def shown(path: Path) -> str:
    """A file under its name in the repository."""
    return path.relative_to(ROOT).as_posix()


of_modules = pytest.mark.parametrize("path", MODULES, ids=shown)
of_files = pytest.mark.parametrize("path", FILES, ids=shown)


# 1. Imports go down only.

FLOORS = {
    "version": 0,
    "hiding": 0,
    "errors": 1,
    "credentials": 2,
    "models": 2,
    "service": 3,
    "odata": 3,
    "session": 4,
    "bulk": 5,
    "resources": 6,
    "otel": 6,
    "client": 7,
    "public": 8,
    "batchio": 9,  # __init__, which has the public names
    "cli": 10,
    "pytest_plugin": 10,
    "__main__": 11,
}
SEEN_BY_THE_EMULATOR = {"version", "hiding", "errors", "credentials", "models", "service", "emulator"}
SEE_THE_EMULATOR = {"cli", "pytest_plugin"}


def name_of(path: Path) -> str:
    """The dotted name of a module, `batchio.session` for a package's `__init__`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path) for path in MODULES}


def is_for_type_checkers(node: ast.If) -> bool:
    """Whether a block is `if TYPE_CHECKING:`."""
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker sees."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and is_for_type_checkers(child):
            for other in child.orelse:
                yield from at_run_time(other)
        else:
            yield from at_run_time(child)


def imports_of(path: Path, tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The modules of batchio that a module imports when it runs, wherever in it, with the line."""
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in at_run_time(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name.split(".")[0] == "batchio")
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *(node.module.split(".") if node.module else [])])
            if module.split(".")[0] == "batchio":
                for alias in node.names:
                    full = f"{module}.{alias.name}"
                    yield (full if full in NAMES else module), node.lineno


def part_of(module: str) -> str:
    """The part of the house that a module belongs to."""
    return module.removeprefix("batchio.").split(".")[0]


def may_see(part: str, other: str) -> bool:
    """Whether one part may import another."""
    if part == other:
        return True
    if part == "emulator":
        return other in SEEN_BY_THE_EMULATOR
    if other == "emulator":
        return part in SEE_THE_EMULATOR
    return FLOORS[other] < FLOORS[part]


@of_modules
def test_imports_go_down_only(path: Path) -> None:
    part = part_of(name_of(path))
    wrong = [
        f"{shown(path)}:{line} imports {module}"
        for module, line in imports_of(path, TREES[path])
        if not may_see(part, part_of(module))
    ]
    assert not wrong


def test_the_test_of_imports_finds_them() -> None:
    source = (
        "from __future__ import annotations\n"
        "from typing import TYPE_CHECKING\n"
        "from ..errors import BatchioError\n"
        "from .. import models as m\n"
        "from ..service import operations\n"
        "from .gate import Gate\n"
        "import batchio.client\n"
        "if TYPE_CHECKING:\n    from ..cli import app\nelse:\n    from .. import BatchClient\n"
        "def f():\n    from ..client import BatchClient\n"
    )
    found = list(imports_of(PACKAGE / "bulk" / "engine.py", ast.parse(source)))
    assert [(part_of(module), line) for module, line in found] == [
        ("errors", 3),
        ("models", 4),
        ("service", 5),
        ("bulk", 6),
        ("client", 7),
        ("batchio", 11),
        ("client", 13),
    ]
    assert not may_see("bulk", "client")
    assert not may_see("bulk", "batchio")
    assert not may_see("emulator", "session")
    assert not may_see("client", "emulator")
    assert not may_see("models", "credentials")


def test_every_part_has_its_floor() -> None:
    parts = {part_of(name) for name in NAMES} - {"emulator"}
    assert parts <= FLOORS.keys()


# 2. A path of the API stands in the table of operations and nowhere else.

ROWS = msgspec.json.decode((ROOT / "tests" / "data" / "operations.json").read_bytes())
SEGMENTS = {segment for row in ROWS for segment in row["path"].split("/") if segment and "{" not in segment}
ROOTS = {row["path"].split("/")[1] for row in ROWS}
# What is a word of English or a filter's property as well is looked for in a path alone.
TELLING = {segment for segment in SEGMENTS if len(segment) > 12}
PATH = re.compile(rf"(?<![\w.])/(?:{'|'.join(sorted(ROOTS))})(?![\w-])|\b(?:{'|'.join(sorted(TELLING))})\b")


def strings_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """All strings that are no docstrings, the parts of f-strings included, with their lines."""
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in bare:
            if isinstance(node.value, bytes):
                yield node.lineno, node.value.decode("latin-1")
            elif isinstance(node.value, str):
                yield node.lineno, node.value


def paths_in(tree: ast.AST) -> list[tuple[int, str]]:
    """The strings that hold a path of the API, with their lines."""
    return [(line, text) for line, text in strings_of(tree) if PATH.search(text)]


@of_modules
def test_a_path_of_the_api_stands_in_the_table_alone(path: Path) -> None:
    found = paths_in(TREES[path])
    if shown(path) == "batchio/service/operations.py":
        assert found
    else:
        assert not found, f"{shown(path)} holds a path: {found}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = '/jobs'", True),
        ("x = f'/jobs/{id}/tasks'", True),
        ("x = base + '/pools/'", True),
        ("x = b'/pools?'", True),
        ("x = 'addtaskcollection'", True),
        ("'''GET /jobs is a docstring'''", False),
        ("x = 'executionInfo/endTime'", False),
        ("x = '/jobsworth'", False),
        ("x = 'jobs'", False),
        ("x = 'the jobs/pools of it'", False),
    ],
)
def test_the_test_of_paths_finds_them(source: str, *, found: bool) -> None:
    assert bool(paths_in(ast.parse(source))) is found


# 4. What `import batchio` costs.


def test_importing_batchio_imports_little() -> None:
    code = "from batchio import BatchClient; import sys; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    loaded = set(run.stdout.split())
    assert "batchio.client" in loaded
    for unwanted in (
        *("azure", "batchio.cli", "batchio.emulator", "batchio.pytest_plugin", "batchio.__main__", "aiohttp.web"),
        *("cyclopts", "rich", "pytest", "hypothesis", "uvloop", "opentelemetry"),
    ):
        assert not {name for name in loaded if name == unwanted or name.startswith(f"{unwanted}.")}


def test_a_name_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import batchio, sys; assert 'aiohttp' not in sys.modules and batchio.__version__\n"
        "assert 'BatchClient' in dir(batchio) and not hasattr(batchio, 'bogus')\n"
        "from batchio import *; assert BatchClient is batchio.BatchClient and batchio.odata is odata"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603 - our own code


@pytest.mark.parametrize("part", sorted({part_of(name) for name in NAMES} - {"batchio", "__main__"}))
def test_a_part_can_be_imported_first(part: str) -> None:
    names = [name for name in NAMES if part_of(name) == part and not name.endswith("__main__")]
    code = f"import importlib; importlib.import_module({min(names, key=len)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603 - our own code


# What a file looks like.


@of_modules
def test_a_module_opens_with_a_docstring(path: Path) -> None:
    assert ast.get_docstring(TREES[path])


# Tables and tests may be long.
LONG = {"batchio/service/operations.py"}


@of_modules
def test_a_file_over_300_lines_is_two_files(path: Path) -> None:
    if shown(path) not in LONG and "models" not in path.relative_to(PACKAGE).parts:
        assert len(SOURCES[path].splitlines()) <= 300


@of_files
def test_no_module_is_a_drawer(path: Path) -> None:
    assert not {"utils", "util", "helpers", "helper", "common", "misc"} & {*path.parts[len(ROOT.parts) :], path.stem}


def test_the_top_level_holds_what_it_may() -> None:
    try:
        run = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - git of the path
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a git repository")
    top = {line.split("/")[0] for line in run.stdout.splitlines()}
    allowed = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "batchio", "tests", "benchmarks"}
    assert {name for name in top if not name.startswith(".")} <= allowed


def in_order(name: str) -> tuple[int, str]:
    """Constants, classes, the rest, each by name: as ruff sorts."""
    return (0 if len(name) > 1 and name.isupper() else 1 if name[0].isupper() else 2), name


@of_modules
def test_exports_are_sorted_and_there(path: Path) -> None:
    exports = next(
        (
            ast.literal_eval(node.value)
            for node in TREES[path].body
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]
        ),
        None,
    )
    if exports is None:
        return
    assert exports == sorted(exports, key=in_order)
    assert len(exports) == len(set(exports))
    if "cli" in path.parts:
        pytest.importorskip("cyclopts")
        pytest.importorskip("rich")
    module = importlib.import_module(name_of(path))
    assert not [name for name in exports if not hasattr(module, name)]


PUBLIC = {name: getattr(batchio, name) for name in batchio.__all__ if callable(getattr(batchio, name))}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_a_docstring(name: str) -> None:
    value = PUBLIC[name]
    # Of its own: a struct has one by itself, which only lists its fields.
    text = vars(value).get("__doc__") if isinstance(value, type) else value.__doc__
    assert text
    assert not text.startswith(f"{name}(")
    if isinstance(value, type):
        without = [
            member
            for member, function in vars(value).items()
            if not member.startswith("_")
            and (callable(function) or isinstance(function, property | classmethod | staticmethod))
            and not (function.__doc__ or "").strip()
        ]
        assert not without, f"{name} has members without a docstring: {without}"


SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pyright:|mypy:|ruff:|fmt:|pragma:)", re.IGNORECASE)
WITHOUT_ITS_RULES = re.compile(
    r"#\s*(?:(?:ruff:\s*)?noqa(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?|type:\s*ignore(?:\[[^\]]*\])?"
    r"|pyright:\s*ignore(?:\[[^\]]*\])?|(?:pyright|mypy):\s*[\w-]+(?:=\w+)?|fmt:\s*\w+|pragma:\s*no \w+)",
    re.IGNORECASE,
)


def comments_of(source: str) -> Iterator[tuple[int, str]]:
    """The comments of a file, with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def has_a_reason(comment: str) -> bool:
    """Whether a word stands behind a suppression."""
    return re.search(r"[^\W\d_]{3,}", WITHOUT_ITS_RULES.sub("", comment)) is not None


@of_files
def test_every_suppression_has_a_reason(path: Path) -> None:
    wrong = [
        f"{shown(path)}:{line} {comment}"
        for line, comment in comments_of(SOURCES[path])
        if SUPPRESSION.search(comment) and not has_a_reason(comment)
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("comment", "has_one"),
    [
        ("# noqa", False),
        ("# noqa: ARG002", False),
        ("# noqa: ARG002, PLR0913", False),
        ("# type: ignore[name-defined]", False),
        ("# type: ignore[arg-type]  # pyright: ignore[reportArgumentType]", False),
        ("# noqa: ARG002 - the protocol's", True),
        ("# noqa: PLC0415 -- as above", True),
        ("# noqa: B008 - frozen", True),
        ("# noqa: PLC0415  # as above", True),
        ("# type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake under test", True),
    ],
)
def test_the_test_of_suppressions_tells_them_apart(comment: str, *, has_one: bool) -> None:
    assert SUPPRESSION.search(comment)
    assert has_a_reason(comment) is has_one


@of_files
def test_no_file_names_a_machine(path: Path) -> None:
    assert not re.search(r"/(?:home|Users|work|tmp)/\w+", SOURCES[path])
