"""What the service answers: bodies of every operation, errors, results of a task collection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, get_args, get_origin

import msgspec
from multidict import CIMultiDict

from batchio.bulk import verdict
from batchio.bulk.intake import prepare
from batchio.bulk.verdict import DetailedResults, Kind, Results, is_all_added, tell
from batchio.errors import DecodeError, HttpResponseError
from batchio.models import Model, OpenEnum, to_wire
from batchio.models.base import field_types
from batchio.service.operations import OPERATIONS
from batchio.service.versions import VERSIONS
from batchio.session import codec
from batchio.session.files import file_info
from batchio.session.pages import PageBody
from batchio.session.request import Answer, receipt_of
from batchio.session.retry import MAX_RETRY_AFTER

from .target import Target

ANSWERING = [row for row in OPERATIONS.values() if row.answer or row.items]


def read_answer(data: bytes) -> None:
    """A body is a model or a `DecodeError`; and a model can be shown, sent and read again."""
    row, version = ANSWERING[_byte(data, 0) % len(ANSWERING)], VERSIONS[_byte(data, 1) % len(VERSIONS)]
    body = data[2:]
    try:
        if row.items is not None:
            page: PageBody[Any] = codec.decode_page(row, body, PageBody[row.items])  # type: ignore[name-defined]  # known at run time only
            assert isinstance(page, PageBody)
            found = page.value or []
        else:
            found = [codec.decode_answer(row, body, version)]
    except DecodeError as error:
        assert len(str(error)) < 2000
        return
    for each in found:
        assert isinstance(each, row.items or row.answer or Model)
        again(each)


def again(model: Model) -> None:
    """What was read can be shown, and comes back from the wire as it was."""
    repr(model)
    wire = to_wire(model)
    body = msgspec.json.encode(wire)
    found = codec.decode(body, type(model))
    assert found == model or to_wire(found) == wire, (found, model)


def read_error(data: bytes) -> None:
    """Any status with any headers and any body is the error that it stands for."""
    status = 300 + _byte(data, 0) % 300
    head, _, body = data[1:].partition(b"\n\n")
    answer = Answer(status, _headers(head), body)
    error = codec.error_of("Jobs_GetJob", answer, now=1.7e9)
    assert isinstance(error, HttpResponseError)
    assert error.status == status
    assert error.retry_after is None or 0 <= error.retry_after <= MAX_RETRY_AFTER
    assert "\n" not in codec.excerpt(body)
    for shown in (error, receipt_of(answer), file_info(answer)):
        assert repr(shown)
    str(error).encode()
    msgspec.json.encode([receipt_of(answer), file_info(answer)])


def _headers(head: bytes) -> CIMultiDict[str]:
    """As aiohttp gives them."""
    headers = CIMultiDict[str]()
    for line in head.split(b"\n"):
        name, _, value = line.decode("utf-8", "surrogateescape").partition(":")
        headers.add(name.strip(), value.strip())
    return headers


IDS = ["a", "B", "task-1", "é", "K"]
TASKS, _ = prepare([{"id": each} for each in IDS], 0)


def read_results(data: bytes) -> None:
    """Whatever the service says of tasks, each is told once; all are added only where all are said to be."""
    all_added = is_all_added(TASKS, data)
    for details in (False, True):
        with suppress(DecodeError):
            assert len(tell(TASKS, verdict.read_results(data, details=details))) == len(TASKS)
    try:
        results = codec.decode(data, Results).value
    except DecodeError:
        assert not all_added
        return
    told = tell(TASKS, results)
    assert len(told) == len(TASKS)
    if all_added:
        assert all(kind is Kind.ADDED for kind, _ in told)
    for task_id, (kind, result) in zip(IDS, told, strict=True):
        assert (result is None) <= (kind is Kind.MISSING)
        if result is not None:
            assert _folded(result.task_id) == _folded(task_id)
            assert (kind is Kind.ADDED) == (result.status.lower() == "success")
    try:
        detailed = codec.decode(data, DetailedResults).value
    except DecodeError:
        return
    assert [kind for kind, _ in tell(TASKS, detailed)] == [kind for kind, _ in told]


def _folded(text: str) -> str:
    return text.encode().lower().decode()


def _byte(data: bytes, at: int) -> int:
    return data[at] if at < len(data) else 0


def answer_seeds() -> Iterator[bytes]:
    """Every answer with every field that it may have."""
    for at, row in enumerate(ANSWERING):
        model = row.items or row.answer
        assert model is not None
        body = sample_of(model)
        whole = {"value": [body, {}], "odata.nextLink": "https://a/jobs?$skiptoken=x"} if row.items else body
        for version in (0, len(VERSIONS) - 1):
            yield bytes([at, version]) + msgspec.json.encode(whole)


def sample_of(model: type[Model], depth: int = 3) -> dict[str, Any]:
    """A body with every field."""
    names = zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True)
    types = field_types(model)
    return {wire: _sample(types[name], depth) for name, wire in names}


_SAMPLES: dict[Any, Any] = {
    str: "a",
    int: 1,
    float: 1.5,
    bool: True,
    datetime: "2024-07-01T12:00:00.1234567Z",
    timedelta: "P1DT2H3M4.5S",
    Any: {"x": 1},
}


def _sample(hint: Any, depth: int) -> Any:
    kind = next((arm for arm in get_args(hint) if arm is not type(None)), hint) if _is_union(hint) else hint
    if get_origin(kind) is list:
        return [_sample(get_args(kind)[0], depth)] if depth else []
    if get_origin(kind) is dict:
        return {"k": _sample(get_args(kind)[1], depth)} if depth else {}
    if isinstance(kind, type) and issubclass(kind, Model):
        return sample_of(kind, depth - 1) if depth else None
    if isinstance(kind, type) and issubclass(kind, OpenEnum):
        return next(iter(kind)).value.upper()
    return _SAMPLES[kind]


def _is_union(hint: Any) -> bool:
    return type(None) in get_args(hint) or get_origin(hint) not in (None, list, dict)


_ERROR = (
    b'{"odata.metadata":"x","code":"%b","message":{"lang":"en-US","value":"No.\\nRequestId:1\\nTime:2"},'
    b'"values":[{"key":"a","value":"b"}]}'
)
_HEAD = (
    b"Retry-After: %b\nDate: Wed, 21 Oct 2026 07:28:00 GMT\nrequest-id: r\nContent-Length: 5\n"
    b"Last-Modified: Wed, 21 Oct 2026 07:28:00 GMT\n\n"
)


def error_seeds() -> Iterator[bytes]:
    """Refusals as they come."""
    codes = {101: b"AuthenticationFailed", 103: b"AuthenticationFailed", 109: b"TaskExists", 203: b"ServerBusy"}
    for status, code in codes.items():
        for after in (b"1", b"Wed, 21 Oct 2026 07:28:00 GMT", b"1.5"):
            yield bytes([status]) + _HEAD % after + _ERROR % code
    yield b"\xc8\n\n<html>502 Bad Gateway</html>"


def result_seeds() -> Iterator[bytes]:
    """Answers to the tasks."""

    def result(task_id: str, status: str, **more: Any) -> dict[str, Any]:
        return {
            "taskId": task_id,
            "status": status,
            "eTag": "1",
            "lastModified": "2024-07-01T00:00:00Z",
            "location": "x",
            **more,
        }

    error = {"code": "TaskExists", "message": {"lang": "en", "value": "x"}, "values": [{"key": "a", "value": "b"}]}
    yield msgspec.json.encode({"value": [result(each, "success") for each in IDS]})
    yield msgspec.json.encode({"value": [result(each.upper(), "Success") for each in reversed(IDS)]})
    yield msgspec.json.encode({"value": [result(each, "clienterror", error=error) for each in IDS]})
    yield msgspec.json.encode({"value": [result(each, "servererror", error=None) for each in IDS[:3]]})


ANSWERS = Target(read_answer, answer_seeds)
ERRORS = Target(read_error, error_seeds, (b"Retry-After: ", b"Date: ", b"GMT", b"AuthenticationFailed", b"\n\n"))
RESULTS = Target(read_results, result_seeds, (b'"success"', b'"clienterror"', b'"servererror"', b'"taskId":"a"'))
