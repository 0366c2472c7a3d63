"""Rings: people who bring one another and share payments or devices, however few each of them has brought. Pure.

Two people are joined by a payment or device that both used, among the first who did, and by a referral. A ring is a
component of the people joined to at least `TIES` others of the ring (a k-core, by networkx), most of whom were brought
by somebody in it. Only what is told by a moment counts, and nothing that comes later parts a ring again.
"""

# mypy: disable-error-code="no-untyped-call"

import math
from collections.abc import Iterator
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from analytics.results.sharing import PRINTS, Persons, Uses, Whole, chosen, runs

#: To how many others of a ring everybody in it is joined; how many people are a ring; how many of the others must have
#: been brought by somebody in it.
TIES, LEAST, BROUGHT = 3, 8, 0.6
#: How many people at most are joined by a print, the first to use it: what more people use is a public one.
FIRST = 12
_JOINS = (PRINTS.index("payment"), PRINTS.index("device"))
#: A pair of people, and since when they are joined.
_PAIR = np.dtype([("one", "i4"), ("other", "i4"), ("ms", "i8")])


class Ring(NamedTuple):
    """Everybody in a ring who has brought somebody of it: who, since when it is a ring, and of how many people it is
    now; shape (n,)."""

    person: Persons
    ms: Whole
    size: Whole


def rings(referrer: Persons, since_ms: Whole, uses: Uses) -> Ring:
    """All rings; referrer (−1: none), since_ms: of every person; uses: from `sharing.known`."""
    pairs = _pairs(referrer, since_ms, uses)
    found = [row for core in _cores(pairs) for row in _ring(core, pairs, referrer, since_ms)]
    columns = np.array(sorted(found), np.int64).reshape(-1, 3)
    return Ring(columns[:, 0].astype(np.int32), columns[:, 1].copy(), columns[:, 2].copy())


def _pairs(referrer: Persons, since_ms: Whole, uses: Uses) -> NDArray[np.void]:
    """Pairs of people of whom each is joined to several others."""
    uses = chosen(uses, np.isin(uses.kind, _JOINS))
    uses = chosen(uses, runs(uses.print, uses.ms)[1] - runs(uses.print)[0] < FIRST)
    place = np.arange(len(uses.ms)) - runs(uses.print)[0]
    parts = []
    for step in range(1, FIRST):
        later = np.flatnonzero(place >= step)
        parts.append(_made(uses.person[later - step], uses.person[later], uses.ms[later]))
    sharing = np.zeros(len(referrer), np.bool_)
    sharing[uses.person] = True
    brought = np.flatnonzero((referrer >= 0) & sharing & sharing[referrer]).astype(np.int32)
    pairs: NDArray[np.void] = np.concatenate([*parts, _made(referrer[brought], brought, since_ms[brought])])
    pairs = pairs[np.lexsort((pairs["ms"], pairs["other"], pairs["one"]))]
    pairs = pairs[runs(pairs["one"], pairs["other"])[0] == np.arange(len(pairs))]
    for _ in range(TIES):
        ties = np.bincount(np.concatenate([pairs["one"], pairs["other"]]), minlength=len(referrer))
        pairs = pairs[(ties[pairs["one"]] >= TIES) & (ties[pairs["other"]] >= TIES)]
    return pairs


def _made(one: Persons, other: Persons, ms: Whole) -> NDArray[np.void]:
    pairs = np.empty(len(one), _PAIR)
    pairs["one"], pairs["other"], pairs["ms"] = np.minimum(one, other), np.maximum(one, other), ms
    return pairs


def _cores(pairs: NDArray[np.void]) -> Iterator[set[int]]:
    """The components of the people who are joined to at least `TIES` others of them."""
    graph = nx.Graph()
    graph.add_edges_from(zip(pairs["one"].tolist(), pairs["other"].tolist(), strict=True))
    for component in nx.connected_components(nx.k_core(graph, TIES)):
        if len(component) >= LEAST:
            yield component


def _ring(core: set[int], pairs: NDArray[np.void], referrer: Persons, since_ms: Whole) -> list[tuple[int, int, int]]:
    """Rows about the people of a core, if most were brought by one of them."""
    people = np.array(sorted(core))
    inside = people[np.isin(referrer[people], people)]
    most = math.ceil(BROUGHT * (len(people) - 1))
    if len(inside) < most:
        return []
    mine = pairs[np.isin(pairs["one"], people) & np.isin(pairs["other"], people)]
    since = max(_since(np.sort(mine, order="ms")), int(np.sort(since_ms[inside])[most - 1]))
    return [(int(who), since, len(people)) for who in np.unique(referrer[inside])]


def _since(pairs: NDArray[np.void]) -> int:
    """Since when these pairs, sorted by time, hold a core that is large enough."""
    low, high = 0, len(pairs) - 1
    while low < high:
        middle = (low + high) // 2
        if any(_cores(pairs[: middle + 1])):
            high = middle
        else:
            low = middle + 1
    return int(pairs["ms"][low])
