"""The full check of a body: what is wrong is named by its path, what is right goes out as it ought to."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import types
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import EncodeError, to_wire
from batchio import models as m
from batchio.service import operations as op
from batchio.service.options import CallOptions
from batchio.session.check import check_body
from batchio.session.codec import encode, encode_free

EXAMPLES = Path(__file__).parent.parent / "data" / "examples"
UNLIMITED_TEXT = "P10675199DT2H48M5.4775807S"


def task(**fields: Any) -> dict[str, Any]:
    """A task in wire shape."""
    return {"id": "t", "commandLine": "echo", **fields}


def job(**fields: Any) -> dict[str, Any]:
    """A job in wire shape."""
    return {"id": "j", "poolInfo": {"poolId": "p"}, **fields}


def sent_task(**fields: Any) -> Any:
    """What a task goes out as."""
    return msgspec.json.decode(encode(op.CREATE_TASK, task(**fields)) or b"")


WRONG: list[tuple[Any, str, str]] = [
    # not a body at all
    (None.__class__, "", "expected TaskAddParameter or a mapping in wire shape, not type"),
    ([task()], "", "expected TaskAddParameter or a mapping in wire shape, not list"),
    ("{}", "", "expected TaskAddParameter or a mapping in wire shape, not str"),
    (b"{}", "", "expected TaskAddParameter or a mapping in wire shape, not bytes"),
    (
        m.JobAddParameter(id="j", pool_info=m.PoolInformation(pool_id="p")),
        "",
        "expected TaskAddParameter or a mapping in wire shape, not JobAddParameter",
    ),
    # what is missing, and what nobody knows
    ({"commandLine": "echo"}, "id", "is required by TaskAddParameter"),
    ({"id": "t"}, "commandLine", "is required by TaskAddParameter"),
    (
        task(command_line="x"),
        "command_line",
        "TaskAddParameter has no property 'command_line'; did you mean 'commandLine'?",
    ),
    (
        task(CommandLine="x"),
        "CommandLine",
        "TaskAddParameter has no property 'CommandLine'; did you mean 'commandLine'?",
    ),
    (task(nonsense=1), "nonsense", "TaskAddParameter has no property 'nonsense'"),
    (task(constraints={"retention": "PT1H"}), "constraints.retention", "TaskConstraints has no property 'retention'"),
    (task(affinityInfo={}), "affinityInfo.affinityId", "is required by AffinityInformation"),
    (task(**{"1": 2}), "1", "TaskAddParameter has no property '1'"),
    (task() | {1: 2}, "1", "TaskAddParameter has no property '1'"),
    # strings
    (task(commandLine=5), "commandLine", "expected a string, not int"),
    (task(commandLine=["echo"]), "commandLine", "expected a string, not a list"),
    (task(commandLine=b"echo"), "commandLine", "expected a string, not bytes"),
    (task(commandLine=bytearray(b"echo")), "commandLine", "expected a string, not bytearray"),
    (task(commandLine="\udc80"), "commandLine", "holds half a character (a lone surrogate)"),
    (task(displayName="x" * 1025), "displayName", "at most 1024 characters are allowed, not 1025"),
    (task(id="x" * 65), "id", "at most 64 characters are allowed, not 65"),
    (task(id=""), "id", "does not match ^[a-zA-Z0-9_-]+$"),
    (task(id="a b"), "id", "does not match ^[a-zA-Z0-9_-]+$"),
    (task(id="a\n"), "id", "does not match ^[a-zA-Z0-9_-]+$"),
    (task(id="größe"), "id", "does not match ^[a-zA-Z0-9_-]+$"),
    # numbers
    (task(requiredSlots="1"), "requiredSlots", "expected a whole number, not a string"),
    (task(requiredSlots=1.0), "requiredSlots", "expected a whole number, not float"),
    (task(requiredSlots=True), "requiredSlots", "expected a whole number, not true or false"),
    (task(requiredSlots=2**63), "requiredSlots", "is too large for 64 bits"),
    (task(requiredSlots=10**400), "requiredSlots", "is too large for 64 bits"),
    (task(requiredSlots=math.nan), "requiredSlots", "expected a whole number, not float"),
    # lists, maps, objects
    (task(constraints=[]), "constraints", "expected an object (TaskConstraints), not a list"),
    (task(constraints="PT1H"), "constraints", "expected an object (TaskConstraints), not a string"),
    (task(environmentSettings={"a": "b"}), "environmentSettings", "expected a list, not an object"),
    (
        task(environmentSettings=[{"name": "a"}, {"value": "b"}]),
        "environmentSettings[1].name",
        "is required by EnvironmentSetting",
    ),
    (task(resourceFiles=[{"httpUrl": 5}]), "resourceFiles[0].httpUrl", "expected a string, not int"),
    (task(dependsOn={"taskIds": ["a", None, 5]}), "dependsOn.taskIds[1]", "expected a string, not null"),
    (
        task(exitConditions={"exitCodes": [{"code": 1, "exitOptions": {"jobAction": 5}}]}),
        "exitConditions.exitCodes[0].exitOptions.jobAction",
        "expected a string, not int",
    ),
    # durations and times
    (
        task(constraints={"retentionTime": "1 h"}),
        "constraints.retentionTime",
        "expected an ISO 8601 duration such as PT1H30M",
    ),
    (
        task(constraints={"retentionTime": "P1Y"}),
        "constraints.retentionTime",
        "expected an ISO 8601 duration such as PT1H30M",
    ),
    (
        task(constraints={"retentionTime": 60}),
        "constraints.retentionTime",
        "expected an ISO 8601 duration such as PT1H30M",
    ),
    (
        task(constraints={"retentionTime": ""}),
        "constraints.retentionTime",
        "expected an ISO 8601 duration such as PT1H30M",
    ),
    # what JSON cannot hold
    (
        task(commandLine=object()),
        "commandLine",
        "cannot be written as JSON: Encoding objects of type object is unsupported",
    ),
    (
        task(environmentSettings=[{"name": "a"}, {"name": object()}]),
        "environmentSettings[1].name",
        "cannot be written as JSON: Encoding objects of type object is unsupported",
    ),
    (
        task(dependsOn={"taskIds": ("a", 5j)}),
        "dependsOn.taskIds[1]",
        "cannot be written as JSON: Encoding objects of type complex is unsupported",
    ),
    (
        task(constraints=m.TaskConstraints(max_task_retry_count=cast("int", 5j))),
        "constraints.maxTaskRetryCount",
        "cannot be written as JSON: Encoding objects of type complex is unsupported",
    ),
    (
        task(constraints={("a",): 1}),
        "constraints",
        "cannot be written as JSON: Only dicts with str-like or number-like keys are supported",
    ),
]


@pytest.mark.parametrize(("body", "path", "message"), WRONG)
def test_what_is_wrong_with_a_task(body: Any, path: str, message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(op.CREATE_TASK, body)
    assert caught.value.path == path
    assert str(caught.value) == (f"{path}: {message}" if path else message)


SCHEDULE = {"doNotRunUntil": "2024-07-01T12:00:00Z"}
WRONG_ELSEWHERE: list[tuple[type[m.Model], dict[str, Any], str, str]] = [
    (
        m.Schedule,
        {"doNotRunUntil": "2024-07-01"},
        "doNotRunUntil",
        "expected an RFC 3339 time such as 2024-07-01T12:00:00Z",
    ),
    (m.Schedule, {"doNotRunUntil": "2024-07-01T12:00:00"}, "doNotRunUntil", "a time needs a zone (an offset or Z)"),
    (m.Schedule, {"doNotRunUntil": datetime(2024, 7, 1)}, "doNotRunUntil", "a time needs a zone (an offset or Z)"),  # noqa: DTZ001 - the mistake under test
    (
        m.Schedule,
        {"doNotRunUntil": date(2024, 7, 1)},
        "doNotRunUntil",
        "expected an RFC 3339 time such as 2024-07-01T12:00:00Z",
    ),
    (
        m.Schedule,
        {"doNotRunUntil": 1_700_000_000},
        "doNotRunUntil",
        "expected an RFC 3339 time such as 2024-07-01T12:00:00Z",
    ),
    (
        m.Schedule,
        {"doNotRunUntil": "9999-12-31T23:59:60Z"},
        "doNotRunUntil",
        "expected an RFC 3339 time such as 2024-07-01T12:00:00Z",
    ),
    (m.Schedule, {"startWindow": "PT59S"}, "startWindow", "at least 0:01:00 is needed, not 0:00:59"),
    (
        m.PoolAddParameter,
        {"id": "p", "vmSize": "s", "resizeTimeout": "PT4M"},
        "resizeTimeout",
        "at least 0:05:00 is needed, not 0:04:00",
    ),
    (
        m.PoolAddParameter,
        {"id": "p", "vmSize": "s", "autoScaleEvaluationInterval": timedelta(hours=169)},
        "autoScaleEvaluationInterval",
        "at most 7 days, 0:00:00 is allowed, not 7 days, 1:00:00",
    ),
    (
        m.PoolAddParameter,
        {"id": "p", "vmSize": "s", "taskSlotsPerNode": 257},
        "taskSlotsPerNode",
        "at most 256 is allowed, not 257",
    ),
    (
        m.PoolAddParameter,
        {"id": "p", "vmSize": "s", "enableAutoScale": "true"},
        "enableAutoScale",
        "expected true or false, not a string",
    ),
    (
        m.PoolAddParameter,
        {"id": "p", "vmSize": "s", "enableAutoScale": 1},
        "enableAutoScale",
        "expected true or false, not int",
    ),
    (
        m.PoolAddParameter,
        {"id": "p", "vmSize": "s", "resourceTags": {"a": 5}},
        "resourceTags.a",
        "expected a string, not int",
    ),
    (
        m.PoolAddParameter,
        {"id": "p", "vmSize": "s", "resourceTags": ["a"]},
        "resourceTags",
        "expected an object, not a list",
    ),
    (m.PoolSpecification, {"vmSize": "s", "resourceTags": 5}, "resourceTags", "expected a string, not int"),
    (m.JobAddParameter, job(priority=-1001), "priority", "at least -1000 is needed, not -1001"),
    (m.JobAddParameter, job(poolInfo=None), "poolInfo", "is required by JobAddParameter"),
    (m.TaskAddCollectionParameter, {"value": [task()] * 101}, "value", "at most 100 items are allowed, not 101"),
    (
        m.TaskAddCollectionParameter,
        {"value": [task(), {"id": "x"}]},
        "value[1].commandLine",
        "is required by TaskAddParameter",
    ),
    (m.VMExtension, {"settings": []}, "settings", "expected an object, not a list"),
    (
        m.VMExtension,
        {"settings": {"a": [1, {"b": math.nan}]}},
        "settings.a[1].b",
        "expected a finite number, not float",
    ),
    (m.VMExtension, {"settings": {"a": math.inf}}, "settings.a", "expected a finite number, not float"),
    (m.VMExtension, {"settings": {"a": "\ud800"}}, "settings.a", "holds half a character (a lone surrogate)"),
    (m.VMExtension, {"settings": {"a": 2**70}}, "settings.a", "is too large for 64 bits"),
    (m.VMExtension, {"settings": {"a": {"\ud800": 1}}}, "settings.a", "holds half a character (a lone surrogate)"),
    (
        m.PoolAddParameter,
        {"id": "p", "vmSize": "x", "resourceTags": {"\udfff": "x"}},
        "resourceTags",
        "holds half a character (a lone surrogate)",
    ),
    (
        m.TaskAddParameter,
        task(constraints={"retentionTime": "\ud800"}),
        "constraints.retentionTime",
        "expected an ISO 8601 duration such as PT1H30M",
    ),
    (
        m.JobScheduleAddParameter,
        {"id": "s", "schedule": {"doNotRunAfter": "\ud800"}},
        "schedule.doNotRunAfter",
        "expected an RFC 3339 time such as 2024-07-01T12:00:00Z",
    ),
    (
        m.JobScheduleAddParameter,
        {"id": "s", "schedule": {"doNotRunAfter": "9999-12-31T23:59:59.\u0669Z"}},
        "schedule.doNotRunAfter",
        "expected an RFC 3339 time such as 2024-07-01T12:00:00Z",
    ),
    (m.PoolUsageMetrics, {"totalCoreHours": "1"}, "totalCoreHours", "expected a finite number, not a string"),
    (m.PoolUsageMetrics, {"totalCoreHours": math.nan}, "totalCoreHours", "expected a finite number, not float"),
    (m.PoolUsageMetrics, {"totalCoreHours": True}, "totalCoreHours", "expected a finite number, not true or false"),
]


@pytest.mark.parametrize(("model", "body", "path", "message"), WRONG_ELSEWHERE)
def test_what_is_wrong_elsewhere(model: type[m.Model], body: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        check_body(body, model)
    assert caught.value.path == path
    assert str(caught.value) == f"{path}: {message}"


def test_bytes_have_no_place_in_free_objects() -> None:
    with pytest.raises(EncodeError) as caught:
        check_body({"name": "n", "publisher": "p", "type": "t", "settings": {"a": [b"x"]}}, m.VMExtension)
    assert caught.value.path == "settings.a[0]"


def test_what_holds_itself() -> None:
    body: dict[str, Any] = {"name": "n"}
    body["settings"] = body
    with pytest.raises(EncodeError, match="VMExtension holds itself, or is too deep"):
        check_body(body, m.VMExtension)


def test_a_secret_is_not_quoted() -> None:
    with pytest.raises(EncodeError) as caught:
        check_body(
            {"id": "p", "vmSize": "s", "userAccounts": [{"name": "n", "password": ["s3cret"]}]}, m.PoolAddParameter
        )
    assert caught.value.path == "userAccounts[0].password"
    assert "s3cret" not in str(caught.value)


def test_an_operation_without_a_body_takes_none() -> None:
    assert encode(op.GET_JOB, None) is None
    with pytest.raises(EncodeError, match=r"^Jobs_GetJob takes no body$"):
        encode(op.GET_JOB, {})


def test_an_operation_with_a_body_needs_one() -> None:
    needs = "needs a TaskAddParameter or a mapping in wire shape, not None"
    with pytest.raises(EncodeError) as caught:
        encode(op.CREATE_TASK, None)
    assert str(caught.value) == f"{op.CREATE_TASK.id} {needs}"
    assert encode(op.TERMINATE_JOB, None) is None


# What is right.


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (m.TaskAddParameter, task(id="x" * 64, displayName="x" * 1024)),
        (m.TaskAddCollectionParameter, {"value": [task()] * 100}),
        (m.Schedule, {"startWindow": "PT1M"}),
        (m.PoolAddParameter, {"id": "p", "vmSize": "s", "resizeTimeout": "PT5M", "taskSlotsPerNode": 256}),
        (m.PoolAddParameter, {"id": "p", "vmSize": "s", "autoScaleEvaluationInterval": "P7D"}),
        (m.JobAddParameter, job(priority=-1000)),
        (m.JobAddParameter, job(priority=1000)),
        (m.VMExtension, {"name": "n", "publisher": "p", "type": "t", "settings": {"a": [2**63 - 1, -(2**63)]}}),
    ],
)
def test_what_is_just_allowed(model: type[m.Model], body: dict[str, Any]) -> None:
    assert check_body(body, model) == body


def test_null_is_the_same_as_absent() -> None:
    assert sent_task(constraints=None, environmentSettings=[{"name": "a", "value": None}]) == task(
        environmentSettings=[{"name": "a"}]
    )


def test_read_only_fields_stay_at_home() -> None:
    read = {"id": "j", "state": "active", "creationTime": "not even a time", "poolInfo": {"poolId": "p"}, "eTag": 5}
    sent = check_body(read, m.CloudJob)
    assert sent == {"poolInfo": {"poolId": "p"}}


def test_a_job_that_was_read_can_be_sent_back() -> None:
    read: dict[str, Any] = json.loads((EXAMPLES / "Jobs_GetJob.json").read_text())["responses"]["200"]["body"]
    read["constraints"]["maxWallClockTime"] = UNLIMITED_TEXT
    model = msgspec.convert(read, m.CloudJob, strict=False)
    sent = check_body(model, m.CloudJob)
    assert sent["constraints"]["maxWallClockTime"] == UNLIMITED_TEXT
    assert not {"id", "url", "eTag", "creationTime", "state"} & sent.keys()


def test_in_a_patch_nothing_is_required() -> None:
    body = {"poolInfo": {"autoPoolSpecification": {"pool": {}}}, "metadata": [{"name": "only"}]}
    with pytest.raises(EncodeError):
        check_body(body, m.JobPatchParameter)
    assert check_body(body, m.JobPatchParameter, method="PATCH") == body
    update = op.Operation[None](
        id="Jobs_UpdateJob", method="PATCH", path="/jobs/{jobId}", options=CallOptions, body=m.JobPatchParameter
    )
    assert msgspec.json.decode(encode(update, body) or b"") == body


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("taskCompletion", "taskcompletion"),
        ("TASKFAILURE", "taskfailure"),
        (m.OutputFileUploadCondition.TASK_SUCCESS, "tasksuccess"),
        ("onAFullMoon", "onAFullMoon"),
    ],
)
def test_enums_are_sent_in_the_services_letter_case(given: Any, sent: str) -> None:
    file = {"filePattern": "*", "destination": {}, "uploadOptions": {"uploadCondition": given}}
    assert sent_task(outputFiles=[file])["outputFiles"][0]["uploadOptions"]["uploadCondition"] == sent


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (timedelta(hours=1, minutes=30), "PT1H30M"),
        (timedelta(days=-1), "-P1D"),
        ("PT1H30M", "PT1H30M"),
        ("pt1h", "PT1H"),
        ("PT0.1234567S", "PT0.1234567S"),
        (UNLIMITED_TEXT, UNLIMITED_TEXT),
        (m.UNLIMITED, UNLIMITED_TEXT),
    ],
)
def test_durations(given: Any, sent: str) -> None:
    assert sent_task(constraints={"retentionTime": given})["constraints"]["retentionTime"] == sent
    if isinstance(given, timedelta):
        model = m.TaskAddParameter(id="t", command_line="echo", constraints=m.TaskConstraints(retention_time=given))
        assert sent_task(constraints=model.constraints)["constraints"]["retentionTime"] == sent
        assert check_body(model, m.TaskAddParameter)["constraints"]["retentionTime"] == sent


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (datetime(2024, 7, 1, 12, tzinfo=UTC), "2024-07-01T12:00:00Z"),
        (datetime(2024, 7, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2024-07-01T12:00:00+02:00"),
        (datetime(2024, 7, 1, 12, 0, 0, 123456, tzinfo=UTC), "2024-07-01T12:00:00.123456Z"),
        ("2024-07-01T12:00:00.1234567Z", "2024-07-01T12:00:00.1234567Z"),
        ("2024-07-01t12:00:00z", "2024-07-01T12:00:00Z"),
        ("2024-07-01 12:00:00-05:00", "2024-07-01T12:00:00-05:00"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
    ],
)
def test_times(given: Any, sent: str) -> None:
    assert check_body({"doNotRunUntil": given}, m.Schedule) == {"doNotRunUntil": sent}


@dataclasses.dataclass
class Limits:
    """A caller's own class."""

    maxTaskRetryCount: int  # noqa: N815 - the wire's name


