"""What tasks ask of the machine on which they really run: where, with which files and in which environment.

Law: an order follows from what was sent and from where it runs. A process sees the variables of the service and those
that were sent, and nothing of the environment in which the emulator runs.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from . import ticks
from .authentication import AUDIENCE, JOB_CLAIM
from .bodies import without_mark
from .processes.orders import Order, ResourceFile
from .resources import Job, Node, Run, Special
from .task_reading import pairs

if TYPE_CHECKING:
    from .store import Store

SPECIALS = {
    "preparation": ("jobPreparationTask", "jobpreparation"),
    "release": ("jobReleaseTask", "jobrelease"),
}
"""Kind of a special task -> its property of the job, its default id, which is its folder's name, too."""
STARTUP = "startup"
SHARED = "shared"
_OURS = "AZ_BATCH_"
_TOKEN_LIFE = 24 * 3600 * ticks.SECOND


class Site(msgspec.Struct, frozen=True):
    """Where the service is: its nodes' root folder, its account and its URL."""

    root: Path
    account: str
    url: str


def folder_of(node: Node, *names: str) -> tuple[str, ...]:
    """A folder of a node."""
    return (node.pool.id, node.id, *names)


def folder_of_task(node: Node, job: Job, task: str) -> tuple[str, ...]:
    """The folder of a task."""
    return folder_of(node, "workitems", job.id, "job-1", task)


def order_of_run(store: Store, site: Site, run: Run) -> Order:
    """What a task asks of its first node."""
    sent = msgspec.json.decode(without_mark(run.task.raw))
    return _order(store, site, run.nodes[0], sent, job=run.job, task=run.task.id, folder=run.task.id)


def order_of_special(store: Store, site: Site, special: Special) -> Order:
    """What a preparation or release task asks of its node."""
    name, default = SPECIALS[special.kind]
    sent = special.job.spec[name]
    return _order(store, site, special.node, sent, job=special.job, task=sent.get("id", default), folder=default)


def order_of_start(store: Store, site: Site, node: Node) -> Order:
    """What the start task asks of a node."""
    return _order(store, site, node, node.pool.spec["startTask"], folder=STARTUP)


def _order(
    store: Store,
    site: Site,
    node: Node,
    sent: dict[str, Any],
    *,
    folder: str,
    job: Job | None = None,
    task: str | None = None,
) -> Order:
    names = folder_of(node, folder) if job is None else folder_of_task(node, job, folder)
    variables = {**_plain(site, names), **_of_node(site, node), "AZ_BATCH_NODE_STARTUP_DIR": _at(site, node, STARTUP)}
    if job is not None and task is not None:
        variables |= {**_of_job(site, node, job), "AZ_BATCH_TASK_ID": task}
        variables |= _without_ours(variables, pairs(job.spec.get("commonEnvironmentSettings")))
        if "job" in [scope.lower() for scope in (sent.get("authenticationTokenSettings") or {}).get("access") or ()]:
            variables["AZ_BATCH_AUTHENTICATION_TOKEN"] = _token(store, job)
    variables |= _without_ours(variables, pairs(sent.get("environmentSettings")))
    files = msgspec.convert(sent.get("resourceFiles") or [], tuple[ResourceFile, ...])
    return Order(names, sent["commandLine"], variables, files)


def _without_ours(ours: dict[str, str], sent: dict[str, str]) -> dict[str, str]:
    """What was sent, but for what the service itself says: processes are known by that."""
    return {name: value for name, value in sent.items() if not (name.startswith(_OURS) and name in ours)}


def _plain(site: Site, names: tuple[str, ...]) -> dict[str, str]:
    task = site.root.joinpath(*names)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(task / "wd"),
        "AZ_BATCH_TASK_DIR": str(task),
        "AZ_BATCH_TASK_WORKING_DIR": str(task / "wd"),
    }


def _of_node(site: Site, node: Node) -> dict[str, str]:
    return {
        "AZ_BATCH_ACCOUNT_NAME": site.account,
        "AZ_BATCH_ACCOUNT_URL": f"{site.url}/",
        "AZ_BATCH_POOL_ID": node.pool.id,
        "AZ_BATCH_NODE_ID": node.id,
        "AZ_BATCH_NODE_IS_DEDICATED": "true" if node.dedicated else "false",
        "AZ_BATCH_NODE_ROOT_DIR": _at(site, node),
        "AZ_BATCH_NODE_SHARED_DIR": _at(site, node, SHARED),
    }


def _of_job(site: Site, node: Node, job: Job) -> dict[str, str]:
    variables = {"AZ_BATCH_JOB_ID": job.id}
    if "jobPreparationTask" in job.spec:
        prepared = site.root.joinpath(*folder_of_task(node, job, SPECIALS["preparation"][1]))
        variables["AZ_BATCH_JOB_PREP_DIR"] = str(prepared)
        variables["AZ_BATCH_JOB_PREP_WORKING_DIR"] = str(prepared / "wd")
    return variables


def _at(site: Site, node: Node, *names: str) -> str:
    return str(site.root.joinpath(*folder_of(node, *names)))


def _token(store: Store, job: Job) -> str:
    """A token that lets a task do everything to its job, and nothing else."""
    expires = (store.now() + _TOKEN_LIFE - ticks.UNIX_EPOCH) // ticks.SECOND
    claims = {"aud": AUDIENCE, "exp": expires, JOB_CLAIM: job.id}
    parts = (msgspec.json.encode(part) for part in ({"alg": "none", "typ": "JWT"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])
