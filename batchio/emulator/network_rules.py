"""What makes the network of a pool wrong beyond the shape of its parts.

Law: the endpoints of a pool share its ports and its names; each check says which of them is one too many.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from .refusals import bad_property

MAX_RULES = 25
"""How many network security group rules a pool can have."""

_NAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9_])?", re.ASCII)
_TAKEN_PORTS = (29876, 29877)
_TAKEN_RANGE = (50_000, 55_000)
_LEAST_PORTS = 40


def check_network(network: Any, path: str) -> None:
    """Refuse a network configuration whose endpoints cannot be; `path` leads to it, with a dot behind it."""
    if network is UNSET or network.endpoint_configuration is UNSET:
        return
    path = f"{path}endpointConfiguration.inboundNATPools"
    endpoints = network.endpoint_configuration.inbound_nat_pools
    ranges: list[tuple[int, int]] = [_TAKEN_RANGE]
    for index, endpoint in enumerate(endpoints):
        name = f"{path}[{index}]"
        if not _NAME.fullmatch(endpoint.name):
            raise bad_property(f"{name}.name", endpoint.name, "Not the name of an endpoint")
        if endpoint.backend_port in _TAKEN_PORTS:
            raise bad_property(f"{name}.backendPort", str(endpoint.backend_port), "Taken by the service")
        ranges.append(_ports(name, endpoint, ranges))
    _check_unique(path, "name", [endpoint.name.lower() for endpoint in endpoints])
    _check_unique(path, "backendPort", [endpoint.backend_port for endpoint in endpoints])
    given = [endpoint.network_security_group_rules for endpoint in endpoints]
    priorities = [rule.priority for rules in given if rules is not UNSET for rule in rules]
    if len(priorities) > MAX_RULES:
        raise bad_property(path, None, f"At most {MAX_RULES} networkSecurityGroupRules in a pool")
    if len(set(priorities)) < len(priorities):
        raise bad_property(path, None, "Two networkSecurityGroupRules have one priority")


def _ports(name: str, endpoint: Any, others: list[tuple[int, int]]) -> tuple[int, int]:
    first, last = endpoint.frontend_port_range_start, endpoint.frontend_port_range_end
    if last - first + 1 < _LEAST_PORTS:
        raise bad_property(f"{name}.frontendPortRangeEnd", str(last), f"A range has at least {_LEAST_PORTS} ports")
    if any(first <= end and start <= last for start, end in others):
        reason = "The range overlaps another one, or 50000 to 55000, which are the service's"
        raise bad_property(f"{name}.frontendPortRangeStart", str(first), reason)
    return first, last


def _check_unique(path: str, name: str, values: list[Any]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise bad_property(f"{path}[{index}].{name}", str(value), "Another endpoint of the pool has it")
