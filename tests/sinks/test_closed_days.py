"""Days that a partition's clock closes, as they stand in a real ClickHouse, against plain lists."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import clear, empty, land_topic, own_store
from tests.oracle.closed_days import CHAT_DAYS, Acts, chat_acts, closed_days, landed_days, no_acts, product_acts
from tests.oracle.history import landed_in
from tests.oracle.product_worlds import LINK_EVENTS, product_worlds, topic_worlds
from tests.oracle.worlds import World, worlds
from tests.streams.test_rebuild import examples

pytestmark = pytest.mark.services
_CASES: dict[str, tuple[st.SearchStrategy[World], Acts, tuple[str, ...]]] = {
    CHAT.name: (worlds(least=20), chat_acts, CHAT_DAYS),
    PRODUCT.name: (product_worlds(least=20), product_acts, ("user_day_acts", "reference_day_acts")),
    LINKS.name: (topic_worlds(LINK_EVENTS, least=20), no_acts, ()),
}


class Landed:
    """A ClickHouse, read as `tests.memory.MemoryStore` is."""

    def __init__(self, store: ClickHouseStore) -> None:
        self._store = store

    def live(self, table: str, contract: str) -> list[dict[str, Any]]:
        """All rows of a table of closed days."""
        return self._store.native.query(f"SELECT * FROM {self._store.address.database}.{table} FINAL")


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


@pytest.mark.parametrize("contract", _CASES)
def test_they_are_those_of_plain_lists(contract: str, store: ClickHouseStore) -> None:
    of, acts, tables = _CASES[contract]

    @examples
    @given(of, st.integers(1, 6))
    def whatever_comes(world: World, flushes: int) -> None:
        clear(store)
        land_topic(world, store, flushes, contract, taken_over=True)
        landed = landed_in(contract, world)
        wanted = closed_days(landed, world.zone, world.lateness_h, acts, tables)
        assert landed_days(Landed(store), contract, tables) == wanted

    whatever_comes()
