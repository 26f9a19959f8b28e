"""What holds for every body: it goes out whole, without what is the service's, or the error says where it is wrong."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from inventing.models import JSON, MODELS, PATCHED, READ, SENT, TEXT, WRITTEN, Shape, is_model, models_of, values_of
from inventing.noise import noisy
from inventing.places import Place, join, leave_out_read_only, objects_of, places_of, read_only_in, wire_names
from inventing.trials import holds, tried

from batchio import EncodeError
from batchio import models as m
from batchio.models.base import field_rules
from batchio.service import operations as op
from batchio.session.codec import decode, encode

BODIES = {operation.id: operation for operation in op.OPERATIONS.values() if operation.body is not None}
PATCHES = {id: operation for id, operation in BODIES.items() if operation.method == "PATCH"}
REPLACEMENTS = {operation.id: operation for operation in (op.REPLACE_JOB, op.REPLACE_TASK, op.REPLACE_JOB_SCHEDULE)}
DEPTH = 5
"""Of jobs: a job, its pool, the auto pool, what that is made like, a list in it."""

each_body = pytest.mark.parametrize("operation", BODIES.values(), ids=BODIES)
RANDOM = st.randoms(use_true_random=False)


def model_of(operation: op.Operation[Any]) -> type[m.Model]:
    """What an operation sends."""
    assert operation.body is not None
    return operation.body


def shape_of(operation: op.Operation[Any]) -> Shape:
    """What has to be in it: nothing, in a PATCH."""
    return PATCHED if operation.method == "PATCH" else SENT


def sent(operation: op.Operation[Any], body: Any) -> dict[str, Any]:
    """What goes out, as JSON."""
    found: dict[str, Any] = json.loads(encode(operation, body) or b"")
    return found


@each_body
@tried(25)
def test_what_is_sent_is_what_was_given(operation: op.Operation[Any], examples: int) -> None:
    model = model_of(operation)

    def check(value: m.Model) -> None:
        given = leave_out_read_only(model, m.to_wire(value))
        body = sent(operation, value)
        assert decode(json.dumps(body).encode(), model) == decode(json.dumps(given).encode(), model)
        assert sent(operation, m.to_wire(value)) == body
        assert sent(operation, body) == body
        assert not read_only_in(model, body)

    holds(check, models_of(model, shape_of(operation), DEPTH), examples)


@tried(60)
def test_free_objects_go_out_whole(examples: int) -> None:
    def check(settings: dict[str, Any]) -> None:
        extension = m.VMExtension(name="n", publisher="p", type="t", settings=settings)
        machine = m.VirtualMachineConfiguration(
            image_reference=m.ImageReference(), node_agent_sku_id="a", extensions=[extension]
        )
        pool = m.PoolAddParameter(id="p", vm_size="s", virtual_machine_configuration=machine)
        assert sent(op.CREATE_POOL, pool)["virtualMachineConfiguration"]["extensions"][0]["settings"] == settings

    holds(check, st.dictionaries(st.text(TEXT, max_size=5), JSON, max_size=3), examples)


# What was read can be sent back.


@pytest.mark.parametrize("operation", REPLACEMENTS.values(), ids=REPLACEMENTS)
@tried(60)
def test_what_was_read_and_changed_can_be_sent_back(operation: op.Operation[Any], examples: int) -> None:
    model = model_of(operation)
    names = {name: wire for wire, name in wire_names(model).items() if not field_rules(model)[name].read_only}
    changes = st.sampled_from(sorted(names)).flatmap(
        lambda name: st.tuples(st.just(name), values_of(model, name, WRITTEN, DEPTH))
    )

    def check(drawn: tuple[m.Model, tuple[str, Any], Random]) -> None:
        value, (name, change), random = drawn
        read = decode(noisy(random, model, m.to_wire(value)), model)
        assert all(getattr(read, each) is not None for each, rule in field_rules(model).items() if rule.read_only)
        changed = m.replace(read, **{name: change})
        body = sent(operation, changed)
        assert not read_only_in(model, body)
        assert body.keys() <= set(names.values())
        assert body == leave_out_read_only(model, m.to_wire(changed))
        assert getattr(decode(json.dumps(body).encode(), model), name) == change

    holds(check, st.tuples(models_of(model, READ, DEPTH), changes, RANDOM), examples)


EXAMPLES = Path(__file__).parent / "data" / "examples"


@pytest.mark.parametrize(
    ("operation", "example"),
    [
        (op.REPLACE_JOB, "Jobs_GetJob"),
        (op.REPLACE_JOB, "Jobs_ListJobs"),
        (op.REPLACE_TASK, "Tasks_ListTasks"),
        (op.REPLACE_JOB_SCHEDULE, "JobSchedules_GetJobSchedule"),
        (op.REPLACE_JOB_SCHEDULE, "JobSchedules_ListJobSchedules"),
    ],
    ids=lambda each: getattr(each, "id", each),
)
def test_examples_can_be_sent_back(operation: op.Operation[Any], example: str) -> None:
    model = model_of(operation)
    answer = json.loads((EXAMPLES / f"{example}.json").read_text("utf-8"))["responses"]["200"]["body"]
    for item in answer.get("value", [answer]):
        read = decode(json.dumps(item).encode(), model)
        assert sent(operation, read) == leave_out_read_only(model, m.to_wire(read))


WITHOUT_SECRETS: dict[str, dict[str, Any]] = {
    "a user": {"userAccounts": [{"name": "u", "elevationLevel": "admin"}]},
    "a file share": {
        "mountConfiguration": [
            {
                "azureFileShareConfiguration": {
                    "accountName": "a",
                    "azureFileUrl": "https://a.file.core.windows.net/s",
                    "relativeMountPath": "s",
                }
            }
        ]
    },
    "a CIFS share": {
        "mountConfiguration": [
            {"cifsMountConfiguration": {"username": "u", "source": "//a/s", "relativeMountPath": "s"}}
        ]
    },
}


@pytest.mark.parametrize("pool", WITHOUT_SECRETS.values(), ids=WITHOUT_SECRETS)
def test_a_job_can_be_sent_back_without_the_secrets_that_the_service_keeps(pool: dict[str, Any]) -> None:
    info = {"autoPoolSpecification": {"poolLifetimeOption": "job", "pool": {"vmSize": "s", **pool}}}
    job = decode(json.dumps({"id": "j", "poolInfo": info}).encode(), m.CloudJob)
    assert sent(op.REPLACE_JOB, m.replace(job, priority=1)) == {"priority": 1, "poolInfo": info}
    schedule = m.CloudJobSchedule(job_specification=m.JobSpecification(pool_info=job.pool_info))
    assert sent(op.REPLACE_JOB_SCHEDULE, schedule) == {"jobSpecification": {"poolInfo": info}}


def test_a_zone_with_seconds_is_sent_as_the_time_it_means() -> None:
    time = datetime(1900, 7, 1, 12, tzinfo=timezone(timedelta(minutes=19, seconds=32)))
    body = sent(op.UPDATE_JOB_SCHEDULE, m.JobSchedulePatchParameter(schedule=m.Schedule(do_not_run_until=time)))
    assert datetime.fromisoformat(body["schedule"]["doNotRunUntil"]) == time


# A PATCH holds what was given.


@pytest.mark.parametrize("operation", PATCHES.values(), ids=PATCHES)
@tried(60)
def test_a_patch_holds_what_was_given_and_nothing_else(operation: op.Operation[Any], examples: int) -> None:
    model = model_of(operation)

    def check(value: m.Model) -> None:
        body = sent(operation, value)
        given = {wire for wire, name in wire_names(model).items() if getattr(value, name) is not None}
        assert body.keys() == given
        assert body == leave_out_read_only(model, m.to_wire(value))

    holds(check, models_of(model, PATCHED, DEPTH), examples)


# The checker says where it is wrong.


def wrong(place: Place) -> list[Any]:
    """Values that have no business at a place."""
    hint, rule = place.hint, place.rule
    if hint is Any:
        return [math.nan, 2**64, "\ud800", object()]
    found: list[Any] = [object(), b"x", math.nan]
    if hint in (int, float, bool) or is_model(hint):
        return [*found, "5", "true", ["5"], 10**30]
    if not isinstance(hint, type):  # a list or a map
        return [*found, "text", 5, True, *([[None] * (rule.max_items + 1)] if rule.max_items else [])]
    found += [5, True, ["text"], {}, {"text": "text"}]
    if hint is str:
        found += ["\udc80", *(["x" * (rule.max_length + 1)] if rule.max_length else [])]
        return [*found, *(["", "a b", "a/b", "\u00e9"] if rule.pattern else [])]
    return found if issubclass(hint, m.OpenEnum) else [*found, "", "yesterday", "1 h"]


def spoil(random: Random, operation: op.Operation[Any], body: dict[str, Any]) -> str:
    """Make one thing of a body wrong; the path to it. `body` is changed in place."""
    model = model_of(operation)
    kind, fields, path = random.choice(list(objects_of(model, body)))
    rules = {wire: field_rules(kind)[name] for wire, name in wire_names(kind).items()}
    needed = [wire for wire, rule in rules.items() if rule.required and wire in fields]
    if operation.method != "POST":
        # In a PATCH nothing is required; a secret in a PUT is a matter of its own.
        needed = [wire for wire in needed if operation.method == "PUT" and not rules[wire].secret]
    choice = random.randrange(4)
    if choice == 0:
        fields["brandNew"] = 5
        return join(path, "brandNew")
    if choice == 1 and needed:
        missing = random.choice(needed)
        fields[missing] = None
        return join(path, missing)
    # Of a pool that is specified in a job they could be a map or a text: see below.
    places = [place for place in places_of(model, body) if ".resourceTags" not in place.path]
    if not places:
        fields["brandNew"] = None
        return join(path, "brandNew")
    place = random.choice(places)
    place.holder[place.key] = random.choice(wrong(place))
    return place.path


@each_body
@tried(60)
def test_the_error_says_where(operation: op.Operation[Any], examples: int) -> None:
    model = model_of(operation)

    def check(drawn: tuple[m.Model, Random]) -> None:
        value, random = drawn
        body = sent(operation, value)
        path = spoil(random, operation, body)
        with pytest.raises(EncodeError) as caught:
            encode(operation, body)
        assert caught.value.path == path
        assert str(caught.value).startswith(f"{path}: ")

    holds(check, st.tuples(models_of(model, shape_of(operation), DEPTH), RANDOM), examples)


def test_the_error_says_where_in_a_map_that_could_be_a_text() -> None:
    specification = {"vmSize": "s", "resourceTags": {"a": "b", "c": 5}}
    pool = {"autoPoolSpecification": {"poolLifetimeOption": "job", "pool": specification}}
    with pytest.raises(EncodeError) as caught:
        encode(op.CREATE_JOB, {"id": "j", "poolInfo": pool})
    assert caught.value.path == "poolInfo.autoPoolSpecification.pool.resourceTags.c"


def test_every_body_is_a_model_that_is_drawn() -> None:
    assert {model_of(operation).__name__ for operation in BODIES.values()} <= MODELS.keys()
    assert len(PATCHES) == 3
