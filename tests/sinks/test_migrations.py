"""Migrations: applied once, never changed afterwards, and the same text for one server and a cluster."""

from dataclasses import replace
from pathlib import Path

import pytest

from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.agents import AGENTS, AgentSpec
from schemas.columns import columns
from schemas.errors import DataError
from sinks.clickhouse import migrations
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.views import views
from streams.agents import new_state
from tests.conftest import Run

pytestmark = pytest.mark.services
ZONE = "UTC"
FOLDER = Path(migrations.__file__).parent


@pytest.fixture
def address(settings: Settings) -> Address:
    return clickhouse(settings)


def test_they_are_applied_once(address: Address, groupvitals: Run) -> None:
    assert migrations.migrate(address, ZONE) == sorted(file.name for file in FOLDER.glob("*.sql"))
    assert migrations.migrate(address, ZONE) == [] == migrations.pending(address, ZONE)
    assert "applied  0001_events.sql" in groupvitals("migrate", "--status").stdout


def test_a_dry_run_changes_nothing(address: Address, groupvitals: Run) -> None:
    shown = groupvitals("migrate", "--dry-run").stdout
    assert f"CREATE TABLE {address.database}.events" in shown and "CREATE OR REPLACE VIEW" in shown
    assert Native(address).execute(f"EXISTS DATABASE {address.database}")[0][0] == 0


def test_a_changed_text_is_refused(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    migrations.migrate(address, ZONE)
    Native(address).execute(
        f"INSERT INTO {address.database}.migrations (name, digest) VALUES", [("0002_states.sql", "other")]
    )
    with pytest.raises(DataError, match=r"a different version of 0002_states\.sql"):
        migrations.plan(address, ZONE)


def test_a_newer_database_is_refused(address: Address) -> None:
    migrations.migrate(address, ZONE)
    Native(address).execute(
        f"INSERT INTO {address.database}.migrations (name, digest) VALUES", [("9999_later.sql", "x")]
    )
    with pytest.raises(DataError, match=r"9999_later\.sql"):
        migrations.plan(address, ZONE)


def test_a_cluster_gets_replicated_tables_and_distributed_ones_before_them(address: Address) -> None:
    there = replace(address, cluster="main")
    native = Native(address)
    text = [statement for m in migrations.plan(there, ZONE) for statement in m.statements]
    for statement in text + [view.statement for view in views(there, ZONE)]:
        native.execute(f"EXPLAIN AST {statement}")
    tables = {
        line.split()[2].split(".")[1]
        for line in text
        if line.partition("CREATE TABLE")[1]
        for line in [line[line.index("CREATE") :]]
    }
    local = {name for name in tables if name.endswith("_local")}
    assert {name.removesuffix("_local") for name in local} == tables - local, (
        "every local table has its distributed one"
    )
    assert all("ON CLUSTER 'main'" in statement for statement in text if "INSERT INTO" not in statement)
    engines = ("ReplicatedReplacingMergeTree", "ReplicatedMergeTree", "Distributed(")
    assert all(any(engine in statement for engine in engines) for statement in text if "CREATE TABLE" in statement)


@pytest.mark.parametrize("agent", [one for one in AGENTS.values() if one.records], ids=lambda agent: agent.name)
def test_tables_have_what_agents_write(agent: AgentSpec, address: Address) -> None:
    migrations.migrate(address, ZONE)
    have = {
        table.name: {row[0] for row in Native(address).execute(f"DESCRIBE TABLE {address.database}.{table.name}")}
        for table in agent.tables
    }
    fields = {agent.renamed.get(field.name, field.name) for field in columns(agent.contract).fields}
    assert fields | {"excluded"} <= have[agent.raw.name]
    for table in agent.tables:
        bookkeeping = {"version", "topic", "partition"}
        assert {*table.key, *bookkeeping, *("slot",) * table.slots} <= have[table.name], table.name
    if agent.facts:
        assert set(agent.facts.columns) <= have[agent.facts.table.name]
    loaded = new_state(agent).loaded
    assert loaded.keys() == {table.name for table in agent.states}
    for name, read in loaded.items():
        assert set(read.columns) <= have[name]


def test_no_migration_destroys_anything() -> None:
    folder = Path(migrations.__file__).parent
    for file in folder.glob("*.sql"):
        words = file.read_text().upper()
        assert not any(word in words for word in ("DROP ", "TRUNCATE ", "DELETE ", "RENAME ")), file.name