def test_what_json_has_a_form_for_is_taken() -> None:
    name = uuid.UUID(int=1)
    sent = sent_task(
        id=str(name),
        displayName=name,
        constraints=Limits(3),
        dependsOn=m.TaskDependencies(task_ids=["a"]),
        resourceFiles=(m.ResourceFile(http_url="https://x/y", file_path="y"), {"httpUrl": "https://x/z"}),
    )
    assert sent["displayName"] == str(name)
    assert sent["constraints"] == {"maxTaskRetryCount": 3}
    assert sent["dependsOn"] == {"taskIds": ["a"]}
    assert sent["resourceFiles"] == [{"httpUrl": "https://x/y", "filePath": "y"}, {"httpUrl": "https://x/z"}]


def test_any_mapping_is_a_body() -> None:
    assert encode(op.CREATE_TASK, types.MappingProxyType(task())) == encode(op.CREATE_TASK, task())


def test_numbers_in_free_objects_and_for_floats() -> None:
    settings: dict[str, Any] = {"a": 1, "b": 1.5, "c": [True, None, "x"], "d": {"e": timedelta(seconds=1)}}
    body = {"name": "n", "publisher": "p", "type": "t", "settings": settings}
    assert check_body(body, m.VMExtension)["settings"] == {**settings, "d": {"e": "PT1S"}}
    hours = check_body({"totalCoreHours": 3}, m.PoolUsageMetrics, method="PATCH")
    assert hours == {"totalCoreHours": 3}


