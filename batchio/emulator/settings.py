"""Checks of properties that many resources have and that no rule of the models can say.

Law: each check takes the value and its path, and refuses it or returns nothing.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from .refusals import Refusal, bad_property, range_code


def check_least(path: str, value: Any, least: int) -> None:
    """Refuse a number below `least`; `UNSET` is fine."""
    if value is not UNSET and value < least:
        raise bad_property(path, str(value), f"At least {least}", code=range_code(path))


def check_metadata(items: Any, path: str = "") -> None:
    """Refuse metadata with an empty name; `path` leads to it, with a dot behind it."""
    for index, item in enumerate(() if items is UNSET or items is None else items):
        if not item.name:
            name = f"{path}metadata[{index}].name"
            raise Refusal("EmptyMetadataKey", (("PropertyName", name), ("Reason", "Empty")))
