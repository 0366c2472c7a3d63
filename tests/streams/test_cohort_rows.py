"""Cohorts that are counted again when their members change, without servers."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analytics.people.retention import LINKED, STAYED
from streams.people.memory.everybody import Everybody
from streams.people.retention.brought import Brought
from streams.people.retention.cohort_rows import ALL, CohortRows, Members
from streams.state.arrays import Collected


def joined(group: int, *days: int, closed: int = 1) -> Members:
    """Members of a group (−1: all groups) who stayed and are linked; nobody knows what brought them."""
    count = len(days)
    words = np.full(count, 1 << STAYED | 1 << LINKED, np.uint32)
    brought = np.repeat(np.array([[-1], [0]], np.int32), count, axis=1)
    bits = np.full(count, closed, np.int64)
    return Members(np.full(count, group, np.int32), words, bits, np.array(days, np.int64), brought)


def landed(rows: CohortRows) -> list[dict[str, Any]]:
    """What waits to land of all members, whatever brought them."""
    found = Collected()
    rows.landed[0].collect(found)
    tables: list[pa.Table] = [part() for part in found.parts.get("people_retention", ())]
    return [row for table in tables for row in table.to_pylist() if row["dimension"] == "all"]


@pytest.mark.parametrize("group", [ALL, 0])
def test_cohorts_follow_their_members_and_go_with_the_last(group: int) -> None:
    everybody = Everybody()
    everybody.group_names.codes(pa.chunked_array([["chat:w:g"]]))
    rows, nobody = CohortRows(Brought(everybody)), joined(group)

    def count(before: Members, now: Members, everyone: Members) -> list[dict[str, Any]]:
        rows.changed(before, landed=True)
        rows.changed(now, landed=False)
        rows.count([everyone])
        return landed(rows)

    (first,) = count(nobody, joined(group, 40, 41, 40), joined(group, 40, 41, 40))
    assert (first["n"], first["gone"], first["base"], first["stayed"], first["linked_base"]) == (
        1,
        0,
        [2, 1],
        [2, 1],
        [2, 1],
    )
    assert [(day - day.resolution * 40).isoformat() for day in first["cohorts"]] == ["1970-01-01", "1970-01-02"]
    (second,) = count(joined(group, 40), joined(group, 39), joined(group, 39, 41, 40))
    assert second["base"] == [1, 1, 1]
    (gone,) = count(joined(group, 39, 40, 41), nobody, nobody)
    assert (gone["gone"], gone["cohorts"]) == (1, [])
