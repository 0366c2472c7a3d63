"""Who brought whom: the one referrer a person is bound to, and the trees that follow. Compiled, pure.

Persons are numbers, after accounts were merged: what was told of any account of a person holds for the person, so the
earliest binding wins, and whoever a merge makes their own referrer has none. Nothing recurses: a chain may be as long
as there are people.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel

Persons = NDArray[np.int32]
Whole = NDArray[np.int64]
#: How somebody was brought; of claims at one moment, the kind that comes first here counts.
KINDS = ("signup", "trial", "code", "share", "inviter")
#: What became of a claim: it binds; somebody else was bound before; no such referrer; the person themselves; whoever
#: was brought by the person; an operator, alias or bot.
OUTCOMES = ("bound", "later", "unknown", "self", "cycle", "excluded")
_BOUND, _LATER, _UNKNOWN, _SELF, _CYCLE, _EXCLUDED = range(6)


class Claims(NamedTuple):
    """Records that say who brought a person, in any order; shape (n,).

    person: who was brought; referrer: by whom, −1: nobody who is known; ts_ms: when; kind: place in `KINDS`; id: a
    number that tells claims of one moment apart, the same on every reading.
    """

    person: Persons
    referrer: Persons
    ts_ms: Whole
    kind: NDArray[np.int8]
    id: Whole


class Binding(NamedTuple):
    """claim: of every person the row of the claim that binds, −1: none, (persons,) int64; outcome: of every claim, its
    place in `OUTCOMES`, (n,) int8."""

    claim: Whole
    outcome: NDArray[np.int8]

    def referrers(self, claims: Claims) -> tuple[Persons, Whole]:
        """Of every person, the referrer and since when (ms); −1 and 0: none; shape (persons,)."""
        bound = self.claim >= 0
        referrer, since = np.full(len(bound), -1, np.int32), np.zeros(len(bound), np.int64)
        referrer[bound], since[bound] = claims.referrer[self.claim[bound]], claims.ts_ms[self.claim[bound]]
        return referrer, since


class Trees(NamedTuple):
    """Whom everybody brought, directly or not; shape (persons,).

    root: who began the tree; generation: steps from there; direct, size: people brought directly, and in all; depth:
    generations below; virality: mean distance of two people of the tree below, with the person (NaN: brought nobody;
    Goel et al., 2016: The structural virality of online diffusion); k: how many each person brought has brought, on
    average (NaN: the same); cycle_ms: mean time from being brought to bringing, of the people below, as often as they
    brought somebody after that (NaN: none did).
    """

    root: Persons
    generation: NDArray[np.int32]
    direct: NDArray[np.int32]
    size: NDArray[np.int32]
    depth: NDArray[np.int32]
    virality: NDArray[np.float64]
    k: NDArray[np.float64]
    cycle_ms: NDArray[np.float64]


def bind(claims: Claims, excluded: NDArray[np.bool_]) -> Binding:
    """Bind every person to the first referrer, in order of time, kind and id, who is somebody else, known, not
    excluded, and was not brought by the person. excluded: operators, aliases and bots, (persons,)."""
    order = np.lexsort((claims.id, claims.kind, claims.ts_ms))
    found, outcome = np.full(len(excluded), -1, np.int64), np.empty(len(order), np.int8)
    _bind(claims.person, claims.referrer, order, excluded, np.arange(len(excluded), dtype=np.int32), found, outcome)
    return Binding(found, outcome)


def earns(since_ms: Whole, order_ms: Whole, bind_ms: int) -> NDArray[np.bool_]:
    """Whether orders came while their buyers' referrers earn: not before the binding, and within `bind_ms` of it."""
    return (since_ms <= order_ms) & (order_ms < since_ms + bind_ms)


def trees(referrer: Persons, since_ms: Whole) -> Trees:
    """The trees of these bindings; of every person, −1: none; shapes (persons,). Raises `ValueError` for a cycle."""
    count = len(referrer)
    root, order = np.arange(count, dtype=np.int32), np.empty(count, np.int32)
    generation, direct, size, depth = np.zeros((4, count), np.int32)
    sizes, squares, times, timed = np.zeros((4, count))
    if _children_first(referrer, direct, np.empty(count, np.int32), order) < count:
        raise ValueError("somebody was brought by people whom they brought: bindings must come from `bind`")
    _grow(referrer, since_ms, order, size, depth, sizes, squares, times, timed)
    _descend(referrer, order, root, generation)
    people = size + 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        virality = 2 * (people * sizes - squares) / (people * size)
        k, cycle = (size - direct) / size, times / timed
    return Trees(root, generation, direct, size, depth, virality, k, cycle)


@kernel
def _end(leader, person):
    """Who began the tree that a person is in; halves the way there."""
    while leader[person] != person:
        leader[person] = leader[leader[person]]
        person = leader[person]
    return person


@kernel
def _bind(person, referrer, order, excluded, leader, claim, outcome):
    """leader: of every person, somebody further up the tree, at first themselves."""
    for row in order:
        who, by = person[row], referrer[row]
        if by < 0:
            outcome[row] = _UNKNOWN
        elif by == who:
            outcome[row] = _SELF
        elif excluded[by]:
            outcome[row] = _EXCLUDED
        elif claim[who] >= 0:
            outcome[row] = _LATER
        elif _end(leader, by) == who:  # nobody brought `who` so far, so they began their tree
            outcome[row] = _CYCLE
        else:
            claim[who], outcome[row], leader[who] = row, _BOUND, by


@kernel
def _children_first(referrer, direct, waiting, order):
    """Everybody, after all whom they brought; returns how many that is possible for."""
    for by in referrer:
        if by >= 0:
            direct[by] += 1
    count = 0
    for who in range(len(referrer)):
        waiting[who] = direct[who]
        if not direct[who]:
            order[count] = who
            count += 1
    at = 0
    while at < count:
        by = referrer[order[at]]
        if by >= 0:
            waiting[by] -= 1
            if not waiting[by]:
                order[count] = by
                count += 1
        at += 1
    return count


@kernel
def _grow(referrer, since_ms, order, size, depth, sizes, squares, times, timed):
    """sizes, squares: of everybody below, how many are below them, themselves included, and that squared; times, timed:
    from being brought to bringing, of those who brought somebody after that."""
    for who in order:
        by = referrer[who]
        if by < 0:
            continue
        people = size[who] + 1.0
        size[by] += size[who] + 1
        depth[by] = max(depth[by], depth[who] + 1)
        sizes[by] += sizes[who] + people
        squares[by] += squares[who] + people * people
        times[by], timed[by] = times[by] + times[who], timed[by] + timed[who]
        if referrer[by] >= 0 and since_ms[who] >= since_ms[by]:
            times[referrer[by]] += since_ms[who] - since_ms[by]
            timed[referrer[by]] += 1


@kernel
def _descend(referrer, order, root, generation):
    for i in range(len(order) - 1, -1, -1):
        who = order[i]
        if referrer[who] >= 0:
            root[who], generation[who] = root[referrer[who]], generation[referrer[who]] + 1


@kernel
def _below(referrer, order, own, found):
    for who in order:
        if referrer[who] >= 0:
            found[referrer[who]] += found[who] + own[who]


def sums_below(referrer: Persons, own: Whole) -> Whole:
    """Of everybody, the sum over all people below; referrer: of every person, −1: none; own: (persons,)."""
    order, count = np.empty(len(referrer), np.int32), len(referrer)
    _children_first(referrer, np.zeros(count, np.int32), np.empty(count, np.int32), order)
    found = np.zeros(count, np.int64)
    _below(referrer, order, np.ascontiguousarray(own), found)
    return found
