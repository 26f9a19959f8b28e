"""What an api-version lacks of a task.

Law: pure, and free of cost where the version has all that a task can hold. Elsewhere a group is searched as text for
the names that are missing, and only a group in which one stands is looked at task by task.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import msgspec

from ..errors import VersionError
from ..models import Model, TaskAddParameter
from ..models.base import Rule, field_rules, field_types
from ..service.versions import is_known, versions_of


class Lacks:
    """The names that an api-version does not have, somewhere in a task; false where it has them all."""

    def __init__(self, version: str) -> None:
        self._version = version
        missing = {
            name
            for model in _models_of(TaskAddParameter)
            for name, (rule, _) in _fields_of(model).items()
            if not is_known(rule, version)
        }
        self._texts = [f'"{name}"'.encode() for name in sorted(missing)]

    def __bool__(self) -> bool:
        return bool(self._texts)

    def may_stand_in(self, body: bytes) -> bool:
        """Whether one of the names stands in a text of JSON, if only as a value."""
        return any(text in body for text in self._texts)

    def check(self, task: bytes) -> None:
        """Raise `VersionError` for the first field of a task that the version does not have."""
        if self.may_stand_in(task):
            self._object(TaskAddParameter, msgspec.json.decode(task), "")

    def _object(self, model: type[Model], value: Any, path: str) -> None:
        if not isinstance(value, dict):
            return
        fields = _fields_of(model)
        for name, item in value.items():
            if name in fields and item is not None:
                rule, nested = fields[name]
                if not is_known(rule, self._version):
                    raise VersionError.of(path + name, self._version, versions_of(rule))
                if nested is not None:
                    self._nested(nested, item, path + name)

    def _nested(self, model: type[Model], value: Any, path: str) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                self._object(model, item, f"{path}[{index}].")
        else:
            self._object(model, value, f"{path}.")


@cache
def lacks_of(version: str) -> Lacks:
    """What an api-version lacks."""
    return Lacks(version)


@cache
def _fields_of(model: type[Model]) -> dict[str, tuple[Rule, type[Model] | None]]:
    """Wire name -> what is said of the field, and the model in it."""
    rules, types = field_rules(model), field_types(model)
    return {
        wire: (rules[name], _model_in(types[name]))
        for name, wire in zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True)
    }


def _model_in(hint: Any) -> type[Model] | None:
    if isinstance(hint, type) and issubclass(hint, Model):
        return hint
    return next(filter(None, map(_model_in, get_args(hint))), None)


def _models_of(model: type[Model]) -> Iterator[type[Model]]:
    yield model
    for _, nested in _fields_of(model).values():
        if nested is not None:
            yield from _models_of(nested)
