"""What can be wrong with a formula.

Law: a `FormulaError` has the service's code, says what is wrong and where; nothing else comes out of a formula.
"""

from __future__ import annotations

import msgspec

SYNTAX = "AutoScalingFormulaSyntaxError"
TOO_LONG = "AutoScaleFormulaTooLong"
EVALUATION = "AutoScalingFormulaEvaluationError"
INSUFFICIENT = "InsufficientSampleData"

_SUMMARIES = {
    SYNTAX: "The autoscale formula has a syntax error",
    TOO_LONG: "The autoscale formula is longer than 8192 characters",
    EVALUATION: "Autoscale evaluation failed",
    INSUFFICIENT: "Autoscale evaluation failed due to insufficient sample data",
}


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in a formula; lines and columns count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"Line {self.line}, Col {self.column}"


class FormulaError(ValueError):
    """A formula that cannot be read or has no result.

    `code` is the service's, `message` says what is wrong, `position` where. `str()` has both in the service's words:
    `Line 1, Col 24: ...`.
    """

    def __init__(self, code: str, message: str, position: Position) -> None:
        super().__init__(f"{position}: {message}")
        self.code = code
        self.message = message
        self.position = position

    @property
    def summary(self) -> str:
        """The sentence of the code, as `AutoScaleRun.error.message` has it."""
        return _SUMMARIES[self.code]

    @property
    def values(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the detail, as `AutoScaleRun.error.values` has them."""
        return (("Message", str(self)),)

    @property
    def refused(self) -> bool:
        """Whether the request is refused with status 400 and the code; otherwise the run has the error."""
        return self.code in (SYNTAX, TOO_LONG)


class MistakeError(Exception):
    """What is wrong, from a place that does not know its position; the evaluator adds it."""

    def __init__(self, message: str, code: str = EVALUATION) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
