"""`python -m batchio`, and the `batchio` command.

Law: starts the command line, and says what to install where its extra is missing.
"""

from __future__ import annotations

import sys

_EXTRA = ("cyclopts", "rich")


def main() -> None:
    """Run the command line with the arguments of this process, and exit with its code."""
    try:
        from .cli.app import run  # noqa: PLC0415 - the extra `cli` may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.exit("batchio: the command line needs more packages: pip install 'batchio[cli]'")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
