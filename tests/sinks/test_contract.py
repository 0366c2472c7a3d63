"""Versions, and the chain of checkpoints: parents are followed, branches that were left are void."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.contract import CORRECTED, EPOCH_SHIFT, Checkpoint, Cut, chain

TOPIC = "chat.events"


def checkpoint(term: int, sequence: int, parent: Cut | None = None) -> Checkpoint:
    return Checkpoint(TOPIC, 0, Cut(term, sequence), {TOPIC: term * 1_000 + sequence}, parent)


cuts = st.tuples(st.integers(0, 2**24 - 1), st.integers(0, 2**31 - 1))


@settings(derandomize=True)
@given(st.tuples(st.integers(0, 255), cuts), st.tuples(st.integers(0, 255), cuts))
def test_versions_are_ordered_by_epoch_term_and_sequence(
    one: tuple[int, tuple[int, int]], other: tuple[int, tuple[int, int]]
) -> None:
    versions = [Cut(*cut).version(epoch) for epoch, cut in (one, other)]
    assert (versions[0] < versions[1]) == (one < other)
    assert max(versions) < 2**64
    assert versions[0] >> EPOCH_SHIFT == one[0]
    assert Cut.of(versions[0] | CORRECTED) == Cut(*one[1])
    assert versions[0] < versions[0] | CORRECTED < Cut(one[1][0], one[1][1] + 1).version(one[0])


def test_nothing_yet() -> None:
    assert chain([]).head is None
    assert chain([]).last == {}


def test_one_term() -> None:
    valid = chain([checkpoint(1, n) for n in (2, 0, 1, 3)])
    assert valid.head == checkpoint(1, 3)
    assert valid.last == {1: 3}


def test_a_term_goes_on_from_its_parent() -> None:
    valid = chain([checkpoint(1, 0), checkpoint(1, 1), checkpoint(1, 2), checkpoint(2, 0, Cut(1, 2)), checkpoint(2, 1)])
    assert valid.head == checkpoint(2, 1)
    assert valid.last == {2: 1, 1: 2}


def test_what_a_stale_worker_wrote_after_its_successor_began_is_void() -> None:
    stale = [checkpoint(1, 2), checkpoint(1, 3)]
    valid = chain([checkpoint(1, 0), checkpoint(1, 1), checkpoint(2, 0, Cut(1, 1)), *stale])
    assert valid.head is not None
    assert valid.head.cut == Cut(2, 0)
    assert valid.last == {2: 0, 1: 1}


def test_a_term_that_nobody_went_on_from_is_void_whole() -> None:
    left = [checkpoint(2, 0, Cut(1, 1)), checkpoint(2, 1), checkpoint(2, 2)]
    valid = chain([checkpoint(1, 0), checkpoint(1, 1), *left, checkpoint(3, 0, Cut(1, 1)), checkpoint(3, 1)])
    assert valid.head == checkpoint(3, 1)
    assert valid.last == {3: 1, 1: 1}


def test_a_term_from_nothing_forgets_all_before() -> None:
    valid = chain([checkpoint(1, 0), checkpoint(1, 5), checkpoint(4, 0), checkpoint(4, 1)])
    assert valid.last == {4: 1}


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_rows_gives_the_same_chain(seed: int) -> None:
    rows = [checkpoint(1, 0), checkpoint(1, 1), checkpoint(1, 2), checkpoint(2, 0, Cut(1, 1)), checkpoint(2, 1),
            checkpoint(3, 0, Cut(2, 1)), checkpoint(3, 1)]  # fmt: skip
    shuffled = sorted(rows, key=lambda row: hash((row.cut.term, row.cut.sequence, seed)))
    assert chain(shuffled) == chain(rows)
    assert chain(rows).last == {3: 1, 2: 1, 1: 1}
