"""The account that clients sign for; the responder looks at no signature.

Law: a name and a key that open nothing.
"""

from __future__ import annotations

ACCOUNT = "benchmark"
KEY = "YmF0Y2hpbyBiZW5jaG1hcmtzIHNpZ24gd2l0aCB0aGlzIGtleQ=="
