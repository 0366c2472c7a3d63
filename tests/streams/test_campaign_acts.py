"""What users did for campaigns counts once, however often it is read: after a term of a source, records come again."""

import pyarrow as pa
import pytest

from analytics.people.fitted import unfitted
from streams.people.memory.everybody import Everybody
from streams.people.memory.now import Now
from streams.people.persons.orders import Orders
from streams.people.results.campaign_acts import CampaignActs
from streams.state.arrays import Collected

_FIT = unfitted()
_NO_MATTER_WHEN = Now(0, 0, 1, _FIT.score, _FIT.limit, _FIT.longer)
_ACTS = [
    ("k", "u", "click", 0), ("k", "u", "share", 7), ("k", "u", "share", 7 + (1 << 40)), ("k", "v", "purchase", 0),
    ("l", "u", "signup", 0), ("l", "v", "trial", 0),
]  # fmt: skip


def _read(acts: list[tuple[str, str, str, int]]) -> dict[str, pa.Table]:
    names = ("campaign_id", "user_id", "kind")
    columns = {name: pa.array([act[place] for act in acts]) for place, name in enumerate(names)}
    return {"did_for_campaigns": pa.table(columns | {"event": pa.array([act[3] for act in acts], pa.uint64())})}


@pytest.mark.parametrize("pieces", [[_ACTS], [_ACTS, _ACTS], [_ACTS[:2], _ACTS[1:], _ACTS[::-1]]])
def test_acts_that_are_read_again_count_once(pieces: list[list[tuple[str, str, str, int]]]) -> None:
    everybody = Everybody()
    family, found = CampaignActs(everybody, Orders(everybody)), dict[str, dict[str, int]]()
    for piece in pieces:
        family.take(_read(piece))
        family.offer(everybody.touched, _NO_MATTER_WHEN, False)
        rows = Collected()
        family.landed[0].collect(rows)
        for make in rows.parts.get("people_campaign_acts", []):
            found |= {row.pop("campaign_id"): row for row in make().to_pylist()}
    counts = ("users", "clicked", "sharers", "signed_up", "tried", "shares")
    assert {name: [row[count] for count in counts] for name, row in found.items()} == {
        "k": [2, 1, 1, 0, 0, 2], "l": [2, 0, 0, 1, 1, 0],
    }  # fmt: skip
