"""An api-version has what it has: the rest is refused before anything is sent, and its answers are read."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from session.driving import connect
from session.server import Server, answer
from test_models import MODELS, wire_names
from test_operations import OPERATIONS, arguments_of, outcome_of, resource_method, smallest, smallest_value

from batchio import ConfigurationError, VersionError, replace, to_wire
from batchio import models as m
from batchio.bulk.lacks import lacks_of
from batchio.models.base import field_rules, field_types
from batchio.service.options import WIRE
from batchio.service.versions import DEFAULT, VERSIONS, is_known, versions_of
from batchio.session.check import check_body
from batchio.session.codec import decode

# From the differences between the versions' own clients and the service's versioning document.
SINCE = {
    "Nodes_ListNodeExtensions": "2021-06-01.14.0",
    "Nodes_GetNodeExtension": "2021-06-01.14.0",
    "Nodes_StartNode": "2024-07-01.20.0",
    "Nodes_DeallocateNode": "2024-07-01.20.0",
}
UNTIL = {
    "Certificates_ListCertificates": "2024-07-01.20.0",
    "Certificates_CreateCertificate": "2024-07-01.20.0",
    "Certificates_GetCertificate": "2024-07-01.20.0",
    "Certificates_DeleteCertificate": "2024-07-01.20.0",
    "Certificates_CancelCertificateDeletion": "2024-07-01.20.0",
}
OLDEST, NEWEST = VERSIONS[0], VERSIONS[-1]


def has(version: str, since: str | None, until: str | None) -> bool:
    """What `is_known` says, said in another way."""
    return (since or "") <= version <= (until or "9")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


# --- operations and options


def test_every_version_of_the_service_since_2019_can_be_chosen(server: Server) -> None:
    assert (len(VERSIONS), OLDEST, DEFAULT, NEWEST) == (11, "2019-08-01.10.0", "2024-07-01.20.0", "2025-06-01")
    for version in VERSIONS:
        assert connect(server, api_version=version).api_version == version


@pytest.mark.parametrize("version", ["2019-06-01.9.0", "2025-06-01.21.0", "", "latest", "2024-07-01"])
def test_any_other_version_is_refused(server: Server, version: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^api_version: .* known are 2019-08-01.10.0, "):
        connect(server, api_version=version)


def test_operations_that_came_and_went() -> None:
    assert {id: row.since for id, row in OPERATIONS.items() if row.since} == SINCE
    assert {id: row.until for id, row in OPERATIONS.items() if row.until} == UNTIL
    assert {name: wire.since for name, wire in WIRE.items() if wire.since} == {"force": "2024-07-01.20.0"}
    assert not any(wire.until for wire in WIRE.values())


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_operation_is_sent_or_refused(server: Server, version: str) -> None:
    async with connect(server, api_version=version) as client:
        for id, row in OPERATIONS.items():
            known = has(version, SINCE.get(id), UNTIL.get(id))
            positional, options, _ = arguments_of(row)
            if not has(version, "2024-07-01.20.0", None):
                options.pop("force", None)
            if row.body:
                positional[-1] = {
                    name: value for name, value in smallest(row.body).items() if is_known(rule(row.body, name), version)
                }
            empty: Any = {"value": []} if row.items else {} if row.answer else b""
            server.say(answer(row.success[0], empty)) if known else None
            before = len(server.heard)
            if known:
                await outcome_of(resource_method(client, id)(*positional, **options))
                assert server.heard[-1].query["api-version"] == version
            else:
                words = f"{id}: not in api-version {version}; {versions_of(row)} ha"
                with pytest.raises(VersionError, match=f"^{re.escape(words)}"):
                    await outcome_of(resource_method(client, id)(*positional, **options))
            assert len(server.heard) == before + known


@pytest.mark.parametrize("id", ["jobs", "job_schedules"])
async def test_an_option_that_came_later(server: Server, id: str) -> None:
    async with connect(server, api_version="2024-02-01.19.0") as client:
        for method in (getattr(client, id).delete, getattr(client, id).terminate):
            with pytest.raises(
                VersionError, match=r"_\w+, force: not in api-version 2024-02-01.19.0; 2024-07-01.20.0 to"
            ):
                await method("x", force=True)
            server.say(answer(202))
            await method("x", force=None)
    assert len(server.heard) == 2


# --- fields


def rule(model: type[m.Model], wire: str) -> m.Rule:
    """What is said of a field."""
    return field_rules(model)[wire_names(model)[wire]]


FIELDS = [
    pytest.param(model, wire, id=f"{name}.{wire}")
    for name, model in MODELS.items()
    for wire in wire_names(model)
    if (rule(model, wire).since or rule(model, wire).until) and not rule(model, wire).read_only
]


def test_many_fields_came_and_some_went() -> None:
    assert len(FIELDS) > 80
    assert rule(m.NetworkConfiguration, "publicIPs").until == "2019-08-01.10.0"
    assert rule(m.PoolSpecification, "cloudServiceConfiguration").until == "2024-02-01.19.0"


def value_of(hint: Any) -> Any:
    """A value of a type, with something in its lists."""
    inner = [arm for arm in typing.get_args(hint) if arm is not type(None)]
    if typing.get_origin(hint) is list:
        return [value_of(inner[0])]
    if typing.get_origin(hint) is dict:
        return {"name": "text"}
    return value_of(inner[0]) if inner else smallest_value(hint)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("model", "wire"), FIELDS)
def test_a_field_is_sent_where_the_version_has_it(model: type[m.Model], wire: str, version: str) -> None:
    said = rule(model, wire)
    body = {wire: value_of(field_types(model)[wire_names(model)[wire]])}
    if has(version, said.since, said.until):
        assert check_body(body, model, method="PATCH", version=version) == body
        return
    with pytest.raises(VersionError) as caught:
        check_body(body, model, method="PATCH", version=version)
    verb = "have" if " to " in versions_of(said) else "has"
    assert str(caught.value) == f"{wire}: not in api-version {version}; {versions_of(said)} {verb} it"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_the_path_of_a_field_that_is_too_new(method: str) -> None:
    body = m.TaskAddParameter(
        id="t",
        command_line="x",
        resource_files=[m.ResourceFile(), m.ResourceFile(identity_reference=m.ComputeNodeIdentityReference())],
    )
    with pytest.raises(VersionError, match=r"^resourceFiles\[1\].identityReference: not in api-version 2020-09"):
        check_body(body, m.TaskAddParameter, method=method, version="2020-09-01.12.0")


def test_null_and_what_stays_at_home_need_no_version() -> None:
    assert check_body({"id": "t", "commandLine": "x", "requiredSlots": None}, m.TaskAddParameter, version=OLDEST)
    read = m.CloudPool(id="p", task_slots_per_node=4, current_node_communication_mode=m.NodeCommunicationMode.CLASSIC)
    assert check_body(read, m.CloudPool, version=OLDEST) == {}


async def test_certificate_references_are_required_as_long_as_there_are_certificates(server: Server) -> None:
    body = m.PoolUpdatePropertiesParameter(application_package_references=[], metadata=[])
    expected: dict[str, dict[str, Any]] = {DEFAULT: {"certificateReferences": []}, NEWEST: {}}
    for version, sent in expected.items():
        server.say(answer(204))
        async with connect(server, api_version=version) as client:
            await client.pools.replace_properties("p", body)
        assert server.heard[-1].json == {**sent, "applicationPackageReferences": [], "metadata": []}
    reference = m.CertificateReference(thumbprint="ab", thumbprint_algorithm="sha1")
    async with connect(server, api_version=NEWEST) as client:
        with pytest.raises(VersionError, match=r"^certificateReferences: not in api-version 2025-06-01"):
            await client.pools.replace_properties("p", replace(body, certificate_references=[reference]))
    assert len(server.heard) == 2


# --- answers of old versions


async def test_the_job_of_2019(server: Server) -> None:
    body: dict[str, Any] = {
        "id": "render",
        "poolInfo": {
            "autoPoolSpecification": {
                "poolLifetimeOption": "job",
                "pool": {
                    "vmSize": "small",
                    "cloudServiceConfiguration": {"osFamily": "6", "osVersion": "*"},
                    "maxTasksPerNode": 4,
                    "applicationLicenses": ["maya"],
                    "networkConfiguration": {"subnetId": "/subnet", "publicIPs": ["/ip"]},
                },
            }
        },
    }
    stats = {"userCPUTime": "PT1S", "readIOps": 7, "numSucceededTasks": 9007199254740993}
    server.say(answer(201), answer(200, {**body, "state": "active", "stats": stats}), answer(200))
    async with connect(server, api_version=OLDEST) as client:
        await client.jobs.create(body)
        job = await client.jobs.get("render", expand="stats")
        await client.jobs.replace("render", replace(job, priority=5))
    pool = job.pool_info and job.pool_info.auto_pool_specification and job.pool_info.auto_pool_specification.pool
    assert pool
    assert pool.max_tasks_per_node == 4
    assert pool.cloud_service_configuration == m.CloudServiceConfiguration(os_family="6", os_version="*")
    assert pool.network_configuration
    assert pool.network_configuration.public_ips == ["/ip"]
    assert job.stats
    assert (job.stats.read_iops, job.stats.num_succeeded_tasks) == (7, 9007199254740993)
    created, _, replaced = server.heard
    assert created.json == body
    assert replaced.json == {"poolInfo": body["poolInfo"], "priority": 5}
    async with connect(server) as client:
        with pytest.raises(VersionError, match=r"^poolInfo\.autoPoolSpecification\.pool\.cloudServiceConfiguration: "):
            await client.jobs.create(body)


@pytest.mark.parametrize("version", VERSIONS)
async def test_task_counts_of_every_version(server: Server, version: str) -> None:
    counts = {"active": 1, "running": 2, "completed": 7, "succeeded": 3, "failed": 4}
    early = version < "2020-09"
    server.say(answer(200, counts if early else {"taskCounts": counts, "taskSlotCounts": counts}))
    async with connect(server, api_version=version) as client:
        found = await client.jobs.get_task_counts("j")
    assert found.task_counts == m.TaskCounts(active=1, running=2, completed=7, succeeded=3, failed=4)
    assert (found.task_slot_counts is None) is early


EXAMPLES = sorted((Path(__file__).parent / "data" / "examples").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_answers_are_read_whatever_the_version(path: Path) -> None:
    example = json.loads(path.read_text("utf-8"))
    row = OPERATIONS[example["operationId"]]
    body = next(iter(example["responses"].values())).get("body")
    kind = row.answer or row.items
    if kind is None or body is None:
        return
    for each in body["value"] if row.items else [body]:
        found = decode(json.dumps(each).encode(), kind)
        assert decode(msgspec.json.encode(to_wire(found)), kind) == found


# --- the bulk path


def test_the_bulk_path_pays_nothing_where_the_version_has_all_fields() -> None:
    assert not lacks_of(DEFAULT)
    assert not lacks_of(NEWEST)
    assert all(lacks_of(version) for version in VERSIONS if version < DEFAULT)


TASKS: list[Any] = [
    m.TaskAddParameter(id="a", command_line="x", required_slots=2),
    {"id": "b", "commandLine": "x", "requiredSlots": 2},
    b'{"id":"c","commandLine":"x","requiredSlots":2}',
    {"id": "d", "commandLine": "x", "resourceFiles": [{"identityReference": {"resourceId": "/id"}}]},
    {"id": "e", "commandLine": 'echo "requiredSlots"', "environmentSettings": [{"name": "requiredSlots"}]},
    {"id": "f", "commandLine": "x", "requiredSlots": None, "ours": {"requiredSlots": 1}},
    {"id": "g", "commandLine": "x"},
]


@pytest.mark.parametrize(
    "tasks", [TASKS, TASKS[:1], TASKS[2:3], [TASKS[1], *TASKS[3:]]], ids=["all", "a", "c", "bdefg"]
)
async def test_a_task_of_a_submission_is_rejected(server: Server, tasks: list[Any]) -> None:
    server.otherwise = answer(200, {"value": [{"status": "success", "taskId": task_id} for task_id in "efg"]})
    async with connect(server, api_version="2020-03-01.11.0") as client:
        report = await client.tasks.submit("j", tasks)
    rejected = {failure.task_id: str(to_wire(failure.error)) for failure in report.failures if failure.error}
    slots = "requiredSlots: not in api-version 2020-03-01.11.0; 2020-09-01.12.0 to 2025-06-01 have it"
    identity = "resourceFiles[0].identityReference: not in api-version 2020-03-01.11.0; 2021-06-01.14.0 to"
    for task_id, said in rejected.items():
        assert (identity if task_id == "d" else slots) in said
    assert report.added == (3 if len(tasks) > 1 else 0)
    assert report.added + len(rejected) == len(tasks)
    sent = [task["id"] for heard in server.heard for task in heard.json["value"]]
    assert sent == ["e", "f", "g"][: report.added]


async def test_a_single_task_is_refused_alike(server: Server) -> None:
    async with connect(server, api_version="2020-03-01.11.0") as client:
        task = m.TaskAddParameter(id="t", command_line="x", required_slots=2)
        with pytest.raises(
            VersionError, match=r"^requiredSlots: not in api-version 2020-03-01.11.0; 2020-09-01.12.0 to"
        ):
            await client.tasks.create("j", task)
        with pytest.raises(VersionError, match=r"^value\[0\]\.requiredSlots: "):
            await client.tasks.create_collection("j", {"value": [task]})
    assert not server.heard
