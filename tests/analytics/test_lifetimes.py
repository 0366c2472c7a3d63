"""Lifetimes against published values, the formulas as the papers write them, and the CDNOW data."""

from datetime import date
from itertools import product
from math import exp, lgamma, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.backtest.lifetimes import BernoulliLife, Histories, Life, active, bg_nbd, fit, histories, mbg_nbd

CDNOW = Path(__file__).parents[3] / "shared" / "data" / "cdnow.txt"
#: The 2,357 customers of the published 1/10 sample, by their numbers in the master file.
SAMPLE = Path(__file__).with_name("cdnow_sample.txt")
BG, MBG = bg_nbd(0.243, 4.414, 0.793, 2.426), mbg_nbd(0.525, 6.183, 0.891, 1.614)
BGBB = BernoulliLife(1.204, 0.750, 0.657, 2.783)
#: Donations (Fader, Hardie, Shang 2010): of 11,104 people, x gifts in six years, the last in year t_x; how many people.
DONATIONS = """
6 6 1203  5 6 728  4 6 512  3 6 357  2 6 234  1 6 129  5 5 335  4 5 284  3 5 225  2 5 173  1 5 119
4 4 240  3 4 181  2 4 155  1 4 78  3 3 322  2 3 255  1 3 129  2 2 613  1 2 277  1 1 1091  0 0 3464
"""

steady = settings(derandomize=True, deadline=None, max_examples=200)
parameter = st.floats(0.05, 20)
parameters = st.tuples(parameter, parameter, parameter, parameter)


@st.composite
def lives(draw: st.DrawFn) -> tuple[int, float, float]:
    x = draw(st.integers(0, 60))
    t_x = draw(st.floats(0.01, 200)) if x else 0.0
    return x, t_x, t_x + draw(st.floats(0, 200))


