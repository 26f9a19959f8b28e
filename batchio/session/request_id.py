"""The ids that a request bears.

Law: unique over all requests of all processes, and no secret.
"""

from __future__ import annotations

import os
from random import Random

_ids = Random()  # noqa: S311 - see new_request_id
if hasattr(os, "register_at_fork"):
    # Otherwise all workers of a forking server would draw the same ids.
    os.register_at_fork(after_in_child=_ids.seed)


def new_request_id() -> str:
    """A fresh client-request-id."""
    # uuid.uuid4 asks the system for entropy every time, four times as slow; this needs to be unique, not secret.
    digits = f"{_ids.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
