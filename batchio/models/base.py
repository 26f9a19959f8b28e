"""The one base of all models: how a Python name becomes a wire name, and what is known of a field.

Law: a model is a value. It holds what the service says and decides nothing.
"""

from __future__ import annotations

import contextlib
import enum
import functools
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import (
    Annotated,
    Any,
    NamedTuple,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from ..hiding import without_secrets

# The ONE rule is camelCase <-> snake_case; acronyms stay together, so these wire names cannot be
# computed from the attribute's name. The table holds for all models at once: an attribute has one wire name
# wherever it stands (`tests/test_models.py` looks at every field of every model).
WIRE_NAMES: dict[str, str] = {
    "automatic_os_upgrade_policy": "automaticOSUpgradePolicy",
    "avg_cpu_percentage": "avgCPUPercentage",
    "avg_disk_gib": "avgDiskGiB",
    "avg_memory_gib": "avgMemoryGiB",
    "disk_read_gib": "diskReadGiB",
    "disk_read_iops": "diskReadIOps",
    "disk_size_gb": "diskSizeGB",
    "disk_write_gib": "diskWriteGiB",
    "disk_write_iops": "diskWriteIOps",
    "dynamic_vnet_assignment_scope": "dynamicVNetAssignmentScope",
    "enable_automatic_os_upgrade": "enableAutomaticOSUpgrade",
    "ephemeral_os_disk_settings": "ephemeralOSDiskSettings",
    "in_vm_access_control_profile_reference_id": "inVMAccessControlProfileReferenceId",
    "inbound_nat_pools": "inboundNATPools",
    "ipv6_remote_login_ip_address": "ipv6RemoteLoginIPAddress",
    "kernel_cpu_time": "kernelCPUTime",
    "network_read_gib": "networkReadGiB",
    "network_write_gib": "networkWriteGiB",
    "node_agent_sku_id": "nodeAgentSKUId",
    "peak_disk_gib": "peakDiskGiB",
    "peak_memory_gib": "peakMemoryGiB",
    "public_fqdn": "publicFQDN",
    "public_ip_address": "publicIPAddress",
    "public_ip_address_configuration": "publicIPAddressConfiguration",
    "public_ips": "publicIPs",
    "read_io_gib": "readIOGiB",
    "read_iops": "readIOps",
    "remote_login_ip_address": "remoteLoginIPAddress",
    "skip_withdraw_from_vnet": "skipWithdrawFromVNet",
    "upgrading_os": "upgradingOS",
    "user_cpu_time": "userCPUTime",
    "write_io_gib": "writeIOGiB",
    "write_iops": "writeIOps",
}

UNLIMITED = timedelta(days=10675199, hours=2, minutes=48, seconds=5, microseconds=477580)
"""The longest duration of the service (`P10675199DT2H48M5.4775807S`), which means: no limit.

The wire carries seven fraction digits and a `timedelta` six; this is the value cut, not rounded, so that
what was read can be sent back without being above the service's maximum.
"""

_UNLIMITED_TEXT = "P10675199DT2H48M5.4775807S"


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, repr_omit_defaults=True):
    """What the API says of one field beside its type; stands in the field's `Annotated`.

    `required`: must be sent (never in a PATCH). `read_only`: comes back, is never sent. `secret`: hidden
    in `repr`. `private`: comes back as it was sent, and is hidden in `repr` all the same, because it may hold a secret.
    `since`/`until`: the first and last api-version that has the field. `ge`/`le`: bounds, both
    inclusive. `max_length`, `min_length`, `pattern`: of a string. `max_items`: of a list. `int64`: a whole
    number that travels as a decimal string from api-version 2024-07-01.20.0 on, as a number before.
    """

    required: bool = False
    read_only: bool = False
    secret: bool = False
    private: bool = False
    since: str | None = None
    until: str | None = None
    ge: int | timedelta | None = None
    le: int | timedelta | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    max_items: int | None = None
    int64: bool = False


def _wire_name(attribute: str) -> str:
    if attribute in WIRE_NAMES:
        return WIRE_NAMES[attribute]
    head, *rest = attribute.split("_")
    return head + "".join(word.capitalize() for word in rest)


# The decorator is for type checkers: what msgspec hands down to subclasses (frozen) they do not follow by
# themselves. msgspec does not hand down `kw_only`, so each class says it.
# Without `gc`: what is frozen and holds values is in no circle, and a page of a thousand tasks is fifteen thousand
# structs, which the collector would walk again and again (a third of the CPU of a listing).
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Model(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=False,
    rename=_wire_name,
    gc=False,
):
    """Base of everything the service says: frozen, keyword-only, `None` means absent.

    Secrets and the signatures of SAS URLs are left out of `repr`.
    """

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        hidden = _compile(type(self)).hidden
        return [
            (name, "***" if name in hidden else _shown(value))
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None
        ]


