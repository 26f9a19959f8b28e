"""Each target for a moment: its seeds, and seeds that were changed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import sockets
from .changing import change
from .targets import TARGETS

of_targets = pytest.mark.parametrize("name", TARGETS)


@pytest.fixture(autouse=True, scope="module")
def _nothing_stays_open() -> Iterator[None]:
    yield
    sockets.leave()


@of_targets
def test_what_is_right(name: str) -> None:
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@of_targets
@given(data=st.data())
@settings(max_examples=50)
def test_what_is_almost_right(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    seed = data.draw(st.sampled_from(list(target.seeds())) | st.binary(max_size=50))
    target.run(change(seed, Random(data.draw(st.integers(0, 2**32))), target.words))
