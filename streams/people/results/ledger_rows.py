"""Rows of the ledger's tables, from what is owed and what is posted."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.results.ledger import ACCOUNTS, KINDS, balances
from analytics.results.owed import Owing
from analytics.results.payouts import State
from analytics.results.risk import RULES
from streams.people.memory.names import Names

Rows = NDArray[Any]
#: Names of users, and of currencies.
Texts = tuple[Names, Names]
_HELD, _RELEASED, _VOID = range(3)
_STATES = pa.array(["held", "released", "void"])
#: What holds a commission: a case, by its rule, else the days of its plan, which come last.
_HOLDERS = pa.array([*RULES, "hold days"])
#: What balances are called in rows, by account; money that has left the bank is what was paid.
_BALANCES = {
    "accrued": "expense",
    "held": "held",
    "payable": "payable",
    "in_payout": "in payout",
    "overpaid": "overpaid",
}


def commission_rows(found: Owing, known: Rows, now_ms: int, names: Texts, plans: pa.Array) -> dict[str, pa.Array]:
    """What results earn, but for the results' keys; known: what is posted by key (`OWED`), plans: ids by number."""
    rows, goals = np.flatnonzero(found.earns > 0), found.goals
    void = found.holds.void_ms[rows] <= now_ms
    until = np.where(void, found.holds.void_ms[rows], found.holds.released_ms[rows])
    state = np.where(void, _VOID, np.where(until <= now_ms, _RELEASED, _HELD))
    holder = pa.array(found.holds.case[rows] % len(_HOLDERS), mask=state != _HELD)
    currency = found.rate.currency[rows]
    done = {(row["source"], row["beneficiary"], row["currency"]): row for row in known}
    keys = zip(goals.id[rows].tolist(), goals.referrer[rows].tolist(), currency.tolist(), strict=True)
    amounts = [(int(done[key]["accrued"]), int(done[key]["released"])) if key in done else (0, 0) for key in keys]
    accrued, released = np.array(amounts, np.int64).reshape(-1, 2).T
    return {
        "referrer_user_id": names[0].texts(goals.referrer[rows]), "person_id": names[0].texts(goals.person[rows]),
        "plan_id": plans.take(pa.array(found.rate.number[rows])), "ts_ms": pa.array(goals.ts_ms[rows]),
        "net_minor": pa.array(goals.net[rows]), "currency": names[1].texts(currency),
        "earned_minor": pa.array(found.earns[rows]), "state": _STATES.take(pa.array(state)),
        "held_by": _HOLDERS.take(holder).fill_null(""),
        "until_ms": pa.array(until), "posted_minor": pa.array(accrued.copy()),
        "released_minor": pa.array(released.copy()),
    }  # fmt: skip


def entry_rows(entries: Rows, sources: dict[int, tuple[str, str]], names: tuple[Names, Names, Names]) -> pa.Table:
    """Entries (`ENTRY`); sources: goal and id of what each is about, by number; names: of users, currencies, plans."""
    about = [sources[number] for number in entries["source"].tolist()]
    kinds, accounts = entries["kind"].astype(np.int64), pa.array(ACCOUNTS)
    return pa.table({
        "referrer_user_id": names[0].texts(entries["beneficiary"]),
        "day": pa.array(entries["day"].copy()).cast(pa.date32()),
        "kind": pa.array([kind.name for kind in KINDS]).take(pa.array(kinds)),
        "goal": pa.array([goal for goal, _ in about], pa.string()),
        "source_id": pa.array([one for _, one in about], pa.string()),
        "currency": names[1].texts(entries["currency"]), "sequence": pa.array(entries["sequence"].copy()),
        "amount_minor": pa.array(entries["amount"].copy()),
        "debit": accounts.take(pa.array(np.array([kind.debit for kind in KINDS])[kinds])),
        "credit": accounts.take(pa.array(np.array([kind.credit for kind in KINDS])[kinds])),
        "plan_id": names[2].texts(entries["plan"]),
        **{name: pa.array(entries[name].copy()) for name in ("share_bp", "fixed_minor", "minimum_minor")},
    })  # fmt: skip


def balance_rows(entries: Rows, pending: Rows, names: Texts) -> pa.Table:
    """What entries have left on everybody's accounts, and what is pending (`ENTRY`, by kind)."""
    found, waits = balances(entries), balances(pending)
    keys = np.unique(np.concatenate([one[["beneficiary", "currency"]] for one in (found, waits)]))
    columns = {name: _at(keys, found, account) for name, account in _BALANCES.items()}
    columns["paid"] = -_at(keys, found, "cash")
    columns["pending_accrued"], columns["pending_released"] = _at(keys, waits, "expense"), _at(keys, waits, "payable")
    return pa.table(
        {"referrer_user_id": names[0].texts(keys["beneficiary"]), "currency": names[1].texts(keys["currency"])}
        | {name: pa.array(column) for name, column in columns.items()}
    )


def _at(keys: Rows, rows: Rows, account: str) -> NDArray[np.int64]:
    """An account of each key; 0 where there is none."""
    found = np.zeros(len(keys), np.int64)
    found[np.searchsorted(keys, rows[["beneficiary", "currency"]])] = rows[account]
    return found


def payout_rows(
    states: dict[int, State], seen: dict[int, int], sources: dict[int, tuple[str, str]], names: Texts
) -> pa.Table:
    """What became of payouts; seen: the newest record of each that the ledger has taken."""
    some = list(states.items())
    firsts = [state.first for _, state in some]

    def column(name: str) -> NDArray[np.int64]:
        return np.array([getattr(first, name) for first in firsts], np.int64)

    return pa.table({
        "payout_id": pa.array([sources[number][1] for number, _ in some], pa.string()),
        "referrer_user_id": names[0].texts(column("beneficiary")), "currency": names[1].texts(column("currency")),
        "amount_minor": pa.array(column("amount")), "period_end_ms": pa.array(column("period_end_ms")),
        "outcome": pa.array([state.outcome for _, state in some], pa.string()),
        "sequence": pa.array([seen[number] for number, _ in some], pa.int64()),
    })  # fmt: skip
