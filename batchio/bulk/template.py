"""A task with places to fill in, like `{frame:06d}`: compiled once, then filled at the speed of Python's own f-strings.

Law: pure. What can be wrong with a template is told when it is compiled, what can be wrong with a value when it is
filled in, with the path of the string either way and never with the value, which may be a secret.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ..errors import ConfigurationError
from ..models import TaskAddParameter, to_wire
from ..models.rules import ResourceId
from .wanted import is_whole_number

Value = Any
"""What is filled in: text, a number, or whatever else has a format of its own, as dates have."""

UNFIT = frozenset({type(None), bool, list, dict, tuple})
"""What looks in a text as nobody means it."""

WRONG = (ValueError, TypeError, OverflowError)
"""What formatting raises."""

_RULE = ResourceId.__metadata__[0]  # type: ignore[attr-defined]  # Annotated has it, and no stub says so
LONGEST_ID: int = _RULE.max_length
is_id = re.compile(rf"(?=.{{1,{LONGEST_ID}}}\Z){_RULE.pattern.removesuffix('$')}\Z").match
"""Whether a text may be the id of a task."""

_PATTERN = re.compile(
    r"(?:.?(?P<align>[<>=^]))?(?P<sign>[-+ ])?z?(?P<other>\#)?(?P<zero>0)?\d*(?P<group>[,_])?(?:\.\d+)?"
    r"(?P<type>[a-zA-Z%])?",
    re.DOTALL,
)
_DATE = re.compile(r"%[a-zA-Z]")
_NUMBER = re.compile(r"\d+")
_DIGITS, _SHOWN = 20, 20
_WIDEST = 1_000
"""Characters that a format may ask for: Python would fill a gigabyte as readily."""


class Place(msgspec.Struct, frozen=True):
    """A place in a string: `{name:spec}`. `whole`: it is all of the string, and a whole number belongs there."""

    name: str
    spec: str = ""
    whole: bool = False

    def __str__(self) -> str:
        return f"{{{self.name}:{self.spec}}}" if self.spec else f"{{{self.name}}}"

    @property
    def converter(self) -> Callable[[Value], Value] | None:
        """Makes of text the number that the format is for; None for a format of text."""
        if self.whole:
            return _integer
        found = _PATTERN.fullmatch(self.spec)
        if found is None:
            return None
        if kind := found["type"]:
            return _letter if kind == "c" else _whole if kind in "bdoxXn" else _real if kind in "eEfFgG%" else None
        is_number = found["sign"] or found["other"] or found["zero"] or found["group"] or found["align"] == "="
        return _number if is_number else None

    def text(self, value: Value) -> str:
        """What stands in the place for a value; raises one of `WRONG`."""
        convert = self.converter
        return format(convert(value) if convert else value, "" if self.whole else self.spec)


Part = str | Place


class Template:
    """A task in wire shape, or a model, whose strings hold places. A string that is one place becomes a whole number
    where the service wants one.

    `names`: what may be filled in, in the order of the values of `build`; None: whatever the places name. `id`: a rule
    for the id, in place of the template's own; then `id` is that, and `id_parts` it cut at its places. Raises
    `ConfigurationError`.
    """

    def __init__(
        self, task: TaskAddParameter | Mapping[str, Any], names: Iterable[str] | None = None, *, id: str | None = None
    ) -> None:
        wire = _as_wire(task)
        if id is not None:
            wire = {"id": id, **{name: value for name, value in wire.items() if name != "id"}}
        if not isinstance(wire.get("id"), str):
            raise ConfigurationError("the template has no id, and no rule for one was given, like {frame:06d}")
        self._places: list[tuple[str, Place]] = []
        self._known = None if names is None else list(names)
        self.names = self._known if self._known is not None else []
        self.id: str = wire["id"]
        self.id_parts: Sequence[Part] = parts_of(self.id, "id")
        try:
            body = self._expression(wire, "")
        except RecursionError:
            raise ConfigurationError("the template is nested too deeply") from None
        self.build: Callable[..., dict[str, Any]] = _compiled(self.names, body)
        """Fills in one value for each name; raises one of `WRONG`, and then `explain` knows where."""

    @property
    def places(self) -> list[Place]:
        """All places, in the order of the template."""
        return [place for _, place in self._places]

    def check(self, name: str, value: Value) -> None:
        """Raise `ConfigurationError` for a value that one of the places of `name` cannot take."""
        if type(value) in UNFIT:
            raise ConfigurationError(f"{name}: what is filled in is text or a number, not {_kind_of(value)}")
        for path, place in self._places:
            if place.name == name:
                try:
                    place.text(value)
                except WRONG as error:
                    raise ConfigurationError(f"{path}: {place} cannot take {_kind_of(value)}{_why(error)}") from None

    def explain(self, values: Iterable[Value]) -> None:
        """Raise `ConfigurationError` for the first value that does not fit; one for each name."""
        for name, value in zip(self.names, values, strict=True):
            self.check(name, value)

    def _expression(self, value: Any, path: str) -> ast.expr:
        """The Python that makes a part of the task anew: nothing is shared between tasks."""
        if isinstance(value, str):
            return self._string(parts_of(value, path), path)
        if isinstance(value, dict):
            items = [(name, self._expression(each, f"{path}.{name}" if path else name)) for name, each in value.items()]
            return ast.Dict([ast.Constant(name) for name, _ in items], [each for _, each in items])
        if isinstance(value, list):
            return ast.List([self._expression(each, f"{path}[{at}]") for at, each in enumerate(value)], ast.Load())
        return ast.Constant(value)

    def _string(self, parts: Sequence[Part], path: str) -> ast.expr:
        if all(isinstance(part, str) for part in parts):
            return ast.Constant("".join(map(str, parts)))
        first = parts[0]
        if isinstance(first, Place) and len(parts) == 1 and is_whole_number(path):
            return self._value(Place(first.name, first.spec, whole=True), path)
        return ast.JoinedStr(
            [ast.Constant(part) if isinstance(part, str) else self._place(part, path) for part in parts]
        )

    def _place(self, place: Place, path: str) -> ast.expr:
        value = self._value(place, path)
        return ast.FormattedValue(value, -1, ast.JoinedStr([ast.Constant(place.spec)]) if place.spec else None)

    def _value(self, place: Place, path: str) -> ast.expr:
        if place.name not in self.names:
            if self._known is not None:
                known = ", ".join(self.names[:_SHOWN]) + (", ..." if len(self.names) > _SHOWN else "") or "none"
                raise ConfigurationError(
                    f"{path}: {place} names nothing that is there ({known}); a brace of its own is written {{{{ or }}}}"
                )
            self.names.append(place.name)
        self._places.append((path, place))
        value: ast.expr = ast.Name(_argument(self.names.index(place.name)), ast.Load())
        if convert := place.converter:
            value = ast.Call(ast.Name(convert.__name__, ast.Load()), [value], [])
        return value


def parts_of(text: str, path: str) -> list[Part]:
    """A string, cut at its places; raises `ConfigurationError` with `path`."""
    return list(_parts(text, path))


def _parts(text: str, path: str) -> Iterator[Part]:
    try:
        for literal, name, spec, conversion in string.Formatter().parse(text):
            if literal:
                yield literal
            if name is not None:
                yield _checked(Place(name, spec or ""), conversion, path)
    except ValueError as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"{path}: {error}; a brace of its own is written {{{{ or }}}}") from None


def _checked(place: Place, conversion: str | None, path: str) -> Place:
    if not place.name.strip():
        raise ConfigurationError(f"{path}: a place has no name; a brace of its own is written {{{{ or }}}}")
    if conversion or re.search(r"[.\[\]]", place.name):
        raise ConfigurationError(f"{path}: a place holds a name and a format, and nothing else, not {place}")
    if not _DATE.search(place.spec) and any(map(_is_too_wide, _NUMBER.findall(place.spec))):
        raise ConfigurationError(f"{path}: the format of {{{place.name}}} asks for more than {_WIDEST:,} characters")
    if "{" in place.spec:
        raise ConfigurationError(f"{path}: the format of {{{place.name}}} holds a place itself")
    if not _DATE.search(place.spec) and not any(_formats(each, place.spec) for each in ("", 0, 0.0)):
        raise ConfigurationError(f"{path}: {place} has a format that Python does not know")
    return place


def _is_too_wide(number: str) -> bool:
    return len(number) > _DIGITS or int(number) > _WIDEST


def _formats(value: Value, spec: str) -> bool:
    try:
        format(value, spec)
    except WRONG:
        return False
    return True


def _as_wire(task: TaskAddParameter | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(task, TaskAddParameter):
        return to_wire(task)
    if not isinstance(task, Mapping):
        raise ConfigurationError(f"a template is a task in wire shape or a model, not {type(task).__name__}")
    try:
        # Through JSON, so that it holds nothing that a task could not hold.
        wire: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(task)))
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"the template cannot be written as JSON: {error}") from error
    return wire


def _argument(at: int) -> str:
    return f"value{at}"


def _compiled(names: Sequence[str], body: ast.expr) -> Callable[..., dict[str, Any]]:
    given = [ast.arg(_argument(at)) for at in range(len(names))]
    function = ast.Lambda(ast.arguments([], given, None, [], [], None, []), body)
    code = compile(ast.fix_missing_locations(ast.Expression(function)), "<template>", "eval")
    # A tree of constants, arguments and the converters: no text of the template is ever parsed as Python.
    names_of_it = {each.__name__: each for each in (_integer, _letter, _whole, _real, _number)}
    built: Callable[..., dict[str, Any]] = eval(code, names_of_it)  # noqa: S307 - as said above
    return built


def _integer(value: Value) -> Value:
    if not isinstance(value, str | int):
        raise TypeError("a whole number belongs there")
    return int(value)


def _letter(value: Value) -> Value:
    found = _whole(value)
    if isinstance(found, int) and 0xD800 <= found <= 0xDFFF:
        raise ValueError("it is half a character")
    return found


def _whole(value: Value) -> Value:
    return int(value) if isinstance(value, str) else value


def _real(value: Value) -> Value:
    return float(value) if isinstance(value, str) else value


def _number(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        return float(value)


def _kind_of(value: Value) -> str:
    words = {str: "text", bool: "a truth value", int: "a whole number", float: "a number", list: "a list"}
    return "nothing (null)" if value is None else words.get(type(value), f"a {type(value).__name__}")


def _why(error: Exception) -> str:
    # What int and float say quotes the value.
    return ": it is no number" if "literal" in str(error) or "convert string" in str(error) else f": {error}"
