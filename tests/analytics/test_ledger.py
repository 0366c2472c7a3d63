"""The ledger, with values by hand."""

from random import Random

import numpy as np

from analytics.results.holds import Review
from analytics.results.ledger import KIND, balances, frozen, posted
from analytics.results.owed import owing
from analytics.results.payouts import DAY_MS, Payout
from analytics.results.plans import Plan, Reassignment
from tests.analytics.books import ANN, BEN, CNY, DI, Books, goals, order
from tests.oracle.ledger import Adjustment, Record, Refund, World


def amounts(entries: np.ndarray, *columns: str) -> list[tuple]:
    return [tuple(row) for row in entries[list(columns)].tolist()]


_PLAN = Plan(0, 0, 0, share_bp=1000, hold_ms=14 * DAY_MS)


def ledger(*records: Record) -> Books:
    found = Books(Random(1))
    found.records += records
    return found


def balance(found: Books) -> dict[str, int]:
    (row,) = balances(found.entries)
    return dict(zip(row.dtype.names or (), row.tolist(), strict=True))


def test_a_refund_is_clawed_back_at_the_rate_of_its_order() -> None:
    books = ledger(_PLAN, order(7), Refund(7, 3 * DAY_MS, 985), Plan(0, 2 * DAY_MS, 0, share_bp=5000))
    assert amounts(books.close(0), "kind", "source", "amount") == [(KIND["accrued"], 7, 197)]
    assert len(books.close(2)) == 0
    assert amounts(books.close(3), "kind", "source", "amount") == [(KIND["clawed back"], 7, -99)]
    assert balance(books)["held"] == 98
    assert len(books.close(13)) == 0
    assert amounts(books.close(14), "kind", "amount") == [(KIND["released"], 98)]
    assert (balance(books)["held"], balance(books)["payable"]) == (0, 98)


def test_a_refund_after_the_payout_leaves_a_negative_balance() -> None:
    books = ledger(_PLAN, order(7), Refund(7, 30 * DAY_MS, 1970))
    books.close(14)
    books.payouts = [Payout(0, 1, ANN, CNY, 197, "paid", 15 * DAY_MS)]
    books.close(20)
    found = amounts(books.close(30), "kind", "amount")
    assert found == [(KIND["clawed back"], -197), (KIND["recalled"], -197)]
    assert balance(books)["payable"] == -197
    books.records.append(Adjustment(9, ANN, CNY, 31 * DAY_MS, 200))
    books.close(31)
    assert (balance(books)["payable"], balance(books)["cash"]) == (3, -197)


def test_two_orders_at_their_own_rates() -> None:
    books = ledger(_PLAN, _PLAN._replace(announced_ms=DAY_MS, share_bp=1500), order(1, 0, 10_000), order(2, 1, 10_000))
    books.close(1)
    assert balance(books)["held"] == 2500
    books.records.append(Refund(1, DAY_MS, 10_000))
    books.close(2)
    assert balance(books)["held"] == 1500


def test_what_is_held_may_be_voided_or_adjusted_once() -> None:
    books = ledger(_PLAN, order(7), Adjustment(9, ANN, CNY, DAY_MS, -20), Review(ANN, -1, "void", 14 * DAY_MS))
    books.close(13)
    assert (balance(books)["held"], balance(books)["payable"]) == (197, -20)
    assert amounts(books.close(14), "kind", "amount") == [(KIND["clawed back"], -197)]
    assert len(books.close(15)) == 0
    assert (balance(books)["held"], balance(books)["payable"]) == (0, -20)


def test_an_operator_names_another_referrer_once_the_order_is_released() -> None:
    books = ledger(_PLAN, order(7), Reassignment(BEN, 7, DI, 20 * DAY_MS, 0))
    books.close(19)
    assert balance(books)["payable"] == 197
    books.close(20)
    rows = balances(books.entries)
    assert amounts(rows, "beneficiary", "held", "payable") == [(ANN, 0, 0), (DI, 0, 197)]


def test_what_is_released_stays_at_its_rate_and_uses_caps_first() -> None:
    plan = _PLAN._replace(hold_ms=0, cap_person_minor=250)
    books = ledger(plan, order(7, 1))
    books.close(1)
    books.records[1] = order(7, 1, referrer=DI, merged_ms=DAY_MS)
    books.records += [plan._replace(announced_ms=DAY_MS - 1, share_bp=9000), order(8, 0, 1000), order(9, 2)]
    assert amounts(books.close(2), "kind", "source", "amount") == [(KIND["accrued"], 8, 53), (KIND["released"], 8, 53)]
    books.records.append(Refund(7, 3 * DAY_MS, 985))
    assert amounts(books.close(3), "kind", "source", "amount") == [
        (KIND["clawed back"], 7, -99), (KIND["accrued"], 9, 99), (KIND["recalled"], 7, -99), (KIND["released"], 9, 99),
    ], "what was released has no use for the room"  # fmt: skip


def test_what_was_released_stays_though_its_result_is_none_any_more() -> None:
    books = ledger(_PLAN, order(7))
    books.close(14)
    known = frozen(books.entries, [])
    found = owing(goals([], World([], 0)), [_PLAN], [], [], [], 20 * DAY_MS, known).rows
    assert found.tolist() == posted(books.entries).tolist() == [(7, ANN, CNY, 197, 197)]


def test_caps_are_used_in_order_of_time() -> None:
    plan = _PLAN._replace(share_bp=10_000, cap_order_minor=60, cap_person_minor=100, cap_month_minor=110)
    books = ledger(
        plan, order(3, 2, 50), order(1, 0, 90), order(2, 1, 90), order(4, 3, 90, person=DI), order(5, 31, 90, person=DI)
    )
    books.close(31)
    assert amounts(posted(books.entries), "source", "accrued") == [(1, 60), (2, 40), (4, 10), (5, 60)]


def test_a_fixed_sum_for_what_has_no_price() -> None:
    signup = goals([order(1, amount=0, currency=-1)], World([], 0))
    plan = Plan(0, 0, 0, fixed_minor=500, currency=CNY, minimum_minor=10)
    assert amounts(owing(signup, [plan], [], [], [], DAY_MS).rows, "currency", "accrued") == [(CNY, 500)]
    free = goals([order(1, amount=0)], World([], 0))
    assert len(owing(free, [plan], [], [], [], DAY_MS).rows) == 0
