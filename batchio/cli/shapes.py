"""Which of the three shapes an input has: JSON Lines, an array, or the collection's own `{"value": [...]}`.

Law: pure; decided from the first bytes, as soon as they suffice.
"""

from __future__ import annotations

import enum
import re

BOM = b"\xef\xbb\xbf"
GZIP_MAGIC = b"\x1f\x8b"

# A listing of the service begins with such pairs.
_ANNOTATIONS = rb'(?:\s*"odata[^"\\]*"\s*:\s*"[^"\\]*"\s*,)*+'
COLLECTION_HEAD = re.compile(rb"\s*\{" + _ANNOTATIONS + rb'\s*"value"\s*:\s*\[')
ARRAY_HEAD = re.compile(rb"\s*\[")
# All that may still become the head of a collection.
_UNDECIDED = re.compile(
    rb"\s*(?:\{" + _ANNOTATIONS + rb'\s*(?:"(?:[^"\\]{0,256}|(?:value|odata[^"\\]*)"\s*(?::\s*(?:"[^"\\]*"?\s*)?)?))?)?'
)
_ENOUGH = 64 * 1024


class Shape(enum.Enum):
    """The shape of an input."""

    LINES = "JSON Lines"
    ARRAY = "a JSON array"
    COLLECTION = 'a collection ({"value": [...]})'


def shape_of(head: bytes) -> Shape | None:
    """The shape of an input that begins with `head` (no byte order mark), or None where more of it is needed.

    >>> shape_of(b'{"id": "a"}'), shape_of(b' ['), shape_of(b'{"value"')
    (<Shape.LINES: 'JSON Lines'>, <Shape.ARRAY: 'a JSON array'>, None)
    """
    if ARRAY_HEAD.match(head):
        return Shape.ARRAY
    if COLLECTION_HEAD.match(head):
        return Shape.COLLECTION
    if len(head) < _ENOUGH and _UNDECIDED.fullmatch(head):
        return None
    return Shape.LINES
