"""Which node a task comes onto."""

from __future__ import annotations

import pytest

from batchio.emulator.resources import Allocation, Node, Pool
from batchio.emulator.rooms import Rooms
from batchio.emulator.states import IDLE

SLOTS = 4


def nodes_with(*free: int) -> list[Node]:
    """Nodes with so many free slots, the oldest first; their ids are the places in the list."""
    pool = Pool(
        id="pool",
        spec={"taskSlotsPerNode": SLOTS},
        born=1,
        changed=1,
        since=1,
        allocation=Allocation(since=1, pool_key=""),
    )
    return [
        Node(
            id=str(at),
            spec={},
            born=10 + at,
            changed=1,
            since=1,
            state=IDLE,
            pool=pool,
            dedicated=True,
            number=at,
            used=SLOTS - room,
        )
        for at, room in enumerate(free)
    ]


def ids(nodes: tuple[Node, ...]) -> str:
    return "".join(node.id for node in nodes)


def put_tasks(rooms: Rooms, slots: int = 1, wish: str | None = None) -> str:
    """Put tasks onto nodes as long as there is room; the nodes in that order."""
    order = ""
    while nodes := rooms.take(1, slots, (), wish):
        order += ids(nodes)
        for node in nodes:
            node.used += slots
        rooms.put(nodes)
    return order


@pytest.mark.parametrize(
    ("pack", "free", "slots", "order"),
    [
        (False, (1, 3, 2), 1, "112012"),
        (False, (2, 2, 2), 1, "012012"),
        (False, (4, 1, 3), 2, "020"),
        (True, (1, 3, 2), 1, "022111"),
        (True, (2, 2, 2), 1, "001122"),
        (True, (4, 1, 3), 2, "200"),
        (True, (1, 0, 1), 2, ""),
        (False, (0, 1, 0), 1, "1"),
    ],
)
def test_spread_and_pack(*, pack: bool, free: tuple[int, ...], slots: int, order: str) -> None:
    assert put_tasks(Rooms(nodes_with(*free), pack=pack), slots) == order


@pytest.mark.parametrize("pack", [False, True])
def test_rooms_are_there_as_long_as_one_has_room(*, pack: bool) -> None:
    assert not Rooms(nodes_with(0, 0), pack=pack)
    nodes = nodes_with(0, 1)
    rooms = Rooms(nodes, pack=pack)
    assert rooms
    taken = rooms.take(1, 1, (), None)
    assert not rooms
    rooms.put(taken)
    assert rooms
    taken = rooms.take(1, 1, (), None)
    nodes[1].used = SLOTS
    rooms.put(taken)
    assert not rooms


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("wish", [None, "TVM:2"])
def test_rooms_for_several_at_once(*, pack: bool, wish: str | None) -> None:
    rooms = Rooms(nodes_with(3, 1, 3), pack=pack)
    assert rooms.take(3, 2, (), wish) == ()
    assert rooms.take(2, 2, ("2",), wish) == ()
    # What was looked at is there again.
    found = rooms.take(2, 2, (), wish)
    assert sorted(ids(found)) == ["0", "2"]
    assert rooms.take(1, 2, (), wish) == ()
    rooms.put(found)
    assert sorted(ids(rooms.take(3, 1, (), wish))) == ["0", "1", "2"]


@pytest.mark.parametrize(("pack", "found"), [(False, "1"), (True, "2")])
def test_rooms_that_are_shunned(*, pack: bool, found: str) -> None:
    rooms = Rooms(nodes_with(1, 3, 2, 4), pack=pack)
    assert ids(rooms.take(1, 1, {"0", "3"}, None)) == found
    assert ids(rooms.take(1, 1, (), None)) == ("0" if pack else "3")
    assert ids(Rooms(nodes_with(2, 2), pack=pack).take(1, 2, {"0"}, None)) == "1"


@pytest.mark.parametrize(
    ("pack", "wish", "order"),
    [
        (False, "TVM:2", "221101"),
        (True, "TVM:2", "220111"),
        (False, "TVM:9", "112012"),
        (False, "2", "112012"),
        (True, "TVM:9", "022111"),
    ],
)
def test_a_wish_comes_before_the_rooms(*, pack: bool, wish: str, order: str) -> None:
    assert put_tasks(Rooms(nodes_with(1, 3, 2), pack=pack), wish=wish) == order


def test_a_wish_for_a_node_without_rooms_leads_to_another() -> None:
    assert ids(Rooms(nodes_with(1, 3, 2), pack=False).take(1, 2, (), "TVM:0")) == "1"
    assert ids(Rooms(nodes_with(4, 1, 3, 2), pack=True).take(3, 2, (), "TVM:2")) == "230"


def test_a_wish_changes_nothing_for_others() -> None:
    rooms = Rooms(nodes_with(1, 4, 3, 2), pack=False)
    rooms.put(rooms.take(1, 1, (), "TVM:0"))
    assert rooms.take(1, 4, {"1"}, "TVM:0") == ()
    assert [ids(rooms.take(1, 1, (), None)) for _ in range(5)] == ["1", "2", "3", "0", ""]
