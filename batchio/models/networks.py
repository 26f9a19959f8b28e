"""How the nodes of a pool are reached: subnets, addresses, ports and rules.

Law: set when the pool is made; names, ports and priorities are unique within the pool.
"""

from __future__ import annotations

from typing import Annotated

from .base import Model, Rule
from .enums import (
    DynamicVNetAssignmentScope,
    InboundEndpointProtocol,
    IPAddressProvisioningType,
    IPFamily,
    NetworkSecurityGroupRuleAccess,
)
from .rules import FrontendPort, Needed, Since2020_03, Since2023_05, Since2025_06, Until2019_08


class NetworkSecurityGroupRule(Model, kw_only=True):
    """Lets traffic from some addresses in to an endpoint, or keeps it out."""

    priority: Needed[Annotated[int, Rule(ge=150, le=4096)]] = None
    """From 150 to 4096, unique within the pool; the lower number goes first."""
    access: Needed[NetworkSecurityGroupRuleAccess] = None
    source_address_prefix: Needed[str] = None
    """An address, a subnet (`192.168.1.0/24`), a default tag, or `*` for all."""
    source_port_ranges: list[str] | None = None
    """Ports (`22`) and ranges (`100-200`) from 0 to 65535 that do not overlap; `*`, all ports, if absent."""


class InboundNATPool(Model, kw_only=True):
    """Makes one port of every node reachable from outside, each through a port of its own."""

    name: Needed[Annotated[str, Rule(max_length=77)]] = None
    """Up to 77 letters, digits, `_`, `.` and `-`; begins with a letter or digit, ends with one of these or `_`. Unique
    within the pool.
    """
    protocol: Needed[InboundEndpointProtocol] = None
    backend_port: Needed[Annotated[int, Rule(ge=1, le=65535)]] = None
    """The port on the node, from 1 to 65535 without 29876 and 29877. Unique within the pool."""
    frontend_port_range_start: Needed[FrontendPort] = None
    """From 1 to 65534 without 50000 to 55000. A range has at least 40 ports and overlaps no other."""
    frontend_port_range_end: Needed[FrontendPort] = None
    """Included."""
    network_security_group_rules: list[NetworkSecurityGroupRule] | None = None
    """At most 25 over all endpoints of the pool. If absent, everybody is let in to `backend_port`."""


class PoolEndpointConfiguration(Model, kw_only=True):
    """The ports of a pool's nodes that are reachable from outside."""

    inbound_nat_pools: Needed[Annotated[list[InboundNATPool], Rule(max_items=5)]] = None
    """At most 5."""


class IPTag(Model, kw_only=True):
    """A tag on the public addresses of a pool."""

    ip_tag_type: str | None = None
    tag: str | None = None


class PublicIPAddressConfiguration(Model, kw_only=True):
    """Who provides the public addresses of a pool's nodes."""

    provision: IPAddressProvisioningType | None = None
    """`batchmanaged` if absent."""
    ip_address_ids: list[str] | None = None
    """ARM ids, for `usermanaged`. Their number limits the size of the pool."""
    ip_families: Since2025_06[list[IPFamily]] = None
    """IPv4 alone if absent."""
    ip_tags: Since2025_06[list[IPTag]] = None


class NetworkConfiguration(Model, kw_only=True):
    """The network of a pool's nodes."""

    subnet_id: str | None = None
    """ARM id of a subnet in the account's region and subscription, with free addresses for all nodes."""
    dynamic_vnet_assignment_scope: DynamicVNetAssignmentScope | None = None
    endpoint_configuration: PoolEndpointConfiguration | None = None
    public_ips: Until2019_08[list[str]] = None
    """ARM ids of the public addresses; `public_ip_address_configuration.ip_address_ids` in later versions."""
    public_ip_address_configuration: Since2020_03[PublicIPAddressConfiguration] = None
    enable_accelerated_networking: Since2023_05[bool] = None
    """`False` if absent; not every size and image can do it."""


class InboundEndpoint(Model, kw_only=True):
    """A port of a node and the public address and port that lead to it."""

    name: Needed[str] = None
    protocol: Needed[InboundEndpointProtocol] = None
    public_ip_address: Needed[str] = None
    public_fqdn: Needed[str] = None
    frontend_port: Needed[int] = None
    backend_port: Needed[int] = None


class ComputeNodeEndpointConfiguration(Model, kw_only=True):
    """The ports of a node that are reachable from outside."""

    inbound_endpoints: Needed[list[InboundEndpoint]] = None
