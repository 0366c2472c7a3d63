"""Loud, occasional and silent members: on how many of 28 days they spoke, how much, and how unequally. Compiled, pure.

The base are members in the group, less operators, aliases and bots; a person is in the base by any such membership.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import count_bits, window
from analytics.people.present import is_in

#: Days of 28 from which on somebody is loud, and from which on daily.
LOUD, DAILY = 8, 20
#: Size bands: the name of each, and the most members it has.
BANDS = (("1-50", 50), ("51-150", 150), ("151-200", 200), ("201-500", 500), ("501+", 2**62))
#: Messages of the days that are not closed yet, each at its number modulo 4.
OPEN = np.dtype([("messages", "u4", (4,))])
#: Figures of a group: members by tier (the daily are loud, too), messages of all, of the loud, of the occasional.
FIGURES = ("members", "daily", "loud", "occasional", "silent", "messages", "loud_messages", "occasional_messages")
#: In place of the number of days spoken: not in the base.
OUT = 255
_ZERO = np.uint64(0)


@kernel
def _spoken(m, day):
    """The last 28 days, a bit each: whether the member spoke."""
    return window(m.spoke_lo, _ZERO, m.base_day - day, 28)


@kernel
def _open_messages(m, messages, closed_day, day):
    """Messages of the days from `closed_day` on. None is after the last activity: a count there is of a closed day."""
    found = 0
    for one in range(closed_day, closed_day + 4):
        if day - 28 < one <= min(m.base_day, day):
            found += messages[one % 4]
    return found


@kernel
def _in_base(m, group):
    return m.role == 0 and is_in(m, group)


@kernel
def add_member(days, messages, sign, figures):
    """Count somebody, or, with sign -1, no longer."""
    if days == OUT:
        return
    figures[0] += sign
    figures[1] += sign * (days >= DAILY)
    figures[2] += sign * (days >= LOUD)
    figures[3] += sign * (1 <= days < LOUD)
    figures[4] += sign * (days == 0)
    figures[5] += sign * messages
    figures[6] += sign * messages * (days >= LOUD)
    figures[7] += sign * messages * (1 <= days < LOUD)


@kernel
def talk_of_members(members, groups, known_groups, places, open_days, closed, rows, day, days, messages, figures):
    """On how many days these members spoke (`OUT`: not in the base), how many messages they wrote, and what that moves
    in the figures of their groups, (groups, 8).

    places: where the open days of each membership are, -1: it has none; closed: messages of its closed days.
    """
    for row in rows:
        m, group = members[row], known_groups[groups[row]]
        add_member(np.int64(days[row]), np.int64(messages[row]), -1, figures[groups[row]])
        days[row], messages[row] = OUT, 0
        if _in_base(m, group):
            days[row], messages[row] = count_bits(_spoken(m, day)), closed[row]
            if places[row] >= 0:
                messages[row] += _open_messages(m, open_days[places[row]].messages, group.closed_day, day)
        add_member(np.int64(days[row]), np.int64(messages[row]), 1, figures[groups[row]])


@kernel
def talk_of_persons(members, members_of, persons, day, days, messages, days_of, messages_of, figures):
    """The same of persons, over all their memberships in the base, and what that moves in the figures of everybody."""
    for who in persons:
        mask, total, found = _ZERO, 0, False
        for i in range(members_of.firsts[who], members_of.firsts[who + 1]):
            row = members_of.rows[i]
            if days[row] != OUT:
                mask, total, found = mask | _spoken(members[row], day), total + messages[row], True
        add_member(np.int64(days_of[who]), np.int64(messages_of[who]), -1, figures)
        days_of[who], messages_of[who] = count_bits(mask) if found else OUT, total
        add_member(np.int64(days_of[who]), np.int64(messages_of[who]), 1, figures)


@kernel
def concentration(counts, times):
    """Effective speakers, Gini coefficient, and how many wrote half of all, of ascending counts above 0.

    times: how many speakers have each count.
    """
    total, speakers, logs, ranked = 0, 0, 0.0, 0
    for i in range(len(counts)):
        total += counts[i] * times[i]
        speakers += times[i]
    if total == 0:
        return 0.0, 0.0, 0
    before = 0
    for i in range(len(counts)):
        logs += times[i] * counts[i] * np.log(counts[i])
        ranked += counts[i] * times[i] * (2 * before + times[i] - speakers)
        before += times[i]
    largest, half = 0, 0
    for i in range(len(counts) - 1, -1, -1):
        missing = -((2 * largest - total) // (2 * counts[i]))
        if missing <= times[i]:
            half += missing
            break
        largest, half = largest + counts[i] * times[i], half + times[i]
    return np.exp(np.log(total) - logs / total), ranked / (speakers * total), half


@kernel
def shapes_of_groups(spoken, counts, times, shapes):
    """Concentration of each group's messages; spoken: of every speaker, ascending, place of the
    group << 32 | messages; counts: the messages alone.

    times: ones, as many as speakers; shapes: (groups, 3).
    """
    at = 0
    for n in range(len(shapes)):
        first = at
        while at < len(spoken) and spoken[at] >> 32 == n:
            at += 1
        shapes[n, 0], shapes[n, 1], shapes[n, 2] = concentration(counts[first:at], times[first:at])
