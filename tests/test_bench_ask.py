"""The bench of asking: every question is asked in every way, and what is reported follows from the figures."""

from pathlib import Path
from typing import Any

from bench.ask import cases
from bench.ask_report import growth, met, picture
from bench.year import WORLDS
from sinks.clickhouse.questions import questions


def case(p95_ms: float | None, question: str = "tiers", failed: str = "") -> dict[str, Any]:
    """The figures of a case."""
    return {"question": question, "about": "all", "p95_ms": p95_ms, "failed": failed}


def worlds(before: float | None, after: float | None, failed: str = "") -> dict[str, Any]:
    """Two worlds with one case each, the larger one first."""
    small = {"events": 10, "memberships": 5, "cases": [case(before)]}
    return {"large": small | {"events": 100, "cases": [case(after, failed=failed)]}, "small": small}


def test_every_question_is_asked_in_every_way() -> None:
    subjects = {"group": ["g1", "g2"], "person": ["p1", "p2", "p3"]}
    asked = {(case.question, case.about): case.asked for case in cases(subjects, 4)}
    assert {name for name, _ in asked} == set(questions())
    assert ("journeys", "all") not in asked and ("journeys", "group") not in asked
    assert [one.person for one in asked["journeys", "person"]] == ["p1", "p2", "p3", "p1"]
    assert [one.group for one in asked["tiers", "group"]] == ["g1", "g2", "g1", "g2"]
    assert len({one.as_of for one in asked["tiers", "as_of"]}) == 4 and ("payers", "as_of") not in asked
    assert {name for name, about in asked if about == "since"} == {"segments"}
    assert all(one.limit == 1_000 and len(all_) == 4 for all_ in asked.values() for one in all_)


def test_growth_is_judged_unless_it_is_small() -> None:
    judged = {
        (before, after): growth(worlds(before, after))[0]["within"]
        for before, after in ((100, 150), (100, 151), (10, 29), (10, 30), (None, 30))
    }
    assert judged == {(100, 150): True, (100, 151): False, (10, 29): True, (10, 30): False, (None, 30): None}
    assert growth(worlds(100, 90, "took longer than 60 s"))[0]["factor"] is None


def test_worlds_with_other_memberships_are_not_compared() -> None:
    found = worlds(1, 100)
    found["small"]["memberships"] = 4
    assert growth(found) == []


def test_an_answer_is_as_fast_as_it_should_be_when_none_failed() -> None:
    assert [met(case(200)), met(case(201)), met(case(None)), met(case(5, failed="ran out of memory"))] == [
        True, False, False, False,
    ]  # fmt: skip


def test_the_picture_shows_cases_without_an_answer(tmp_path: Path) -> None:
    picture(worlds(3, None, "took longer than 60 s"), tmp_path / "ask.png")
    assert (tmp_path / "ask.png").stat().st_size > 1_000


def test_worlds_of_ten_times_the_events_have_the_same_members() -> None:
    same = ("seed", "groups", "members", "days", "end_ms", "heartbeat_h", "roster_days", "campaigns", "use")
    for small, large in (("100k", "1m"), ("10m", "100m")):
        one, other = WORLDS[small].plan, WORLDS[large].plan
        assert all(getattr(one, name) == getattr(other, name) for name in same[:-2])
        assert other.use / one.use == other.events / one.events == other.campaigns / one.campaigns == 10
