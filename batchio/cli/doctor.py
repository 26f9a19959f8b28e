"""`batchio doctor`: whether batchio can work with the account, and what to do where it cannot.

Law: nothing is changed, and no value of an environment variable is shown but the endpoint's host.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import msgspec

from .asking import check_seconds
from .codes import Exit
from .examining import Examination
from .interrupt import Interrupt, run
from .output import is_terminal, write_data
from .report import as_json

if TYPE_CHECKING:
    from .finding import Finding
    from .looking import DoctorOptions

_WIDEST, _NARROWEST = 100, 50
_INDENT = " " * 22


def doctor(options: DoctorOptions) -> int:
    """Run the command; gives its exit code."""
    check_seconds("--timeout", options.timeout)
    return run(lambda interrupt: _examine(options, interrupt))


async def _examine(options: DoctorOptions, _interrupt: Interrupt) -> int:
    findings: list[Finding] = []
    async for finding in Examination(options.timeout, options.api_version).findings():
        findings.append(finding)
        if not options.json:
            write_data(in_words(finding))
    is_well = all(finding.status != "failure" for finding in findings)
    if options.json:
        write_data(as_json({"ok": is_well, "checks": msgspec.to_builtins(findings)}))
    return Exit.OK if is_well else Exit.NOT_ALL


def in_words(finding: Finding) -> str:
    """A finding, and below it what to do about it."""
    first = f"{finding.status if finding.status != 'ok' else 'OK':<8} {finding.check:<12} {finding.says}"
    width = _width()
    lines = textwrap.wrap(first, width, subsequent_indent=_INDENT, break_on_hyphens=False)
    if finding.advice:
        lines += textwrap.wrap(
            finding.advice,
            width,
            initial_indent=f"{_INDENT}-> ",
            subsequent_indent=f"{_INDENT}   ",
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _width() -> int:
    """Of the terminal, as far as lines can be read."""
    if not is_terminal(sys.stdout):
        return _WIDEST
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
