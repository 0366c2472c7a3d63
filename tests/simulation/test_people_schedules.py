"""Whatever befalls workers of people and their sources, what is asked follows from what has landed.

Closed days are those of a run that nothing befell, in every row.
"""

from collections.abc import Callable

import pytest
from hypothesis import Phase, given, seed, settings

from tests.analytics.test_community import steady
from tests.injected import Inject
from tests.simulation.mutants import Patches, broken
from tests.simulation.people import OF_BACKUPS, PeopleRun, people_schedules, people_world
from tests.simulation.people_days import undisturbed
from tests.simulation.people_mutants import MUTANTS
from tests.simulation.schedule import Schedule

# a worker that is killed never comes to what it was about to wait for
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def assert_follows(schedule: Schedule) -> PeopleRun:
    """Run it; in the end what is asked is all that follows from what the sources have landed, and closed days are those
    of an undisturbed run."""
    with people_world():
        run = PeopleRun(schedule)
        run.go()
    assert run.rows.days() == undisturbed(run.rows.sources)
    assert run.rows.view() == run.rows.follows()
    if len(run.rows.numbers) == 1 and not run.befallen.keys() & set(OF_BACKUPS):
        run.rows.assert_told()
    return run


@steady(60)
@given(people_schedules())
def test_what_is_asked_follows_from_what_has_landed(schedule: Schedule) -> None:
    assert_follows(schedule)


@pytest.mark.chaos
@pytest.mark.parametrize("batch", range(4))
def test_so_it_does_under_five_hundred_other_schedules(batch: int, injected: Inject) -> None:
    @settings(steady(500), derandomize=False)
    @given(people_schedules())
    def attempt(schedule: Schedule) -> None:
        injected("simulated schedule")
        for fault, times in assert_follows(schedule).befallen.items():
            injected(f"simulated {fault} of people", times)

    attempt()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_rule_is_found(mutant: Callable[[], Patches]) -> None:
    """Of so many schedules one shows it."""

    @seed(0)
    @settings(steady(1_000), derandomize=False, phases=(Phase.generate,), report_multiple_bugs=False)
    @given(people_schedules(MUTANTS[mutant]))
    def attempt(schedule: Schedule) -> None:
        with broken(mutant):
            assert_follows(schedule)

    with pytest.raises((AssertionError, LookupError, ValueError)):  # some stumble before the end
        attempt()
