"""All targets by name."""

from __future__ import annotations

from . import answers, bodies, inputs, journals, languages, sockets, values
from .target import Target

TARGETS: dict[str, Target] = {
    "answers": answers.ANSWERS,
    "bodies": bodies.BODIES,
    "durations": values.DURATIONS,
    "endpoints": bodies.ENDPOINTS,
    "errors": answers.ERRORS,
    "files": sockets.FILES,
    "filters": languages.FILTERS,
    "formulas": languages.FORMULAS,
    "http": sockets.HTTP,
    "journals": journals.JOURNALS,
    "links": values.LINKS,
    "packed": inputs.PACKED,
    "requests": values.REQUESTS,
    "results": answers.RESULTS,
    "rows": inputs.ROWS,
    "sweeps": inputs.SWEEPS,
    "tasks": inputs.INPUT,
    "templates": inputs.TEMPLATES,
    "times": values.TIMES,
}
