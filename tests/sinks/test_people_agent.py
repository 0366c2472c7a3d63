"""The rows of the people agent on a real ClickHouse: what is now, in however many pieces it came."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.clickhouse.store import ClickHouseStore
from tests.landing import empty, own_store
from tests.oracle.answers import comparable
from tests.oracle.people import STATES, People
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.worlds import World
from tests.sinks.pieces import in_pieces
from tests.sinks.test_people import ZONES, examples, histories

pytestmark = pytest.mark.services
_MEMBERS = (
    "group_id, member_id, person_id, account_id, state, reason, previous, since, returned_on, role, linked, "
    "in_product, reads_reported, groups_28d, score, rhythm, fading, joined_at, last_spoke_at, last_active_at, "
    "last_act_here_at, last_used_at"
)


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def same_as_views(store: ClickHouseStore, _: People) -> None:
    """Members are what the view of today says, and counts are theirs."""
    d = store.address.database
    found, wanted = (
        store.native.query(f"SELECT {_MEMBERS} FROM {d}.{view}") for view in ("member_status", "member_states")
    )
    names = set(wanted[0]) if wanted else set()
    assert comparable(found, names) == comparable(wanted, names)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    best: dict[str, str] = {}
    for row in found:
        counts[row["group_id"]][row["state"]] += 1
        best[row["person_id"]] = min(best.get(row["person_id"], "left"), row["state"], key=STATES.index)
    counts["*"] = Counter(best.values())
    for row in store.native.query(f"SELECT * FROM {d}.effective_members"):
        assert {state: row[state] for state in STATES} == {state: counts[row["group_id"]][state] for state in STATES}


@pytest.mark.parametrize("zone", ZONES)
def test_members_and_groups_are_what_the_views_say(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)

    @settings(examples, max_examples=4)
    @given(histories(zone), st.sampled_from([(1.0,), (0.3, 0.6, 0.8, 1.0)]), st.booleans())
    def check(found: tuple[World, World, World], cuts: tuple[float, ...], moves: bool) -> None:
        in_pieces(store, found, cuts, moves, same_as_views)

    check()
    in_pieces(store, at_the_edges(zone), (0.5, 0.9, 1.0), False, same_as_views)
    in_pieces(store, lives_of_people(3, zone), (0.9, 0.95, 1.0), True, same_as_views)
