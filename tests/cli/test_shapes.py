"""The shape of an input is told from its first bytes, and told the same however they come."""

from __future__ import annotations

import pytest

from batchio.cli.checking import quick
from batchio.cli.reading import read_tasks
from batchio.cli.shapes import BOM, Shape, shape_of

CASES = [
    ('{"id": "a"}\n', Shape.LINES),
    ('\n\n {"id": "a"}\n', Shape.LINES),
    ("{}\n", Shape.LINES),
    ('{"values": 1}', Shape.LINES),
    ('{"value": "text", "id": "a"}', Shape.LINES),
    ('{"value": {"id": "a"}}', Shape.LINES),
    ('{"od\\u0061ta": "text"}', Shape.LINES),
    ("nonsense", Shape.LINES),
    ('"text"', Shape.LINES),
    ("[]", Shape.ARRAY),
    (' \r\n [ {"id": "a"}]', Shape.ARRAY),
    ('{"value":[]}', Shape.COLLECTION),
    ('{ "value" : [\n', Shape.COLLECTION),
    ('{"odata.metadata":"https://x/$metadata#tasks","value":[', Shape.COLLECTION),
    ('\n{\n  "odata.metadata": "x",\n  "odata.count": "3",\n  "value": [\n', Shape.COLLECTION),
]


@pytest.mark.parametrize(("text", "shape"), CASES)
def test_shape(text: str, shape: Shape) -> None:
    assert shape_of(text.encode()) is shape


@pytest.mark.parametrize(("text", "shape"), CASES)
def test_no_prefix_says_another_shape(text: str, shape: Shape) -> None:
    for end in range(len(text)):
        assert shape_of(text[:end].encode()) in (None, shape)


def test_the_first_bytes_suffice() -> None:
    assert shape_of(b'{"i') is None
    assert shape_of(b'{"id"') is Shape.LINES
    assert shape_of(b" " * 100_000) is Shape.LINES


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_one_byte_order_mark_is_left_out_however_it_comes(size: int) -> None:
    def tasks(text: bytes) -> list[bytes]:
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        return [task for portion in read_tasks(chunks, quick) for task in portion.tasks]

    assert tasks(BOM + b'{"id":"a"}\n{"id":"b"}') == [b'{"id":"a"}', b'{"id":"b"}']
    assert tasks(BOM + BOM + b'{"id":"a"}\n{"id":"b"}') == [b'{"id":"b"}']
