"""Listings.

Law: a listing goes along a shelf in the order of birth, or of keys, and says where it stopped, so that whatever
lives through the whole listing comes exactly once, whatever else comes and goes. A page costs a bounded time: one
whose filter matches little may be short, even empty, and still have a next page.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from ..models.base import Model
from .calls import Answer, Call, answer_json
from .filter_match import Filter, Properties, read_filter
from .queries import SKIP_TOKEN, page_size, query_pairs, selected
from .refusals import bad_query
from .shapes import shape
from .shelf import Shelf, Shelved

SCAN_LIMIT = 25_000
"""How many resources one page looks at, and a `FEW` times as many comparisons it makes."""
FEW = 4

T = TypeVar("T", bound=Shelved)


class Listing:
    """What one list operation shows: `kind` for the metadata, the item's model, what filters may ask."""

    def __init__(self, kind: str, model: type[Model], properties: Properties) -> None:
        self.kind = kind
        self.model = model
        self.properties = properties

    def answer(
        self,
        call: Call,
        shelf: Shelf[T],
        show: Callable[[T], dict[str, Any]],
        counts: Mapping[str, int] | None = None,
        keys: Sequence[str] | None = None,
    ) -> Answer:
        """One page of the shelf; `show` gives an item in wire shape, `counts` how many are in which state.

        `keys`, in order, where the shelf was made for this call: `born` is a place among them.
        """
        names = selected(call, self.model)
        found, last = self._find(call, shelf, counts, keys)
        # Item by item: a thousand mappings at once would wake the garbage collector, which then walks the shelf.
        fit = shape(self.model, call.version)
        view = show if fit is None else lambda thing: fit(show(thing))
        shown = b",".join(msgspec.json.encode(pick(view(thing), names)) for thing in found)
        content: dict[str, Any] = {"value": msgspec.Raw(b"[" + shown + b"]")}
        if last is not None:
            content["odata.nextLink"] = self._next_link(call, str(last) if keys is None else keys[last - 1])
        return answer_json(call, self.kind, content)

    def _find(
        self, call: Call, shelf: Shelf[T], counts: Mapping[str, int] | None, keys: Sequence[str] | None
    ) -> tuple[list[T], int | None]:
        size, after = page_size(call), self._after(call, keys)
        text = call.query.get("$filter")
        if text is None or not text.strip():
            return one_page(shelf, after, size)
        filter = read_filter(text, self.properties)
        if "id" in filter.equal:
            thing = shelf.get(filter.equal["id"])
            matches = thing is not None and thing.born > after and filter.test(thing)
            return [thing] if thing is not None and matches else [], None
        if counts is not None and not counts.get(filter.equal.get("state", ""), 1):
            return [], None
        return one_page(shelf, after, size, filter)

    def _after(self, call: Call, keys: Sequence[str] | None) -> int:
        token = call.query.get(SKIP_TOKEN)
        if token is None:
            return 0
        try:
            kind, _, last = base64.urlsafe_b64decode(token.encode()).decode(errors="surrogatepass").partition("|")
            if kind == self.kind and keys is not None:
                return bisect_right(keys, last)
            if kind == self.kind and last.isascii() and last.isdigit() and len(last) < 20:
                return int(last)
        except (binascii.Error, ValueError):
            pass
        raise bad_query(SKIP_TOKEN, token, "Not a token that this listing gave")

    def _next_link(self, call: Call, last: str) -> str:
        token = base64.urlsafe_b64encode(f"{self.kind}|{last}".encode(errors="surrogatepass")).decode()
        kept = [(name, value) for name, value in query_pairs(call.query_string) if name != SKIP_TOKEN]
        query = "&".join(f"{quote(name, safe='$-')}={quote(value, safe='')}" for name, value in kept)
        return f"{call.base}{call.path}?{query}&{SKIP_TOKEN}={quote(token, safe='')}"


def one_page(shelf: Shelf[T], after: int, size: int, filter: Filter | None = None) -> tuple[list[T], int | None]:
    """Up to `size` things born after `after`, and after which of them the next page goes on, if there is one."""
    found: list[T] = []
    scanned = 0
    for row in shelf.after(after):
        for thing in row:
            if thing.gone or (filter is not None and not filter.test(thing)):
                continue
            if len(found) == size:
                return found, found[-1].born
            found.append(thing)
        scanned += len(row)
        if filter is not None and scanned * max(filter.terms, FEW) >= SCAN_LIMIT * FEW:
            return found, row[-1].born
    return found, None


def pick(shown: dict[str, Any], names: tuple[str, ...] | None) -> dict[str, Any]:
    """Only the properties that were selected."""
    return shown if names is None else {name: shown[name] for name in names if name in shown}
