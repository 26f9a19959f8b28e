"""`batchio emulator`: the local Batch service alone, until Ctrl-C.

Law: one ready line on stdout, when and only when the service answers. The key it shows is the published one for
development, which opens nothing else.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .codes import CommandError, Exit
from .interrupt import Interrupt, run
from .options import EmulatorOptions
from .output import is_terminal, write_data, write_error
from .report import as_json

if TYPE_CHECKING:
    from ..emulator import Emulator, FaultRule

_TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Where Python, requests and Node look for a certificate to trust."""


def emulator(options: EmulatorOptions) -> int:
    """Run the command; gives its exit code."""
    rules = read_rules(options.faults) if options.faults else []
    try:
        return run(lambda interrupt: _serve(options, rules, interrupt))
    except ConfigurationError as error:
        about, colon, why = str(error).partition(": ")
        option = f"--{about}" if hasattr(options, about) else about
        raise CommandError(f"{option}{colon}{why}") from error


def read_rules(path: str) -> list[FaultRule]:
    """The fault rules in a JSON file: a list of objects with the attributes of `FaultRule`; raises `CommandError`."""
    from ..emulator.fault_rules import read_rules as parse  # noqa: PLC0415 - keeps `--help` fast

    try:
        return parse(Path(path).read_bytes())
    except OSError as error:
        raise CommandError(f"--faults {path}: {(error.strerror or str(error)).lower()}") from error
    except ConfigurationError as error:
        raise CommandError(f"--faults {path}: {error}") from error


async def _serve(options: EmulatorOptions, rules: list[FaultRule], interrupt: Interrupt) -> int:
    from ..emulator import Emulator  # noqa: PLC0415 - keeps `--help` fast

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        service = Emulator(
            host=options.host,
            port=options.port,
            account=options.account,
            nodes=options.nodes,
            db=options.db,
            https=options.https,
            faults=rules,
            latency=options.latency,
        )
    for warning in told:
        write_error(f"warning: {warning.message}")
    stopped = asyncio.Event()
    with interrupt.finishing_with(stopped.set):
        async with service:
            write_data(_ready(service, as_object=options.json))
            await stopped.wait()
    if is_terminal(sys.stderr):
        # Over the ^C that the terminal shows.
        write_error("\rbatchio emulator has stopped")
    return Exit.OK


def _ready(service: Emulator, *, as_object: bool) -> str:
    """The ready line, and behind it the lines that point a shell's clients here."""
    credential = service.credential
    certificate = str(service.certificate) if service.endpoint.startswith("https:") else None
    if as_object:
        found = {"endpoint": service.endpoint, "account": credential.account, "key": credential.key, "pid": os.getpid()}
        return as_json(found if certificate is None else {**found, "certificate": certificate})
    trusting = "" if certificate is None else f", certificate {certificate}"
    variables = () if certificate is None else _TRUST
    return "\n".join(
        (
            f"batchio emulator is ready at {service.endpoint}, account {credential.account}{trusting}; Ctrl-C stops it",
            f"export AZURE_BATCH_ENDPOINT={service.endpoint}",
            f"export AZURE_BATCH_ACCOUNT={credential.account}",
            f"export AZURE_BATCH_ACCESS_KEY={credential.key}",
            *(f"export {name}={shlex.quote(certificate or '')}" for name in variables),
        )
    )
