"""The models against a digest of the API's data (`data/models.json`, `data/enums.json`) and its examples."""

from __future__ import annotations

import ast
import copy
import doctest
import enum
import graphlib
import importlib
import json
import pickle
import typing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import rich.pretty

from batchio import models as m
from batchio.models import base, rules

HERE = Path(__file__).parent
PACKAGE = Path(m.__file__).parent
API_MODELS: dict[str, Any] = json.loads((HERE / "data" / "models.json").read_text())
API_ENUMS: dict[str, Any] = json.loads((HERE / "data" / "enums.json").read_text())
EXAMPLES = sorted((HERE / "data" / "examples").glob("*.json"))

EXPORTS: dict[str, Any] = {name: getattr(m, name) for name in m.__all__}
MODELS: dict[str, type[m.Model]] = {
    name: kind
    for name, kind in EXPORTS.items()
    if isinstance(kind, type) and issubclass(kind, m.Model) and kind is not m.Model
}
ENUMS: dict[str, type[m.OpenEnum]] = {
    name: kind
    for name, kind in EXPORTS.items()
    if isinstance(kind, type) and issubclass(kind, m.OpenEnum) and kind is not m.OpenEnum
}

# Where the models leave the data, on purpose (`api/README.md`, "Known disagreements", 4 and 5; the note at
# Certificate.data).
TYPES_OF_OUR_OWN = {
    ("PoolSpecification", "resourceTags"): "map<string>|string",
    ("VMExtension", "settings"): "map<any>",
    ("VMExtension", "protectedSettings"): "map<any>",
    ("Certificate", "data"): "string",
}
# Not marked in the data, and secret all the same.
MORE_SECRETS = {("VMExtension", "protectedSettings"), ("Certificate", "data")}
# Not marked either: it comes back, and may be one.
PRIVATE = {("EnvironmentSetting", "value")}
# Required, and filled in by the model itself (disagreement 3).
FILLED_IN = {("PoolUpdatePropertiesParameter", "certificateReferences")}

UNLIMITED_TEXT = "P10675199DT2H48M5.4775807S"
NAMES: dict[Any, str] = {
    str: "string",
    int: "int",
    float: "float",
    bool: "bool",
    datetime: "datetime",
    timedelta: "duration",
    Any: "any",
}

each_model = pytest.mark.parametrize("model", [pytest.param(kind, id=name) for name, kind in MODELS.items()])
each_enum = pytest.mark.parametrize("kind", [pytest.param(kind, id=name) for name, kind in ENUMS.items()])


def wire_names(model: type[m.Model]) -> dict[str, str]:
    """Wire name -> attribute."""
    return dict(zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True))


def notation(hint: Any) -> str:
    """A Python type in the words of the data."""
    args = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    origin = typing.get_origin(hint)
    if origin is list:
        return f"array<{notation(args[0])}>"
    if origin is dict:
        return f"map<{notation(args[1])}>"
    if args:
        return "|".join(notation(arg) for arg in args)
    if hint in NAMES:
        return NAMES[hint]
    return f"{'model' if issubclass(hint, m.Model) else 'enum'}:{hint.__name__}"


def sample(hint: Any, text: str = "text") -> Any:
    """A value of the type; nested models get what they cannot do without."""
    args = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    origin = typing.get_origin(hint)
    if origin is list:
        return [sample(args[0], text)]
    if origin is dict:
        return {"name": text}
    if args:
        return sample(args[0], text)
    if issubclass(hint, m.Model):
        return build(hint)
    if issubclass(hint, m.OpenEnum):
        return next(iter(hint))
    samples = {
        str: text,
        int: 7,
        float: 0.5,
        bool: True,
        datetime: datetime(2024, 7, 1, tzinfo=UTC),
        timedelta: timedelta(minutes=15),
    }
    return samples[hint]


def build(model: type[m.Model], **given: Any) -> m.Model:
    types = base.field_types(model)
    needed = {field.name for field in msgspec.structs.fields(model) if field.required}
    return model(**{name: sample(types[name]) for name in needed} | given)


def full(model: type[m.Model], text: str = "text") -> m.Model:
    return model(**{name: sample(hint, text) for name, hint in base.field_types(model).items()})


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


def bound(value: Any) -> Any:
    return msgspec.convert(value, timedelta) if isinstance(value, str) else value


# --- names and structure


