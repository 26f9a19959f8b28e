"""Answers to values: patient with what the wire may hold, and an error of ours for what it may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import DecodeError
from batchio import models as m
from batchio.session.codec import decode, excerpt
from batchio.session.pages import PageBody
from batchio.session.request import Answer, Receipt, Request, http_date, printable, receipt_of

BOM = b"\xef\xbb\xbf"


def job(text: str) -> m.CloudJob:
    """A job from its JSON."""
    return decode(text.encode(), m.CloudJob)


def test_a_byte_order_mark() -> None:
    assert decode(BOM + b'{"id": "j"}', m.CloudJob).id == "j"


def test_unknown_keys() -> None:
    assert job('{"odata.metadata": "x", "id": "j", "brandNew": {"a": [1]}, "state": "active"}').id == "j"


def test_null_is_absent() -> None:
    assert job('{"id": null, "state": null, "constraints": null}') == m.CloudJob()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-07-01T12:00:00Z", datetime(2024, 7, 1, 12, tzinfo=UTC)),
        ("2024-07-01T12:00:00.5Z", datetime(2024, 7, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2024-07-01T12:00:00.1234561Z", datetime(2024, 7, 1, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("2024-07-01T14:00:00+02:00", datetime(2024, 7, 1, 12, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999+00:00", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_times(text: str, time: datetime) -> None:
    assert job(f'{{"creationTime": "{text}"}}').creation_time == time


def test_a_text_that_looks_like_a_time_stays_as_it_is() -> None:
    text = "at 10:00:00.1234567Z"
    found = job(f'{{"creationTime": "9999-12-31T23:59:59.9999999Z", "displayName": "{text}"}}')
    assert found.display_name == text


def test_durations() -> None:
    found = job('{"constraints": {"maxWallClockTime": "P10675199DT2H48M5.4775807S"}}')
    assert found.constraints == m.JobConstraints(max_wall_clock_time=m.UNLIMITED)
    found = job('{"constraints": {"maxWallClockTime": "PT1H30M"}}')
    assert found.constraints == m.JobConstraints(max_wall_clock_time=timedelta(minutes=90))


@pytest.mark.parametrize("text", ["5", '"5"', "9007199254740993", '"9007199254740993"', '"9223372036854775807"'])
def test_int64_as_number_and_as_text(text: str) -> None:
    found = decode(f'{{"readIOps": {text}}}'.encode(), m.TaskStatistics)
    assert found.read_iops == int(text.strip('"'))


@pytest.mark.parametrize("text", ["ACTIVE", "active", "Active"])
def test_enums_in_any_letter_case(text: str) -> None:
    assert job(f'{{"state": "{text}"}}').state is m.JobState.ACTIVE


def test_an_enum_value_that_nobody_knew() -> None:
    state = job('{"state": "onFire"}').state
    assert state == "onFire"
    assert isinstance(state, m.JobState)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "it begins with ''"),
        (b"<html>\n  <body>hello</body>", "it begins with '<html> <body>hello</body>'"),
        (b'{"id": "j", "x" : [ "\\"y", 1, "z', """begins with '{"id": "***", "x" : [ "***", 1, "***'"""),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"constraints": 5}', "$.constraints"),
        (b'{"creationTime": "yesterday"}', "$.creationTime"),
        (b"[" * 100_000, ""),
        (b'{"id": "\xff"}', ""),
    ],
)
def test_what_cannot_be_read(answer: bytes, said: str) -> None:
    with pytest.raises(DecodeError, match="the answer is no CloudJob: ") as caught:
        decode(answer, m.CloudJob)
    assert said in str(caught.value)
    # A UnicodeError would show the whole answer.
    assert (caught.value.__cause__ is None) == (b"\xff" in answer)
    assert len(str(caught.value)) < 500


def test_what_is_json_is_not_quoted_for_it_may_hold_secrets() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(b'{"commandLine": "s3cret", "requiredSlots": []}', m.CloudTask)
    assert "s3cret" not in str(caught.value)


def test_a_page_says_of_what() -> None:
    with pytest.raises(DecodeError, match="PageBody"):
        decode(b'{"value": 5}', PageBody[m.CloudJob])


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_no_answer_breaks_the_reading(answer: bytes) -> None:
    try:
        found = decode(answer, m.CloudJob)
    except DecodeError:
        return
    assert isinstance(found, m.CloudJob)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"x" * 200, "'" + "x" * 200 + "'"),
        (b"x" * 201, "'" + "x" * 200 + "...'"),
        (b" " * 799 + b"ab", "'a'"),
        (b" a \n\t b\xff", "'a b\ufffd'"),
    ],
)
def test_an_excerpt(body: bytes, shown: str) -> None:
    assert excerpt(body) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b' {"a": "s3cret", x', """'{"a": "***", x'"""),
        (b'{"s3cret', """'{"***'"""),
        (b'{"a\\"b" : "c\\"d", x', """'{"a\\\\"b" : "***", x'"""),
        (b'<a href="b"', """'<a href="b"'"""),
    ],
)
def test_the_start_of_what_is_half_json_is_shown_without_its_texts(body: bytes, shown: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(body, m.CloudJob)
    assert str(caught.value).endswith(f"; it begins with {shown}")


@given(st.binary(max_size=2000))
def test_an_excerpt_is_short_and_on_one_line(body: bytes) -> None:
    text = excerpt(body)
    assert "\n" not in text
    assert len(text) < 2000


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(MOMENTS, st.integers(0, 9))
def test_seven_digits_are_never_further_off_than_a_microsecond(time: datetime, digit: int) -> None:
    text = time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond:06}{digit}Z"
    found = job(f'{{"creationTime": "{text}"}}').creation_time
    assert found is not None
    assert abs(found - time) <= timedelta(microseconds=1)


# Receipts.


def test_a_receipt() -> None:
    headers = {
        "request-id": "r",
        "client-request-id": "c",
        "ETag": '"0x8D"',
        "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT",
        "DataServiceId": "https://acme/jobs/j",
    }
    assert receipt_of(Answer(201, headers, b"")) == Receipt(
        status=201,
        request_id="r",
        client_request_id="c",
        e_tag='"0x8D"',
        last_modified=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        data_service_id="https://acme/jobs/j",
    )
    assert receipt_of(Answer(202, {}, b"")) == Receipt(status=202)


@pytest.mark.parametrize(("value", "shown"), [("a b-ü", "a b-ü"), ("a\x1b[2J\udc80b", "a\ufffd[2J\ufffdb"), ("", "")])
def test_what_cannot_be_printed_is_replaced(value: str, shown: str) -> None:
    assert printable(value) == shown


@pytest.mark.parametrize(
    "text", [None, "", "yesterday", "Tue, 99 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 99999 0:0:0 GMT"]
)
def test_dates_that_cannot_be_read(text: str | None) -> None:
    assert http_date(text) is None


def test_a_date_has_a_zone() -> None:
    date = http_date("Tue, 14 Nov 2023 22:13:20 -0000")
    assert date == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_values_do_not_show_what_they_hold() -> None:
    answer = Answer(200, {"x": "s3cret"}, b"s3cret")
    assert repr(answer) == "Answer(200, 6 bytes)"
    request = Request(
        operation="Jobs_GetJob",
        method="GET",
        path="/jobs/j",
        url="https://acme/jobs/j?x=s3cret",
        query={"x": "s3cret"},
        resource="/jobs/j",
        headers={"client-request-id": "c-1", "x": "s3cret"},
        body=b"s3cret",
        timeout=None,
    )
    assert repr(request) == "Request(Jobs_GetJob /jobs/j c-1)"
