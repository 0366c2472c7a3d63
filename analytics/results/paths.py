"""The path of a conversion: what its person did within the lookback before it. Compiled, pure.

A touch is something that a person did, or another's click on what the person shared, with a campaign, channel, group,
link, sharer, inviter or call. A path ends with its conversion; touches of before an earlier conversion are on it, too.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.results.rules import HOUR_MS, KINDS, Rules

Rows = NDArray[Any]
JOIN, CLICK, SIGNUP, ANSWER, CONTACT, SHARED = range(len(KINDS))
#: What gets credit.
DIMENSIONS = ("campaign", "channel", "group", "sharer", "inviter", "call")
#: A touch; numbers of names are −1 where there is none.
TOUCH = np.dtype(
    [
        ("ms", "i8"),
        ("event", "u4"),  # CRC-32 of its id, by which a repeat is known
        ("who", "i4"),  # account or user
        ("other", "i4"),  # the inviter of a join or sign-up, the sharer of a click, who clicked on what was shared
        ("campaign", "i4"),
        ("channel", "i4"),
        ("group", "i4"),
        ("link", "i4"),
        ("call", "i4"),
        ("kind", "u1"),
    ]
)
#: The newest touches of a path that get credit; how many more there were is told.
LONGEST = 100


class Found(NamedTuple):
    """Touches of conversions: those of conversion i are `rows[firsts[i] : firsts[i + 1]]`, oldest first; `older`: how
    many more there were of each."""

    firsts: NDArray[np.int64]
    rows: NDArray[np.int64]
    older: NDArray[np.int64]


def in_order(touches: Rows, person: NDArray[np.int32]) -> NDArray[np.int64]:
    """Rows of touches by person, then time; each event once. touches: of `TOUCH`; person: of each touch."""
    order = np.lexsort((touches["event"], touches["kind"], touches["ms"], person))
    same = np.ones(len(order), np.bool_)
    for column in (person, touches["ms"], touches["kind"], touches["event"]):
        same[1:] &= column[order[1:]] == column[order[:-1]]
    if len(same):
        same[0] = False
    found: NDArray[np.int64] = order[~same]
    return found


@kernel
def _firsts(ms, events, who, first):
    for row in range(len(who)):
        best = first[who[row]]
        if best < 0 or (ms[row], events[row]) < (ms[best], events[best]):
            first[who[row]] = row


def first_of_each(touches: Rows, person: NDArray[np.int32]) -> Rows:
    """Every person's first of these touches (`TOUCH`); person: of every account or user."""
    first = np.full(len(person), -1, np.int64)
    columns = (np.ascontiguousarray(touches[name]) for name in ("ms", "event"))
    _firsts(*columns, person[touches["who"]], first)
    found: Rows = touches[first[first >= 0]]
    return found


def lookback_ms(rules: Rules) -> NDArray[np.int64]:
    """How old touches of each kind may be at a conversion of each goal; shape (goals, kinds)."""
    return np.array([[rules.hours(goal, kind) * HOUR_MS for kind in KINDS] for goal in rules.goals], np.int64)


@kernel
def _find(touch_ms, kinds, touch_firsts, of, ms, goals, lookback_ms, longest, firsts, older, rows):
    """Fill in `firsts` and `older`; and `rows`, unless there is no room for any."""
    fills, count = len(rows) > 0, 0
    for i in range(len(of)):
        begin, end = touch_firsts[of[i]], touch_firsts[of[i] + 1]
        found = 0
        for row in range(end - 1, begin - 1, -1):
            age = ms[i] - touch_ms[row]
            found += 0 <= age < lookback_ms[goals[i], kinds[row]]
        taken = min(found, longest)
        older[i] = found - taken
        firsts[i + 1] = count + taken
        at = count + taken
        for row in range(end - 1, begin - 1, -1):
            age = ms[i] - touch_ms[row]
            if fills and at > count and 0 <= age < lookback_ms[goals[i], kinds[row]]:
                at -= 1
                rows[at] = row
        count += taken


def paths(
    touches: Rows,
    touch_firsts: NDArray[np.int64],
    of: NDArray[np.int64],
    ms: NDArray[np.int64],
    goals: NDArray[np.int64],
    rules: Rules,
) -> Found:
    """The touches on the path of every conversion.

    touches: of `TOUCH`, those of person p from `touch_firsts[p]` to `touch_firsts[p + 1]`, oldest first. Of every
    conversion its person, time, and the place of its goal among the rules'; shape (n,).
    """
    firsts, older = np.zeros(len(of) + 1, np.int64), np.zeros(len(of), np.int64)
    ages = np.ascontiguousarray(touches["ms"]), np.ascontiguousarray(touches["kind"])
    rest = touch_firsts, of, ms, goals, lookback_ms(rules), LONGEST, firsts, older
    _find(*ages, *rest, np.empty(0, np.int64))
    rows = np.empty(int(firsts[-1]), np.int64)
    if len(rows):
        _find(*ages, *rest, rows)
    return Found(firsts, rows, older)
