"""What the doctor finds, and what it makes of what the service says.

Law: pure. No text of the service goes into a finding but its codes: a refused signature comes back with what was
signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from ..errors import (
    BadRequestError,
    BatchioError,
    ClientAuthenticationError,
    ConfigurationError,
    CredentialError,
    HttpResponseError,
    TransportError,
)
from ..service.versions import VARIABLE
from .progress import span

Status = Literal["ok", "warning", "failure", "skipped"]

CHECKS = ("program", "environment", "name", "connection", "service", "clock", "sign-in", "api-version", "reading")
"""In the order in which they are made."""

_OURS = (
    "AZURE_BATCH_ENDPOINT",
    "AZURE_BATCH_ACCOUNT",
    "AZURE_BATCH_ACCESS_KEY",
    VARIABLE,
    "AZ_BATCH_ACCOUNT_URL",
    "AZ_BATCH_AUTHENTICATION_TOKEN",
)
_OTHERS = (
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
)
_ALLOWED = 15 * 60
_NOTABLE = 2 * 60
_LONGEST = 300


class Finding(msgspec.Struct, frozen=True):
    """`check`: one of `CHECKS`. `says`: what is so. `advice`: what to do about it."""

    check: str
    status: Status
    says: str
    advice: str | None = None


def skipped(check: str, why: str) -> Finding:
    """A check that makes no sense any more."""
    return Finding(check, "skipped", why)


def of_environment(environment: Mapping[str, str]) -> Finding:
    """Which variables are set, and whether they go together."""
    here = [name for name in (*_OURS, *_OTHERS) if environment.get(name)]
    says = f"{', '.join(here)} {'is' if len(here) == 1 else 'are'} set" if here else "no variable is set"
    if not (environment.get("AZURE_BATCH_ENDPOINT") or environment.get("AZ_BATCH_ACCOUNT_URL")):
        advice = (
            "export AZURE_BATCH_ENDPOINT=https://ACCOUNT.REGION.batch.azure.com (`az batch account show` tells it as "
            "accountEndpoint), and to sign in with a key AZURE_BATCH_ACCOUNT and AZURE_BATCH_ACCESS_KEY. Without an "
            "account: `batchio emulator` starts a local service and prints what to export"
        )
        return Finding("environment", "failure", f"{says}; AZURE_BATCH_ENDPOINT is missing", advice)
    if environment.get("AZURE_BATCH_ACCESS_KEY") and not environment.get("AZURE_BATCH_ACCOUNT"):
        return Finding(
            "environment",
            "failure",
            f"{says}; AZURE_BATCH_ACCOUNT is missing",
            "export AZURE_BATCH_ACCOUNT=ACCOUNT, the first part of the endpoint's host",
        )
    return Finding("environment", "ok", says)


def of_account(environment: Mapping[str, str], host: str) -> Finding | None:
    """Whether the account's name is that of the endpoint, where there is something to compare."""
    account = environment.get("AZURE_BATCH_ACCOUNT")
    if not environment.get("AZURE_BATCH_ACCESS_KEY") or not account or ".batch." not in host:
        return None
    if account.lower() == host.lower().partition(".")[0]:
        return None
    says = "AZURE_BATCH_ACCOUNT is not the account that AZURE_BATCH_ENDPOINT names"
    return Finding("environment", "warning", says, "let both name the same account")


def of_settings(error: ConfigurationError) -> Finding:
    """An endpoint or a credential that is none."""
    if str(error).startswith(VARIABLE):
        return Finding("environment", "failure", str(error), f"correct {VARIABLE}, or unset it")
    about_endpoint = str(error).startswith(("endpoint", "trust_env"))
    names = "AZURE_BATCH_ENDPOINT (or the proxy's variable)" if about_endpoint else "AZURE_BATCH_ACCESS_KEY"
    advice = f"correct {names}"
    if not about_endpoint:
        advice += "; `az batch account keys list` tells the keys"
    return Finding("environment", "failure", str(error), advice)


