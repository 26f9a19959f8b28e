"""What tests and tools ask of the emulator itself, under `/_emulator/`; none of it is part of the Batch API.

    GET  /_emulator/health             {"status": "ok", ...}
    POST /_emulator/reset              forget all resources, the log and the counters; faults as at the start
    GET  /_emulator/clock              {"now": "2024-07-01T00:00:00.0000000Z"}
    POST /_emulator/clock              {"advance": 90.5} moves the clock ahead by so many seconds
    GET  /_emulator/holds              the states that are held, as [{"kind": "task", "state": "preparing"}]
    PUT  /_emulator/holds              hold these states, and no others; `Emulator.hold` tells what that means
    GET  /_emulator/faults             the rules in force: a list of objects with the fields of `FaultRule`
    PUT  /_emulator/faults             put these rules in place of all
    GET  /_emulator/requests           the last requests, oldest first; ?last=N for the last N
    GET  /_emulator/applications       the account's applications, as the API lists them
    PUT  /_emulator/applications       put these applications in place of all
    GET  /_emulator/counters           numbers of requests by operation, status and code, and of tasks

Law: no credential is asked for here, because nothing in here is worth one: it is reachable from this machine only,
unless whoever started the emulator said otherwise, and never from a page in a browser (`visitors`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import ConfigurationError
from . import ticks
from .calls import Answer
from .fault_rules import read_rules
from .faults import Faults
from .queries import query_pairs
from .refusals import Refusal, bad_query
from .request_log import RequestLog
from .store import Store
from .transitions import check_can_hold

PREFIX = "/_emulator/"


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    advance: float


class _Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    state: str


class _Application(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    id: str
    display_name: str
    versions: list[str]


_applications = msgspec.json.Decoder(list[_Application])
_holds = msgspec.json.Decoder(list[_Hold])
_advance = msgspec.json.Decoder(_Advance)


class Control:
    """The control endpoints; `reset` puts the whole emulator back."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog, reset: Callable[[], None]) -> None:
        self._store = store
        self._faults = faults
        self._log = log
        self._reset = reset
        self._table: dict[tuple[str, str], Callable[[str, bytes], Any]] = {
            ("GET", "health"): self._health,
            ("POST", "reset"): self._do_reset,
            ("GET", "clock"): self._read_clock,
            ("POST", "clock"): self._move_clock,
            ("GET", "holds"): self._read_holds,
            ("PUT", "holds"): self._put_holds,
            ("GET", "faults"): self._read_faults,
            ("PUT", "faults"): self._put_faults,
            ("GET", "requests"): self._requests,
            ("GET", "applications"): self._read_applications,
            ("PUT", "applications"): self._put_applications,
            ("GET", "counters"): self._counters,
        }

    def answer(self, method: str, path: str, query_string: str, body: bytes) -> Answer:
        """The answer of a control endpoint. Raises `Refusal`."""
        name = path.removeprefix(PREFIX)
        act = self._table.get((method, name))
        if act is None:
            allowed = ", ".join(sorted(verb for verb, known in self._table if known == name))
            if not allowed:
                raise Refusal("ResourceNotFound", (("Reason", f"Nothing at {PREFIX}{name[:64]}"),))
            raise Refusal("UnsupportedHttpVerb", (("Reason", f"Takes {allowed}"),), headers={"Allow": allowed})
        return Answer(200, msgspec.json.encode(act(query_string, body)), content_type="application/json")

    def _health(self, _query: str, _body: bytes) -> Any:
        store = self._store
        return {
            "status": "ok",
            "jobs": len(store.jobs),
            "pools": len(store.pools),
            "nodes": "none" if not store.simulate else "simulate" if store.processes is None else "process",
        }

    def _do_reset(self, _query: str, _body: bytes) -> Any:
        self._reset()
        return {"status": "ok"}

    def _read_clock(self, _query: str, _body: bytes) -> Any:
        return {"now": ticks.time_text(self._store.clock.ticks())}

    def _move_clock(self, query: str, body: bytes) -> Any:
        try:
            self._store.clock.advance(_advance.decode(body).advance)
            self._store.note_account()
        except (msgspec.DecodeError, UnicodeDecodeError, ConfigurationError) as error:
            raise Refusal("InvalidRequestBody", (("Reason", str(error)),)) from None
        return self._read_clock(query, body)

    def _read_holds(self, _query: str, _body: bytes) -> Any:
        return [_Hold(kind, state) for kind, state in self._store.held]

    def _put_holds(self, query: str, body: bytes) -> Any:
        try:
            wanted = {(hold.kind, hold.state) for hold in _holds.decode(body)}
            for kind, state in wanted:
                check_can_hold(kind, state)
        except (msgspec.DecodeError, UnicodeDecodeError, ConfigurationError) as error:
            raise Refusal("InvalidRequestBody", (("Reason", str(error)),)) from None
        for kind, state in sorted(wanted):
            self._store.hold(kind, state)
        for kind, state in set(self._store.held) - wanted:
            self._store.release(kind, state)
        return self._read_holds(query, body)

    def _read_faults(self, _query: str, _body: bytes) -> Any:
        return list(self._faults)

    def _put_faults(self, query: str, body: bytes) -> Any:
        try:
            self._faults.replace(read_rules(body))
        except ConfigurationError as error:
            raise Refusal("InvalidRequestBody", (("Reason", str(error)),)) from None
        return self._read_faults(query, body)

    def _read_applications(self, _query: str, _body: bytes) -> Any:
        return list(self._store.applications.values())

    def _put_applications(self, query: str, body: bytes) -> Any:
        try:
            given = _applications.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refusal("InvalidRequestBody", (("Reason", str(error)),)) from None
        self._store.note_account()
        self._store.applications = {item.id.lower(): msgspec.to_builtins(item) for item in given}
        return self._read_applications(query, body)

    def _requests(self, query: str, _body: bytes) -> Any:
        records = list(self._log.records)
        last = dict(query_pairs(query)).get("last")
        if last is not None:
            if not (last.isascii() and last.isdigit()) or len(last) > 9:
                raise bad_query("last", last, "A number of requests")
            records = records[max(0, len(records) - int(last)) :]
        return [record.shown() for record in records]

    def _counters(self, _query: str, _body: bytes) -> Any:
        return self._log.counters()
