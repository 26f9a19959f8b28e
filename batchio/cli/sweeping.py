"""The words of `--sweep` and `--shard` as values.

Law: pure. What cannot be read is told with the part that it is about.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .codes import CommandError

if TYPE_CHECKING:
    from ..bulk.shard import Part
    from ..bulk.sweep import Axis

_RANGE = re.compile(r"([+-]?\d{1,18})\.\.([+-]?\d{1,18})(?:\.\.([+-]?\d{1,18}))?")
_SHARD = re.compile(r"(\d{1,18})/(\d{1,18})")


def axes_of(text: str) -> dict[str, Axis]:
    """The axes of a sweep, in order.

    >>> axes_of("frame=1..100,camera=a|b|c,step=0..1000..250")
    {'frame': range(1, 101), 'camera': ('a', 'b', 'c'), 'step': range(0, 1001, 250)}
    """
    axes: dict[str, Axis] = {}
    for part in text.split(","):
        name, sign, values = part.partition("=")
        name = name.strip()
        if not sign or not name:
            raise CommandError(f"--sweep: {part!r} is no axis, like frame=1..100 or camera=a|b|c")
        if name in axes:
            raise CommandError(f"--sweep: {name} comes twice")
        axes[name] = _values(name, values)
    return axes


def part_of(text: str) -> Part:
    """The part that `--shard` names.

    >>> part_of("2/3")
    Part(number=2, of=3)
    """
    from ..bulk.shard import Part  # noqa: PLC0415 - keeps `--help` fast

    found = _SHARD.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        of = found[2] if found else "N"
        of = of if of.strip("0") else "N"
        raise CommandError(f"--shard: 1/{of} to {of}/{of}, not {text}")
    return Part(int(found[1]), int(found[2]))


def _values(name: str, text: str) -> Axis:
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        if ".." in text:
            raise CommandError(
                f"--sweep: {name}={text}: a range is whole numbers of at most 18 digits, like 1..100 or 1..100..5"
            )
        return tuple(text.split("|"))
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if not step:
        raise CommandError(f"--sweep: {name}={text}: steps of 0 lead nowhere")
    values = range(first, last + (1 if step > 0 else -1), step)
    if not values:
        raise CommandError(
            f"--sweep: {name}={text} holds no value; {last}..{first} counts up, {first}..{last}..-1 down"
        )
    return values
