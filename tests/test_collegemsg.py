"""Sixty thousand real messages through the whole system, against a count by hand: no code of ours takes part in it."""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from groupvitals.settings import Settings
from tests.conftest import Run
from tests.streams.workers import Answers

pytestmark = pytest.mark.services
FILE = Path(__file__).parent.parent.parent / "shared" / "data" / "collegemsg.txt"
LATENESS_S = 48 * 3600


class Counted:
    """The file, counted the slow and obvious way. Days are UTC; a member joins with the first message sent."""

    def __init__(self) -> None:
        rows = [tuple(map(int, line.split())) for line in FILE.read_text().splitlines()[1:]]
        self.days: dict[date, Counter[int]] = defaultdict(Counter)
        for source, _, second in rows:
            self.days[datetime.fromtimestamp(second, UTC).date()][source] += 1
        self.messages = len(rows)
        last = max(second for *_, second in rows)
        self.today = datetime.fromtimestamp(last, UTC).date()
        #: The first day that is not closed: the one of the last event's time less the lateness.
        self.open_from = datetime.fromtimestamp(last - LATENESS_S, UTC).date()
        self.joined: dict[int, date] = {}
        for day in sorted(self.days):
            for member in self.days[day]:
                self.joined.setdefault(member, day)

    def closed(self) -> Iterator[date]:
        """Every closed day from the first message on."""
        day = min(self.days)
        while day < self.open_from:
            yield day
            day += timedelta(days=1)

    def window(self, day: date, length: int) -> Counter[int]:
        """Messages a member in the `length` days that end with `day`."""
        return sum((self.days.get(day - timedelta(days=k), Counter()) for k in range(length)), Counter())

    def days_spoken(self, day: date) -> Counter[int]:
        """Days spoken a member in the 28 days that end with `day`."""
        return Counter(m for k in range(28) for m in self.days.get(day - timedelta(days=k), ()))


@pytest.fixture(scope="module")
def counted() -> Counted:
    if not FILE.exists():
        pytest.skip(f"the data set is not at {FILE}")
    return Counted()