def _shown(value: Any) -> Any:
    """The value with what can be told to be a secret masked; models hide what is theirs."""
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, list):
        return [_shown(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {_shown(key): _shown(item) for key, item in cast("dict[str, object]", value).items()}
    return value


class OpenEnum(enum.StrEnum):
    """A string enum that the service may extend.

    A known value in another letter case is the known member; an unknown value stays as it came, is equal
    to its string, and is sent back unchanged.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        folded = value.lower()
        for member in cls:
            if member.value.lower() == folded:
                return member
        unknown = str.__new__(cls, value)
        unknown._name_ = value
        unknown._value_ = value
        return unknown


M = TypeVar("M", bound=Model)

_NO_RULE = Rule()


class _Known(NamedTuple):
    types: dict[str, Any]
    rules: dict[str, Rule]
    secrets: frozenset[str]
    hidden: frozenset[str]


def field_types(model: type[Model]) -> dict[str, Any]:
    """Attribute name -> type, with `Annotated` peeled off."""
    return _compile(model).types


def field_rules(model: type[Model]) -> dict[str, Rule]:
    """Attribute name -> `Rule` (an empty one where nothing is said).

    A field that has no default is `required`, whether its annotation says so or not.
    """
    return _compile(model).rules


def secret_fields(model: type[Model]) -> frozenset[str]:
    """The attributes whose values never come back."""
    return _compile(model).secrets


@functools.cache
def _compile(model: type[Model]) -> _Known:
    hints = get_type_hints(model, include_extras=True)
    types: dict[str, Any] = {}
    rules: dict[str, Rule] = {}
    for field in msgspec.structs.fields(model):
        types[field.name], said = _peel(hints[field.name])
        if field.required:
            said["required"] = True
        rules[field.name] = Rule(**said)
    secrets = frozenset(name for name, rule in rules.items() if rule.secret)
    return _Known(types, rules, secrets, secrets | {name for name, rule in rules.items() if rule.private})


def _peel(hint: Any) -> tuple[Any, dict[str, Any]]:
    """A type without its `Annotated` layers, and what all their rules say together (the outer one wins)."""
    if get_origin(hint) is Annotated:
        unsaid = msgspec.structs.asdict(_NO_RULE)
        inner, *extras = get_args(hint)
        plain, said = _peel(inner)
        for extra in extras:
            if isinstance(extra, Rule):
                said |= {name: value for name, value in msgspec.structs.asdict(extra).items() if value != unsaid[name]}
        return plain, said
    if get_origin(hint) in (Union, UnionType):
        arms = [_peel(arm) for arm in get_args(hint)]
        plain = functools.reduce(lambda left, right: left | right, [arm for arm, _ in arms])
        return plain, {name: value for _, said in arms for name, value in said.items()}
    return hint, {}


def time_text(moment: datetime) -> str:
    """A time as JSON has it (RFC 3339)."""
    offset = moment.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):
        # The seconds of an offset, which RFC 3339 does not have, would be left out, and the time would be another one.
        with contextlib.suppress(OverflowError):
            moment = moment.astimezone(UTC)
    text: str = msgspec.to_builtins(moment)
    return text


def duration_text(span: timedelta) -> str:
    """A duration as the service writes it: `P1DT2H`, `PT15M`, `PT0.5S`, `PT0S`."""
    if span == UNLIMITED:
        # It has lost its seventh fraction digit, by which the service knows it, and gets it back.
        return _UNLIMITED_TEXT
    sign, span = ("-", -span) if span < timedelta() else ("", span)
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days = f"{span.days}D" if span.days else ""
    fraction = f".{span.microseconds:06d}".rstrip("0") if span.microseconds else ""
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction or not (days or time):
        time += f"{seconds}{fraction}S"
    return f"{sign}P{days}{'T' if time else ''}{time}"


def limit_durations(model: Model, *names: str) -> None:
    """Cut durations that rounding has put above the service's maximum back to `UNLIMITED`."""
    for name in names:
        value = getattr(model, name)
        if value is not None and value > UNLIMITED:
            msgspec.structs.force_setattr(model, name, UNLIMITED)


def replace(model: M, /, **changes: Any) -> M:
    """A copy of `model` with some attributes changed; `None` takes a field away.

    Raises `TypeError` for a name that the model does not have.

    >>> task = TaskAddParameter(id="frame-1", command_line="render 1")
    >>> replace(task, id="frame-2").command_line
    'render 1'
    """
    unknown = sorted(set(changes) - set(model.__struct_fields__))
    if unknown:
        raise TypeError(f"{type(model).__name__} has no field {', '.join(map(repr, unknown))}")
    # Built anew, not by `msgspec.structs.replace`, which does not run `__post_init__` before msgspec 0.20.
    return type(model)(**{name: getattr(model, name) for name in model.__struct_fields__} | changes)


def to_wire(model: Model) -> dict[str, Any]:
    """The model as the mapping that JSON would hold: wire names; times, durations and int64 numbers as strings.

    >>> to_wire(TaskAddParameter(id="frame-1", command_line="render 1"))
    {'id': 'frame-1', 'commandLine': 'render 1'}
    """
    wire: dict[str, Any] = _write_times(msgspec.to_builtins(model, builtin_types=(timedelta, datetime)))
    _write_int64(model, wire)
    return wire


def _write_int64(model: Model, wire: dict[str, Any]) -> None:
    # They stand in models that stand by themselves, never in lists (`tests/test_models.py` looks).
    rules = field_rules(type(model))
    for name, wire_name in zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True):
        value = getattr(model, name)
        if isinstance(value, Model):
            _write_int64(value, wire[wire_name])
        elif value is not None and rules[name].int64:
            wire[wire_name] = str(value)


def _write_times(value: Any) -> Any:
    # The mapping is ours, so it is changed in place.
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value)
        for name, item in pairs.items():
            if isinstance(item, _WALKED):
                pairs[name] = _write_times(item)
    elif isinstance(value, list):
        items = cast("list[object]", value)
        for index, item in enumerate(items):
            if isinstance(item, _WALKED):
                items[index] = _write_times(item)
    elif isinstance(value, timedelta):
        return duration_text(value)
    elif isinstance(value, datetime):
        return time_text(value)
    return cast("object", value)


_WALKED = (dict, list, timedelta, datetime)
