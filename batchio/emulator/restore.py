"""The state as it was, from its records.

Law: what follows from something else is worked out again and not read: counts, queues, room on nodes, who is next.
Life goes on from the last write as if the emulator had never been away: a simulated task that ran goes on running,
and what fell due in the meantime happens at its time. Only a queue may be in another order than it was: tasks wait in
the order in which they became active, whatever they depended on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from .autoscale import History
from .certificate_life import Certificate
from .database import Row
from .dispatch import queue_task
from .records import PLAIN, READERS, Account, Samples
from .resources import (
    Allocation,
    Job,
    JobSchedule,
    Living,
    Node,
    NodeStatus,
    Pool,
    Run,
    Special,
    StoredTask,
)
from .scaling import Scaling
from .states import ACTIVE, COMPLETED, LEAVING_POOL, PREPARING, RUNNING, STEADY
from .store import Store
from .task_ends import FAILURE


class _Restorer:
    """Takes in rows, then links what they brought."""

    def __init__(self, store: Store) -> None:
        self.account: Account | None = None
        self._store = store
        self._living: list[Living] = []
        self._schedules: dict[int, JobSchedule] = {}
        self._pools: dict[int, Pool] = {}
        self._jobs: dict[int, Job] = {}
        self._statuses: list[tuple[Job, Any, Any]] = []
        self._runs: list[tuple[Job, StoredTask, Any]] = []
        self._queues: defaultdict[int, list[StoredTask]] = defaultdict(list)
        self._take: dict[str, Callable[[int, Any, Any], None]] = {
            Account.__name__: self._account,
            Certificate.__name__: self._certificate,
            JobSchedule.__name__: self._schedule,
            Pool.__name__: self._pool,
            Samples.__name__: self._samples,
            Node.__name__: self._node,
            Job.__name__: self._job,
            NodeStatus.__name__: self._status,
            StoredTask.__name__: self._task,
        }

    def take(self, row: Row) -> None:
        """Take in a row; what it lives in and who made it came before."""
        self._take[row.kind](row.home, *READERS[row.kind](row.record))

    def _account(self, _home: int, account: Account, _more: None) -> None:
        self.account = account

    def _certificate(self, _home: int, record: Any, _more: None) -> None:
        certificate: Certificate = PLAIN[Certificate].remade(record)
        self._store.certificates.add(certificate.key, certificate)
        self._living.append(certificate)

    def _schedule(self, _home: int, record: Any, _more: None) -> None:
        schedule: JobSchedule = PLAIN[JobSchedule].remade(record)
        self._store.schedules.add(schedule.key, schedule)
        self._schedules[schedule.born] = schedule
        self._living.append(schedule)

    def _pool(self, _home: int, record: Any, more: Any) -> None:
        allocation: Allocation = PLAIN[Allocation].remade(more[0])
        scaling = None if more[1] is None else PLAIN[Scaling].remade(more[1], history=History())
        pool: Pool = PLAIN[Pool].remade(record, allocation=allocation, scaling=scaling)
        self._store.pools.add(pool.key, pool)
        self._pools[pool.born] = pool
        self._living += (pool, allocation)

    def _samples(self, home: int, samples: Samples, _more: None) -> None:
        scaling = self._pools[home].scaling
        if scaling is not None:
            scaling.history.go_on(samples.rows, samples.last)

    def _node(self, home: int, record: Any, _more: None) -> None:
        pool = self._pools[home]
        node: Node = PLAIN[Node].remade(record, pool=pool)
        pool.nodes.add(node.key, node)
        pool.open[node.key] = node
        self._living.append(node)

    def _job(self, _home: int, record: Any, schedule: int | None) -> None:
        job: Job = PLAIN[Job].remade(record, schedule=None if schedule is None else self._schedules.get(schedule))
        self._store.jobs.add(job.key, job)
        if job.schedule is not None:
            job.schedule.jobs.add(job.key, job)
        self._jobs[job.born] = job
        self._living.append(job)

    def _status(self, home: int, record: Any, more: Any) -> None:
        self._statuses.append((self._jobs[home], record, more))

    def _task(self, home: int, task: StoredTask, run: Any) -> None:
        job = self._jobs[home]
        self._store.add_task(job, task.id.lower(), task)
        if run is not None:
            self._runs.append((job, task, run))
        elif task.state == ACTIVE:
            self._queues[home].append(task)
        elif task.state == COMPLETED and task.run is not None and task.run.result == FAILURE:
            self._store.count_failure(job, task)

    def link(self) -> None:
        """Everything is there: have each point at the others, and let life go on."""
        for job, record, more in self._statuses:
            self._link_status(job, record, more)
        for job, task, record in self._runs:
            self._link_run(job, task, record)
        with self._store.resume(self._living):
            for job in self._jobs.values():
                self._queue(job)

    def _queue(self, job: Job) -> None:
        if job.state != COMPLETED:
            self._store.touch_pool(job)
        for task in sorted(self._queues[job.born], key=_place_in_queue) if self._store.simulate else ():
            queue_task(self._store, job, task)

    def _link_status(self, job: Job, record: Any, more: Any) -> None:
        node = self._find_node(record.pool, record.id)
        preparation, release = (
            None if special is None else PLAIN[Special].remade(special, job=job, node=node) for special in more
        )
        status: NodeStatus = PLAIN[NodeStatus].remade(record, preparation=preparation, release=release)
        job.statuses.add(node.key, status)
        self._living += [special for special in (preparation, release) if special is not None]

    def _link_run(self, job: Job, task: StoredTask, record: Any) -> None:
        ran = task.ran()
        ids = (ran.node or "", *ran.seldom.nodes)
        nodes = tuple(self._find_node(ran.pool or "", id) for id in ids)
        run: Run = PLAIN[Run].remade(record, job=job, task=task, nodes=nodes)
        job.runs[task.id.lower()] = run
        for node in nodes:
            node.runs[id(run)] = run
            node.used += task.slots
        self._living.append(run)

    def _find_node(self, pool_id: str, node_id: str) -> Node:
        pool = self._store.pools.get(pool_id)
        node = None if pool is None else pool.nodes.get(node_id)
        return _node_that_is_gone(pool_id, node_id) if node is None else node


def _node_that_is_gone(pool_id: str, node_id: str) -> Node:
    """Stands where something is known of a node that has left."""
    allocation = Allocation(since=0, state=STEADY, gone=True, pool_key=pool_id.lower())
    pool = Pool(id=pool_id, spec={}, born=0, changed=0, since=0, gone=True, allocation=allocation)
    return Node(
        id=node_id,
        spec={},
        born=0,
        changed=0,
        since=0,
        gone=True,
        pool=pool,
        dedicated=True,
        number=0,
        state=LEAVING_POOL,
    )


def _place_in_queue(task: StoredTask) -> tuple[bool, int]:
    """Tasks that came back from a node go first, the last of them before the others; then who waits longest."""
    came_back = task.run is not None and task.run.previous in (PREPARING, RUNNING)
    return (False, -task.since) if came_back else (True, task.since)


def restore(store: Store, rows: Iterable[Row]) -> bool:
    """Fill an empty store, and move its clock to where it was; gives whether its tasks were processes."""
    restorer, row = _Restorer(store), None
    for row in rows:
        restorer.take(row)
    if restorer.account is None:
        if row is not None:
            raise LookupError("the record of the account is not there")
        return False
    store.go_on(restorer.account)
    restorer.link()
    return restorer.account.processes
