"""`python -m tests.fuzz TARGET --seconds 300`: a target with atheris; `python -m tests.fuzz TARGET FILE`: one input."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

INSTRUMENTED = ["batchio", "email", "urllib", "csv", "yarl", "aiohttp"]


def main() -> None:
    """Run it until the time is over or something is found; what was found stays as `crash-...` in this folder."""
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        sys.exit("fuzzing needs atheris: pip install atheris")
    with atheris.instrument_imports(include=INSTRUMENTED):
        from .targets import TARGETS  # noqa: PLC0415 - instrumented while it is imported
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("file", nargs="?", type=Path, help="run this input once, and show what it breaks")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    target = TARGETS[options.target]
    if options.file:
        target.run(options.file.read_bytes())
        return
    with tempfile.TemporaryDirectory() as corpus:
        seeds = list(target.seeds())
        for seed in seeds:
            Path(corpus, hashlib.sha256(seed).hexdigest()).write_bytes(seed)
        _fuzz(atheris, target, seeds, ["fuzz", corpus, f"-max_total_time={options.seconds}"])


def _fuzz(atheris: Any, target: Any, seeds: list[bytes], arguments: list[str]) -> None:
    from .changing import change  # noqa: PLC0415 - behind atheris, as the targets

    def changed(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.3:
            mutated: bytes = atheris.Mutate(data, most)
            return mutated
        # Seeds that reach the same Python are dropped by libFuzzer, though msgspec reads them in other ways.
        base = random.choice(seeds) if random.random() < 0.3 else data
        return change(base, random, target.words)[:most]

    bounds = ["-timeout=20", "-rss_limit_mb=1500", "-max_len=16384", "-print_final_stats=1", "-verbosity=1"]
    atheris.Setup([*arguments, *bounds], target.run, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
