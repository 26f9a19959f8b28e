"""Chunks of any of the three shapes become portions of tasks.

Law: pure; the chunks come from wherever they come.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import chain

from .checking import Judge
from .elements import read_elements
from .lines import read_lines
from .portions import Bad, Portion
from .shapes import BOM, GZIP_MAGIC, Shape, shape_of


def read_tasks(chunks: Iterable[bytes], judge: Judge | None) -> Generator[Portion]:
    """The tasks of an input whose shape is told from its first bytes.

    `judge` None: the input was read before with one, and nothing was bad or blank.
    """
    rest = iter(chunks)
    head = b""
    shape = None
    for chunk in rest:
        head += chunk
        if len(head) < len(BOM) and BOM.startswith(head):
            continue
        if shape := shape_of(head.removeprefix(BOM)):
            break
    head = head.removeprefix(BOM)
    if head.startswith(GZIP_MAGIC):
        yield Portion(
            [], bad=Bad(1, 1, "this is gzip data; unpack it, or give a file whose name ends in .gz", fatal=True)
        )
        return
    read = read_lines if shape in (None, Shape.LINES) else read_elements
    yield from read(chain((head,), rest), judge)
