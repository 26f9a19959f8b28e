"""Who runs a task: accounts on the nodes, and the choice among them.

Law: a password or private key is write-only and hidden in `repr`.
"""

from __future__ import annotations

from typing import Annotated

from .base import Model, Rule
from .enums import AutoUserScope, ElevationLevel, LoginMode
from .rules import Needed, Secret


class AutoUserSpecification(Model, kw_only=True):
    """The account that the service itself makes to run a task."""

    scope: AutoUserScope | None = None
    """`pool` if absent: one account for all tasks of a node. `task` keeps tasks apart on Windows."""
    elevation_level: ElevationLevel | None = None
    """`nonadmin` if absent."""


class UserIdentity(Model, kw_only=True):
    """The account under which a task runs: a named one of the pool, or one that is made for it."""

    username: str | None = None
    """A user account of the pool. Excludes `auto_user`."""
    auto_user: AutoUserSpecification | None = None
    """Excludes `username`."""


class LinuxUserConfiguration(Model, kw_only=True):
    """What a user account is on Linux nodes."""

    uid: int | None = None
    """Together with `gid` or not at all; the system chooses if absent."""
    gid: int | None = None
    """Together with `uid` or not at all; the system chooses if absent."""
    ssh_private_key: Secret[str] = None
    """Without a passphrase. Lets the nodes reach each other over SSH when the pool has inter-node communication; if
    absent, nothing is set up.
    """


class WindowsUserConfiguration(Model, kw_only=True):
    """What a user account is on Windows nodes."""

    login_mode: LoginMode | None = None
    """`batch` if absent, which suits long parallel work."""


class UserAccount(Model, kw_only=True):
    """An account that is made on every node of a pool, for tasks to run under."""

    name: Needed[Annotated[str, Rule(max_length=20)]] = None
    """At most 20 characters."""
    password: Needed[Secret[str]] = None
    elevation_level: ElevationLevel | None = None
    """`nonadmin` if absent."""
    linux_user_configuration: LinuxUserConfiguration | None = None
    """Ignored on Windows."""
    windows_user_configuration: WindowsUserConfiguration | None = None
    """Only on Windows pools."""
