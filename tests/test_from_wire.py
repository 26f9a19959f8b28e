"""Mappings of whoever become models, and bodies: JSON, `to_wire`, names in snake case, azure-batch's objects."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import strategies as st
from inventing.models import ANY, MODELS, models_of
from inventing.trials import holds, tried
from scripted import ScriptedService, connect
from test_examples import EXAMPLES, answer_of, plain

from batchio import BatchClient, ConfigurationError, EncodeError, from_wire, models, to_wire
from batchio.models.base import Model, field_types
from batchio.service.operations import OPERATIONS
from batchio.session.check import check_body
from batchio.session.codec import decode

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def snake(value: Any) -> Any:
    """A model as azure-batch 14's `as_dict` would have it: its attributes, times and numbers as JSON has them."""
    if isinstance(value, Model):
        names = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: snake(each) for name, each in names if each is not None}
    if isinstance(value, list):
        return [snake(each) for each in value]
    return value


def frozen(value: Any) -> Any:
    """The same with mappings that are no dicts, at every depth."""
    if isinstance(value, dict):
        return MappingProxyType({name: frozen(each) for name, each in value.items()})
    return [frozen(each) for each in value] if isinstance(value, list) else value


# Everything comes back.


@each_model
@tried(10)
def test_it_is_the_way_back(model: type[Model], examples: int) -> None:
    def check(value: Model) -> None:
        wire = to_wire(value)
        assert from_wire(model, wire) == value
        assert from_wire(model, frozen(wire)) == value
        assert from_wire(model, snake(value)) == value
        assert from_wire(model, {**wire, "odata.metadata": "https://acme/$metadata#x"}) == value

    holds(check, models_of(model, ANY), examples)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_answer_of_the_service(name: str) -> None:
    row = OPERATIONS[EXAMPLES[name]["operationId"]]
    _, content, _ = answer_of(EXAMPLES[name])
    kind = row.items or row.answer
    for item in content["value"] if row.items else [content] if row.answer else []:
        assert kind is not None
        assert from_wire(kind, item) == decode(json.dumps(item).encode(), kind)


def test_each_name_is_one_field() -> None:
    for model in MODELS.values():
        folded = {name.replace("_", "").lower() for name in field_types(model)}
        assert len(folded) == len(model.__struct_fields__)


@pytest.mark.parametrize(
    ("model", "given", "meant"),
    [
        (models.UserIdentity, {"user_name": "joe"}, models.UserIdentity(username="joe")),
        (models.TaskConstraints, {"max_wall_clock_time": "PT1H"}, {"max_wall_clock_time": timedelta(hours=1)}),
        (models.TaskConstraints, {"retentionTime": "P"}, {"retention_time": timedelta()}),
        (models.TaskConstraints, {"maxTaskRetryCount": "3"}, {"max_task_retry_count": 3}),
        (
            models.Schedule,
            {"doNotRunAfter": "9999-12-31T23:59:59.9999999Z"},
            {"do_not_run_after": datetime.max.replace(tzinfo=UTC)},
        ),
        (
            models.PoolInformation,
            {"autoPoolSpecification": models.AutoPoolSpecification(pool_lifetime_option="job")},  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # as JSON has it
            {
                "auto_pool_specification": models.AutoPoolSpecification(
                    pool_lifetime_option=models.PoolLifetimeOption.JOB
                )
            },
        ),
    ],
)
def test_values_as_others_write_them(model: type[Model], given: dict[str, Any], meant: Any) -> None:
    assert from_wire(model, given) == (meant if isinstance(meant, Model) else model(**meant))


class Msrest:
    """What the objects of azure-batch 14 are to us."""

    def serialize(self) -> dict[str, str]:
        return {"id": "frame-1", "commandLine": "render 1"}


HINT = r"Msrest \(its serialize\(\) gives a mapping\)"


