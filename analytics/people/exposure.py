"""Who was in a group when it was called, as a plain member, by what was told before the call. Compiled, pure."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.people.states import NEVER_MS

#: Of every membership: what its calls were last worked out with, and the earliest call that a roster makes it miss.
SEEN = np.dtype([("first_ms", "i8"), ("seen_ms", "i8"), ("missed_ms", "i8")])


class Told(NamedTuple):
    """Facts about memberships, sorted by these and time: what all up to each fact say (`so_far`)."""

    members: NDArray[np.int32]
    ts_ms: NDArray[np.int64]
    came_ms: NDArray[np.int64]
    went_ms: NDArray[np.int64]
    named: NDArray[np.int64]  # time * 4 + role


class Rosters(NamedTuple):
    """Moments of complete rosters, sorted by group and time, and when the roster began that is then the newest."""

    groups: NDArray[np.int32]
    at_ms: NDArray[np.int64]
    roster_ms: NDArray[np.int64]


@kernel
def so_far(members, came_ms, went_ms, named):
    """Make of single facts, sorted, what all up to each say: newest join or roster row, leave, and role."""
    for i in range(1, len(members)):
        if members[i] == members[i - 1]:
            came_ms[i] = max(came_ms[i], came_ms[i - 1])
            went_ms[i] = max(went_ms[i], went_ms[i - 1])
            named[i] = max(named[i], named[i - 1])


@kernel
def newest_before(keys, times, key, ts_ms):
    """Place of the newest row of a key before a moment; −1: there is none."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key or (keys[middle] == key and times[middle] < ts_ms):
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > 0 and keys[low - 1] == key else -1


@kernel
def exposed(calls, chosen, members, members_in, told, rosters, rows, counts, seen):
    """Memberships exposed to each chosen call, one call after the other; returns how many. `seen` takes who is missed.

    Exposed is who was known before the call, had not left, was a plain member, and is missing from no complete roster
    that is newer than every sign of the member; activity after the call is a sign, too.
    """
    total = 0
    for n in range(len(chosen)):
        group, called = calls[chosen[n]].group, calls[chosen[n]].called_ms
        place = newest_before(rosters.groups, rosters.at_ms, group, called)
        roster_ms = rosters.roster_ms[place] if place >= 0 else 0
        begin = total
        for i in range(members_in.firsts[group], members_in.firsts[group + 1]):
            row = members_in.rows[i]
            m = members[row]
            if m.first_ms >= called:
                continue
            fact = newest_before(told.members, told.ts_ms, row, called)
            came = told.came_ms[fact] if fact >= 0 else 0
            went = told.went_ms[fact] if fact >= 0 else 0
            role = told.named[fact] % 4 if fact >= 0 else 0
            if role != 0 or (went > 0 and went >= came):
                continue
            if roster_ms > max(came, max(m.last_ms, m.first_ms)):
                seen[row].missed_ms = min(seen[row].missed_ms, called)
                continue
            rows[total] = row
            total += 1
        counts[n] = total - begin
    return total


@kernel
def see(members, groups, rows, seen, from_ms):
    """Take what is known of these memberships, and lower the times from which on others may be exposed in groups:
    by members known earlier, or, of those who were missed, seen again. from_ms: by group."""
    for row in rows:
        m, before, group = members[row], seen[row], groups[row]
        last_ms = max(m.last_ms, 0 if m.first_ms == NEVER_MS else m.first_ms)
        if before.first_ms != m.first_ms:
            from_ms[group] = min(from_ms[group], min(before.first_ms, m.first_ms))
        if before.missed_ms != NEVER_MS and before.seen_ms != last_ms:
            from_ms[group] = min(from_ms[group], before.missed_ms - 1)
            before.missed_ms = NEVER_MS
        before.first_ms, before.seen_ms = m.first_ms, last_ms


def told(
    members: NDArray[np.int32], ts_ms: NDArray[np.int64], came_ms: NDArray[np.int64], went_ms: NDArray[np.int64],
    named: NDArray[np.int64],
) -> Told:  # fmt: skip
    """Facts in any order, as `exposed` takes them."""
    order = np.lexsort((ts_ms, members))
    found = Told(members[order], ts_ms[order], came_ms[order], went_ms[order], named[order])
    so_far(found.members, found.came_ms, found.went_ms, found.named)
    return found
