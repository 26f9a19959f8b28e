"""What does nothing by itself because somebody holds its kind and state.

Law: whatever is held is let go when its hold is released; of what is gone in the meantime nothing is kept for long.
"""

from __future__ import annotations

from .resources import Living

FEWEST = 1000
"""So many things are never looked through for those that are gone."""

Place = tuple[str, str]
"""A kind and a state."""


class Holds:
    """The places that are held, and the things that would have changed there."""

    def __init__(self) -> None:
        self._held: dict[Place, dict[int, Living]] = {}
        self._number = 0
        self._most = FEWEST

    @property
    def places(self) -> list[Place]:
        """The places that are held, in their order."""
        return list(self._held)

    @property
    def number(self) -> int:
        """How many things are kept; less than half of more than `FEWEST` are gone."""
        return self._number

    def hold(self, place: Place) -> None:
        """Hold a place."""
        self._held.setdefault(place, {})

    def release(self, place: Place) -> list[Living]:
        """Hold it no more; gives what would have changed there."""
        things = self._held.pop(place, {})
        self._number -= len(things)
        return list(things.values())

    def keep(self, thing: Living, *places: Place) -> bool:
        """Whether a thing that would change is held in one of these places."""
        for place in places:
            held = self._held.get(place)
            if held is not None:
                self._number += id(thing) not in held
                held[id(thing)] = thing
                if self._number > self._most:
                    self._tidy()
                return True
        return False

    def _tidy(self) -> None:
        self._held = {
            place: {number: thing for number, thing in held.items() if not thing.gone}
            for place, held in self._held.items()
        }
        self._number = sum(map(len, self._held.values()))
        self._most = max(2 * self._number, FEWEST)
