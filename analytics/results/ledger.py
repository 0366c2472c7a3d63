"""The ledger: double-entry, append-only entries that bring what is posted to what is owed when a day closes. Pure.

What is owed is a function of records (`analytics.results.owed`). An entry is an act: posted once, for the day that
closes, as the difference between owed and posted. What comes late becomes an entry of the next day to close; no entry
ever changes. Until the day closes, the same differences are what is pending.

An entry is identified by its source, beneficiary, currency, kind, day and, for payouts, the record's sequence.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.results.frozen import FROZEN, TERMS
from analytics.results.owed import OWED, Owing, numbered, total
from analytics.results.plans import Reassignment

Rows = NDArray[np.void]
#: Whose money: what the deployment spends on referrals; per beneficiary, what is held, payable, on its way, and paid
#: beyond what was payable; the deployment's bank.
ACCOUNTS = ("expense", "held", "payable", "in payout", "overpaid", "cash")
_EXPENSE, _HELD, _PAYABLE, _IN_PAYOUT, _OVERPAID, _CASH = range(6)


class Kind(NamedTuple):
    """A kind of entry: the amount, which may be negative, moves from one account (credited) to another (debited)."""

    name: str
    debit: int
    credit: int


#: In the order in which entries of a day are posted.
KINDS = (
    Kind("accrued", _EXPENSE, _HELD),
    Kind("clawed back", _EXPENSE, _HELD),  # what is held is less than posted: a refund, a void, another referrer
    Kind("released", _HELD, _PAYABLE),
    Kind("recalled", _HELD, _PAYABLE),  # what was released is less: clawed back from what is payable
    Kind("adjusted", _EXPENSE, _PAYABLE),
    Kind("payout", _PAYABLE, _IN_PAYOUT),
    Kind("paid", _IN_PAYOUT, _CASH),
    Kind("failed", _IN_PAYOUT, _PAYABLE),
    Kind("returned", _CASH, _PAYABLE),  # a payout that failed after it was paid
    Kind("overpaid", _OVERPAID, _CASH),
)
KIND = {kind.name: number for number, kind in enumerate(KINDS)}
#: day: since 1970-01-01, the one at whose close the entry is posted; kind: place in `KINDS`; source: of what is owed
#: (an order), else the adjustment or payout; sequence: of the payout's record, 0 for all else; `TERMS`: of releases.
ENTRY = np.dtype(
    [
        ("day", "i4"),
        ("kind", "i1"),
        ("source", "i8"),
        ("beneficiary", "i4"),
        ("currency", "i4"),
        ("sequence", "i8"),
        ("amount", "i8"),
        *TERMS,
    ]
)
#: What a beneficiary's accounts hold: their share of `ACCOUNTS`, in minor units; "payable" may be negative.
BALANCE = np.dtype([("beneficiary", "i4"), ("currency", "i4"), *((name, "i8") for name in ACCOUNTS)])
#: An adjustment by an operator: signed, payable at once.
ADJUSTMENT = np.dtype([("source", "i8"), ("beneficiary", "i4"), ("currency", "i4"), ("ts_ms", "i8"), ("amount", "i8")])


def differences(owed: Rows, posted: Rows, day: int) -> Rows:
    """Entries (`ENTRY`) that bring what is posted by key to what is owed (both of `OWED`): none where both agree."""
    less = posted.copy()
    less["accrued"], less["released"] = -posted["accrued"], -posted["released"]
    missing = total(np.concatenate([owed, less]))
    found = []
    for column, more, fewer in (("accrued", "accrued", "clawed back"), ("released", "released", "recalled")):
        rows = missing[missing[column] != 0]
        entries = _entries(rows, day, 0)
        entries["amount"] = rows[column]
        entries["kind"] = np.where(rows[column] > 0, KIND[more], KIND[fewer])
        found.append(entries)
    return np.concatenate(found)


def adjustments(due: Rows, posted: Rows, end_ms: int, day: int) -> Rows:
    """Entries for adjustments (`ADJUSTMENT`) until the day's end whose source no posted entry (`ENTRY`) has yet; of
    several with one source, the earliest counts."""
    known = posted["source"][posted["kind"] == KIND["adjusted"]]
    rows = due[(due["ts_ms"] < end_ms) & ~np.isin(due["source"], known) & (due["amount"] != 0)]
    rows = rows[np.lexsort((rows["amount"], rows["beneficiary"], rows["ts_ms"]))]
    _, first = np.unique(rows["source"], return_index=True)
    entries = _entries(rows[first], day, KIND["adjusted"])
    entries["amount"] = rows["amount"][first]
    return entries


def posted(entries: Rows) -> Rows:
    """What is posted by key (`OWED`), of entries of any kind."""
    accruals = np.isin(entries["kind"], (KIND["accrued"], KIND["clawed back"]))
    releases = np.isin(entries["kind"], (KIND["released"], KIND["recalled"]))
    rows = np.zeros(len(entries), OWED)
    for name in ("source", "beneficiary", "currency"):
        rows[name] = entries[name]
    rows["accrued"] = np.where(accruals, entries["amount"], 0)
    rows["released"] = np.where(releases, entries["amount"], 0)
    return total(rows[accruals | releases])


def released(entries: Rows, found: Owing) -> Rows:
    """The entries (`ENTRY`), releases with the terms of the results that they release."""
    mine = np.flatnonzero((entries["kind"] == KIND["released"]) & np.isin(entries["source"], found.goals.id))
    order = np.argsort(found.goals.id)
    rows = order[np.searchsorted(found.goals.id[order], entries["source"][mine])]
    entries = entries.copy()
    for name, rate in zip([name for name, _ in TERMS], _terms(found), strict=True):
        entries[name][mine] = rate[rows]
    return entries


def frozen(entries: Rows, changes: list[Reassignment]) -> Rows:
    """What is released by these entries (`ENTRY`), of `FROZEN`, but for results for which the newest of these changes
    names another referrer."""
    acts = entries[(entries["kind"] == KIND["released"]) & (entries["plan"] >= 0)]
    names = ["source", "beneficiary", "currency", *(name for name, _ in TERMS)]
    newest = {act[:3]: act[3:] for act in acts[names].tolist()}
    named = {one.goal: one.referrer for one in sorted(changes, key=lambda one: (one.ts_ms, one.id)) if one.goal >= 0}
    found = []
    for source, beneficiary, currency, _, amount in posted(entries).tolist():
        terms = newest.get((source, beneficiary, currency))
        if amount > 0 and terms is not None and named.get(source, beneficiary) == beneficiary:
            found.append((source, beneficiary, currency, amount, *terms))
    return np.sort(np.array(found, FROZEN), order="source")


def balances(entries: Rows) -> Rows:
    """Of every beneficiary and currency, what entries have left on each account (`BALANCE`).

    Debits count as positive on "expense", "overpaid" and "cash", credits on the others, which are what is owed to the
    beneficiary: expense + overpaid + cash = held + payable + in payout. Cash that was paid out is negative.
    """
    places = numbered(entries["currency"], entries["beneficiary"])
    _, first = np.unique(places, return_index=True)
    found = np.zeros(len(first), BALANCE)
    for name in ("beneficiary", "currency"):
        found[name] = entries[name][first]
    for number, kind in enumerate(KINDS):
        rows = entries["kind"] == number
        for account, sign in ((kind.debit, 1), (kind.credit, -1)):
            owing = -1 if account in (_HELD, _PAYABLE, _IN_PAYOUT) else 1
            np.add.at(found[ACCOUNTS[account]], places[rows], sign * owing * entries["amount"][rows])
    return found


def _terms(found: Owing) -> tuple[NDArray[np.int64], ...]:
    rate = found.rate
    return rate.number, rate.share_bp, rate.fixed_minor, rate.minimum_minor


def _entries(rows: Rows, day: int, kind: int) -> Rows:
    found = np.zeros(len(rows), ENTRY)
    found["day"], found["kind"], found["plan"] = day, kind, -1
    for name in ("source", "beneficiary", "currency"):
        found[name] = rows[name]
    return found
