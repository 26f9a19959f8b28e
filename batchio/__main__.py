"""`python -m batchio`, and the `batchio` command.

Law: starts the command line, and says what to install where its extra is missing.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line with the arguments of this process, and exit with its code."""
    try:
        from .cli.app import run  # noqa: PLC0415 - the extra `cli` may be missing
    except ModuleNotFoundError as error:
        if error.name != "cyclopts":
            raise
        sys.stderr.write("batchio: the command line needs more packages: pip install 'batchio[cli]'\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
