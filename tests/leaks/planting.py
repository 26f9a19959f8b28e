"""Bodies that hold a secret wherever one can be: built from the models, so that no field is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_origin

from inventing.models import is_model, members_of

from batchio import models as m
from batchio.models.base import field_rules, field_types
from batchio.service.versions import DEFAULT, is_known

from .marks import mark, sas

_PLAIN: dict[type, Any] = {
    bool: True,
    int: 1,
    float: 1.0,
    datetime: datetime(2030, 1, 1, tzinfo=UTC),
    timedelta: timedelta(minutes=10),
}
_WITHOUT_A_SECRET = frozenset({"azure_file_url", "key_url", "url"})


def planted(model: type[m.Model], *, private: bool = True, above: tuple[type, ...] = ()) -> Any:
    """A model with all that can be sent, at every depth; `private`: with secrets that only their owner can tell."""
    types, rules = field_types(model), field_rules(model)
    fields: dict[str, Any] = {}
    for name, hint in types.items():
        rule = rules[name]
        if rule.read_only or not is_known(rule, DEFAULT) or (rule.private and not private):
            continue
        value = _value(members_of(hint)[0], name, rule, private=private, above=(*above, model))
        if value is not None:
            fields[name] = value
    return model(**fields)


def _value(hint: Any, name: str, rule: m.Rule, *, private: bool, above: tuple[type, ...]) -> Any:
    origin = get_origin(hint)
    if origin is list:
        item = _value(get_args(hint)[0], name, m.Rule(), private=private, above=above)
        return None if item is None else [item]
    if origin is dict:
        return {"password": mark(name)} if rule.secret else {"a": "b"}
    if is_model(hint):
        return None if hint in above else planted(hint, private=private, above=above)
    return _plain(hint, name, rule)


def _plain(hint: Any, name: str, rule: m.Rule) -> Any:
    if rule.secret or rule.private:
        return mark(name)
    if issubclass(hint, m.OpenEnum):
        return next(iter(hint))
    if hint is str:
        return _text(name)
    value = _PLAIN[hint]
    return max(value, rule.ge) if rule.ge is not None else value


def _text(name: str) -> str:
    if name.endswith("_url") and name not in _WITHOUT_A_SECRET:
        return sas(name)
    if name.endswith("command_line"):
        return f"fetch '{sas(name)}' --token={mark(name)}"
    return f"vers=3.0,password={mark(name)}" if name.endswith("_options") else "x"


TASK = planted(m.TaskAddParameter)
POOL = planted(m.PoolAddParameter)


def tasks(count: int) -> list[m.TaskAddParameter]:
    """Tasks that each hold all of them."""
    return [m.replace(TASK, id=f"t-{number}") for number in range(count)]
