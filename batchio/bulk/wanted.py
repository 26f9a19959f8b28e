"""Where a task holds whole numbers, so that a place there becomes one.

Law: the models say it, nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from ..models import Model, TaskAddParameter
from ..models.base import field_types

_STEP = re.compile(r"[^.\[\]]+(?=\.|\[|$)")


def is_whole_number(path: str) -> bool:
    """Whether the field of a task that a path leads to is a whole number.

    >>> is_whole_number("dependsOn.taskIdRanges[0].start"), is_whole_number("commandLine")
    (True, False)
    """
    hint: Any = TaskAddParameter
    for name in _STEP.findall(path):
        model = next((each for each in _leaves(hint) if isinstance(each, type) and issubclass(each, Model)), None)
        if model is None:
            return False
        wire = dict(zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True))
        if name not in wire:
            return False
        hint = field_types(model)[wire[name]]
    found = set(_leaves(hint))
    return int in found and str not in found


def _leaves(hint: Any) -> Iterator[Any]:
    """The types in a type: of a union, of a list."""
    parts = get_args(hint)
    if not parts:
        yield hint
    for part in parts:
        yield from _leaves(part)
