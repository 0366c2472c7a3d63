"""Calls: which calls an act fits and which of them it answers, and who talks around a call. Compiled, pure.

An act answers one call: of those that it fits, whose windows are open and to which the member or person is exposed, the
latest. Ids are known by 64-bit hashes; 0: none.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.people.lists import Lists

HOUR_MS = 3_600_000
#: An operator's message is a call for so many hours.
IMPLICIT_H = 48
CALL = np.dtype(
    [
        ("called_ms", "i8"),
        ("end_ms", "i8"),  # the window's end, which does not belong to it
        ("id", "u8"),
        ("message", "u8"),
        ("campaign", "u8"),
        ("links", "i8"),  # place of the first one in the list of links
        ("link_count", "i4"),
        ("group", "i4"),
    ]
)
#: A reply or a reaction of a member (`about`: the message), or something a user did in the product (`about`: the call).
ACT = np.dtype([("who", "i4"), ("product", "u1"), ("ts_ms", "i8"), ("about", "u8"), ("link", "u8"), ("campaign", "u8")])
#: A message that a member wrote.
WRITE = np.dtype([("member", "i4"), ("ts_ms", "i8")])


class Calls(NamedTuple):
    """Calls, the links of all, the calls of each group by time (by number of the group), and the longest window."""

    calls: NDArray[np.void]
    links: NDArray[np.uint64]
    of_group: Lists
    longest_ms: int


class Members(NamedTuple):
    """The group of every membership, the person of every name, and the memberships of every person."""

    groups: NDArray[np.int32]
    person: NDArray[np.int32]
    of_person: Lists


class Exposed(NamedTuple):
    """Who is exposed to each call: the memberships `rows[firsts[call] :][: counts[call]]`, ascending."""

    firsts: NDArray[np.int64]
    counts: NDArray[np.int32]
    rows: NDArray[np.int32]


@kernel
def _begun(c, group, ts_ms):
    """Place after the last call of a group that had begun by then."""
    low, high = c.of_group.firsts[group], c.of_group.firsts[group + 1]
    while low < high:
        middle = (low + high) // 2
        if c.calls[c.of_group.rows[middle]].called_ms <= ts_ms:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _fits(c, row, act):
    """Whether an act is about a call whose window is open."""
    call = c.calls[row]
    if act.ts_ms < call.called_ms or act.ts_ms >= call.end_ms:
        return False
    if not act.product:
        return act.about == call.message
    if act.about != 0:
        return act.about == call.id
    if act.campaign != 0 and act.campaign == call.campaign:
        return True
    if act.link != 0:
        for i in range(call.links, call.links + call.link_count):
            if c.links[i] == act.link:
                return True
    return False


@kernel
def _actor(m, act):
    """Places in the list of persons' memberships that act; for a member, −1 − membership stands for that one."""
    if not act.product:
        return -1 - act.who, -act.who
    who = m.person[act.who]
    return m.of_person.firsts[who], m.of_person.firsts[who + 1]


@kernel
def _membership(m, place):
    return -1 - place if place < 0 else m.of_person.rows[place]


@kernel
def _place(exposed, call, member):
    """Where a membership stands among those exposed to a call; −1: nowhere."""
    low = exposed.firsts[call]
    end = low + exposed.counts[call]
    high = end
    while low < high:
        middle = (low + high) // 2
        if exposed.rows[middle] < member:
            low = middle + 1
        else:
            high = middle
    return low if low < end and exposed.rows[low] == member else -1


@kernel
def _mark(c, group, act, wanted, found, all_of):
    """Whether an act fits a wanted call of a group; with `all_of`, marks every call of the group that it fits."""
    any_wanted = False
    at = _begun(c, group, act.ts_ms)
    while at > c.of_group.firsts[group]:
        at -= 1
        row = c.of_group.rows[at]
        if c.calls[row].called_ms <= act.ts_ms - c.longest_ms:
            break
        if _fits(c, row, act):
            any_wanted |= wanted[row]
            if all_of:
                found[row] = True
    return any_wanted


