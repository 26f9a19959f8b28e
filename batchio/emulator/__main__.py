"""`python -m batchio.emulator --coverage` prints which operations the emulator has.

Law: prints and does nothing else; `batchio emulator` is what runs one.
"""

from __future__ import annotations

import sys

from .coverage import table


def main(arguments: list[str]) -> int:
    """Run the command; gives its exit code."""
    if arguments != ["--coverage"]:
        sys.stderr.write("usage: python -m batchio.emulator --coverage  (batchio emulator starts the service)\n")
        return 2
    sys.stdout.write(f"{table()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
