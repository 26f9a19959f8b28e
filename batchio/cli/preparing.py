"""What has to be there before tasks can be added: a job, and a pool for it.

Law: nothing is made that was not asked for, and what could go wrong later is told before the first task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from ..errors import ResourceExistsError, ResourceNotFoundError, StateConflictError
from ..models import ImageReference, PoolAddParameter, VirtualMachineConfiguration
from ..session.waiting import Pace
from .codes import CommandError, Exit

if TYPE_CHECKING:
    from ..client import BatchClient
    from ..models import CloudJob
    from .screen import Screen

EMULATOR_POOL = "batchio"
"""Pool that is made in the local service where nobody named one."""

QUOTA_CODE = "ActiveJobAndScheduleQuotaReached"
PACE = Pace()
"""How often it is asked whether there is room for a job: after a second at first, later every half minute."""

_CLOSED = ("disabling", "terminating", "completed", "deleting")


async def ensure_job(
    client: BatchClient, job_id: str, screen: Screen, body: Mapping[str, Any] | None, *, quota: float | None = None
) -> None:
    """See that the job is there. `body`: create it so if it is not; None: do not create it.

    `quota`: seconds to wait at most where the account has no room for another active job; None: do not wait.
    """
    try:
        job = await client.jobs.get(job_id, select=("id", "state", "onAllTasksComplete"))
    except ResourceNotFoundError as error:
        if body is None:
            raise CommandError(f"job {job_id!r} does not exist; --create-job --pool POOL creates it") from error
        await _create_job(client, job_id, screen, body, quota)
        screen.note(f"job {job_id} was created{_where(body)}")
    else:
        _warn(job, job_id, screen)


async def ensure_pool(client: BatchClient, pool_id: str) -> None:
    """See that the local service has the pool."""
    pool = PoolAddParameter(
        id=pool_id,
        vm_size="standard_d2s_v3",
        target_dedicated_nodes=0,
        virtual_machine_configuration=VirtualMachineConfiguration(
            image_reference=ImageReference(
                publisher="canonical", offer="0001-com-ubuntu-server-jammy", sku="22_04-lts", version="latest"
            ),
            node_agent_sku_id="batch.node.ubuntu 22.04",
        ),
    )
    try:
        await client.pools.create(pool)
    except ResourceExistsError:
        return


async def _create_job(
    client: BatchClient, job_id: str, screen: Screen, body: Mapping[str, Any], quota: float | None
) -> None:
    clock = asyncio.get_running_loop().time
    rng, end = Random(), clock() + (quota or 0.0)  # noqa: S311 - spreads those that wait, guards nothing
    for asked in count(1):
        try:
            await client.jobs.create(body)
        except ResourceExistsError:
            # Somebody was faster.
            return
        except StateConflictError as error:
            if error.code != QUOTA_CODE:
                raise
            if quota is None:
                raise CommandError(f"{error}; --wait-for-quota waits for a place", Exit.STOPPED) from error
            if (left := end - clock()) <= 0:
                text = f"job {job_id!r} was not created: the account had no room for another active job for {quota:g} s"
                raise CommandError(text, Exit.STOPPED) from error
            if asked == 1:
                screen.note(
                    f"the account has no room for another active job; waiting for it, {quota:g} seconds at most"
                )
            await asyncio.sleep(min(left, PACE.pause(asked, left=left, rng=rng)))
        else:
            return


def _where(body: Mapping[str, Any]) -> str:
    pool = body["poolInfo"].get("poolId")
    return f" in pool {pool}" if pool else ""


def _warn(job: CloudJob, job_id: str, screen: Screen) -> None:
    state = str(job.state or "").lower()
    if state in _CLOSED:
        screen.warn(f"warning: job {job_id} is {state}; the service may refuse its tasks")
    if str(job.on_all_tasks_complete or "").lower() == "terminatejob":
        screen.warn(
            f"warning: job {job_id} terminates when all its tasks are complete, which may happen while tasks are "
            "still being added, and cannot be taken back; create a job without it and add --terminate-when-done"
        )