def columns(*rows: tuple[int, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, t_x, length = zip(*rows, strict=True)
    return np.array(x), np.array(t_x, dtype=float), np.array(length, dtype=float)


@pytest.mark.parametrize(
    ("life", "history", "alive"),
    [
        (BG, (2, 30.43, 38.86), 0.7265785701),
        (BG, (1, 1.71, 38.86), 0.2121009854),
        (BG, (0, 0, 38.86), 1.0),
        (MBG, (2, 30.43, 38.86), 0.7062022651),
        (MBG, (0, 0, 38.86), 0.3897350809),
        (BGBB, (6, 6, 6), 0.93040254),
        (BGBB, (0, 0, 6), 0.10801658),
        (BGBB, (3, 4, 6), 0.43946286),
    ],
)
def test_published_chances_to_be_alive(life: Life, history: tuple[int, float, float], alive: float) -> None:
    digits = 5e-9 if life is BGBB else 1e-9
    assert life.alive(*columns(history))[0] == pytest.approx(alive, abs=digits)


def log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


@steady
@given(parameters, lives(), st.booleans())
def test_likelihoods_are_the_papers(p: tuple[float, ...], life: tuple[int, float, float], modified: bool) -> None:
    (r, alpha, a, b), (x, t_x, length) = p, life
    stayed = log_beta(a, b + x + modified) - log_beta(a, b) - (r + x) * log(alpha + length)
    left = log_beta(a + 1, b + x - 1 + modified) - log_beta(a, b) - (r + x) * log(alpha + t_x) if x + modified else None
    common = lgamma(r + x) - lgamma(r) + r * log(alpha)
    ways = [way for way in (stayed, left) if way is not None]
    expected = common + max(ways) + log(sum(exp(way - max(ways)) for way in ways))
    model = (mbg_nbd if modified else bg_nbd)(r, alpha, a, b)
    assert model.log_likelihood(*columns(life))[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert model.alive(*columns(life))[0] == pytest.approx(exp(common + stayed - expected), rel=1e-7)


@steady
@given(parameters, lives(), st.booleans(), st.floats(0.1, 100))
def test_the_chance_to_be_active(
    p: tuple[float, ...], life: tuple[int, float, float], modified: bool, h: float
) -> None:
    (r, alpha, *_), (x, _, length) = p, life
    model = (mbg_nbd if modified else bg_nbd)(*p)
    expected = model.alive(*columns(life))[0] * (1 - ((alpha + length) / (alpha + length + h)) ** (r + x))
    assert active(model, *columns(life), h)[0] == pytest.approx(expected, abs=1e-9)


@steady
@given(parameters, st.integers(1, 7))
def test_all_ways_to_live_through_n_opportunities_have_probability_one(p: tuple[float, ...], n: int) -> None:
    ways = list(product((0, 1), repeat=n))
    rows = [(sum(way), max((i + 1 for i, came in enumerate(way) if came), default=0), n) for way in ways]
    assert np.exp(BernoulliLife(*p).log_likelihood(*columns(*rows))).sum() == pytest.approx(1)


def test_activity_at_the_next_opportunity_is_what_longer_histories_say() -> None:
    history, silent, came = (2, 3, 5), (2, 3, 6), (3, 6, 6)
    before, without, with_it = np.exp(BGBB.log_likelihood(*columns(history, silent, came)))
    assert without + with_it == pytest.approx(before)
    assert active(BGBB, *columns(history), 1)[0] == pytest.approx(with_it / before)


def test_donations_fit_as_published() -> None:
    x, t_x, people = np.array(DONATIONS.split(), dtype=np.int64).reshape(-1, 3).T
    data = Histories(x, t_x.astype(float), np.full(len(x), 6.0), people.astype(float))
    life = fit(BernoulliLife, data)
    assert isinstance(life, BernoulliLife)
    assert people @ life.log_likelihood(*data[:3]) == pytest.approx(-33225.6, abs=0.05)
    assert (life.alpha, life.beta, life.gamma, life.delta) == pytest.approx((1.204, 0.750, 0.657, 2.783), abs=1e-3)


@pytest.mark.skipif(not CDNOW.exists(), reason="the real data is not beside the project")
def test_cdnow_fits_as_published() -> None:
    """Calibration: the 39 weeks to 1997-09-30; weeks to two digits, as the published table has them."""
    chosen = set(SAMPLE.read_text().split())
    bought: dict[str, set[date]] = {}
    for line in CDNOW.read_text().splitlines()[1:]:
        who, when, *_ = line.split()
        if str(int(who)) in chosen and when <= "19970930":
            bought.setdefault(who, set()).add(date(int(when[:4]), int(when[4:6]), int(when[6:])))
    end = date(1997, 9, 30)
    rows = [
        (len(days) - 1, round((max(days) - min(days)).days / 7, 2), round((end - min(days)).days / 7, 2))
        for days in bought.values()
    ]
    assert (len(rows), sum(x for x, *_ in rows), sum(x == 0 for x, *_ in rows)) == (2_357, 2_457, 1_411)
    data = histories(*columns(*rows))
    assert len(data.people) < data.people.sum() == 2_357
    for model, published in (
        (bg_nbd, (0.242593, 4.413532, 0.792886, 2.425752)),
        (mbg_nbd, (0.524838, 6.182988, 0.891356, 1.614000)),
    ):
        life = fit(model, data)
        assert (life.r, life.alpha, life.a, life.b) == pytest.approx(published, abs=1e-4)
        history = columns((2, 30.43, 38.86), (1, 1.71, 38.86), (7, 29.43, 38.86))
        assert life.alive(*history) == pytest.approx(model(*published).alive(*history), abs=1e-4)


def test_a_histogram_says_what_its_people_say() -> None:
    rows = columns((2, 3.0, 5.0), (0, 0.0, 5.0), (2, 3.0, 5.0), (2, 3.0, 6.0))
    data = histories(*rows)
    assert data.people.tolist() == [1, 2, 1]
    assert data.people @ BG.log_likelihood(*data[:3]) == pytest.approx(BG.log_likelihood(*rows).sum())


@pytest.mark.parametrize("model", [bg_nbd, mbg_nbd, BernoulliLife])
@pytest.mark.parametrize("rows", [[], [(0, 0, 0)], [(0, 0, 9)] * 5, [(9, 9, 9)] * 5, [(1, 1, 1), (0, 0, 90)]])
def test_a_fit_of_poor_data_is_a_model_all_the_same(model: type, rows: list[tuple[int, float, float]]) -> None:
    data = columns(*rows) if rows else (np.array([]),) * 3
    life = fit(model, histories(*data))
    ask = columns((0, 0, 3), (2, 2, 3))
    chances = np.concatenate([life.alive(*ask), active(life, *ask, 28)])
    assert np.isfinite(chances).all()
    assert ((chances >= 0) & (chances <= 1)).all()
