from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import models
from batchio.emulator import Clock, service
from batchio.emulator.calls import Answer, Call
from batchio.emulator.refusals import Refusal
from batchio.emulator.store import Store
from batchio.emulator.strict import strict_type
from batchio.models import Model
from batchio.service.operations import OPERATIONS, Operation
from batchio.service.versions import VERSIONS

from .wire import JSON, VERSION

MODELS = sorted(
    (kind for kind in vars(models).values() if isinstance(kind, type) and issubclass(kind, Model)),
    key=lambda kind: kind.__name__,
)
NAMES = sorted({field.encode_name for kind in MODELS for field in msgspec.structs.fields(kind)})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-2, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["PT1H", "P1D", "a", "A", "terminatejob", "noaction", "P99999999D", "2024-07-01T00:00:00Z"])
)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
)


def json_of(kind: Any, *, wild: int = 10) -> st.SearchStrategy[Any]:
    """JSON that a type takes, more or less: one place in so many is anything at all."""
    return mostly(msgspec.inspect.type_info(kind), wild)


def mostly(info: Any, wild: int = 30) -> st.SearchStrategy[Any]:
    right = st.deferred(lambda: right_json(info))
    return st.integers(1, wild).flatmap(lambda dice: ANY_JSON if dice == 1 else right)


def right_json(info: Any) -> st.SearchStrategy[Any]:
    if isinstance(info, msgspec.inspect.StructType):
        return right_object(info)
    if isinstance(info, msgspec.inspect.ListType):
        return st.lists(mostly(info.item_type), max_size=3)
    if isinstance(info, msgspec.inspect.UnionType):
        return right_json(info.types[0])
    if isinstance(info, msgspec.inspect.EnumType):
        return st.sampled_from([member.value for member in info.cls])
    return SIMPLE.get(type(info), ANY_JSON)


SIMPLE: dict[type, st.SearchStrategy[Any]] = {
    msgspec.inspect.StrType: st.text("abAB-_01", min_size=1, max_size=3),
    msgspec.inspect.IntType: st.integers(-1, 300),
    msgspec.inspect.BoolType: st.booleans(),
    msgspec.inspect.CustomType: st.sampled_from(["PT10M", "P1D"]),
}


def right_object(info: msgspec.inspect.StructType) -> st.SearchStrategy[Any]:
    required = {field.encode_name: mostly(field.type) for field in info.fields if field.required}
    optional = {field.encode_name: mostly(field.type) for field in info.fields if not field.required}
    few = st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True) if optional else st.just([])
    return few.flatmap(lambda names: st.fixed_dictionaries(required | {name: optional[name] for name in names}))


def checked(refusal: Refusal) -> Refusal:
    assert 400 <= refusal.status < 500 or refusal.status in (501, 503)
    msgspec.json.decode(refusal.body("", "id", 1))
    return refusal


def asked(store: Store, row: Operation[Any], body: bytes, params: dict[str, str]) -> Answer | Refusal:
    """What the service says; a failure inside it comes through."""
    call = Call(
        store,
        method=row.method,
        path=row.path,
        query_string=f"api-version={VERSION}",
        query={"api-version": VERSION},
        headers={"Content-Type": JSON},
        body=body,
        base="http://x",
        request_id="id",
    )
    call.params = params
    try:
        answer = service.perform(call, row)
    except Refusal as refusal:
        return checked(refusal)
    assert isinstance(answer, Answer)
    return answer


def perform(store: Store, operation: str, body: bytes = b"", **params: str) -> Answer | Refusal:
    answer = asked(store, OPERATIONS[operation], body, params)
    if isinstance(answer, Answer) and answer.body:
        msgspec.json.decode(answer.body)
    return answer


CREATES = [
    ("Jobs_CreateJob", "Jobs_ListJobs", models.JobAddParameter, models.CloudJob),
    ("Pools_CreatePool", "Pools_ListPools", models.PoolAddParameter, models.CloudPool),
    ("Tasks_CreateTask", "Tasks_ListTasks", models.TaskAddParameter, models.CloudTask),
    ("Tasks_CreateTaskCollection", "Tasks_ListTasks", models.TaskAddCollectionParameter, models.CloudTask),
]


@pytest.mark.parametrize(("create", "listing", "sent", "shown"), CREATES)
@given(data=st.data())
def test_any_body_is_taken_or_refused(create: str, listing: str, sent: Any, shown: Any, data: st.DataObject) -> None:
    store = Store(Clock(datetime(2024, 7, 1, tzinfo=UTC), frozen=True))
    job = b'{"id":"job","poolInfo":{"poolId":"p"},"usesTaskDependencies":true}'
    assert isinstance(perform(store, "Jobs_CreateJob", job), Answer)
    body = msgspec.json.encode(data.draw(json_of(strict_type(sent, VERSION))))
    perform(store, create, body, jobId="job")
    listed = perform(store, listing, jobId="job")
    assert isinstance(listed, Answer)
    # What is shown is of the model that the API promises.
    msgspec.convert(msgspec.json.decode(listed.body)["value"], list[shown], strict=False)


@given(st.binary(max_size=40))
def test_any_bytes_are_refused(body: bytes) -> None:
    store = Store(Clock())
    for create, _, _, _ in CREATES:
        assert isinstance(perform(store, create, body, jobId="job"), Refusal)


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_each_model_can_be_checked_strictly(kind: type[Model]) -> None:
    for version in VERSIONS:
        assert msgspec.json.Decoder(strict_type(kind, version), dec_hook=lambda _, value: value)