@kernel
def concerned(c, m, acts, wanted, found, chosen):
    """Choose the acts that fit a wanted call in a group of theirs, and mark all calls that these acts fit there."""
    for i in range(len(acts)):
        act = acts[i]
        first, end = _actor(m, act)
        for place in range(first, end):
            chosen[i] |= _mark(c, m.groups[_membership(m, place)], act, wanted, found, False)
        if chosen[i]:
            for place in range(first, end):
                _mark(c, m.groups[_membership(m, place)], act, wanted, found, True)


@kernel
def answer(c, m, acts, exposed, rank, first_ms):
    """When each exposed membership first answered: of the calls that an act fits, the one of lowest rank takes it.

    first_ms: beside `exposed.rows`, initially higher than any time.
    """
    for i in range(len(acts)):
        act = acts[i]
        best = -1
        first, end = _actor(m, act)
        for place in range(first, end):
            member = _membership(m, place)
            group = m.groups[member]
            at = _begun(c, group, act.ts_ms)
            while at > c.of_group.firsts[group]:
                at -= 1
                row = c.of_group.rows[at]
                if c.calls[row].called_ms <= act.ts_ms - c.longest_ms:
                    break
                if _fits(c, row, act) and (best < 0 or rank[row] < rank[best]) and _place(exposed, row, member) >= 0:
                    best = row
        for place in range(first, end if best >= 0 else first):
            at = _place(exposed, best, _membership(m, place))
            if at >= 0:
                first_ms[at] = min(first_ms[at], act.ts_ms)


@kernel
def near(c, groups, writes, found):
    """Mark the calls in whose window, or equal window before, something was written in their group."""
    for i in range(len(writes)):
        group, ts_ms = groups[writes[i].member], writes[i].ts_ms
        at = _begun(c, group, ts_ms + c.longest_ms)
        while at > c.of_group.firsts[group]:
            at -= 1
            call = c.calls[c.of_group.rows[at]]
            if call.called_ms <= ts_ms - c.longest_ms:
                break
            if 2 * call.called_ms - call.end_ms <= ts_ms < call.end_ms:
                found[c.of_group.rows[at]] = True


@kernel
def talk(c, groups, writes, exposed, during, before):
    """Mark who of the exposed wrote in the window of a call, and in the equal window before; beside `exposed.rows`."""
    for i in range(len(writes)):
        group, ts_ms = groups[writes[i].member], writes[i].ts_ms
        at = _begun(c, group, ts_ms + c.longest_ms)
        while at > c.of_group.firsts[group]:
            at -= 1
            row = c.of_group.rows[at]
            call = c.calls[row]
            if call.called_ms <= ts_ms - c.longest_ms:
                break
            if 2 * call.called_ms - call.end_ms <= ts_ms < call.end_ms:
                place = _place(exposed, row, writes[i].member)
                if place >= 0 and ts_ms >= call.called_ms:
                    during[place] = True
                elif place >= 0:
                    before[place] = True


def medians(calls: NDArray[Any], waited_ms: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Median seconds to the first answers of each call, 0 where there are none; waited_ms: of answers to `calls`."""
    order = np.lexsort((waited_ms, calls))
    sizes = np.bincount(calls, minlength=count)
    firsts = np.cumsum(sizes) - sizes
    some = sizes > 0
    low, high = (order[(firsts + half)[some]] for half in ((sizes - 1) // 2, sizes // 2))
    found = np.zeros(count)
    found[some] = (waited_ms[low] + waited_ms[high]) / 2000
    return found


def implicit_kinds(kinds: NDArray[Any], to_all: NDArray[np.bool_]) -> NDArray[Any]:
    """Kind of the call that an operator's message is."""
    own = (kinds == "poll") | (kinds == "miniprogram")
    return np.where(own, kinds, np.where(to_all, "to_all", "link"))


def is_call(told: NDArray[np.bool_], named: NDArray[np.bool_], role: NDArray[Any], operator: int) -> NDArray[np.bool_]:
    """What is a call: what is told as one, and messages by operators (their role at that time) that no call names."""
    found: NDArray[np.bool_] = told | (~named & (role == operator))
    return found
