"""The shape that an answer has in each api-version.

Law: views show a resource as the default version has it; what another version lacks or writes otherwise is worked
out from the models once, for each model and version.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast, get_args

import msgspec

from ..models.base import Model, Rule, field_rules, field_types
from ..service.versions import VERSIONS, is_known

Shape = Callable[[dict[str, Any]], dict[str, Any]]

_TEXT_SINCE = VERSIONS.index("2024-07-01.20.0")
_DROP = "drop"
_NUMBER = "number"


@cache
def shape(model: type[Model], version: str) -> Shape | None:
    """What brings a view of the model into the shape of a version; None where nothing has to be done."""
    plan = _plan(model, version)
    return None if not plan else lambda view: _shaped(view, plan)


@cache
def _plan(model: type[Model], version: str) -> dict[str, Any]:
    plan: dict[str, Any] = {}
    for field in msgspec.structs.fields(model):
        rule = field_rules(model)[field.name]
        step = _step(rule, field_types(model)[field.name], version)
        if step:
            plan[field.encode_name] = step
    return plan


def _step(rule: Rule, kind: Any, version: str) -> Any:
    if not is_known(rule, version):
        return _DROP
    if rule.int64 and VERSIONS.index(version) < _TEXT_SINCE:
        return _NUMBER
    for part in _models_in(kind):
        if inner := _plan(part, version):
            return inner
    return None


def _models_in(kind: Any) -> list[type[Model]]:
    if isinstance(kind, type) and issubclass(kind, Model):
        return [kind]
    return [model for part in get_args(kind) for model in _models_in(part)]


def _shaped(value: Any, plan: dict[str, Any]) -> Any:
    """A copy of the value as the plan has it, or the value itself where the plan changes nothing."""
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    if isinstance(value, list):
        return [_shaped(item, plan) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    shaped = cast("dict[str, Any]", value)
    for name, step in plan.items():
        if name not in value:
            continue
        if shaped is value:
            shaped = dict(shaped)
        if step == _DROP:
            del shaped[name]
        elif step == _NUMBER:
            shaped[name] = int(shaped[name])
        else:
            shaped[name] = _shaped(shaped[name], step)
    return shaped
