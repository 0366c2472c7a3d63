"""Whatever befalls a deployment, every row is the oracle's: the project's own processors under simulated trouble.

A failing schedule is printed as it was drawn, shrunk; `Run(schedule).go()` repeats it step by step.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings

from sinks.contract import chain
from streams.community_load import LOADED
from tests.analytics.test_community import oracle_of, same, steady
from tests.injected import Inject
from tests.memory import TOPIC, MemoryStore
from tests.oracle.landed import expected, found
from tests.simulation.mutants import MUTANTS, Patches, broken
from tests.simulation.schedule import Run, Schedule, schedules


def of_partition(store: MemoryStore, partition: int) -> MemoryStore:
    """What one partition landed; group ids begin with its number."""
    tables: dict[str, dict[Any, Any]] = {}
    for name, rows in store.tables.items():
        tables[name] = {
            key: row for key, row in rows.items()
            if row.get("partition", int((row.get("group_id") or "0")[0])) == partition
        }  # fmt: skip
    return MemoryStore(tables, store.checkpoints(TOPIC, partition, 0), store.claims)


def recovered(store: MemoryStore) -> MemoryStore:
    """What a worker would load now of the only partition there is."""
    valid = chain(store.kept)
    versions = {c.cut.version() for c in store.kept if c.cut.sequence <= valid.last.get(c.cut.term, -1)}
    tables = dict(store.tables)
    for name in LOADED:
        tables[name] = {key: row for key, row in tables[name].items() if row["version"] in versions}
    return MemoryStore(tables, store.kept, store.claims)


def assert_exact(schedule: Schedule) -> Run:
    """Run it. Every row people see, and every row a worker would load, is the oracle's; every dead letter was sent."""
    run = Run(schedule)
    run.go()
    for partition, world in enumerate(schedule.worlds):
        store, oracle = of_partition(run.rows.store, partition), oracle_of(world)
        wanted = expected(oracle)
        same(found(store), wanted)
        same(found(recovered(store)), wanted)
        assert {offset for p, offset in run.letters.sent if p == partition} == set(oracle.dead)
    return run


@steady(300)
@given(schedules())
def test_every_row_is_the_oracles_under_every_schedule(schedule: Schedule) -> None:
    assert_exact(schedule)


@pytest.mark.chaos
@pytest.mark.parametrize("batch", range(20))
def test_every_row_is_the_oracles_under_five_hundred_other_schedules(batch: int, injected: Inject) -> None:
    """Others every time; the seed that repeats a failure is printed. In batches: Hypothesis keeps all that it drew."""

    @settings(steady(500), derandomize=False)
    @given(schedules())
    def attempt(schedule: Schedule) -> None:
        injected("simulated schedule")
        for fault, times in assert_exact(schedule).befallen.items():
            injected(f"simulated {fault}", times)

    attempt()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_rule_is_found(mutant: Callable[[], Patches]) -> None:
    """Of so many schedules one shows it."""

    @seed(0)
    @settings(steady(300), derandomize=False, phases=(Phase.generate,), report_multiple_bugs=False)
    @given(schedules(MUTANTS[mutant]))
    def attempt(schedule: Schedule) -> None:
        with broken(mutant):
            assert_exact(schedule)

    with pytest.raises((AssertionError, IndexError)):
        attempt()
