"""How often a property is tried: a little each time, ten times that where there is time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


def tried(few: int) -> pytest.MarkDecorator:
    """Gives a test the argument `examples`."""
    return pytest.mark.parametrize(
        "examples", [pytest.param(few, id="few"), pytest.param(10 * few, id="many", marks=pytest.mark.slow)]
    )


def holds(check: Callable[[Any], None], drawn: st.SearchStrategy[Any], examples: int) -> None:
    """Try a property on that many examples.

    How long one takes says more of the machine than of the code, and models with much that is required are large.
    """
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    # To say which parts of a failure do not matter takes minutes, for models of this size.
    phases = (Phase.reuse, Phase.generate, Phase.shrink)
    settings(max_examples=examples, suppress_health_check=slow, phases=phases)(given(drawn)(check))()
