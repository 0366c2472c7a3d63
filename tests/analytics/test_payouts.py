"""Payouts: what is accepted, refused, and paid all the same."""

import numpy as np
import pytest

from analytics.results.ledger import ENTRY, KIND, KINDS, balances
from analytics.results.payouts import DAY_MS, Payout, available, post

ANN, CNY = 0, 0


def released(*amounts: tuple[int, int], kind: str = "released") -> np.ndarray:
    """Entries for Ann, of day and amount."""
    found = np.zeros(len(amounts), ENTRY)
    found["kind"], found["source"] = KIND[kind], np.arange(len(amounts))
    for entry, (day, amount) in zip(found, amounts, strict=True):
        entry["day"], entry["amount"] = day, amount
    return found


def of(*told: str, amount: int = 60, day: int = 3) -> tuple[list[str], dict[str, int], list[tuple[str, int]]]:
    """What becomes of records such as "created 1", of 100 that were released: outcomes, balance, entries."""
    entries = released((0, 100))
    records = [
        Payout(n, int(number), ANN, CNY, amount, status, day * DAY_MS)
        for n, (status, number) in enumerate(one.split() for one in told)
    ]
    at_once = post(records[::-1], entries, {}, 9)
    piece, states = entries, {}
    for record in records:
        new, _, states = post([record], piece, states, 9)
        piece = np.concatenate([piece, new])
    assert piece[1:].tolist() == at_once.entries.tolist(), "however they are cut into days"
    (left,) = balances(piece)
    assert left["expense"] + left["overpaid"] + left["cash"] == left["held"] + left["payable"] + left["in payout"]
    named = [(KINDS[entry["kind"]].name, int(entry["amount"])) for entry in at_once.entries]
    return at_once.outcomes, {name: int(left[name]) for name in ("payable", "in payout", "overpaid", "cash")}, named


@pytest.mark.parametrize(
    ("told", "outcomes", "balance"),
    [
        (["created 1"], ["accepted"], (40, 60, 0, 0)),
        (["created 1", "paid 1"], ["accepted", "paid"], (40, 0, 0, -60)),
        (["created 1", "created 1", "paid 1", "paid 1"], ["accepted", "repeated", "paid", "repeated"], (40, 0, 0, -60)),
        (["created 1", "failed 1", "failed 1"], ["accepted", "failed", "repeated"], (100, 0, 0, 0)),
        (["created 1", "failed 1", "paid 1"], ["accepted", "failed", "paid"], (40, 0, 0, -60)),
        (["created 1", "paid 1", "failed 1"], ["accepted", "paid", "failed"], (100, 0, 0, 0)),
        (["paid 1"], ["paid"], (40, 0, 0, -60)),
        (["failed 1", "created 1"], ["failed", "accepted"], (40, 60, 0, 0)),
        (["created 1", "created 2"], ["accepted", "refused"], (40, 60, 0, 0)),
        (["created 1", "created 2", "failed 2"], ["accepted", "refused", "failed"], (40, 60, 0, 0)),
        (["created 1", "created 2", "paid 2"], ["accepted", "refused", "overpaid"], (40, 60, 60, -60)),
        (["created 1", "paid 2", "failed 2"], ["accepted", "overpaid", "failed"], (40, 60, 0, 0)),
        (["paid 1", "paid 2", "failed 1", "created 3"], ["paid", "overpaid", "failed", "refused"], (100, 0, 60, -60)),
    ],
)
def test_what_becomes_of_payouts(told: list[str], outcomes: list[str], balance: tuple[int, ...]) -> None:
    found, left, _ = of(*told)
    assert (found, tuple(left.values())) == (outcomes, balance)


def test_entries_of_a_payout() -> None:
    assert of("paid 1")[2] == [("payout", 60), ("paid", 60)]
    assert of("created 1", "paid 2", "failed 2")[2] == [("payout", 60), ("overpaid", 60), ("overpaid", -60)]
    assert of("created 1", amount=0)[::2] == (["accepted"], [])


def test_a_payout_that_changes() -> None:
    one = Payout(0, 1, ANN, CNY, 60, "created", DAY_MS)
    for other in (one._replace(amount=61), one._replace(currency=1), one._replace(beneficiary=1)):
        found = post([one, other._replace(sequence=1, status="paid")], released((0, 100)), {}, 9)
        assert found.outcomes == ["accepted", "differs"]
        assert len(found.entries) == 1


@pytest.mark.parametrize(
    ("period_end_ms", "expected"), [(0, -30), (DAY_MS - 2, -30), (DAY_MS - 1, 70), (2 * DAY_MS, 90)]
)
def test_a_period_has_what_was_released_by_its_end(period_end_ms: int, expected: int) -> None:
    entries = np.concatenate([
        released((0, 100), (1, 20), (2, 50)), released((1, -10), (5, -10), kind="recalled"),
        released((1, -5), (0, -5), kind="adjusted"),
    ])  # fmt: skip
    assert available(entries, period_end_ms) == expected
