"""What must not change the answers: repeats and ticks, wherever they come. Frames, delays: see `test_community`."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.test_community import Run, same, sizes, steady
from tests.oracle.closed_days import Tables
from tests.oracle.community import Record
from tests.oracle.landed import found
from tests.oracle.worlds import World, displaced, encode, worlds

#: What a repeat beyond the horizon may change, until it is corrected: sums.
_SUMS = {"messages", "joins", "leaves", "open_messages", "late"}
places = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def inserted(world: World, more: list[tuple[int, Record]], horizon: int | None = None) -> World:
    """The world with records put in at places of its own order; offsets count on."""
    rows: list[Record] = []
    for place, record in enumerate(world.records):
        rows += [extra for at, extra in more if at == place]
        rows.append(record)
    rows += [extra for at, extra in more if at >= len(world.records)]
    numbered = tuple(row._replace(offset=offset) for offset, row in enumerate(rows))
    return replace(world, records=numbered, horizon=world.horizon if horizon is None else horizon)


def answers(world: World, sizes: list[int]) -> Tables:
    """All rows, without those and the columns that say where a record stood."""
    rows = found(Run(world, sizes).finish())
    return {
        name: {key: _without(row, {"offset", "next_offset"}) for key, row in keyed.items()}
        for name, keyed in rows.items()
        if name not in ("events", "dead_letters")
    }


def repeats(world: World, places: list[tuple[int, int]]) -> list[tuple[int, Record]]:
    """Records of the world once more, behind where they stand."""
    count = len(world.records)
    found = [(first % count, second) for first, second in places]
    return [(first + 1 + second % count, world.records[first]) for first, second in found]


@steady(60)
@given(worlds(30, horizons=(4_000_000,)), sizes, sizes, places)
def test_repeats_inside_the_horizon_change_nothing(
    world: World, one: list[int], other: list[int], places: list[tuple[int, int]]
) -> None:
    same(answers(inserted(world, repeats(world, places)), other), answers(inserted(world, []), one))


@steady(40)
@given(displaced(25), sizes, places)
def test_repeats_beyond_the_horizon_change_nothing_but_sums(
    order: tuple[World, World], sizes: list[int], places: list[tuple[int, int]]
) -> None:
    world = order[0]
    again = [(len(world.records) - 1, record) for _, record in repeats(world, places)]
    rows, wanted = (answers(inserted(world, more, horizon=0), sizes) for more in (again, []))
    for table in ("membership_states", "group_states"):
        assert rows[table].keys() == wanted[table].keys()
        for key, row in rows[table].items():
            assert _without(row, _SUMS) == _without(wanted[table][key], _SUMS), (table, key)


def _without(row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in columns}


@steady(60)
@given(displaced(25), sizes, places)
def test_ticks_change_nothing_wherever_they_come(
    order: tuple[World, World], sizes: list[int], places: list[tuple[int, int]]
) -> None:
    """A tick tells a time that has come: no later than the newest record before it."""
    world, ticks = order[0], []
    for number, (place, back) in enumerate(places):
        at = place % len(world.records)
        if at:
            newest = max(json.loads(record.value or b"")["ts_ms"] for record in world.records[:at])
            value = encode({"type": "tick", "event_id": f"t{number}", "ts_ms": newest - back * 3_600_000})
            ticks.append((at, Record(0, world.records[-1].kafka_ts_ms, value)))
    same(answers(inserted(world, ticks), sizes), answers(world, sizes))
