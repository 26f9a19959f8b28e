"""Any order of operations and of time keeps what the service promises.

Law: what is looked at is what a client sees; the moves alone are taken where the store makes them.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from batchio.emulator import Clock
from batchio.emulator.resources import Job, Living, StoredTask
from batchio.emulator.store import Store
from batchio.emulator.transitions import ACTS, GONE, STATES_TO_HOLD, TRANSITIONS

from .direct import Direct
from .wire import Reply

JOBS = ("a", "b", "c")
POOLS = ("p", "q")
SCHEDULES = ("s", "r")
TASKS = ("1", "2", "3", "4", "boss")

pools = st.sampled_from(POOLS)
schedules = st.sampled_from(SCHEDULES)
tasks = st.sampled_from(TASKS)
options = st.sampled_from(["requeue", "terminate", "taskcompletion"])
TIMES = (0, 0.0001, 0.4, 1, 7, 60, 900, 8_000, 90_000)
FORMULAS = ("$TargetDedicatedNodes = max($PendingTasks.GetSample(1))", "$x = 1", "$x =")

LIVE_JOB = ("active", "disabling", "disabled", "enabling", "terminating")
AT_WORK = ("idle", "running", "offline", "starttaskfailed")
NODE = (
    *AT_WORK,
    "creating",
    "starting",
    "waitingforstarttask",
    "rebooting",
    "reimaging",
    "deallocating",
    "deallocated",
)
BY_REQUEST = {
    **{("job", source): {"disabling", "terminating", "deleting"} for source in LIVE_JOB[:4]},
    ("job", "disabling"): {"disabling", "enabling", "terminating", "deleting"},
    ("job", "disabled"): {"enabling", "terminating", "deleting"},
    ("job", "terminating"): {"terminating", "deleting"},
    ("job", "completed"): {"deleting"},
    ("job", "deleting"): {"deleting"},
    ("jobschedule", "active"): {"disabled", "terminating", "deleting"},
    ("jobschedule", "disabled"): {"active", "terminating", "deleting"},
    ("jobschedule", "terminating"): {"terminating", "deleting"},
    ("jobschedule", "completed"): {"deleting"},
    ("jobschedule", "deleting"): {"deleting"},
    ("pool", "active"): {"deleting"},
    ("allocation", "steady"): {"resizing"},
    ("allocation", "stopping"): {"resizing"},
    ("allocation", "resizing"): {"resizing", "stopping"},
    **{("node", source): {"leavingpool"} for source in NODE},
    **{("node", source): {"rebooting", "reimaging", "deallocating", "leavingpool"} for source in AT_WORK},
    ("node", "deallocated"): {"starting", "leavingpool"},
}
"""Where a request may lead, beside what the table of transitions has."""

BY_THEMSELVES: dict[tuple[str, str], set[str]] = {}
for _row in TRANSITIONS:
    BY_THEMSELVES.setdefault((_row.kind, _row.source), set()).add(_row.target)

OF_TASKS = {
    "active": {"preparing", "running", "completed"},
    "preparing": {"active", "running", "completed"},
    "running": {"active", "completed"},
    "completed": {"active"},
}

VOLATILE = {
    "pools": {
        *("currentDedicatedNodes", "currentLowPriorityNodes", "resizeErrors", "autoScaleRun"),
        *("allocationState", "allocationStateTransitionTime"),
    },
    "jobschedules": {"executionInfo"},
}
"""What is of the nodes of a pool or of the jobs of a schedule, and no change of its own."""


class WatchedStore(Store):
    """Holds every move against the tables, and time against its direction."""

    latest = 0

    def move(self, thing: Living, state: str, when: int, why: str | None = None) -> None:
        place = (thing.kind, thing.state)
        assert state in ACTS | BY_THEMSELVES.get(place, set()) | BY_REQUEST.get(place, set()), (place, state)
        assert not thing.gone
        assert self.latest <= when <= self.clock.ticks()
        self.latest, since = when, thing.since
        super().move(thing, state, when, why)
        assert thing.gone or state != GONE
        assert since <= thing.since

    def put_task(self, job: Job, task: StoredTask, state: str) -> None:
        assert state in OF_TASKS[task.state]
        since = task.since
        super().put_task(job, task, state)
        assert since <= task.since


class Listing:
    """A listing that goes on while things come and go: what was there at its start and still is, and what it gave."""

    def __init__(self, first: Reply, there: set[tuple[str, str]]) -> None:
        self.there = there
        self.given: list[tuple[str, str]] = []
        self.link: str | None = None
        self.take(first)

    def take(self, page: Reply) -> None:
        self.given += [identity(item) for item in page.items]
        self.link = page.json.get("odata.nextLink")


def identity(item: dict[str, Any]) -> tuple[str, str]:
    """A thing, and not another one that has its name later."""
    return item["url"], item.get("creationTime", item.get("allocationTime", ""))


class AnyOrder(RuleBasedStateMachine):
    """Jobs, tasks, pools, nodes and schedules under any requests."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(datetime(2024, 7, 1, 12, tzinfo=UTC), frozen=True)
        self.store = WatchedStore(self.clock, simulate=True)
        self.direct = Direct(self.store)
        self.tags: dict[tuple[str, str], tuple[str, str, dict[str, Any]]] = {}
        self.written: set[str] = set()
        self.listings: dict[str, Listing] = {}

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Reply:
        reply = self.direct.call(method, path, body, query=query)
        assert reply.status < 500 or reply.code == "TooManyEnableAutoScaleRequests"
        if reply.status < 300:
            self.written.add(path.lower())
        return reply

    @initialize(nodes=st.integers(1, 3), data=st.data())
    def begin(self, nodes: int, data: st.DataObject) -> None:
        self.ask("POST", "/pools", {"id": "p", "vmSize": "a", "targetDedicatedNodes": nodes, "taskSlotsPerNode": 2})
        self.ask("POST", "/jobs", {"id": "a", **self.specification(data), "poolInfo": {"poolId": "p"}})
        self.ask("POST", "/jobs/a/addtaskcollection", {"value": [self.task(id, data) for id in TASKS[:3]]})
        self.clock.advance(data.draw(st.sampled_from([0, 1.5, 3, 8])))

    # Making.

    @rule(
        id=pools,
        nodes=st.integers(0, 3),
        cheap=st.integers(0, 2),
        slots=st.integers(1, 3),
        start=st.sampled_from([None, "true", "false", "sleep 30"]),
        formula=st.sampled_from([None, *FORMULAS]),
    )
    def make_pool(self, *, id: str, nodes: int, cheap: int, slots: int, start: str | None, formula: str | None) -> None:
        body: dict[str, Any] = {"id": id, "vmSize": "a", "taskSlotsPerNode": slots}
        if formula is None:
            body |= {"targetDedicatedNodes": nodes, "targetLowPriorityNodes": cheap}
        else:
            body |= {"enableAutoScale": True, "autoScaleFormula": formula}
        if start is not None:
            body["startTask"] = {"commandLine": start}
        self.ask("POST", "/pools", body)

    def specification(self, data: st.DataObject) -> dict[str, Any]:
        auto = {"poolLifetimeOption": data.draw(st.sampled_from(["job", "jobschedule"]))}
        auto_pool = {"autoPoolSpecification": {**auto, "pool": {"vmSize": "a", "targetDedicatedNodes": 1}}}
        made: dict[str, Any] = {
            "poolInfo": data.draw(st.sampled_from([{"poolId": "p"}, {"poolId": "q"}, auto_pool])),
            "priority": data.draw(st.integers(-1, 1)),
            "maxParallelTasks": data.draw(st.sampled_from([-1, 1, 2])),
            "onAllTasksComplete": data.draw(st.sampled_from(["noaction", "terminatejob"])),
            "onTaskFailure": data.draw(st.sampled_from(["noaction", "performexitoptionsjobaction"])),
            "usesTaskDependencies": True,
        }
        if data.draw(st.booleans()):
            code = {"name": "BATCHIO_EXIT_CODE", "value": data.draw(st.sampled_from(["0", "1"]))}
            made["jobPreparationTask"] = {"commandLine": "sleep 5", "environmentSettings": [code]}
            made["jobReleaseTask"] = {"commandLine": "sleep 5"}
        if data.draw(st.booleans()):
            made["constraints"] = {"maxWallClockTime": data.draw(st.sampled_from(["PT1M", "P1D"]))}
        if data.draw(st.booleans()):
            kills = data.draw(st.booleans())
            made["jobManagerTask"] = {"id": "boss", "commandLine": "sleep 20", "killJobOnCompletion": kills}
        return made

    @rule(id=st.sampled_from(JOBS), data=st.data())
    def make_job(self, id: str, data: st.DataObject) -> None:
        self.ask("POST", "/jobs", {"id": id, **self.specification(data)})

    @rule(
        id=schedules,
        data=st.data(),
        every=st.sampled_from([None, "PT1H", "P1D"]),
        window=st.sampled_from([None, "PT10M"]),
        until=st.sampled_from([None, "2024-07-01T13:00:00Z"]),
        after=st.sampled_from([None, "2024-07-03T00:00:00Z"]),
    )
    def make_schedule(
        self,
        *,
        id: str,
        data: st.DataObject,
        every: str | None,
        window: str | None,
        until: str | None,
        after: str | None,
    ) -> None:
        times = {"recurrenceInterval": every, "startWindow": window, "doNotRunUntil": until, "doNotRunAfter": after}
        given = {name: value for name, value in times.items() if value is not None}
        self.ask("POST", "/jobschedules", {"id": id, "schedule": given, "jobSpecification": self.specification(data)})

    @rule(ids=st.lists(tasks, min_size=1, max_size=4), data=st.data())
    def add_tasks(self, ids: list[str], data: st.DataObject) -> None:
        body = {"value": [self.task(id, data) for id in ids]}
        self.ask("POST", f"/jobs/{self.a_job(data)}/addtaskcollection", body)

    @rule(id=tasks, data=st.data())
    def add_task(self, id: str, data: st.DataObject) -> None:
        self.ask("POST", f"/jobs/{self.a_job(data)}/tasks", self.task(id, data))

    def one_of(self, path: str, data: st.DataObject, absent: str) -> str:
        """The id of something that is there, or of something that is not."""
        ids: list[str] = [*(item["id"] for item in self.direct.all(path)), absent]
        return data.draw(st.sampled_from(ids))

    def a_job(self, data: st.DataObject) -> str:
        return self.one_of("/jobs", data, "none")

    def a_task(self, data: st.DataObject) -> str:
        job = self.a_job(data)
        return f"/jobs/{job}/tasks/{self.one_of(f'/jobs/{job}/tasks', data, 'none')}"

    def task(self, id: str, data: st.DataObject) -> dict[str, Any]:
        made: dict[str, Any] = {
            "id": id,
            "commandLine": data.draw(st.sampled_from(["true", "false", "sleep 30", "sleep 5h"])),
            "requiredSlots": data.draw(st.sampled_from([1, 1, 2])),
        }
        if data.draw(st.booleans()):
            limits = st.sampled_from(
                [{"maxTaskRetryCount": 2}, {"maxTaskRetryCount": -1}, {"maxWallClockTime": "PT9S"}]
            )
            made["constraints"] = data.draw(limits)
        if data.draw(st.booleans()):
            ranges = [{"taskIds": ["1"]}, {"taskIds": ["4", "boss"]}, {"taskIdRanges": [{"start": 2, "end": 3}]}]
            made["dependsOn"] = data.draw(st.sampled_from(ranges))
        if data.draw(st.integers(0, 4)) == 0:
            made["multiInstanceSettings"] = {"numberOfInstances": 2, "coordinationCommandLine": "true"}
        return made

    # Changing.

    @rule(option=st.sampled_from(["requeue", "terminate", "wait"]), data=st.data())
    def disable_job(self, option: str, data: st.DataObject) -> None:
        self.ask("POST", f"/jobs/{self.a_job(data)}/disable", {"disableTasks": option})

    @rule(data=st.data())
    def enable_job(self, data: st.DataObject) -> None:
        self.ask("POST", f"/jobs/{self.a_job(data)}/enable")

    @rule(force=st.sampled_from(["true", "false"]), verb=st.sampled_from(["/terminate", ""]), data=st.data())
    def end_job(self, force: str, verb: str, data: st.DataObject) -> None:
        self.ask("POST" if verb else "DELETE", f"/jobs/{self.a_job(data)}{verb}", force=force)

    @rule(priority=st.integers(-1, 1), data=st.data())
    def change_job(self, priority: int, data: st.DataObject) -> None:
        body: dict[str, Any] = {"priority": priority, "maxParallelTasks": 2}
        if data.draw(st.booleans()):
            body["poolInfo"] = {"poolId": data.draw(pools)}
        if data.draw(st.integers(0, 3)) == 0:
            body["onAllTasksComplete"] = "terminatejob"
        self.ask("PATCH", f"/jobs/{self.a_job(data)}", body)

    @rule(data=st.data())
    def terminate_task(self, data: st.DataObject) -> None:
        self.ask("POST", f"{self.a_task(data)}/terminate")

    @rule(data=st.data())
    def reactivate_task(self, data: st.DataObject) -> None:
        self.ask("POST", f"{self.a_task(data)}/reactivate")

    @rule(data=st.data())
    def delete_task(self, data: st.DataObject) -> None:
        self.ask("DELETE", self.a_task(data))

    @rule(data=st.data())
    def change_task(self, data: st.DataObject) -> None:
        self.ask("PUT", self.a_task(data), {"constraints": {"maxTaskRetryCount": 1}})

    @rule(pool=pools, nodes=st.integers(0, 3), cheap=st.integers(0, 1), option=options)
    def resize_pool(self, pool: str, nodes: int, cheap: int, option: str) -> None:
        targets = {"targetDedicatedNodes": nodes, "targetLowPriorityNodes": cheap}
        self.ask("POST", f"/pools/{pool}/resize", {**targets, "nodeDeallocationOption": option})

    @rule(pool=pools, verb=st.sampled_from(["stopresize", "disableautoscale"]))
    def change_pool(self, pool: str, verb: str) -> None:
        self.ask("POST", f"/pools/{pool}/{verb}")

    @rule(pool=pools, formula=st.sampled_from(FORMULAS))
    def scale_pool(self, pool: str, formula: str) -> None:
        self.ask("POST", f"/pools/{pool}/enableautoscale", {"autoScaleFormula": formula})

    @rule(pool=pools)
    def delete_pool(self, pool: str) -> None:
        self.ask("DELETE", f"/pools/{pool}")

    @rule(
        pool=pools,
        data=st.data(),
        verb=st.sampled_from(
            ["reboot", "reimage", "deallocate", "start", "disablescheduling", "enablescheduling", "remove"]
        ),
    )
    def change_node(self, pool: str, data: st.DataObject, verb: str) -> None:
        nodes = self.direct.all(f"/pools/{pool}/nodes")
        if not nodes:
            return
        node = data.draw(st.sampled_from([item["id"] for item in nodes]))
        option = data.draw(options)
        if verb == "remove":
            body = {"nodeList": [node], "nodeDeallocationOption": option}
            self.ask("POST", f"/pools/{pool}/removenodes", body)
            return
        names = {
            "reboot": "nodeRebootOption",
            "reimage": "nodeReimageOption",
            "deallocate": "nodeDeallocateOption",
            "disablescheduling": "nodeDisableSchedulingOption",
        }
        self.ask("POST", f"/pools/{pool}/nodes/{node}/{verb}", {names[verb]: option} if verb in names else None)

    @rule(id=schedules, verb=st.sampled_from(["disable", "enable", "terminate"]))
    def change_schedule(self, id: str, verb: str) -> None:
        self.ask("POST", f"/jobschedules/{id}/{verb}")

    @rule(id=schedules, every=st.sampled_from(["PT1H", "P1D"]))
    def reschedule(self, id: str, every: str) -> None:
        self.ask("PATCH", f"/jobschedules/{id}", {"schedule": {"recurrenceInterval": every}})

    @rule(id=schedules, force=st.sampled_from(["true", "false"]))
    def delete_schedule(self, id: str, force: str) -> None:
        self.ask("DELETE", f"/jobschedules/{id}", force=force)

    @rule(path=st.sampled_from([*(f"/jobs/{id}" for id in JOBS), *(f"/jobschedules/{id}" for id in SCHEDULES)]))
    def change_what_has_changed(self, path: str) -> None:
        """Neither a tag of before nor a refusal changes anything."""
        before = self.direct.call("GET", path)
        reply = self.direct.call("PATCH", path, {"metadata": []}, headers={"If-Match": "0x1"})
        assert reply.status == (404 if before.status == 404 else 412)
        after = self.direct.call("GET", path)
        assert after.headers.get("ETag") == before.headers.get("ETag")

    # Time.

    @rule(seconds=st.sampled_from(TIMES))
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(place=st.sampled_from(sorted(STATES_TO_HOLD)))
    def hold(self, place: tuple[str, str]) -> None:
        self.let_go()
        self.store.hold(*place)

    @rule()
    def let_go(self) -> None:
        for place in self.store.held:
            self.store.release(*place)

    # Reading page by page.

    @rule(
        path=st.sampled_from(["/jobs", "/pools", "/jobschedules", "/jobs/a/tasks", "/pools/p/nodes"]),
        size=st.sampled_from("123"),
    )
    def start_listing(self, path: str, size: str) -> None:
        there = {identity(item) for item in self.direct.all(path)}
        first = self.direct.call("GET", path, query={"maxresults": size})
        if first.status == 200:
            self.listings[path] = Listing(first, there)

    @rule(data=st.data())
    def next_page(self, data: st.DataObject) -> None:
        if not self.listings:
            return
        path = data.draw(st.sampled_from(sorted(self.listings)))
        listing = self.listings[path]
        if listing.link is not None:
            page = self.direct.follow(listing.link)
            if page.status == 404:
                del self.listings[path]
                return
            listing.take(page)
        assert len(listing.given) == len(set(listing.given))
        if listing.link is None:
            listing.there &= {identity(item) for item in self.direct.all(path)}
            assert listing.there <= set(listing.given)
            del self.listings[path]

    @invariant()
    def who_lives_through_a_listing(self) -> None:
        for path, listing in self.listings.items():
            listing.there &= {identity(item) for item in self.direct.all(path)}

    # What always holds.

    @invariant()
    def counts_are_those_of_the_lists(self) -> None:
        running: Counter[str] = Counter()
        for job in self.direct.all("/jobs"):
            listed = self.direct.all(f"/jobs/{job['id']}/tasks")
            counts = self.direct.call("GET", f"/jobs/{job['id']}/taskcounts").json
            slots = [(task, task["requiredSlots"]) for task in listed]
            assert counts["taskCounts"] == counted([(task, 1) for task in listed])
            assert counts["taskSlotCounts"] == counted(slots)
            at_work = [task for task in listed if task["state"] in ("preparing", "running")]
            for task in at_work:
                running[task["nodeInfo"]["nodeId"]] += 1
            if job["state"] in ("completed", "disabled"):
                assert not at_work
            self.look_at_tags(f"/jobs/{job['id']}/tasks", listed, "tasks")
            self.look_at_times(listed)
        for pool in self.direct.all("/pools"):
            self.look_at_nodes(pool, running)

    def look_at_times(self, listed: list[dict[str, Any]]) -> None:
        for task in listed:
            info = task["executionInfo"]
            start, end = info.get("startTime", task["creationTime"]), info.get("endTime")
            assert task["creationTime"] <= start <= (end or start)
            assert (end is not None) is (task["state"] == "completed")

    def look_at_nodes(self, pool: dict[str, Any], running: Counter[str]) -> None:
        nodes = self.direct.all(f"/pools/{pool['id']}/nodes")
        told = self.direct.call("GET", "/nodecounts", query={"$filter": f"poolId eq '{pool['id']}'"}).items[0]
        for sort, name in ((True, "dedicated"), (False, "lowPriority")):
            states = Counter(node["state"] for node in nodes if node["isDedicated"] is sort)
            assert {key.lower(): value for key, value in told[name].items() if value} == (
                {**states, "total": states.total()} if states else {}
            )
        for node in nodes:
            assert node["runningTaskSlotsCount"] <= pool["taskSlotsPerNode"]
            assert running[node["id"]] <= node["runningTasksCount"]
        if pool["allocationState"] == "steady" and "resizeErrors" not in pool and pool["state"] == "active":
            assert len(nodes) <= pool["currentDedicatedNodes"] + pool["currentLowPriorityNodes"] + sum(
                node["state"] == "leavingpool" for node in nodes
            )

    @invariant()
    def tags_change_with_changes_and_only_then(self) -> None:
        for name in ("jobs", "pools", "jobschedules"):
            self.look_at_tags(f"/{name}", self.direct.all(f"/{name}"), name)
        self.written.clear()

    def look_at_tags(self, path: str, items: list[dict[str, Any]], name: str) -> None:
        hidden = {"eTag", "lastModified", *VOLATILE.get(name, ())}
        for item in items:
            view = {key: value for key, value in item.items() if key not in hidden}
            before = self.tags.get(identity(item))
            self.tags[identity(item)] = (item["eTag"], item["lastModified"], view)
            if before is None:
                continue
            tag, modified, last = before
            asked = any(other.startswith(f"{path}/{item['id']}".lower()) for other in self.written)
            # A formula can have had other targets and these again.
            asked = asked or bool(view.get("enableAutoScale"))
            assert tag != item["eTag"] or last == view, changes(last, view)
            assert tag == item["eTag"] or last != view or asked, view
            assert (modified < item["lastModified"]) is (tag != item["eTag"])


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between two views."""
    names = {*before, *after}
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def counted(listed: list[tuple[dict[str, Any], int]]) -> dict[str, int]:
    """The counts of tasks or of their slots, from the tasks."""
    found = Counter[str]()
    for task, number in listed:
        state = "running" if task["state"] == "preparing" else task["state"]
        found[state] += number
        if state == "completed":
            found["failed" if task["executionInfo"].get("result") == "failure" else "succeeded"] += number
    return {name: found[name] for name in ("active", "running", "completed", "succeeded", "failed")}


def test_any_order() -> None:
    run_state_machine_as_test(AnyOrder, settings=settings(max_examples=40, stateful_step_count=40))


@pytest.mark.slow
def test_any_long_order() -> None:
    many = settings(
        max_examples=300,
        stateful_step_count=60,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(AnyOrder, settings=many)
