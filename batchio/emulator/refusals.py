"""What the service says when it says no.

Law: every refusal, from a bad signature to a fault that a test asked for, leaves in the one shape of the service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from . import ticks
from .codes import CODES

Values = Sequence[tuple[str, str]]

_METADATA = "/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element"


class Refusal(Exception):  # noqa: N818  # it is an answer to a client, not an error of the emulator
    """A request, or one task of a collection, is refused: `code` of `codes.CODES`, `values` with the details.

    `status` and `message` stand in for those of the table; `headers` are added to the answer.
    """

    def __init__(
        self,
        code: str,
        values: Values = (),
        *,
        status: int | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        known_status, sentence = CODES.get(code, (400, "The request was refused."))
        super().__init__(code)
        self.code = code
        self.values = values
        self.status = known_status if status is None else status
        self.message = sentence if message is None else message
        self.headers = dict(headers or {})

    def error(self, request_id: str, now: int) -> dict[str, object]:
        """The error as a mapping: what stands in the result of a task that was not added."""
        text = f"{self.message}\nRequestId:{request_id}\nTime:{ticks.time_text(now)}"
        error: dict[str, object] = {"code": self.code, "message": {"lang": "en-US", "value": text}}
        if self.values:
            error["values"] = [{"key": key, "value": _printable(value)} for key, value in self.values]
        return error

    def body(self, base: str, request_id: str, now: int) -> bytes:
        """The body of the answer; none where the status allows none."""
        if self.status == 304:
            return b""
        return msgspec.json.encode({"odata.metadata": base + _METADATA, **self.error(request_id, now)})


def _printable(text: str) -> str:
    """The text without the lone surrogates that stand for bytes that are no UTF-8: JSON cannot hold them."""
    return text.encode(errors="replace").decode()


def bad_query(name: str, value: str, reason: str, *, code: str = "InvalidQueryParameterValue") -> Refusal:
    """A query parameter's value is wrong."""
    shown = value if len(value) <= 200 else value[:200] + "..."
    return Refusal(code, (("QueryParameterName", name), ("QueryParameterValue", shown), ("Reason", reason)))


def bad_header(name: str, value: str, reason: str) -> Refusal:
    """A header's value is wrong."""
    return Refusal("InvalidHeaderValue", (("HeaderName", name), ("HeaderValue", value[:200]), ("Reason", reason)))


def range_code(path: str) -> str:
    """What a property of the body is told whose value is of the right type, but out of its range."""
    if path in ("priority", "jobSpecification.priority"):
        return "OutOfRangePriority"
    if "constraints" in path.split("."):
        return "InvalidConstraintValue"
    return "AutoScaleFormulaTooLong" if path.endswith("autoScaleFormula") else "InvalidPropertyValue"


def bad_property(name: str, value: str | None, reason: str, *, code: str = "InvalidPropertyValue") -> Refusal:
    """A property of the body is wrong; `name` is its dotted path, `value` is left out where it may be a secret."""
    shown = () if value is None else (("PropertyValue", value if len(value) <= 200 else value[:200] + "..."),)
    return Refusal(code, (("PropertyName", name), *shown, ("Reason", reason)))
