"""Managed identities: which the pool has, and which one reaches a storage or a registry.

Law: an identity is named by its ARM resource id; no secret stands here.
"""

from __future__ import annotations

from .base import Model
from .enums import PoolIdentityType
from .rules import Needed, ReadOnly


class BatchPoolIdentityReference(Model, kw_only=True):
    """One of the pool's identities, to reach a disk encryption key with."""

    resource_id: str | None = None
    """ARM id of a user-assigned identity of the pool."""


class BatchPoolIdentity(Model, kw_only=True):
    """The user-assigned identities of a pool; they are set through ARM, not here."""

    type: Needed[PoolIdentityType] = None
    user_assigned_identities: list[UserAssignedIdentity] | None = None


class ComputeNodeIdentityReference(Model, kw_only=True):
    """One of the pool's identities, by which a node reaches storage or a registry without a key."""

    resource_id: str | None = None
    """ARM id of a user-assigned identity of the pool."""


class UserAssignedIdentity(Model, kw_only=True):
    """One identity that a pool carries."""

    resource_id: Needed[str] = None
    """ARM id."""
    client_id: ReadOnly[str] = None
    principal_id: ReadOnly[str] = None
