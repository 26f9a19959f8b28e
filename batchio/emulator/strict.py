"""The models turned into types that refuse what the service refuses.

Law: what a request body may hold is read from the models and their rules; nothing about a property is said twice.
msgspec checks these types while it decodes, so that a full check costs hardly more than reading.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..models import AzureBlobFileSystemConfiguration, MountConfiguration, ResourceFile, UserIdentity
from ..models.base import Model, OpenEnum, Rule, field_rules, field_types, secret_fields
from ..service.versions import is_known
from . import ticks

_INT32 = (-(2**31), 2**31 - 1)
_NO_RULE = Rule()

_CHOICES: dict[type[Model], tuple[int, tuple[str, ...]]] = {
    AzureBlobFileSystemConfiguration: (0, ("account_key", "sas_key", "identity_reference")),
    MountConfiguration: (
        1,
        (
            "azure_blob_file_system_configuration",
            "nfs_mount_configuration",
            "cifs_mount_configuration",
            "azure_file_share_configuration",
        ),
    ),
    ResourceFile: (1, ("auto_storage_container_name", "storage_container_url", "http_url")),
    UserIdentity: (0, ("username", "auto_user")),
}
"""Model -> properties that exclude each other, and how many of them there are at least."""

ANNOTATION = "odata.metadata"
ANNOTATION_FIELD = "odata_metadata"


class WireTime(str):
    """A time as it was sent; kept as text, because a datetime would lose its seventh fraction digit."""

    __slots__ = ()


class WireDuration(str):
    """A duration as it was sent, between `least` and `most` ticks."""

    __slots__ = ()
    least = 0
    most = ticks.LONGEST
    bounds = ""


class ClosedEnum(enum.StrEnum):
    """An enum that takes its values in any letter case and no other value."""

    @classmethod
    def _missing_(cls, value: object) -> ClosedEnum | None:
        folded = value.lower() if isinstance(value, str) else value
        return next((member for member in cls if member.value.lower() == folded), None)


def decode_hook(kind: type, value: object) -> object:
    """Check what msgspec has no type for."""
    if not isinstance(value, str):
        raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
    if issubclass(kind, WireTime):
        ticks.read_time(value)
        return kind(value)
    if issubclass(kind, WireDuration):
        if not kind.least <= ticks.read_duration(value) <= kind.most:
            raise ValueError(f"Expected a duration {kind.bounds}")
        return kind(value)
    # msgspec's word for a type that no hook knows: a fault in the models, not in what was sent.
    raise NotImplementedError(kind)


@cache
def strict_type(model: type[Model], version: str, unchecked: str = "", *, changes: bool = False) -> Any:
    """A struct with the model's attributes that knows each rule; what was not sent is `UNSET`.

    `unchecked` names one string whose length and pattern the caller checks for many at once. `changes`: the model
    is the body of a PATCH, in which nothing is required, however deep.
    """
    names: dict[str, str] = {}
    fields: list[Any] = []
    for field in msgspec.structs.fields(model):
        rule = field_rules(model)[field.name]
        if rule.read_only or not is_known(rule, version):
            continue
        names[field.name] = field.encode_name
        rule = _NO_RULE if field.name == unchecked else rule
        kind = _strict(field_types(model)[field.name], rule, version, changes)
        required = not changes and (field.required or field_rules(model)[field.name].required)
        fields.append((field.name, kind) if required else (field.name, kind | UnsetType, UNSET))
    if any(rule.read_only for rule in field_rules(model).values()):
        # What was read is sent back by some clients with the annotation that every answer has.
        names[ANNOTATION_FIELD] = ANNOTATION
        fields.append((ANNOTATION_FIELD, str | UnsetType, UNSET))
    # Acyclic and short-lived: the garbage collector need not know them.
    return msgspec.defstruct(
        model.__name__,
        fields,
        kw_only=True,
        forbid_unknown_fields=True,
        rename=names,
        gc=False,
        frozen=True,
        namespace=None if changes or model not in _CHOICES else {"__post_init__": _choice(names, *_CHOICES[model])},
    )


def _choice(wire: dict[str, str], least: int, names: tuple[str, ...]) -> Callable[[object], None]:
    names = tuple(name for name in names if name in wire)
    wording = f"{'Exactly' if least else 'At most'} one of {', '.join(wire[name] for name in names)}"

    def check(struct: object) -> None:
        if not least <= sum(getattr(struct, name) is not UNSET for name in names) <= 1:
            raise ValueError(wording)

    return check


def _strict(kind: Any, rule: Rule, version: str, changes: bool) -> Any:  # noqa: FBT001  # handed down only
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        inner = next((extra for extra in arguments[1:] if isinstance(extra, Rule)), rule)
        return _strict(arguments[0], inner, version, changes)
    if origin in (Union, UnionType):
        arms = [_strict(arm, rule, version, changes) for arm in arguments if arm is not type(None)]
        return Union[tuple(arms)]  # noqa: UP007  # a list of arms cannot be written with `|`
    if origin is list:
        item: Any = _strict(arguments[0], _NO_RULE, version, changes)
        return Annotated[list[item], Meta(max_length=rule.max_items)]
    if origin is dict:
        item = _strict(arguments[1], _NO_RULE, version, changes)
        return dict[str, item]
    return _strict_scalar(kind, rule, version, changes)


def _strict_scalar(kind: Any, rule: Rule, version: str, changes: bool) -> Any:  # noqa: FBT001  # handed down only
    if isinstance(kind, type) and issubclass(kind, Model):
        return strict_type(kind, version, changes=changes)
    if isinstance(kind, type) and issubclass(kind, OpenEnum):
        return _closed_enum(kind)
    return _strict_value(kind, rule)


def _strict_value(kind: Any, rule: Rule) -> Any:
    if kind is str:
        pattern = rule.pattern.removesuffix("$") + r"\Z" if rule.pattern else None
        return Annotated[str, Meta(min_length=rule.min_length, max_length=rule.max_length, pattern=pattern)]
    if kind is int:
        return _strict_int(rule)
    if kind is datetime:
        return WireTime
    if kind is timedelta:
        return _strict_duration(rule.ge, rule.le)
    return kind


def _strict_int(rule: Rule) -> Any:
    if rule.int64:
        return int | Annotated[str, Meta(pattern=r"^-?[0-9]{1,19}\Z")]
    least, most = _INT32
    least = rule.ge if isinstance(rule.ge, int) else least
    most = rule.le if isinstance(rule.le, int) else most
    return Annotated[int, Meta(ge=least, le=most)]


@cache
def _strict_duration(ge: object, le: object) -> type[WireDuration]:
    members: dict[str, Any] = {"__slots__": ()}
    said: list[str] = []
    if isinstance(ge, timedelta):
        members["least"] = ge // timedelta(microseconds=1) * 10
        said.append(f">= {ge}")
    if isinstance(le, timedelta):
        members["most"] = le // timedelta(microseconds=1) * 10
        said.append(f"<= {le}")
    members["bounds"] = " and ".join(said) or "that is not negative"
    return type("WireDuration", (WireDuration,), members)


@cache
def _closed_enum(kind: type[OpenEnum]) -> Any:
    return ClosedEnum(kind.__name__, {member.name: member.value for member in kind})  # type: ignore[call-arg]  # an enum without members makes enums


@cache
def secret_names(model: type[Model]) -> frozenset[str]:
    """Wire names of all secrets in a model, however deep: sent, never given back."""
    secrets = secret_fields(model)
    names = {field.encode_name for field in msgspec.structs.fields(model) if field.name in secrets}
    for kind in field_types(model).values():
        for part in _models_in(kind):
            names |= secret_names(part)
    return frozenset(names)


@cache
def wire_fields(model: type[Model], version: str) -> frozenset[str]:
    """The properties that a body of this model can have."""
    return frozenset(strict_type(model, version).__struct_encode_fields__) - {ANNOTATION}


def _models_in(kind: Any) -> list[type[Model]]:
    if isinstance(kind, type) and issubclass(kind, Model):
        return [kind]
    return [model for part in get_args(kind) for model in _models_in(part)]