def test_a_caller_keeps_what_it_gave() -> None:
    body = task(constraints={"retentionTime": timedelta(hours=1)}, environmentSettings=[{"name": "a", "value": None}])
    before = repr(body)
    encode(op.CREATE_TASK, body)
    assert repr(body) == before


TASKS = st.builds(
    m.TaskAddParameter,
    id=st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True),
    command_line=st.text(st.characters(codec="utf-8"), min_size=1),
    display_name=st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
    required_slots=st.none() | st.integers(1, 256),
    constraints=st.none()
    | st.builds(
        m.TaskConstraints,
        max_wall_clock_time=st.none() | st.timedeltas(timedelta(0), m.UNLIMITED) | st.just(m.UNLIMITED),
        max_task_retry_count=st.none() | st.integers(-1, 10),
    ),
    environment_settings=st.none()
    | st.lists(st.builds(m.EnvironmentSetting, name=st.text(st.characters(codec="ascii"), min_size=1)), max_size=3),
)


@given(TASKS)
def test_a_model_and_its_mapping_give_the_same_bytes(model: m.TaskAddParameter) -> None:
    sent = encode(op.CREATE_TASK, model)
    assert sent == encode(op.CREATE_TASK, to_wire(model))
    assert msgspec.json.decode(sent or b"", type=m.TaskAddParameter) == model


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["id", "commandLine", "constraints", "dependsOn", "resourceFiles", "requiredSlots", "x"])


