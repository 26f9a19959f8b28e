"""Where there is room for tasks.

Law: `spread` takes the node with most room, `pack` the one with least that is enough; of two alike the older one.
Finding one costs the logarithm of the number of nodes, whatever that is.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from heapq import heapify, heappop, heappush

from .resources import Node


class Rooms:
    """The nodes of a pool that have room, while tasks are put onto them."""

    def __init__(self, nodes: Iterable[Node], *, pack: bool) -> None:
        self._pack = pack
        self._heap = [(self._rank(node), node.born, node) for node in nodes if node.free > 0]
        heapify(self._heap)

    def __bool__(self) -> bool:
        return bool(self._heap)

    def _rank(self, node: Node) -> int:
        return node.free if self._pack else -node.free

    def take(self, count: int, slots: int, shunned: Container[str], wish: str | None) -> tuple[Node, ...]:
        """So many nodes with so many free slots, none of them shunned; nothing where there are not enough.

        The nodes are taken out; `put` puts them back.
        """
        if wish is not None:
            # What is behind the first one is a heap, too.
            self._heap.sort(key=lambda entry: (f"TVM:{entry[2].id}" != wish, entry[0], entry[1]))
        found: list[Node] = []
        passed: list[tuple[int, int, Node]] = []
        while self._heap and len(found) < count:
            entry = heappop(self._heap)
            if entry[2].free >= slots and entry[2].key not in shunned:
                found.append(entry[2])
                continue
            passed.append(entry)
            if not self._pack and entry[2].free < slots and wish is None:
                break
        for entry in passed:
            heappush(self._heap, entry)
        if len(found) == count:
            return tuple(found)
        self.put(found)
        return ()

    def put(self, nodes: Iterable[Node]) -> None:
        """Put nodes back; those that are full stay out."""
        for node in nodes:
            if node.free > 0:
                heappush(self._heap, (self._rank(node), node.born, node))
