"""What has to be there before tasks can be added: a job, and a pool for it.

Law: nothing is made that was not asked for, and what could go wrong later is told before the first task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ResourceExistsError, ResourceNotFoundError
from ..models import (
    ImageReference,
    JobAddParameter,
    PoolAddParameter,
    PoolInformation,
    VirtualMachineConfiguration,
)
from .codes import CommandError

if TYPE_CHECKING:
    from ..client import BatchClient
    from ..models import CloudJob
    from .screen import Screen

EMULATOR_POOL = "batchio"
"""Pool that is made in the local service where nobody named one."""

_CLOSED = ("disabling", "terminating", "completed", "deleting")


async def ensure_job(client: BatchClient, job_id: str, screen: Screen, *, pool: str | None) -> None:
    """See that the job is there. `pool`: create it in this pool if it is not; None: do not create it."""
    try:
        job = await client.jobs.get(job_id, select=("id", "state", "onAllTasksComplete"))
    except ResourceNotFoundError as error:
        if pool is None:
            raise CommandError(f"job {job_id!r} does not exist; --create-job --pool POOL creates it") from error
        await _create_job(client, job_id, pool)
        screen.note(f"job {job_id} was created in pool {pool}")
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


async def _create_job(client: BatchClient, job_id: str, pool: str) -> None:
    try:
        await client.jobs.create(JobAddParameter(id=job_id, pool_info=PoolInformation(pool_id=pool)))
    except ResourceExistsError:
        # Somebody was faster.
        return


def _warn(job: CloudJob, job_id: str, screen: Screen) -> None:
    state = str(job.state or "").lower()
    if state in _CLOSED:
        screen.warn(f"warning: job {job_id} is {state}; the service may refuse its tasks")
    if str(job.on_all_tasks_complete or "").lower() == "terminatejob":
        screen.warn(
            f"warning: job {job_id} terminates when all its tasks are complete, which may happen while tasks are "
            "still being added; set onAllTasksComplete to noaction until all are there"
        )
