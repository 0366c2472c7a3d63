"""Every question asked of days that cannot be told of: each kind of day has its own sentence."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from schemas.errors import ConfigError
from sinks.clickhouse.asking import Asked, ask
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.questions import questions
from sinks.clickhouse.questions.spec import Past, Question
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import clear, landed, own_store
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_answers import MESSAGE, history

pytestmark = pytest.mark.services
#: Of events on 40 days, in UTC; later ones than 48 h before the end are not closed.
FIRST, TODAY = date(2025, 1, 1), date(2025, 2, 10)
CLOSED = TODAY - timedelta(days=3)


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        migrate(store.address, "UTC")
        days = [(day, MESSAGE | {"member_id": f"m{day % 3}"}) for day in range(41)]
        landed(history("UTC", (0, {"type": "join", "member_id": "m1"}), *days), store, 1)
        PeopleAgent(store, closing=True).catch_up()
        yield store


def asked(question: Question, day: date, **more: str) -> Asked:
    return Asked(as_of=day, person="u1" if question.parameter else None, **more)


def refused(store: ClickHouseStore, name: str, asking: Asked) -> str:
    with pytest.raises(ConfigError) as error:
        ask(store.address, name, asking)
    return str(error.value)


@pytest.mark.parametrize("name", questions())
def test_each_day_that_cannot_be_told_of_has_its_own_sentence(name: str, store: ClickHouseStore) -> None:
    question = questions()[name]
    days = {
        "future": TODAY + timedelta(days=30),
        "today": TODAY,
        "open": TODAY - timedelta(days=1),
        "before": date(2024, 12, 31),
    }
    if question.past is Past.NOTHING:
        for day in days.values():
            assert f"{name} answers for now only" in refused(store, name, asked(question, day))
        return
    for day in (days["future"], days["today"]):
        assert f"{day} is not over; event time is {TODAY} 01:" in refused(store, name, asked(question, day))
    if question.reach is not None:
        assert f"answers for the last {question.reach} days" in refused(store, name, asked(question, days["before"]))
        assert f"from {TODAY - timedelta(days=question.reach)} on" in refused(
            store, name, asked(question, days["before"])
        )
    else:
        sentence = f"nothing is known about {days['before']}; the first event is from {FIRST}"
        assert sentence in refused(store, name, asked(question, days["before"]))
    if question.past in (Past.CLOSED_DAYS, Past.ANY_CLOSED_DAY):
        said = refused(store, name, asked(question, days["open"]))
        assert f"{days['open']} is over but not closed" in said and f"the newest closed day is {CLOSED}" in said
    else:
        ask(store.address, name, asked(question, days["open"]))


def test_a_day_before_a_questions_first_row(store: ClickHouseStore) -> None:
    """Kept from some day on only: the days before are known, but not to this question."""
    table, other = (f"{store.address.database}.{name}" for name in ("people_group_days", "effective_kept"))
    store.native.execute(f"CREATE TABLE {other} AS {table}")
    store.native.execute(f"INSERT INTO {other} SELECT * FROM {table}")
    store.native.execute(f"DELETE FROM {table} WHERE day < '{CLOSED}'")
    day = CLOSED - timedelta(days=1)
    said = refused(store, "effective_members", Asked(day))
    assert f"effective_members begins on {CLOSED} and has no answer for {day}" in said
    assert {one["headcount"] for one in ask(store.address, "effective_members", Asked(CLOSED))} == {3}
    store.native.execute(f"TRUNCATE TABLE {table}")
    store.native.execute(f"INSERT INTO {table} SELECT * FROM {other}")
    store.native.execute(f"DROP TABLE {other}")


def test_moves_need_days_that_are_over(store: ClickHouseStore) -> None:
    assert f"--since: {TODAY} is not over" in refused(store, "segments", Asked(since=TODAY))
    assert "leave out --group and --person" in refused(store, "segments", Asked(since=CLOSED, person="u1"))


def test_before_anything_has_landed(clickhouse: tuple[str, int, int]) -> None:
    for store in own_store(clickhouse):
        migrate(store.address, "UTC")
        clear(store)
        for name in ("tiers", "segments", "member_status", "retention"):
            assert "Nobody has worked out people yet" in refused(store, name, Asked(TODAY))
