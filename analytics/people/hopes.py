"""How many members would come if a group were called now, by its newest calls. Compiled, pure."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.people.states import NEVER_MS, is_gone

#: So many of a group's newest calls count, of those whose window is over.
RECENT = 5
_CELLS = (RECENT + 1) ** 2
#: No member.
NOBODY = np.uint8(_CELLS)
_ASKED, _CAME = np.divmod(np.arange(_CELLS), RECENT + 1)
#: All chances are whole multiples of one over this, so that their sums are exact.
PARTS = 420
#: A member's chance to come in such parts, by `asked * 6 + came`. One call answered and one missed beforehand: nobody
#: is certain to come, and nobody certain not to.
CHANCES = PARTS * (_CAME + 1) // (_ASKED + 2)


@kernel
def recent_calls(c, end_ms, now_ms, groups, found):
    """The newest calls of each group whose window is over; found: (groups, RECENT), −1 where there are fewer."""
    for n in range(len(groups)):
        count = 0
        at = c.of_group.firsts[groups[n] + 1]
        while at > c.of_group.firsts[groups[n]] and count < RECENT:
            at -= 1
            row = c.of_group.rows[at]
            if end_ms[row] <= now_ms:
                found[n, count] = row
                count += 1


@kernel
def _cell(e, row, asked, came):
    m = e.members[row]
    roster_ms = e.known_groups[e.groups[row]].roster_ms
    if m.first_ms == NEVER_MS or m.role != 0 or is_gone(
        m.in_ms, m.out_ms, max(m.last_ms, m.first_ms), roster_ms
    ):  # fmt: skip
        return NOBODY
    return asked[row] * (RECENT + 1) + came[row]


@kernel
def hopes_in(e, groups, asked, came, cells):
    """How many plain members each group has by calls they were asked and came to; cells: (groups, 37)."""
    for n in range(len(groups)):
        cells[n, :] = 0
        for i in range(e.members_in.firsts[groups[n]], e.members_in.firsts[groups[n] + 1]):
            row = e.members_in.rows[i]
            cells[n, _cell(e, row, asked, came)] += 1


@kernel
def best_hopes(e, persons, called, asked, came, chances, best):
    """The best chance of each person in groups that were called, and beside it whether the person came to any call."""
    for who in persons:
        found, ever = NOBODY, False
        for i in range(e.members_of.firsts[who], e.members_of.firsts[who + 1]):
            row = e.members_of.rows[i]
            if called[e.groups[row]]:
                cell = _cell(e, row, asked, came)
                if cell != NOBODY:
                    ever |= came[row] > 0
                    if found == NOBODY or chances[cell] > chances[found]:
                        found = cell
        best[who] = found if not ever or found == NOBODY else found + NOBODY + 1
