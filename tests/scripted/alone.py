"""`python -m scripted.alone SEED`: the scripted service in a process of its own, which outlives its clients.

Law: it drops, throttles, fails and answers by halves by chance, and keeps only which ids were added. It prints its
endpoint, then one JSON object for each line that it is sent, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from .acts import Act, fail, omit, results
from .faults import chance, refuse
from .service import ScriptedService
from .truth import Record

FAULTS = [
    (0.010, Act(ending="close")),
    (0.010, Act(share=0.5, ending="close")),
    (0.010, Act(share=0.0, ending="reset")),
    (0.010, refuse(503)),
    (0.005, refuse(429)),
    (0.005, fail(500, share=1.0)),
    (0.005, results(omit(7))),
]


class _Nothing(dict[str, int]):
    """Remembers nothing."""

    def __setitem__(self, key: str, value: int) -> None:
        del key, value


class _Lean(ScriptedService):
    """Forgets what a request held as soon as it is answered."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.fault = chance(seed, FAULTS)
        # So that requests are on their way when a client dies.
        self.latency = 0.02
        self.truth.tries = _Nothing()
        self.truth.spelled = {}

    def _end(self, record: Record) -> None:
        super()._end(record)
        record.tasks = []
        record.ids = ()
        record.folded = frozenset()
        record.told = {}

    def summary(self) -> dict[str, Any]:
        """What it has done."""
        acts = [record.act for record in self.history if record.act is not None]
        return {
            "ids": len(self.truth.adds),
            "most": max(self.truth.adds.values(), default=0),
            "violations": self.violations[:5],
            "requests": len(self.history),
            "dropped": sum(act.ending is not None for act in acts),
            "refused": sum(record.refused for record in self.history),
            "gone": sum(record.gone for record in self.history),
        }


async def _serve(seed: int) -> None:
    loop = asyncio.get_running_loop()
    async with _Lean(seed) as service:
        sys.stdout.write(f"{service.endpoint}\n")
        sys.stdout.flush()
        while await loop.run_in_executor(None, sys.stdin.readline):
            sys.stdout.write(json.dumps(service.summary()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
