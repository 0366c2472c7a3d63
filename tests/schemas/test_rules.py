"""What is computed cannot get other columns without new rules: an epoch of before would have them empty."""

import hashlib

import pytest

from schemas.agents import AGENTS, PEOPLE, AgentSpec
from sinks.clickhouse.schema import declared

#: A digest of all columns of what an agent computes, by agent and rules.
COLUMNS = {
    ("community", 4): "a2c30fb636193145",
    ("product", 2): "ff92d70566838816",
    ("links", 2): "24b8985feb62c523",
    ("costs", 1): "e3b0c44298fc1c14",
    ("rewards", 1): "e3b0c44298fc1c14",
    ("operations", 1): "e3b0c44298fc1c14",
}


#: At every take-over the people agent compares all rows with what it works out anew, so none keep old columns.
COMPUTING = [agent for agent in AGENTS.values() if agent is not PEOPLE]


@pytest.mark.parametrize("agent", COMPUTING, ids=lambda one: one.name)
def test_other_columns_are_other_rules(agent: AgentSpec) -> None:
    columns = [
        f"{table.name} {name} {column.type}"
        for table in agent.computed
        for name, column in declared()[table.name].items()
    ]
    digest = hashlib.sha256("\n".join(sorted(columns)).encode()).hexdigest()[:16]
    assert COLUMNS.get((agent.name, agent.rules)) == digest, (
        f"What {agent.name} computes has other columns: raise `rules` of its AgentSpec, and `goes_on_from` too unless "
        "empty columns are right for numbers of before; then note the digest here."
    )