# What would be lost is an error.


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"comandLine": "x"}, "comandLine", "TaskAddParameter has no property 'comandLine'"),
        ({"constraints": {"max": 1}}, "constraints.max", "TaskConstraints has no property 'max'"),
        ({"resource_files": [{}, {"url": "x"}]}, "resource_files[1].url", "ResourceFile has no property 'url'"),
        ({"commandLine": "x", "command_line": "y"}, "command_line", "stands there twice, as 'commandLine' too"),
        ({"commandLine": 3}, "commandLine", "expected `str`, got `int`"),
        ({"resourceFiles": [{"httpUrl": 3}]}, "resourceFiles[0].httpUrl", "expected `str | null`, got `int`"),
        ({"commandLine": "x"}, "", "object missing required field `id`"),
        ({"displayName": "\ud800"}, "displayName", "holds half a character"),
        (
            {"exitConditions": {"default": {"jobAction": "\udfff"}}},
            "exitConditions.default.jobAction",
            "half a character",
        ),
        ({"constraints": Msrest()}, "constraints", "expected `object | null`, got `Msrest`"),
    ],
)
def test_nothing_is_lost_in_silence(given: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(EncodeError) as raised:
        from_wire(models.TaskAddParameter, given)
    assert raised.value.path == path
    assert words in str(raised.value)


def test_a_wrong_text_in_a_map_is_told_by_its_name() -> None:
    extension = {"settings": {"a": {"b": ["x", "\ud800"]}}}
    with pytest.raises(EncodeError) as raised:
        from_wire(models.VMExtension, extension)
    assert str(raised.value) == "settings.a.b[1]: holds half a character (a lone surrogate)"


def test_what_is_no_mapping() -> None:
    for given in (b"{}", "{}", None, [("id", "x")]):
        with pytest.raises(EncodeError, match=f"^expected a mapping, not {type(given).__name__}$"):
            from_wire(models.TaskAddParameter, given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake under test
    with pytest.raises(EncodeError, match=f"^expected a mapping, not {HINT}$"):
        from_wire(models.TaskAddParameter, Msrest())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # as above


def test_what_holds_itself() -> None:
    endless: dict[str, Any] = {}
    endless["settings"] = endless
    with pytest.raises(EncodeError, match="VMExtension holds itself, or is too deep"):
        from_wire(models.VMExtension, {"name": "x", "settings": endless})


def test_a_secret_is_not_told() -> None:
    with pytest.raises(EncodeError) as raised:
        from_wire(models.UserAccount, {"name": "joe", "password": ["hush"]})
    assert "hush" not in str(raised.value)


# Any mapping is a body, also inside of another.


@tried(20)
def test_a_body_of_any_mappings(examples: int) -> None:
    def check(value: models.TaskAddParameter) -> None:
        wire = to_wire(value)
        assert check_body(frozen(wire), models.TaskAddParameter) == check_body(wire, models.TaskAddParameter)

    whole = st.builds(models.TaskAddParameter, id=st.just("t"), command_line=st.just("x"))
    sized = st.builds(
        models.TaskAddParameter,
        id=st.just("t"),
        command_line=st.just("x"),
        environment_settings=st.lists(st.builds(models.EnvironmentSetting, name=st.just("a")), max_size=3),
        constraints=st.builds(models.TaskConstraints, max_task_retry_count=st.integers(-1, 5)),
    )
    holds(check, whole | sized, examples)


async def test_tasks_of_any_mappings(client: BatchClient, service: ScriptedService) -> None:
    tasks = [
        {"id": f"t{n}", "commandLine": "x", "environmentSettings": [{"name": "A", "value": str(n)}]} for n in range(250)
    ]
    report = await client.tasks.submit(service.job, map(frozen, tasks))
    # One that is no dict inside of dicts, as well.
    report = await client.tasks.submit(
        service.job, [{**task, "id": f"u{n}", "constraints": frozen({"x": 1})} for n, task in enumerate(tasks)]
    )
    assert report.added == 250
    sent = {task["id"]: task for record in service.history for task in record.tasks}
    assert [sent[f"t{n}"] for n in range(250)] == tasks
    assert sent["u7"]["constraints"] == {"x": 1}


async def test_what_has_no_mapping_is_told(client: BatchClient, service: ScriptedService) -> None:
    with pytest.raises(EncodeError, match=rf"^expected TaskAddParameter or a mapping in wire shape, not {HINT}"):
        await client.tasks.create(service.job, Msrest())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake under test
    with pytest.raises(EncodeError, match=rf"^constraints: cannot be written as JSON: .*{HINT}"):
        await client.tasks.create(service.job, frozen({"id": "t", "commandLine": "x", "constraints": Msrest()}))
    bad: list[Any] = [Msrest(), {"id": "t", "commandLine": "x", "constraints": Msrest()}]
    report = await client.tasks.submit(service.job, bad)
    assert report.rejected == 2
    for outcome in report.failures:
        assert "(its serialize() gives a mapping)" in str(outcome.error)
    assert service.history == []


async def test_one_mapping_is_not_many_tasks(service: ScriptedService) -> None:
    async with connect(service) as client:
        with pytest.raises(ConfigurationError, match="not a single mappingproxy"):
            await client.tasks.submit(service.job, frozen({"id": "t", "commandLine": "x"}))


# azure-batch 14, where it is installed.


@pytest.fixture(scope="module")
def fourteen() -> Any:
    azure = pytest.importorskip("azure.batch")
    if not azure.__version__.startswith("14."):
        pytest.skip(f"this is azure-batch {azure.__version__}")
    return importlib.import_module("azure.batch.models")


@tried(5)
def test_the_objects_of_azure_batch_14(fourteen: Any, examples: int) -> None:
    errors = importlib.import_module("msrest.exceptions")
    refused = (errors.SerializationError, errors.DeserializationError, errors.ValidationError)
    count = 0

    def check(value: Model) -> None:
        nonlocal count
        try:
            given = getattr(fourteen, type(value).__name__).deserialize(to_wire(value))
            serialized = given.serialize(keep_readonly=True)
        except refused:
            # It takes no enum's value that it does not know.
            return
        count += 1
        for mapping in (given.as_dict(), serialized):
            assert plain(to_wire(from_wire(type(value), mapping))) == plain(serialized)

    for name, model in MODELS.items():
        if hasattr(fourteen, name):
            holds(check, models_of(model, ANY), examples)
    assert count > 200


def test_the_names_of_azure_batch_14(fourteen: Any) -> None:
    """Each attribute of theirs is the field of ours that has its wire name."""
    count = 0
    for model in MODELS.values():
        attributes: Mapping[str, Any] = getattr(getattr(fourteen, model.__name__, None), "_attribute_map", {})
        wire_names = {name.lower() for name in model.__struct_encode_fields__}
        for attribute, said in attributes.items():
            if said["key"].lower() in wire_names:
                count += 1
                assert attribute.replace("_", "").lower() == said["key"].lower()
    assert count > 400
