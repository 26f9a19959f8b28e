"""The simple fields of a body, as options of a command.

Law: pure; read off the models. A secret is never among the options.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from ...models.base import Model, OpenEnum, Rule, field_rules, field_types
from ...service.versions import DEFAULT, is_known

_SCALARS = (str, int, float, bool, timedelta, datetime)
_DEPTH = 2
"""How deep an option may reach into the models of a model: to `virtualMachineConfiguration.imageReference.sku`."""

_HOLDERS = {"configuration", "constraints", "identity", "info", "reference", "settings", "specification"}
"""Words that say of a model only that it holds something."""


class Leaf(msgspec.Struct, frozen=True):
    """A simple field somewhere in a model.

    `names` and `wire` lead to it; `owner` is the model that it stands in; `kind` is a scalar type, an enum or
    `list[str]`.
    """

    names: tuple[str, ...]
    wire: tuple[str, ...]
    owner: type[Model]
    kind: Any
    rule: Rule

    @property
    def path(self) -> str:
        """Where it stands, as errors say it."""
        return ".".join(self.wire)


def leaves(model: type[Model], depth: int = _DEPTH) -> Iterator[Leaf]:
    """The simple fields of a model and of the models in it, as they stand there; lists of models are left out."""
    types, rules = field_types(model), field_rules(model)
    for name, wire in zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True):
        rule = rules[name]
        if not is_known(rule, DEFAULT):
            continue
        kind = _kind(types[name])
        if kind == list[str] or (isinstance(kind, type) and issubclass(kind, (*_SCALARS, OpenEnum))):
            yield Leaf((name,), (wire,), model, kind, rule)
        elif depth and isinstance(kind, type) and issubclass(kind, Model):
            for leaf in leaves(kind, depth - 1):
                both = Rule(read_only=rule.read_only or leaf.rule.read_only, secret=rule.secret or leaf.rule.secret)
                yield Leaf((name, *leaf.names), (wire, *leaf.wire), leaf.owner, leaf.kind, both)


def options_of(body: type[Model]) -> dict[str, Leaf]:
    """The fields that a body can get by options, by argument name: its own first, then those of the models in it."""
    found = sorted(
        (leaf for leaf in leaves(body) if not leaf.rule.read_only and not _is_secret(leaf)),
        key=lambda leaf: len(leaf.names),
    )
    options: dict[str, Leaf] = {}
    for leaf in found:
        name = _short(leaf.names)
        options[name if name not in options else "_".join(leaf.names)] = leaf
    return options


def secrets_of(body: type[Model]) -> dict[str, Leaf]:
    """The secrets that stand in the body itself, by argument name; they come from elsewhere than options."""
    return {leaf.names[0]: leaf for leaf in leaves(body, 0) if _is_secret(leaf) and not leaf.rule.read_only}


def _is_secret(leaf: Leaf) -> bool:
    # A URL that the service is given is a SAS URL most of the time.
    return leaf.rule.secret or leaf.names[-1].endswith("_url")


def _short(names: tuple[str, ...]) -> str:
    """The way to a field in few words.

    >>> _short(("pool_info", "pool_id")), _short(("start_task", "command_line"))
    ('pool_id', 'start_task_command_line')
    """
    short = names[-1]
    for name in reversed(names[:-1]):
        words = name.split("_")
        holder = "_".join(words[:-1] if words[-1] in _HOLDERS else words)
        if not short.startswith(holder):
            short = f"{holder}_{short}"
    return short


def _kind(hint: Any) -> Any:
    """The one type of a field beside None, or None where it has several."""
    arms = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = [arm for arm in arms if arm is not NoneType]
    return kinds[0] if len(kinds) == 1 else None
