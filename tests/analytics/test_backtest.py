"""Back-tests: nothing is known beyond the cut, small cases by hand, and the figures on real histories."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics.backtest.activity import Activity, cuts
from analytics.backtest.backtest import Cut, Margin, evaluate
from groupvitals.histories import of_file
from schemas.errors import ConfigError

DATA = Path(__file__).parents[3] / "shared" / "data"
RULES = ("recency", "active days, half-life 7 d", "active days, half-life 28 d")
steady = settings(derandomize=True, deadline=None, max_examples=100)
pairs = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 200)), min_size=1, max_size=60)


def activity(rows: set[tuple[int, int]]) -> Activity:
    columns = np.array(sorted(rows), dtype=np.int64)
    return Activity(columns[:, 0].astype(np.uint64), columns[:, 1])


def invented(seed: int = 3, days: int = 150) -> set[tuple[int, int]]:
    """Three hundred members who speak with a chance of their own a day, until they leave."""
    rng = np.random.default_rng(seed)
    rows = set()
    for member in range(300):
        begin, rate = int(rng.integers(0, 80)), rng.beta(0.6, 3)
        end = begin + 1 + int(rng.exponential(60))
        rows |= {(member, day) for day in range(begin, min(end, days)) if day == begin or rng.random() < rate}
    return rows


@steady
@given(pairs, st.integers(0, 220))
@example({(0, 72), (0, 73)}, 200)
def test_masks_are_the_days(rows: set[tuple[int, int]], today: int) -> None:
    low, high = activity(rows).masks(today)
    members = sorted({member for member, _ in rows})
    for member, *words in zip(members, low, high, strict=True):
        expected = sum(1 << today - day for m, day in rows if m == member and 0 <= today - day < 128)
        assert int(words[0]) | int(words[1]) << 64 == expected


@steady
@given(pairs, st.integers(-5, 400))
def test_habits_are_what_is_known_at_the_end_of_a_day(rows: set[tuple[int, int]], today: int) -> None:
    found = activity(rows).habits(today)
    for i, member in enumerate(sorted({member for member, _ in rows})):
        ages = sorted(today - day for m, day in rows if m == member)
        past = [age for age in ages if age >= 0]
        assert (found.age[i], found.ever[i]) == (ages[-1], len(past))
        assert found.left[i] == min((age for age in past if age >= 128), default=-1)


def test_what_comes_after_the_cut_changes_only_the_outcomes() -> None:
    rows, cut = invented(), 100
    cut_off = {(member, day) for member, day in rows if day < cut}
    found, blind = evaluate(activity(rows), cut, 28), evaluate(activity(cut_off), cut, 28)
    assert found.outcomes.sum() > 50
    assert blind.outcomes.sum() == 0
    assert found.chances.tolist() == blind.chances.tolist()


def test_who_is_judged_and_what_came_of_them() -> None:
    rows = invented() | {(1_000, 99), (1_000, 100), (1_001, 100), (1_002, 0), (1_002, 127), (1_003, 0), (1_003, 128)}
    found = evaluate(activity(rows), 100, 28)
    before = sorted({member for member, day in rows if day < 100})
    back = {member for member, day in rows if 100 <= day < 128}
    assert found.outcomes.tolist() == [member in back for member in before]
    assert found.outcomes[-3:].tolist() == [True, True, False]


def test_simple_methods_by_hand() -> None:
    """Three members at day 60: last active 0, 9 and 28 days ago; the first and the last are active again."""
    spread = {(1, day) for day in range(60)} | {(2, 0), (2, 50), (3, 0), (3, 31), (1, 60), (3, 70)}
    found = evaluate(activity(spread), 60, 28)
    by_name = {method.name: method for method in found.methods}
    assert by_name["recency"].auc == 0.5
    assert by_name["active days, half-life 7 d"].auc == 0.5
    assert by_name["silent for 28 d"].auc == 0.25
    assert by_name["silent for 28 d"].brier == pytest.approx(2 / 3)
    assert found.silent.tolist() == found.recently.tolist() == [False, False, True]
    assert [method.name for method in found.recently_silent] == list(by_name)
    assert all(np.isnan(method.auc) for method in found.recently_silent)  # there is only one


def test_zombies_are_silent_members_with_a_low_chance() -> None:
    back = np.array([True, False, False, True, True, False])
    cut = Cut(0, 28, [], [], np.array([0.01, 0.04, 0.06, 0.9, 0.04, 0.01]), back, np.array([27, 28, 99, 99, 100, 500]))
    assert cut.margin(cut.silent) == Margin(zombies=3, zombies_back=1, others=2, others_back=1)
    assert cut.margin(cut.recently) == Margin(zombies=1, zombies_back=0, others=2, others_back=1)
    assert cut.margin(np.zeros(6, np.bool_)) == Margin(0, 0, 0, 0)


@pytest.mark.parametrize(
    "rows",
    [
        {(1, day) for day in range(200)},  # one member, never silent
        {(1, 0), (1, 199)},  # one member, nearly always silent
        {(member, 0) for member in range(50)} | {(99, 199)},  # everybody silent, all alike
        {(member, day) for member in range(9) for day in range(0, 200, 9)},  # nobody silent, all alike
        {(1, 0), (2, 99), (3, 100), (4, 199)},  # nobody ever comes back
    ],
)
def test_small_and_uniform_histories_can_be_judged(rows: set[tuple[int, int]]) -> None:
    for day in cuts(activity(rows), 28):
        found = evaluate(activity(rows), day, 28)
        assert ((found.chances > 0) & (found.chances < 1)).all()
        assert sum(found.margin(found.silent)[::2]) == found.silent.sum()


def test_cuts_leave_room_before_and_after() -> None:
    year = activity({(0, 1_000), (0, 1_099)})
    assert cuts(year, 28) == [1_056, 1_060, 1_064, 1_068, 1_072]
    assert cuts(year, 28, [1_072, 1_056, 1_072]) == [1_056, 1_072]
    assert cuts(activity({(0, 1_000), (0, 1_083)}), 28) == [1_056]
    for day in (1_055, 1_073):
        with pytest.raises(ConfigError, match="1972-11-22 to 1972-12-08"):
            cuts(year, 28, [day])
    with pytest.raises(ConfigError, match="span 83 days"):
        cuts(activity({(0, 1_000), (0, 1_082)}), 28)
    with pytest.raises(ConfigError, match="span 0 days"):
        cuts(Activity(np.zeros(0, np.uint64), np.zeros(0, np.int64)), 28)


def aucs(found: list[Cut], among: str) -> dict[str, np.ndarray]:
    """AUC of every method at every cut."""
    names = [method.name for method in found[0].methods]
    return {name: np.array([getattr(cut, among)[n].auc for cut in found]) for n, name in enumerate(names)}


def college() -> Activity:
    """Days of 24 h from the first message on, everybody who had sent one."""
    rows = np.array([line.split() for line in (DATA / "collegemsg.txt").read_text().splitlines()[1:]], dtype=np.int64)
    days = (rows[:, 2] - rows[:, 2].min()) // 86_400
    return activity(set(zip(rows[:, 0].tolist(), days.tolist(), strict=True)))


@pytest.mark.skipif(not DATA.exists(), reason="the real data is not beside the project")
def test_the_figures_on_real_messages() -> None:
    """See docs/zombies.md."""
    spoken = college()
    found = [evaluate(spoken, cut, 28) for cut in cuts(spoken, 28, [60, 90, 120])]
    assert [len(cut.outcomes) for cut in found] == [1_233, 1_273, 1_297]
    known = {
        "active days, half-life 7 d": (0.847, 0.873, 0.865),
        "recency": (0.815, 0.863, 0.857),
        "MBG/NBD active in 28 d": (0.803, 0.824, 0.784),
        "BG/NBD alive": (0.553, 0.614, 0.591),
        "own rhythm": (0.779, 0.845, 0.820),
    }
    of = aucs(found, "methods")
    for name, figures in known.items():
        assert of[name] == pytest.approx(figures, abs=6e-4), name
    found = [evaluate(spoken, cut, 28) for cut in (113, 125, 140, 150, 160, 165)]
    of = aucs(found, "methods")
    assert of["score"].mean() > max(of[rule].mean() for rule in RULES) - 0.005
    shares = np.array([cut.margin(cut.recently) for cut in found])
    assert shares[:, 1].sum() <= 0.05 * shares[:, 0].sum() and shares[:, 3].sum() >= 0.12 * shares[:, 2].sum()


@pytest.mark.skipif(not DATA.exists(), reason="the real data is not beside the project")
def test_the_figures_on_eight_years_of_channels() -> None:
    """What a score that sees ten years must reach where nearly everybody is gone; see docs/zombies.md."""
    spoken = of_file(DATA / "irc-days.csv.gz")
    days = [int(np.datetime64(f"{year}-06-01", "D").astype(int)) for year in range(2008, 2014)]
    found = [evaluate(spoken, day, 28) for day in days]
    assert [len(cut.outcomes) for cut in found] == [1_294, 2_646, 4_277, 7_296, 15_301, 25_472]
    of, silent = aucs(found, "methods"), aucs(found, "recently_silent")
    lead = of["score"] - np.max([of[rule] for rule in RULES], axis=0)
    assert lead.mean() > 0.005 and lead.min() > -0.003
    assert (silent["score"] - silent["active days, half-life 28 d"]).mean() > 0.04
    for cut in found:
        zombies, zombies_back, others, others_back = cut.margin(cut.recently)
        assert zombies_back <= 0.05 * zombies and others_back >= 0.1 * others and zombies > 50
        assert cut.recently.sum() < 1_000 or cut.recently_silent[0].error <= 0.03
