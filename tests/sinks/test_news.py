"""Which readings may find anything: all at first, later those of sources that have landed what they are about."""

import pytest

from schemas.topics import CHAT
from sinks.clickhouse.readers.marks import Marks, marks
from sinks.clickhouse.readers.people import PeopleReader
from streams.people.state import PeopleState
from tests.landing import Landing, empty, own_store
from tests.sinks.test_answers import MESSAGE, history

ROWS = {"memberships", "groups_now", "panes", "spoken", "talked", "lived"}
LEAVE = MESSAGE | {"type": "leave", "member_id": "m"}


def found(reader: PeopleReader, names: set[str], before: Marks) -> set[str]:
    """Methods that may find anything beyond marks."""
    now = marks(reader.store, before)
    return {name for name in names if reader.may_find(name, before, now)}


@pytest.mark.services
def test_only_what_may_be_new_is_read(clickhouse: tuple[str, int, int]) -> None:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        join = MESSAGE | {"type": "join"}
        what = (MESSAGE, MESSAGE, LEAVE, MESSAGE | {"link_ids": ["l"], "link_count": 1}, join)
        landing = Landing(history("UTC", *((0, one | {"member_id": "m"}) for one in what)), store)
        reader, state = PeopleReader(store), PeopleState()
        everything = set(state.read(reader, Marks(), marks(store)))
        assert found(reader, everything, Marks()) == everything, "nothing has been read"
        steps = []
        landing.land(landing.world.records[:1])
        for number in range(1, 4):
            before = marks(store)
            assert found(reader, everything, before) == set(), "nothing has landed since"
            landing.land(landing.world.records[number : number + 1])
            steps.append(found(reader, everything, before))
            assert steps[-1] >= ROWS
        assert [step - ROWS for step in steps] == [set(), {"absences"}, {"ways", "named_in_chat"}]
        assert not reader.any_of(("join",), CHAT.name, before)
        landing.land(landing.world.records[4:])
        assert state.read(reader, before, marks(store))["brought"].num_rows == 1, "beyond the same marks as before"
        assert reader.any_of(("post",), CHAT.name, before) and not reader.any_of(("leave",), CHAT.name, before)
        state.close()