def of_clock(ahead: float) -> Finding:
    """How far this machine's clock is from the service's; `ahead`: seconds.

    >>> of_clock(0.4).status, of_clock(-300).status, of_clock(3600).status
    ('ok', 'warning', 'failure')
    """
    way = "ahead of" if ahead > 0 else "behind"
    if abs(ahead) < _NOTABLE:
        return Finding("clock", "ok", f"within {span(max(2.0, abs(ahead)))} of the service's")
    says = f"{span(abs(ahead))} {way} the service's"
    advice = "set it: `timedatectl set-ntp true`, on Windows `w32tm /resync`, in WSL `sudo hwclock -s`"
    if abs(ahead) < _ALLOWED:
        return Finding("clock", "warning", says, advice)
    return Finding("clock", "failure", f"{says}; 15 minutes are allowed, beyond that no signature counts", advice)


def of_answer(version: str, kind: str, jobs: int) -> list[Finding]:
    """A listing of one job that worked. `kind`: see `of_refusal`."""
    says = "a list of jobs was read" if jobs else "a list of jobs was read; there are none yet"
    return [
        Finding("sign-in", "ok", f"{_KINDS[kind]} is accepted"),
        Finding("api-version", "ok", f"{version} is accepted"),
        Finding("reading", "ok", says),
    ]


def of_refusal(error: BatchioError, version: str, kind: str) -> list[Finding]:
    """A listing of one job that did not. `kind`: "key", "token" (of a node) or "identity"."""
    not_tried = [skipped("api-version", "not tried"), skipped("reading", "not tried")]
    if isinstance(error, CredentialError):
        return [Finding("sign-in", "failure", f"{_KINDS[kind]}: {_first_line(error)}", _SIGN_IN[kind]), *not_tried]
    if _is_unknown(error):
        return [Finding("sign-in", "failure", f"{_KINDS[kind]} is refused: {_code(error)}", _SIGN_IN[kind]), *not_tried]
    if _is_about_version(error):
        advice = (
            "install a batchio that knows the versions of this service, or name one with --api-version or " + VARIABLE
        )
        return [
            skipped("sign-in", "not known"),
            Finding("api-version", "failure", f"{version} is refused: {_code(error)}", advice),
            not_tried[1],
        ]
    if isinstance(error, ClientAuthenticationError):
        status: Status = "warning" if kind == "token" else "failure"
        return [
            Finding("sign-in", "ok", f"{_KINDS[kind]} is accepted"),
            skipped("api-version", "not known"),
            Finding("reading", status, f"not allowed: {_code(error)}", _ALLOWED_TO[kind]),
        ]
    says = _code(error) if isinstance(error, HttpResponseError) else _first_line(error)
    advice = "give the command once more in a minute; if it stays so, look at https://status.azure.com"
    return [
        skipped("sign-in", "not known"),
        skipped("api-version", "not known"),
        Finding("reading", "failure", f"no answer that helps: {says}", advice if _may_pass(error) else None),
    ]


_KINDS = {
    "key": "the key of AZURE_BATCH_ACCESS_KEY",
    "token": "the node's token of AZ_BATCH_AUTHENTICATION_TOKEN",
    "identity": "azure-identity's DefaultAzureCredential",
}
_SIGN_IN = {
    "key": "is AZURE_BATCH_ACCESS_KEY a key of AZURE_BATCH_ACCOUNT, and not one that was replaced (`az batch account "
    "keys list`)? does the account allow shared keys (allowedAuthenticationModes)? is the clock right?",
    "token": "the node's token is for the task that got it; a task gets one with authenticationTokenSettings",
    "identity": "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service "
    "principal, or AZURE_BATCH_ACCOUNT and AZURE_BATCH_ACCESS_KEY; the tenant has to be that of the account",
}
_ALLOWED_TO = {
    "key": "the account's network rules may not let this machine in (public network access, firewall)",
    "token": "the node's token may use its own job alone, which is enough for a job manager task",
    "identity": "give the identity a role on the account, such as Azure Batch Data Contributor; the account's network "
    "rules may also keep this machine out",
}


def _is_unknown(error: BatchioError) -> bool:
    return isinstance(error, ClientAuthenticationError) and (
        error.status == 401 or error.code == "AuthenticationFailed"
    )


def _is_about_version(error: BatchioError) -> bool:
    if not isinstance(error, BadRequestError):
        return False
    return "version" in (error.code or "").lower() or "api-version" in map(str.lower, error.values.values())


def _may_pass(error: BatchioError) -> bool:
    return error.retriable or isinstance(error, TransportError)


def _code(error: BatchioError) -> str:
    return f"{error.status} {error.code or 'without a code'}" if isinstance(error, HttpResponseError) else ""


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