def test_exactly_the_models_of_the_api() -> None:
    assert set(MODELS) == set(API_MODELS)


def test_exactly_the_enums_of_the_api() -> None:
    assert set(ENUMS) == set(API_ENUMS)


def test_nothing_else_is_exported() -> None:
    others = {"Model", "OpenEnum", "Rule", "UNLIMITED", "replace", "to_wire"}
    assert set(m.__all__) == set(MODELS) | set(ENUMS) | others
    assert list(m.__all__) == sorted(m.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


def test_every_model_of_the_modules_is_exported() -> None:
    defined = {
        node.name
        for path in PACKAGE.glob("*.py")
        if path.stem not in {"base", "__init__"}
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    assert defined == set(MODELS) | set(ENUMS)


@each_model
def test_exactly_the_fields_of_the_api(model: type[m.Model]) -> None:
    assert set(wire_names(model)) == set(API_MODELS[model.__name__]["fields"])


@each_model
def test_types(model: type[m.Model]) -> None:
    types = base.field_types(model)
    for wire, attribute in wire_names(model).items():
        said = API_MODELS[model.__name__]["fields"][wire]["type"]
        expected = TYPES_OF_OUR_OWN.get((model.__name__, wire), said)
        assert notation(types[attribute]) == expected, wire
        assert "Annotated" not in repr(types[attribute]), wire


@each_model
def test_rules(model: type[m.Model]) -> None:
    found = base.field_rules(model)
    for wire, attribute in wire_names(model).items():
        said = {name: value for name, value in API_MODELS[model.__name__]["fields"][wire].items() if name != "type"}
        if (model.__name__, wire) in MORE_SECRETS:
            said["secret"] = True
        if (model.__name__, wire) in PRIVATE:
            said["private"] = True
        expected = m.Rule(**{name: bound(value) if name in {"ge", "le"} else value for name, value in said.items()})
        assert found[attribute] == expected, wire


@each_model
def test_only_what_is_sent_and_never_returned_can_be_without_a_default(model: type[m.Model]) -> None:
    # With `$select` an answer leaves any field out.
    said = API_MODELS[model.__name__]
    for field in msgspec.structs.fields(model):
        rule = said["fields"][field.encode_name]
        if (model.__name__, field.encode_name) in FILLED_IN:
            assert field.default_factory is not msgspec.NODEFAULT
        elif said["request_only"] and rule.get("required"):
            assert field.required
        else:
            assert field.default is None


def test_one_rule_of_names() -> None:
    for model in MODELS.values():
        for wire, attribute in wire_names(model).items():
            words = attribute.split("_")
            assert "".join(words) == wire.lower()
            starts = {sum(map(len, words[:count])) for count in range(1, len(words))}
            assert all(wire[start].isupper() for start in starts), wire
            # Every capital after a small letter or digit begins a word, but for the units' own.
            capitals = {i for i in range(1, len(wire)) if wire[i].isupper() and not wire[i - 1].isupper()}
            assert {i for i in capitals - starts if wire[i - 2 : i + 1] != "GiB"} == set(), wire


def test_the_table_of_names_has_no_idle_entry_and_no_second_meaning() -> None:
    used: dict[str, set[str]] = {}
    for model in MODELS.values():
        for wire, attribute in wire_names(model).items():
            used.setdefault(attribute, set()).add(wire)
    assert {name: wires for name, wires in used.items() if len(wires) > 1} == {}
    for attribute, wire in base.WIRE_NAMES.items():
        assert used[attribute] == {wire}
        head, *rest = attribute.split("_")
        assert wire != head + "".join(word.capitalize() for word in rest), "the rule computes this one"


@pytest.mark.parametrize(
    ("model", "attribute", "wire"),
    [
        (m.CloudPool, "vm_size", "vmSize"),
        (m.CloudPool, "e_tag", "eTag"),
        (m.VirtualMachineConfiguration, "node_agent_sku_id", "nodeAgentSKUId"),
        (m.JobStatistics, "read_io_gib", "readIOGiB"),
        (m.JobStatistics, "read_iops", "readIOps"),
        (m.TaskStatistics, "user_cpu_time", "userCPUTime"),
        (m.UefiSettings, "v_tpm_enabled", "vTpmEnabled"),
        (m.JobNetworkConfiguration, "skip_withdraw_from_vnet", "skipWithdrawFromVNet"),
        (m.NodeCounts, "upgrading_os", "upgradingOS"),
        (m.OSDisk, "disk_size_gb", "diskSizeGB"),
    ],
)
def test_names_that_everybody_asks_for(model: type[m.Model], attribute: str, wire: str) -> None:
    assert wire_names(model)[wire] == attribute


def test_rules_of_nested_aliases_add_up() -> None:
    rule = base.field_rules(m.CloudPool)["task_slots_per_node"]
    assert rule == m.Rule(read_only=True, since="2020-09-01.12.0", le=256)
    assert base.field_types(m.CloudPool)["task_slots_per_node"] == int | None


def test_a_field_without_a_default_is_required() -> None:
    assert base.field_rules(m.TaskAddParameter)["command_line"].required
    assert base.field_rules(m.DataDisk)["lun"] == m.Rule(required=True, ge=0, le=63)


def test_aliases_say_one_thing_each() -> None:
    versions: dict[str, str] = {}
    for name, alias in vars(rules).items():
        if name.startswith(("Since", "Until")):
            said = next(extra for extra in typing.get_args(alias) if isinstance(extra, m.Rule))
            versions[name] = said.since or said.until or ""
            assert said in (m.Rule(since=versions[name]), m.Rule(until=versions[name]))
            assert versions[name].replace("-", "_").startswith(name[5:])
    assert len(versions) == 14


# --- the package


def test_each_module_says_its_law() -> None:
    for path in PACKAGE.glob("*.py"):
        assert "\nLaw: " in (ast.get_docstring(ast.parse(path.read_text())) or ""), path.name


def test_no_import_cycles() -> None:
    graph = {
        path.stem: {
            node.module
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        }
        for path in PACKAGE.glob("*.py")
    }
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_models_import_nothing_of_the_house() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_above = isinstance(node, ast.ImportFrom) and node.level > 1 and node.module != "hiding"
            assert not is_above, path.name


def test_every_class_says_what_it_is_for() -> None:
    texts = [kind.__doc__ or "" for kind in (*MODELS.values(), *ENUMS.values())]
    assert all("." in text for text in texts)
    assert len(set(texts)) == len(texts)


def test_examples_in_docstrings_run() -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = [importlib.import_module(f"batchio.models.{path.stem}") for path in PACKAGE.glob("[!_]*.py")]
    for module in modules:
        for test in finder.find(module, globs=dict(EXPORTS)):
            runner.run(test)
    assert runner.summarize(verbose=False) == (0, runner.tries)
    assert runner.tries >= 20


# --- values


@each_model
def test_keyword_only_and_frozen(model: type[m.Model]) -> None:
    with pytest.raises(TypeError, match="positional"):
        cast("Any", model)("text")
    value = build(model)
    with pytest.raises(AttributeError):
        setattr(value, model.__struct_fields__[0], "text")


@each_model
def test_a_full_model_survives_everything(model: type[m.Model]) -> None:
    value = full(model)
    assert msgspec.json.decode(msgspec.json.encode(value), type=model, strict=False) == value
    assert msgspec.convert(m.to_wire(value), model, strict=False) == value
    assert pickled(value) == value
    assert copy.copy(value) == value
    twin = copy.deepcopy(value)
    assert twin == value
    assert twin is not value
    changed = next((name for name, hint in base.field_types(model).items() if notation(hint) == "string"), None)
    if changed:
        assert m.replace(value, **{changed: "other"}) != value


@each_model
def test_null_means_absent_and_unknown_names_are_ignored(model: type[m.Model]) -> None:
    optional = {field.encode_name: None for field in msgspec.structs.fields(model) if field.default is None}
    needed = m.to_wire(build(model))
    body = json.dumps({"odata.metadata": "x", "notYetKnown": {"a": [1]}, **optional, **needed})
    value = msgspec.json.decode(body, type=model, strict=False)
    assert m.to_wire(value) == needed


@each_model
def test_what_is_absent_is_not_sent(model: type[m.Model]) -> None:
    needed = {field.encode_name for field in msgspec.structs.fields(model) if field.default is not None}
    assert set(m.to_wire(build(model))) == needed


def test_hashes_like_its_values() -> None:
    assert hash(m.MetadataItem(name="a", value="b")) == hash(m.MetadataItem(name="a", value="b"))
    assert len({m.MetadataItem(name="a"), m.MetadataItem(name="a"), m.MetadataItem(name="b")}) == 2


def test_replace() -> None:
    task = m.TaskAddParameter(id="frame-1", command_line="render", display_name="Frame")
    other = m.replace(task, id="frame-2", display_name=None)
    assert (other.id, other.command_line, other.display_name) == ("frame-2", "render", None)
    assert task.id == "frame-1"


def test_replace_refuses_names_that_the_model_does_not_have() -> None:
    task = m.TaskAddParameter(id="frame-1", command_line="render")
    with pytest.raises(TypeError, match=r"^TaskAddParameter has no field 'commandLine', 'priority'$"):
        m.replace(task, priority=1, commandLine="x")


def test_to_wire_gives_values_as_json_has_them() -> None:
    schedule = m.JobScheduleAddParameter(
        id="nightly",
        schedule=m.Schedule(do_not_run_until=datetime(2024, 7, 1, tzinfo=UTC), start_window=timedelta(hours=1)),
        job_specification=m.JobSpecification(
            pool_info=m.PoolInformation(pool_id="render"), on_all_tasks_complete=m.OnAllTasksComplete.TERMINATE_JOB
        ),
    )
    wire = m.to_wire(schedule)
    assert wire == {
        "id": "nightly",
        "schedule": {"doNotRunUntil": "2024-07-01T00:00:00Z", "startWindow": "PT1H"},
        "jobSpecification": {"poolInfo": {"poolId": "render"}, "onAllTasksComplete": "terminatejob"},
    }
    assert json.loads(json.dumps(wire)) == wire
    assert type(wire["jobSpecification"]["onAllTasksComplete"]) is str


def test_to_wire_shares_nothing_with_the_model() -> None:
    extension = m.VMExtension(name="e", settings={"list": [1, timedelta(0)], "deep": {"a": 1}})
    wire = m.to_wire(extension)
    wire["settings"]["list"].append(2)
    wire["settings"]["deep"]["a"] = 2
    assert extension.settings == {"list": [1, timedelta(0)], "deep": {"a": 1}}


def test_a_replacement_of_pool_properties_always_names_the_certificates() -> None:
    parameter = m.PoolUpdatePropertiesParameter(application_package_references=[], metadata=[])
    expected: dict[str, Any] = {"certificateReferences": [], "applicationPackageReferences": [], "metadata": []}
    assert m.to_wire(parameter) == expected
    assert json.loads(msgspec.json.encode(parameter)) == expected
    other = m.PoolUpdatePropertiesParameter(application_package_references=[], metadata=[])
    assert parameter.certificate_references is not other.certificate_references


def test_empty_lists_are_sent() -> None:
    assert m.to_wire(m.PoolPatchParameter(metadata=[])) == {"metadata": []}
    settings = m.TaskContainerSettings(image_name="ubuntu", container_host_batch_bind_mounts=[])
    assert m.to_wire(settings) == {"imageName": "ubuntu", "containerHostBatchBindMounts": []}


@pytest.mark.parametrize("tags", [{"team": "render"}, "team=render"])
def test_resource_tags_are_read_as_map_and_as_string(tags: Any) -> None:
    body = json.dumps({"vmSize": "small", "resourceTags": tags})
    assert msgspec.json.decode(body, type=m.PoolSpecification, strict=False).resource_tags == tags


def test_a_certificate_whose_data_is_not_base64_is_read() -> None:
    body = b'{"thumbprint": "0123", "data": "#####...", "certificateFormat": "pfx"}'
    assert msgspec.json.decode(body, type=m.Certificate).data == "#####..."


# --- numbers, durations


INT64 = [
    pytest.param(model, attribute, wire, id=f"{name}.{attribute}")
    for name, model in MODELS.items()
    for wire, attribute in wire_names(model).items()
    if base.field_rules(model)[attribute].int64
]


@pytest.mark.parametrize(("model", "attribute", "wire"), INT64)
@pytest.mark.parametrize("value", ["9007199254740993", 9007199254740993])
def test_int64_is_read_as_string_and_as_number(model: type[m.Model], attribute: str, wire: str, value: Any) -> None:
    found = msgspec.json.decode(json.dumps({wire: value}), type=model, strict=False)
    assert getattr(found, attribute) == 9007199254740993


@pytest.mark.parametrize(("model", "attribute", "wire"), INT64)
def test_int64_is_written_as_a_string(model: type[m.Model], attribute: str, wire: str) -> None:
    assert m.to_wire(model(**{attribute: 9007199254740993})) == {wire: "9007199254740993"}


def test_int64_is_written_as_a_string_inside_of_another_model() -> None:
    job = m.CloudJob(stats=m.JobStatistics(read_iops=7, num_failed_tasks=0, wait_time=timedelta(0)))
    assert m.to_wire(job) == {"stats": {"readIOps": "7", "numFailedTasks": "0", "waitTime": "PT0S"}}


def test_no_list_holds_an_int64() -> None:
    # `to_wire` looks for them in models that stand by themselves.
    having = {name for model in MODELS.values() for name in [model.__name__] if any(model in p.values for p in INT64)}
    listed = {notation(hint) for model in MODELS.values() for hint in base.field_types(model).values()}
    assert not {f"{kind}<model:{name}>" for kind in ("array", "map") for name in having} & listed
    assert having == {
        "FileProperties",
        "JobScheduleStatistics",
        "JobStatistics",
        "ResourceStatistics",
        "TaskStatistics",
    }


def test_int64_fields_are_those_of_the_data() -> None:
    assert len(INT64) == 15


DURATIONS = [
    pytest.param(model, attribute, wire, id=f"{name}.{attribute}")
    for name, model in MODELS.items()
    if not name.endswith("Statistics")
    for wire, attribute in wire_names(model).items()
    if notation(base.field_types(model)[attribute]) == "duration"
]


@pytest.mark.parametrize(("model", "attribute", "wire"), DURATIONS)
def test_unlimited_is_read_and_sent_back_as_it_was(model: type[m.Model], attribute: str, wire: str) -> None:
    body = m.to_wire(build(model)) | {wire: UNLIMITED_TEXT}
    value = msgspec.json.decode(json.dumps(body), type=model)
    assert getattr(value, attribute) == m.UNLIMITED
    assert m.to_wire(value)[wire] == UNLIMITED_TEXT
    # Whoever encodes past `to_wire` stays below the maximum too.
    sent = json.loads(msgspec.json.encode(value))[wire]
    assert msgspec.convert(sent, timedelta) == m.UNLIMITED


@pytest.mark.parametrize(("model", "attribute", "wire"), DURATIONS)
def test_no_duration_is_above_the_maximum(model: type[m.Model], attribute: str, wire: str) -> None:
    value = build(model, **{attribute: timedelta.max})
    assert getattr(value, attribute) == m.UNLIMITED
    value = m.replace(build(model), **{attribute: timedelta.max})
    assert m.to_wire(value)[wire] == UNLIMITED_TEXT


def test_unlimited_deep_inside() -> None:
    job = m.CloudJob(job_manager_task=m.JobManagerTask(constraints=m.TaskConstraints(retention_time=m.UNLIMITED)))
    tasks = m.TaskAddCollectionParameter(
        value=[m.TaskAddParameter(id="a", command_line="b", constraints=m.TaskConstraints(retention_time=m.UNLIMITED))]
    )
    assert m.to_wire(job) == {"jobManagerTask": {"constraints": {"retentionTime": UNLIMITED_TEXT}}}
    assert m.to_wire(tasks)["value"][0]["constraints"] == {"retentionTime": UNLIMITED_TEXT}


def test_a_text_that_looks_like_a_duration_stays() -> None:
    text = msgspec.to_builtins(m.UNLIMITED)
    assert m.to_wire(m.MetadataItem(name="limit", value=text)) == {"name": "limit", "value": text}


# --- enums


@each_enum
def test_values_of_enums(kind: type[m.OpenEnum]) -> None:
    assert [member.value for member in kind] == API_ENUMS[kind.__name__]["values"]


@each_enum
def test_members_are_named_like_their_values(kind: type[m.OpenEnum]) -> None:
    for member in kind:
        assert member.name.isupper()
        assert member.name.replace("_", "") == member.value.upper().replace("_", "")


def test_words_of_members_are_split() -> None:
    assert m.ComputeNodeState.WAITING_FOR_START_TASK.value == "waitingforstarttask"
    assert m.OnTaskFailure.PERFORM_EXIT_OPTIONS_JOB_ACTION.value == "performexitoptionsjobaction"
    assert m.IPAddressProvisioningType.NO_PUBLIC_IP_ADDRESSES.value == "nopublicipaddresses"
    assert m.SecurityEncryptionTypes.VM_GUEST_STATE_ONLY.value == "VMGuestStateOnly"
    long = {member.name for kind in ENUMS.values() for member in kind if len(member.name) > 14 and "_" not in member}
    assert {name for name in long if "_" not in name} == set()


@each_enum
def test_every_letter_case_is_the_known_member(kind: type[m.OpenEnum]) -> None:
    seen = API_ENUMS[kind.__name__]["other_cases"]
    for member in kind:
        for text in {member.value.upper(), member.value.lower(), member.value.title(), *seen.get(member.value, ())}:
            assert kind(text) is member
            assert msgspec.json.decode(json.dumps(text), type=kind) is member
            assert json.loads(msgspec.json.encode(kind(text))) == member.value


@each_enum
def test_an_unknown_value_survives(kind: type[m.OpenEnum]) -> None:
    value = msgspec.json.decode(b'"NotYetKnown"', type=kind)
    assert isinstance(value, kind)
    assert value == "NotYetKnown"
    assert value == kind("NotYetKnown")
    assert hash(value) == hash("NotYetKnown")
    assert msgspec.json.encode(value) == b'"NotYetKnown"'
    assert msgspec.to_builtins(value) == "NotYetKnown"
    assert f"{value}" == str(value) == "NotYetKnown"
    assert "NotYetKnown" in repr(value)
    for twin in (copy.copy(value), copy.deepcopy(value), pickled(value)):
        assert twin == value
        assert type(twin) is kind
    assert value not in list(kind)
    assert "NotYetKnown" not in kind.__members__


def test_an_unknown_value_survives_in_a_model() -> None:
    body = b'{"id": "n", "state": "Hibernating", "schedulingState": "ENABLED"}'
    node = msgspec.json.decode(body, type=m.ComputeNode)
    assert node.state == "Hibernating"
    assert node.scheduling_state is m.SchedulingState.ENABLED
    assert m.to_wire(node) == {"id": "n", "state": "Hibernating", "schedulingState": "enabled"}
    assert "Hibernating" in repr(node)
    assert m.replace(node, id="o").state == "Hibernating"


def test_an_enum_takes_strings_only() -> None:
    with pytest.raises(ValueError, match="7"):
        m.JobState(cast("str", 7))
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b"7", type=m.JobState)


# --- secrets


SECRETS = [
    pytest.param(model, attribute, id=f"{name}.{attribute}")
    for name, model in MODELS.items()
    for attribute in sorted(base.secret_fields(model))
]


def shown(value: object) -> list[str]:
    return [repr(value), str(value), f"{value}", rich.pretty.pretty_repr(value), f"{[value]}"]


@pytest.mark.parametrize(("model", "attribute"), SECRETS)
def test_secrets_are_not_shown(model: type[m.Model], attribute: str) -> None:
    value = build(model, **{attribute: sample(base.field_types(model)[attribute], "hush-hush")})
    for text in shown(value):
        assert "hush-hush" not in text
        assert f"{attribute}='***'" in text
    assert "hush-hush" in json.dumps(m.to_wire(value))


def test_secrets_are_where_they_should_be() -> None:
    found = {f"{case.values[0].__name__}.{case.values[1]}" for case in cast("list[Any]", SECRETS)}
    assert {
        "UserAccount.password",
        "LinuxUserConfiguration.ssh_private_key",
        "ContainerRegistry.password",
        "ComputeNodeUser.password",
        "AzureBlobFileSystemConfiguration.account_key",
        "AzureBlobFileSystemConfiguration.sas_key",
        "VMExtension.protected_settings",
        "Certificate.password",
    } <= found
    suspicious = ("password", "private", "secret", "account_key", "sas")
    for name, model in MODELS.items():
        for attribute in model.__struct_fields__:
            if any(word in attribute for word in suspicious):
                assert f"{name}.{attribute}" in found


def test_secrets_of_nested_models_are_not_shown() -> None:
    pool = m.PoolAddParameter(
        id="p",
        vm_size="s",
        user_accounts=[m.UserAccount(name="u", password="hush-hush")],
        mount_configuration=[
            m.MountConfiguration(cifs_mount_configuration=m.CIFSMountConfiguration(username="u", password="hush-hush"))
        ],
    )
    for text in shown(pool):
        assert "hush-hush" not in text
        assert "UserAccount" in text
        assert "name='u'" in text


@pytest.mark.parametrize(
    "url",
    [
        "https://a.blob.core.windows.net/c?sv=2024&sig=hush%2Bhush%3D&se=2030",
        "https://a.blob.core.windows.net/c?SIG=hush%2Bhush%3D",
        "curl 'https://a.blob.core.windows.net/c?sig=hush%2Bhush%3D' -o x",
    ],
)
def test_signatures_of_urls_are_not_shown(url: str) -> None:
    values = [
        m.ResourceFile(http_url=url),
        m.TaskAddParameter(id="t", command_line=url, resource_files=[m.ResourceFile(storage_container_url=url)]),
        m.VMExtension(name="e", settings={"urls": [url], "deep": {"url": url}, url: 1}),
        m.CloudPool(resource_tags={"from": url}),
        m.NodeRemoveParameter(node_list=[url]),
    ]
    for value in values:
        for text in shown(value):
            assert "hush" not in text
            assert "blob.core.windows.net" in text


def test_repr_is_as_one_writes_it() -> None:
    task = m.TaskAddParameter(id="t", command_line="c", constraints=m.TaskConstraints(max_task_retry_count=0))
    assert repr(task) == (
        "TaskAddParameter(id='t', command_line='c', constraints=TaskConstraints(max_task_retry_count=0))"
    )


# --- the examples of the API


def bodies() -> list[Any]:
    """(model, body) of every example that has one, sent or returned."""
    used = {
        use: MODELS[name] for name, said in API_MODELS.items() for use in said["used_by"] if not use.endswith(":error")
    }
    found: list[Any] = []
    for path in EXAMPLES:
        example: dict[str, Any] = json.loads(path.read_text())
        sent: list[Any] = list(example["parameters"].values())
        returned: list[Any] = [answer.get("body") for answer in example["responses"].values()]
        for use, values in (("request", sent), ("response", returned)):
            for body in values:
                if not isinstance(body, dict):
                    continue
                model, fields = used[f"{example['operationId']}:{use}"], cast("dict[str, Any]", body)
                if "value" in fields and "value" not in wire_names(model):
                    items: list[Any] = fields["value"]
                    found += [
                        pytest.param(model, item, id=f"{path.stem}-{number}") for number, item in enumerate(items)
                    ]
                else:
                    found.append(pytest.param(model, fields, id=f"{path.stem}-{use}"))
    return found


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values say the same: letter case of words and spelling of times do not count."""
    if isinstance(left, dict):
        pairs = cast("dict[str, Any]", left)
        names = {name for name in pairs if not name.startswith("odata.")}
        return names == set(right) and all(same(pairs[name], right[name]) for name in names)
    if isinstance(left, list):
        items = cast("list[object]", left)
        return len(items) == len(right) and all(same(*pair) for pair in zip(items, right, strict=True))
    if left == right or str(left).lower() == str(right).lower():
        return True
    for kind in (timedelta, datetime):
        try:
            return bool(msgspec.convert(left, kind) == msgspec.convert(right, kind))
        except msgspec.ValidationError:
            continue
    return False


def without_nulls(body: Any) -> Any:
    if isinstance(body, dict):
        pairs = cast("dict[str, Any]", body)
        return {name: without_nulls(item) for name, item in pairs.items() if item is not None}
    if isinstance(body, list):
        return [without_nulls(item) for item in cast("list[object]", body)]
    return body


@pytest.mark.parametrize(("model", "body"), bodies())
def test_examples_are_read_and_written_whole(model: type[m.Model], body: dict[str, Any]) -> None:
    value = msgspec.json.decode(json.dumps(body), type=model, strict=False)
    assert same(without_nulls(body), m.to_wire(value))
    assert msgspec.json.decode(msgspec.json.encode(value), type=model) == value


def test_examples_cover_the_great_models() -> None:
    covered = {case.values[0] for case in bodies()}
    assert {m.CloudJob, m.CloudTask, m.CloudPool, m.ComputeNode, m.CloudJobSchedule, m.TaskAddParameter} <= covered
    assert len(EXAMPLES) == 54


def test_open_enums_are_enums() -> None:
    assert all(issubclass(kind, enum.StrEnum) for kind in ENUMS.values())
