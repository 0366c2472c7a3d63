"""The specification keeps its promise under any order of steps, and breaks it when a rule is left out."""

from itertools import count

import pytest

from tests.simulation.specification import RULES, run


def test_answers_are_exact_whoever_works_on_a_task() -> None:
    assert {seed: wrong for seed in range(300) if (wrong := run(seed))} == {}


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_can_be_left_out(rule: str) -> None:
    assert next(seed for seed in count() if run(seed, rule) or seed > 2_000) <= 2_000
