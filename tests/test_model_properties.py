"""What holds for every model, whatever is in it: it comes back from the wire as it was, and keeps its secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import msgspec
import pytest
import rich.pretty
from hypothesis import strategies as st
from inventing.models import ANY, MODELS, WITH_SECRETS, leads_to_secrets, models_of
from inventing.noise import BOM, noisy
from inventing.trials import holds, tried

from batchio import models as m
from batchio.models.base import field_types, secret_fields
from batchio.session.codec import decode

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
HOLDERS = {name: model for name, model in MODELS.items() if leads_to_secrets(model)}

MARK = "hush-hush"
SAS = f"https://acme.blob.core.windows.net/c?sv=2024&sig={MARK}%2B{MARK}%3D&se=2030"


@each_model
@tried(20)
def test_what_is_encoded_is_decoded(model: type[m.Model], examples: int) -> None:
    def check(value: m.Model) -> None:
        assert decode(msgspec.json.encode(value), model) == value
        wire = m.to_wire(value)
        again = decode(json.dumps(wire).encode(), model)
        assert again == value
        assert m.to_wire(again) == wire
        assert m.replace(value) == value

    holds(check, models_of(model, ANY), examples)


@each_model
@tried(20)
def test_an_answer_may_look_otherwise(model: type[m.Model], examples: int) -> None:
    def check(drawn: tuple[m.Model, Random]) -> None:
        value, random = drawn
        assert decode(noisy(random, model, m.to_wire(value)), model) == value

    holds(check, st.tuples(models_of(model, ANY), st.randoms(use_true_random=False)), examples)


# What patience must not touch: texts that only look like something else.

LOOKS_LIKE_A_TIME = "2024-07-01T12:00:00.1234567Z"


@pytest.mark.parametrize("text", [LOOKS_LIKE_A_TIME, "P10675199DT2H48M5.4775807S", "9007199254740993", "null"])
def test_a_text_stays_a_text(text: str) -> None:
    job = m.CloudJob(display_name=text, metadata=[m.MetadataItem(name=text, value=text)])
    assert decode(json.dumps(m.to_wire(job)).encode(), m.CloudJob) == job


@pytest.mark.parametrize("answer", [BOM + b"{%s}", b'{"creationTime": "9999-12-31T23:59:59.9999999Z", %s}'])
def test_a_text_that_looks_like_a_time_stays_whole(answer: bytes) -> None:
    metadata = b'"metadata": [{"name": "at", "value": "%s"}]' % LOOKS_LIKE_A_TIME.encode()
    found = decode(answer % metadata, m.CloudJob).metadata
    assert found == [m.MetadataItem(name="at", value=LOOKS_LIKE_A_TIME)]


@pytest.mark.parametrize("fraction", ["9999999", "9999994", "999999", "9999990"])
@pytest.mark.parametrize("zone", ["Z", "+00:00", "+14:00", "-12:00"])
def test_the_last_moment_of_all(fraction: str, zone: str) -> None:
    found = decode(f'{{"doNotRunAfter": "9999-12-31T23:59:59.{fraction}{zone}"}}'.encode(), m.Schedule)
    assert found.do_not_run_after is not None
    assert found.do_not_run_after.replace(tzinfo=UTC) == datetime.max.replace(tzinfo=UTC)
    assert decode(msgspec.json.encode(found), m.Schedule) == found


# Secrets.


def marked(value: Any, *, secret: bool = False) -> Any:
    """A copy with the mark in every secret, and in the signature of a SAS URL in place of every other text."""
    if isinstance(value, m.Model):
        secrets, types = secret_fields(type(value)), field_types(type(value))
        given = {name: getattr(value, name) for name in types if getattr(value, name) is not None}
        return type(value)(**{name: marked(item, secret=name in secrets) for name, item in given.items()})
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [marked(item, secret=secret) for item in items] or ([MARK] if secret else [])
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value)
        return {(MARK if secret else f"{name}{SAS}"): marked(item, secret=secret) for name, item in pairs.items()} or (
            {MARK: MARK} if secret else {}
        )
    if isinstance(value, str) and not isinstance(value, m.OpenEnum):
        return MARK if secret else SAS
    return value


@pytest.mark.parametrize("model", HOLDERS.values(), ids=HOLDERS)
@tried(20)
def test_no_secret_shows(model: type[m.Model], examples: int) -> None:
    def check(value: m.Model) -> None:
        whole = marked(value)
        assert MARK in json.dumps(m.to_wire(whole))
        for text in (repr(whole), str(whole), f"{[whole]}", f"{{'x': {whole}}}", rich.pretty.pretty_repr(whole)):
            assert MARK not in text
            assert "***" in text

    holds(check, models_of(model, WITH_SECRETS), examples)


@each_model
@tried(10)
def test_no_signature_shows(model: type[m.Model], examples: int) -> None:
    def check(value: m.Model) -> None:
        assert MARK not in repr(marked(value))

    holds(check, models_of(model, ANY), examples)


def test_secrets_are_drawn_wherever_they_can_be() -> None:
    assert {"JobAddParameter", "CloudJobSchedule", "PoolAddParameter", "UserAccount"} <= HOLDERS.keys()
    assert leads_to_secrets(m.JobAddParameter) == {"pool_info", "job_manager_task", "job_preparation_task"} | {
        "job_release_task"
    }


def test_durations_are_drawn_to_their_limit() -> None:
    found: list[timedelta | None] = []
    holds(lambda value: found.append(value.max_wall_clock_time), models_of(m.JobConstraints), 100)
    assert m.UNLIMITED in found
