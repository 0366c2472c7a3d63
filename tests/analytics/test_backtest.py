"""Back-tests: nothing is known beyond the cut, small cases by hand, and the figures on sixty thousand real messages."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics.backtest.backtest import Activity, Cut, cuts, evaluate
from schemas.errors import ConfigError

COLLEGE = Path(__file__).parents[3] / "shared" / "data" / "collegemsg.txt"
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


def test_what_comes_after_the_cut_changes_only_the_outcomes() -> None:
    rows, cut = invented(), 100
    cut_off = {(member, day) for member, day in rows if day < cut}
    found, blind = evaluate(activity(rows), cut, 28), evaluate(activity(cut_off), cut, 28)
    assert found.outcomes.sum() > 50
    assert blind.outcomes.sum() == 0
    assert found.chances.tolist() == blind.chances.tolist()
    assert found.theta == blind.theta


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


def test_zombies_are_those_below_theta() -> None:
    cut = Cut(0, [], None, 0.2, np.array([0.1, 0.15, 0.2, 0.9]), np.array([True, False, True, True]))  # type: ignore[arg-type]
    assert (cut.zombies, cut.zombies_gone) == (2, 0.5)
    nobody = Cut(0, [], None, 0.0, cut.chances, cut.outcomes)  # type: ignore[arg-type]
    assert nobody.zombies == 0
    assert math.isnan(nobody.zombies_gone)


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


@pytest.mark.skipif(not COLLEGE.exists(), reason="the real data is not beside the project")
def test_the_figures_on_real_messages() -> None:
    """Days of 24 h from the first message on, everybody who had sent one; see docs/zombies.md."""
    rows = np.array([line.split() for line in COLLEGE.read_text().splitlines()[1:]], dtype=np.int64)
    days = (rows[:, 2] - rows[:, 2].min()) // 86_400
    spoken = activity(set(zip(rows[:, 0].tolist(), days.tolist(), strict=True)))
    found = [evaluate(spoken, cut, 28) for cut in cuts(spoken, 28, [60, 90, 120])]
    assert [len(cut.outcomes) for cut in found] == [1_233, 1_273, 1_297]
    aucs = {method.name: [c.methods[n].auc for c in found] for n, method in enumerate(found[0].methods)}
    known = {
        "active days, half-life 7 d": (0.847, 0.873, 0.865),
        "recency": (0.815, 0.863, 0.857),
        "MBG/NBD active in 28 d": (0.803, 0.824, 0.784),
        "BG/NBD alive": (0.553, 0.614, 0.591),
    }
    for name, figures in known.items():
        assert aucs[name] == pytest.approx(figures, abs=6e-4), name
    assert aucs["own rhythm"] == pytest.approx((0.779, 0.845, 0.820), abs=6e-4)
    assert aucs["score"] == pytest.approx((0.846, 0.873, 0.865), abs=2e-3)
    assert [c.methods[0].brier for c in found] == pytest.approx((0.213, 0.114, 0.100), abs=2e-3)
    assert [c.in_sample.auc for c in found] == pytest.approx((0.846, 0.874, 0.866), abs=2e-3)
    assert [c.in_sample.brier for c in found] == pytest.approx((0.135, 0.098, 0.095), abs=2e-3)
    assert [c.zombies_gone for c in found] == pytest.approx((0.971, 0.933, 0.929), abs=0.01)
