"""`python -m benchmarks NAME ...`: finds the benchmark and runs it.

Law: a new benchmark is one row of `BENCHMARKS` and one module or package with `add_arguments(parser)` and
`run(arguments) -> exit code`; nothing of it is imported before it is chosen.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

BENCHMARKS = {
    "bulk": (
        "bulk.command",
        "adding tasks: CPU a task, tasks/s, memory, the command line; against other clients",
    ),
    "list": ("listing", "listing 200,000 tasks: CPU a task, memory; against a bare loop and azure-batch"),
    "call": ("calling", "one small call, again and again: CPU a call; against a bare loop and azure-batch"),
    "import": (
        "importing",
        "importing the client, and `batchio --help`: CPU and wall time, against that of what they need",
    ),
    "pacing": (
        "pacing",
        "how near to the service's rate, how few refusals; simulated beside others, and over sockets",
    ),
    "emulator": (
        "emulator",
        "the local Batch service: adding, keeping, listing and counting a million tasks, and its start",
    ),
    "pictures": ("drawing", "the pictures of what `bulk` and `pacing` have written with --json"),
}
"""Name -> module and what it measures. The module is named otherwise where the name is a word of Python."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one benchmark; the exit code is 0 when it could be measured, whether or not the goals are met."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measurements of batchio.")
    parsers = parser.add_subparsers(dest="benchmark", required=True, metavar="NAME")
    chosen = words[0] if words else None
    for name, (module, about) in BENCHMARKS.items():
        own = parsers.add_parser(name, help=about, description=about)
        # Only those have the option that have a picture.
        own.set_defaults(picture=None)
        if name == chosen:
            importlib.import_module(f"benchmarks.{module}").add_arguments(own)
    arguments = parser.parse_args(words)
    module, _ = BENCHMARKS[arguments.benchmark]
    code: int = importlib.import_module(f"benchmarks.{module}").run(arguments)
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