def test_every_answer_equals_the_count_by_hand(counted: Counted, settings: Settings, groupvitals: Run) -> None:
    done = groupvitals("replay", "--format", "edges", str(FILE), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dead_letters"] == 0
    answers = Answers(settings)
    assert answers.value("SELECT countIf(type = 'message') FROM {d}.events FINAL") == counted.messages == 59_835
    _check_activity(answers, counted)
    _check_tiers(answers, counted)
    _check_retention(answers, counted)
    _check_asking(groupvitals, counted)
    _check_pages(answers, counted)
    _check_foretelling(groupvitals, counted)


def _check_activity(answers: Answers, counted: Counted) -> None:
    rows = {(row["day"], row["window"]): row for row in answers.rows("rolling_activity_daily")}
    assert {day for day, _ in rows} == set(counted.closed())
    for day in counted.closed():
        for name, length in (("24h", 1), ("7d", 7), ("28d", 28)):
            window, row = counted.window(day, length), rows[day, name]
            assert (row["messages"], row["speakers"]) == (window.total(), len(window)), (day, name)
            assert row["mentions"] == window.total()
        assert [rows[day, "24h"][name] for name in ("dau", "wau", "mau")] == [
            len(counted.window(day, length)) for length in (1, 7, 28)
        ]
    now = {row["window"]: row for row in answers.rows("rolling_activity")}
    for name, length in (("7d", 7), ("28d", 28)):
        window = counted.window(counted.today, length)
        assert (now[name]["messages"], now[name]["speakers"]) == (window.total(), len(window))


def _check_tiers(answers: Answers, counted: Counted) -> None:
    for row in answers.rows("tiers_daily"):
        spoken, window = counted.days_spoken(row["day"]), counted.window(row["day"], 28)  # type: ignore[arg-type]
        loud = {member for member, days in spoken.items() if days >= 8}
        assert (row["loud"], row["occasional"]) == (len(loud), len(spoken) - len(loud))
        assert row["silent"] == row["members"] - len(spoken)
        assert row["daily"] == sum(days >= 20 for days in spoken.values())
        assert (row["messages"], row["loud_messages"]) == (window.total(), sum(window[member] for member in loud))
        total, counts = window.total(), sorted(window.values())
        entropy = -sum(c / total * math.log(c / total) for c in counts)
        assert row["effective_speakers"] == pytest.approx(math.exp(entropy))
        pairs = sum(abs(a - b) * n * k for a, n in Counter(counts).items() for b, k in Counter(counts).items())
        assert row["gini"] == pytest.approx(pairs / (2 * len(counts) * total))
        half, members = 0, 0
        for count in reversed(counts):
            if half * 2 < total:
                half, members = half + count, members + 1
        assert row["half_of_messages_by"] == members
    spoken = counted.days_spoken(counted.today)
    loud = sum(days >= 8 for days in spoken.values())
    joined = len(counted.joined)
    now = answers.rows("tiers")
    assert len(now) == 2, "the group, and everybody"
    for row in now:
        assert (row["members"], row["loud"], row["silent"]) == (joined, loud, joined - len(spoken))
        assert row["messages"] == counted.window(counted.today, 28).total()


def _check_retention(answers: Answers, counted: Counted) -> None:
    rows = answers.native.query(f"SELECT * FROM {answers.database}.retention WHERE dimension = 'all'")
    found, everybody = (
        {row["n"]: row for row in rows if (row["group_id"] == "*") == of_all} for of_all in (False, True)
    )
    assert [row | {"group_id": "*"} for row in found.values()] == [
        row | {"group_name": None} for row in everybody.values()
    ]
    for n in (1, 7, 30, 60, 90):
        base = [m for m, day in counted.joined.items() if day + timedelta(days=n) < counted.open_from]
        spoke = sum(m in counted.days.get(counted.joined[m] + timedelta(days=n), ()) for m in base)
        assert (found[n]["base"], found[n]["stayed"], found[n]["spoke"]) == (len(base), len(base), spoke), n
        if n >= 7:
            within = sum(m in counted.window(counted.joined[m] + timedelta(days=n), 7) for m in base)
            assert found[n]["spoke_within_7d"] == within, n


def _check_asking(groupvitals: Run, counted: Counted) -> None:
    """The command line gives the same rows as the view, also of a past day."""
    done = groupvitals("ask", "rolling_activity", "--as-of", "2004-05-10", "--format", "json")
    (day, *_) = [row for row in json.loads(done.stdout) if row["window"] == "24h"]
    assert day["messages"] == counted.days[date(2004, 5, 10)].total()
    late = groupvitals("ask", "rolling_activity", "--as-of", "2004-05-10T12:00:00", "--format", "json", "--limit", "1")
    assert json.loads(late.stdout)[0]["day"] == "2004-05-09"
    done = groupvitals("ask", "retention", "--as-of", "2004-06-01", "--format", "json")
    rows = json.loads(done.stdout)
    found = {row["n"]: row for row in rows if row["dimension"] == "all" and row["group_id"] == "*"}
    base = [m for m, joined in counted.joined.items() if joined + timedelta(days=30) <= date(2004, 6, 1)]
    assert found[30]["base"] == len(base)


def _page_sql(name: str, answers: Answers, day: date) -> str:
    """The SQL that a question's page gives to recompute it, for a day."""
    page = (Path(__file__).parent.parent / "docs" / "questions" / f"{name}.md").read_text()
    sql = page.partition("```sql")[2].partition("```")[0]
    return re.sub(r"\bD\b", f"toDate('{day}')", sql).replace("vitals.", f"{answers.database}.")


def _check_pages(answers: Answers, counted: Counted) -> None:
    """An analyst who follows the pages gets the same figures."""
    day = date(2004, 5, 10)
    (row,) = answers.native.query(_page_sql("rolling_activity", answers, day))
    assert (row["messages"], row["speakers"]) == (counted.window(day, 7).total(), len(counted.window(day, 7)))
    rows = answers.native.query(_page_sql("tiers", answers, day))
    assert {int(row["member_id"]): row["days_spoken"] for row in rows} == dict(counted.days_spoken(day))
    (row,) = answers.native.query(_page_sql("retention", answers, day))
    (view,) = answers.native.query(
        f"SELECT base, spoke FROM {answers.database}.retention WHERE dimension = 'all' AND n = 7 AND group_id = '*'"
    )
    assert (row["base"], row["spoke"]) == (view["base"], view["spoke"])


def _check_foretelling(groupvitals: Run, counted: Counted) -> None:
    """Who is judged, who came back, and the AUC of recency, pair by pair; tests/analytics has the other methods."""
    day = date(2004, 7, 14)
    done = groupvitals("evaluate", "zombies", "--cut", str(day), "--json")
    assert done.returncode == 0, done.stderr
    (cut,) = json.loads(done.stdout)["cuts"]
    last = {member: before for before in sorted(counted.days) if before < day for member in counted.days[before]}
    back = set(counted.window(day + timedelta(days=27), 28)) & set(last)
    assert (cut["day"], cut["members"], cut["returned"]) == (str(day), len(last), len(back))
    pairs = [(last[a] > last[b]) + (last[a] == last[b]) / 2 for a in back for b in last.keys() - back]
    assert cut["auc"]["recency"] == pytest.approx(sum(pairs) / len(pairs))
