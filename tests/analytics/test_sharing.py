"""What the people around a referrer share, by literals."""

import numpy as np

from analytics.results.sharing import PRINTS, Uses, known, shared

BOSS, ANN, BOB, CID, EVE = range(5)
PAYMENT, DEVICE, IP = range(len(PRINTS))
#: The boss brought Ann, Bob and Cid at times 10, 20 and 30.
REFERRER, SINCE = np.array([-1, BOSS, BOSS, BOSS, -1], np.int32), np.array([0, 10, 20, 30, 0])
Use = tuple[int, int, int, int]  # person, kind, print, time


def uses(*rows: Use) -> Uses:
    person, kind, number, ms = np.array(rows, np.int64).reshape(-1, 4).T
    return known(Uses(person.astype(np.int32), kind.astype(np.int8), number, ms))


def told(*rows: Use) -> list[tuple[int, int, int, float]]:
    found = shared(REFERRER, SINCE, uses(*rows))
    return sorted((int(a), int(b), int(c), round(float(d), 3)) for a, b, c, d in zip(*found, strict=True))


def test_whoever_uses_what_the_circle_uses_counts_from_then_on() -> None:
    assert told((ANN, PAYMENT, 7, 40), (BOB, PAYMENT, 7, 50), (CID, PAYMENT, 8, 60)) == [(BOSS, 50, PAYMENT, 1.0)]
    assert told((BOSS, DEVICE, 7, 5), (CID, DEVICE, 7, 35)) == [(BOSS, 35, DEVICE, 1.0)]
    assert told((BOSS, DEVICE, 7, 5), (CID, DEVICE, 7, 6)) == [(BOSS, 30, DEVICE, 1.0)], "brought later"
    assert told((BOSS, DEVICE, 7, 5), (EVE, DEVICE, 7, 6)) == [], "not brought by the boss"


def test_what_others_used_before_weighs_less() -> None:
    assert told((EVE, IP, 7, 1), (ANN, IP, 7, 40), (BOB, IP, 7, 50)) == [(BOSS, 50, IP, 0.5)]
    assert told((EVE, IP, 7, 60), (ANN, IP, 7, 40), (BOB, IP, 7, 50)) == [(BOSS, 50, IP, 1.0)], "later"


def test_everybody_counts_once_per_kind_by_the_most_they_share() -> None:
    rows = ((EVE, IP, 7, 1), (ANN, IP, 7, 40), (BOB, IP, 7, 50), (ANN, IP, 8, 45), (BOB, IP, 8, 55), (BOB, IP, 7, 90))
    assert told(*rows) == [(BOSS, 50, IP, 0.5), (BOSS, 55, IP, 0.5)]


def test_uses_of_one_moment_count_alike() -> None:
    one = told((ANN, PAYMENT, 7, 40), (BOB, PAYMENT, 7, 40))
    assert one == told((BOB, PAYMENT, 7, 40), (ANN, PAYMENT, 7, 40)) == [(BOSS, 40, PAYMENT, 1.0)] * 2


def test_nobody_shares_anything() -> None:
    assert told() == told((ANN, IP, 7, 40)) == []