def outcome(encoded: Callable[[], Any]) -> tuple[Any, str | None]:
    """What is sent, or the path to what is wrong."""
    try:
        return encoded(), None
    except EncodeError as error:
        return None, error.path


@given(st.dictionaries(NAMES, JSON, max_size=5))
def test_whatever_is_given_is_sent_or_refused_with_an_error_of_ours(body: Mapping[str, Any]) -> None:
    sent, path = outcome(lambda: encode(op.CREATE_TASK, body))
    assert path or isinstance(msgspec.json.decode(sent), dict)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=3))
def test_free_objects_go_out_as_they_are_or_not_at_all(settings: dict[str, Any]) -> None:
    body = {"name": "n", "publisher": "p", "type": "t", "settings": settings}
    sent, path = outcome(lambda: check_body(body, m.VMExtension))
    if path is None:
        assert msgspec.json.decode(msgspec.json.encode(sent["settings"])) == settings
    else:
        assert path.startswith("settings")


# Bodies that no operation describes.


def test_free_bodies() -> None:
    assert encode_free(None) is None
    assert encode_free([1, "a"]) == b'[1,"a"]'
    constraints = m.TaskConstraints(max_wall_clock_time=m.UNLIMITED)
    assert encode_free(constraints) == b'{"maxWallClockTime":"P10675199DT2H48M5.4775807S"}'
    assert encode_free({"at": Decimal("1.5"), "id": uuid.UUID(int=0), "raw": b"x"}) == (
        b'{"at":"1.5","id":"00000000-0000-0000-0000-000000000000","raw":"' + base64.b64encode(b"x") + b'"}'
    )


@pytest.mark.parametrize("body", [object(), {"a": {1j}}, "\udc80"])
def test_free_bodies_that_cannot_be_sent(body: Any) -> None:
    with pytest.raises(EncodeError, match="cannot be written as JSON"):
        encode_free(body)
