"""Payouts: accepted against what was released by then, paid, failed, and paid beyond what was payable. Pure.

Records of payouts count in their partition's order. A payout is accepted if it is at most what was released up to its
period's end, less what was clawed back since and what other payouts take. One that is not accepted changes nothing; if
it is paid all the same, it is booked as overpaid, and less can be paid later.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.results.ledger import ENTRY, KIND

Rows = NDArray[np.void]
DAY_MS = 86_400_000
#: Kinds of entries that move what is payable without a payout.
_EARNED = tuple(KIND[name] for name in ("released", "recalled", "adjusted"))
#: What becomes of a record: accepted, paid or failed as it says; refused, since it was more than was payable; overpaid,
#: for the same reason; it says what was so already; its amount, currency or referrer is not that of the first record.
OUTCOMES = ("accepted", "paid", "failed", "refused", "overpaid", "repeated", "differs")


class Payout(NamedTuple):
    """A record of a payout. sequence: its place in the partition's order; status: "created", "paid" or "failed"."""

    sequence: int
    payout: int
    beneficiary: int
    currency: int
    amount: int
    status: str
    period_end_ms: int


class State(NamedTuple):
    """What became of a payout so far: of `OUTCOMES`, and its first record."""

    outcome: str
    first: Payout


class Posted(NamedTuple):
    """entries: of `ENTRY`; outcomes: of every record, in order of sequence, one of `OUTCOMES`; states: by payout."""

    entries: Rows
    outcomes: list[str]
    states: dict[int, State]


#: By status of the record and what became of the payout before ("": nothing): kinds of entries, and with which sign.
#: What is not listed repeats what is so already.
_STEPS: dict[tuple[str, str], tuple[tuple[str, int], ...]] = {
    ("created", ""): (("payout", 1),),
    ("created", "refused"): (("payout", 1),),
    ("created", "failed"): (("payout", 1),),
    ("paid", ""): (("payout", 1), ("paid", 1)),
    ("paid", "accepted"): (("paid", 1),),
    ("paid", "refused"): (("payout", 1), ("paid", 1)),
    ("paid", "failed"): (("payout", 1), ("paid", 1)),
    ("failed", ""): (),
    ("failed", "accepted"): (("failed", 1),),
    ("failed", "refused"): (),
    ("failed", "paid"): (("returned", 1),),
    ("failed", "overpaid"): (("overpaid", -1),),
}
#: What becomes of a payout by its status, if it is covered, and if not.
_COVERED = {"created": "accepted", "paid": "paid", "failed": "failed"}
_NOT_COVERED: dict[str, tuple[str, tuple[tuple[str, int], ...]]] = {
    "created": ("refused", ()),
    "paid": ("overpaid", (("overpaid", 1),)),
}


def post(records: list[Payout], entries: Rows, states: dict[int, State], day: int) -> Posted:
    """Entries of a day for these records, after all entries so far, those of the day too; states: of earlier days."""
    states, outcomes, found = dict(states), [], []
    of = _by_beneficiary(entries, {(record.beneficiary, record.currency) for record in records})
    for record in sorted(records):
        before = states.get(record.payout, State("", record))
        outcome, steps = _step(record, before, of[record.beneficiary, record.currency])
        outcomes.append(outcome)
        if outcome in ("repeated", "differs"):
            continue
        states[record.payout] = State(outcome, before.first)
        new = np.zeros(len(steps) if record.amount else 0, ENTRY)
        for entry, (kind, sign) in zip(new, steps, strict=False):
            entry["day"], entry["kind"], entry["amount"] = day, KIND[kind], sign * record.amount
            entry["plan"] = -1
            entry["source"], entry["sequence"] = record.payout, record.sequence
            entry["beneficiary"], entry["currency"] = record.beneficiary, record.currency
        found.append(new)
        key = record.beneficiary, record.currency
        of[key] = np.concatenate([of[key], new])
    return Posted(np.concatenate([np.zeros(0, ENTRY), *found]), outcomes, states)


def available(entries: Rows, period_end_ms: int) -> int:
    """What a payout for a period may take, of the entries of one beneficiary in one currency: released and adjusted by
    its end, less what was taken back since, and what payouts have taken."""
    earned = entries[np.isin(entries["kind"], _EARNED)]
    # the end of a period may be given as its last millisecond
    in_period = (earned["day"] + np.int64(1)) * DAY_MS <= period_end_ms + 1
    found = int(earned["amount"][in_period | (earned["amount"] < 0)].sum())
    for name, sign in (("payout", 1), ("overpaid", 1), ("failed", -1), ("returned", -1)):
        found -= sign * int(entries["amount"][entries["kind"] == KIND[name]].sum())
    return found


def _step(record: Payout, before: State, entries: Rows) -> tuple[str, tuple[tuple[str, int], ...]]:
    if record[2:5] != before.first[2:5]:
        return "differs", ()
    if (record.status, before.outcome) not in _STEPS:
        return "repeated", ()
    steps = _STEPS[record.status, before.outcome]
    if ("payout", 1) in steps and record.amount > available(entries, record.period_end_ms):
        return _NOT_COVERED[record.status]
    return _COVERED[record.status], steps


def _by_beneficiary(entries: Rows, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], Rows]:
    """The entries of these beneficiaries and currencies."""
    order = np.lexsort((entries["currency"], entries["beneficiary"]))
    keys = entries["beneficiary"][order].astype(np.int64) << 32 | entries["currency"][order]
    found = {}
    for beneficiary, currency in wanted:
        key = beneficiary << 32 | currency
        found[beneficiary, currency] = entries[order[slice(*np.searchsorted(keys, [key, key + 1]))]]
    return found
