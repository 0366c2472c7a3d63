"""Whatever befalls a deployment, every row is the oracle's: the project's own processors under simulated trouble.

A failing schedule is printed as it was drawn, shrunk; `Run(schedule).go()` repeats it step by step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import Phase, given, seed, settings

from schemas.agents import AGENT_OF
from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.contract import chain
from tests.analytics.test_community import oracle_of, same, steady
from tests.injected import Inject
from tests.memory import KEYS, MemoryStore, Row
from tests.oracle import landed, links, product
from tests.oracle.closed_days import Tables
from tests.oracle.worlds import World
from tests.simulation.mutants import IN_LINKS, IN_PRODUCT, MUTANTS, Patches, broken
from tests.simulation.schedule import Run, Schedule, schedules

# a worker that is killed never comes to what it was about to wait for
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
#: How many batches of five hundred schedules are run of each topic.
BATCHES = {CHAT.name: 20, PRODUCT.name: 4, LINKS.name: 2}


@dataclass(frozen=True)
class Held:
    """A topic's rows: those that must be there, and those that are."""

    expected: Callable[[World], Tables]
    found: Callable[[MemoryStore], Tables]


HELD = {
    CHAT.name: Held(lambda world: landed.expected(oracle_of(world)), landed.found),
    PRODUCT.name: Held(product.expected, product.found),
    LINKS.name: Held(links.expected, links.found),
}


def of_partition(store: MemoryStore, contract: str, partition: int) -> MemoryStore:
    """What one partition landed; ids of groups and users begin with its number."""

    def ours(table: str, row: Row) -> bool:
        return int(row["partition"] if "partition" in row else row[KEYS[table][0]][0]) == partition

    tables = {name: {key: row for key, row in rows.items() if ours(name, row)} for name, rows in store.tables.items()}
    return MemoryStore(tables, store.checkpoints(contract, partition, 0), store.claims)


def recovered(store: MemoryStore, contract: str) -> MemoryStore:
    """What a worker would load now of the only partition there is."""
    valid = chain(store.kept)
    versions = {c.cut.version() for c in store.kept if c.cut.sequence <= valid.last.get(c.cut.term, -1)}
    tables = dict(store.tables)
    for name in (table.name for table in AGENT_OF[contract].states):
        tables[name] = {key: row for key, row in tables[name].items() if row["version"] in versions}
    return MemoryStore(tables, store.kept, store.claims)


def assert_exact(schedule: Schedule) -> Run:
    """Run it. Every row people see, and every row a worker would load, is the oracle's; every dead letter was sent."""
    run, held = Run(schedule), HELD[schedule.contract]
    run.go()
    for partition, world in enumerate(schedule.worlds):
        store, wanted = of_partition(run.rows.store, schedule.contract, partition), held.expected(world)
        same(held.found(store), wanted)
        same(held.found(recovered(store, schedule.contract)), wanted)
        assert {offset for p, offset in run.letters.sent if p == partition} == wanted["dead_letters"].keys()
    return run


@steady(300)
@given(schedules())
def test_every_row_is_the_oracles_under_every_schedule(schedule: Schedule) -> None:
    assert_exact(schedule)


@steady(60)
@given(schedules(contract=PRODUCT.name))
def test_every_row_of_the_product_is_the_oracles(schedule: Schedule) -> None:
    assert_exact(schedule)


@steady(40)
@given(schedules(contract=LINKS.name))
def test_every_row_of_the_links_is_the_oracles(schedule: Schedule) -> None:
    assert_exact(schedule)


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("contract", "batch"), [(contract, n) for contract, count in BATCHES.items() for n in range(count)]
)
def test_every_row_is_the_oracles_under_five_hundred_other_schedules(
    contract: str, batch: int, injected: Inject
) -> None:
    """Others every time; the seed that repeats a failure is printed. In batches: Hypothesis keeps all that it drew."""

    @settings(steady(500), derandomize=False)
    @given(schedules(contract=contract))
    def attempt(schedule: Schedule) -> None:
        injected("simulated schedule")
        for fault, times in assert_exact(schedule).befallen.items():
            injected(f"simulated {fault}", times)

    attempt()


def assert_found(mutant: Callable[[], Patches], contract: str) -> None:
    """Of so many schedules one shows the broken rule."""

    @seed(0)
    @settings(steady(1_000), derandomize=False, phases=(Phase.generate,), report_multiple_bugs=False)
    @given(schedules(MUTANTS[mutant], contract))
    def attempt(schedule: Schedule) -> None:
        with broken(mutant):
            assert_exact(schedule)

    with pytest.raises((AssertionError, IndexError)):
        attempt()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_rule_is_found(mutant: Callable[[], Patches]) -> None:
    assert_found(mutant, CHAT.name)


@pytest.mark.parametrize("mutant", IN_PRODUCT, ids=lambda mutant: mutant.__name__)
def test_a_broken_rule_is_found_in_the_products_rows(mutant: Callable[[], Patches]) -> None:
    assert_found(mutant, PRODUCT.name)


@pytest.mark.parametrize("mutant", IN_LINKS, ids=lambda mutant: mutant.__name__)
def test_a_broken_rule_is_found_in_the_links_rows(mutant: Callable[[], Patches]) -> None:
    assert_found(mutant, LINKS.name)
