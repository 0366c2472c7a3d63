"""The columns of a database against those that the migrations declare, on a real ClickHouse."""

import json

import pytest

from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.agents import COMMUNITY, PRODUCT
from schemas.errors import DataError, ServiceError
from sinks.clickhouse import schema
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.guard import Guard, check, written_by
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.views.outdated import outdated
from tests.conftest import Run

pytestmark = pytest.mark.services


@pytest.fixture
def address(settings: Settings) -> Address:
    address = clickhouse(settings)
    migrate(address, "UTC")
    return address


def alter(address: Address, change: str) -> None:
    Native(address).execute(f"ALTER TABLE {address.database}.{change}")


def test_the_migrations_declare_what_they_make(address: Address) -> None:
    rows = Native(address).execute(
        "SELECT table, name, type FROM system.columns WHERE database = %(d)s AND table NOT IN "
        "(SELECT name FROM system.tables WHERE database = %(d)s AND endsWith(engine, 'View')) ORDER BY table, position",
        None, {"d": address.database},
    )  # fmt: skip
    declared = {(table, name, c.type) for table, columns in schema.declared().items() for name, c in columns.items()}
    assert {tuple(row) for row in rows if row[0] != "migrations"} == declared
    assert schema.differences(address) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("events DROP COLUMN text_len", "events.text_len UInt32 is missing"),
        ("events MODIFY COLUMN text_len UInt64", "events.text_len is UInt64, not UInt32"),
        ("membership_states DROP COLUMN open_messages", "membership_states.open_messages Array(UInt32) is missing"),
        ("checkpoints RENAME COLUMN worker TO who", "checkpoints.worker String is missing"),
        ("heads DROP COLUMN clock_ms", "heads.clock_ms Int64 is missing"),
        ("day_closings MODIFY COLUMN next_offset UInt32", "day_closings.next_offset is UInt32, not UInt64"),
    ],
)
def test_a_changed_column_is_refused_until_it_is_made_again(
    address: Address, groupvitals: Run, change: str, words: str
) -> None:
    guard = Guard(Native(address), COMMUNITY)
    guard()
    alter(address, change)
    with pytest.raises(DataError, match=r"run `groupvitals migrate`") as refused:
        guard()
    assert words in str(refused.value)
    migrated, seen = groupvitals("migrate"), groupvitals("doctor", "--json")
    assert (migrated.returncode, words in migrated.stderr) == (DataError.exit_code, True), migrated.stderr
    assert (seen.returncode, words in seen.stdout) == (2, True), seen.stdout
    for statement in migrated.stderr.splitlines():
        if "ALTER TABLE" in statement:
            Native(address).execute(statement.strip().rstrip(";"))
    guard()


def test_what_feeds_names_is_missed(address: Address) -> None:
    Native(address).execute(f"DROP TABLE {address.database}.names_of_facts SYNC")
    assert [str(one) for one in schema.differences(address)] == ["the table names_of_facts is missing"]


def test_a_missing_table_is_refused(address: Address) -> None:
    guard = Guard(Native(address), COMMUNITY)
    guard()
    Native(address).execute(f"DROP TABLE {address.database}.facts SYNC")
    with pytest.raises(DataError, match="the table facts is missing"):
        guard()
    with pytest.raises(DataError, match="comes back only with a backup"):
        migrate(address, "UTC")


def test_an_added_column_is_left_alone(address: Address, groupvitals: Run) -> None:
    guard = Guard(Native(address), COMMUNITY)
    guard()
    alter(address, "events ADD COLUMN note String")
    guard()
    assert migrate(address, "UTC") == []
    assert "events.note String is not a column of this version" in groupvitals("doctor", "--json").stdout


def test_views_that_are_gone_or_others_are_found(address: Address, groupvitals: Run) -> None:
    assert outdated(address, "UTC") == ([], [])
    assert outdated(address, "Asia/Tokyo")[0] == []
    assert "people_clock" in set(outdated(address, "Asia/Tokyo")[1])
    native, d = Native(address), address.database
    native.execute(f"DROP VIEW {d}.tiers")
    native.execute(f"CREATE OR REPLACE VIEW {d}.users AS SELECT * FROM {d}.facts")
    assert outdated(address, "UTC") == (["tiers"], ["users"])
    said = {
        (f["severity"], f["found"]) for f in json.loads(groupvitals("doctor", "--json").stdout) if f["what"] == "views"
    }
    assert ("error", "missing: tiers") in said and len(said) == 2
    assert groupvitals("migrate").returncode == 0
    assert outdated(address, "UTC") == ([], [])


def test_others_tables_do_not_matter(address: Address) -> None:
    alter(address, "user_states DROP COLUMN bought_lo")
    check(address, written_by(COMMUNITY))
    with pytest.raises(DataError, match="bought_lo"):
        check(address, written_by(PRODUCT))


def test_other_migrations_are_refused(address: Address) -> None:
    native, table = Native(address), f"{address.database}.migrations"
    native.execute(f"INSERT INTO {table} (name, digest) VALUES", [("9999_later.sql", "x")])
    with pytest.raises(DataError, match="use a newer version"):
        Guard(native, COMMUNITY)()
    native.execute(f"TRUNCATE TABLE {table}")
    with pytest.raises(ServiceError, match=r"lacks 0001_events\.sql.*run `groupvitals migrate`"):
        Guard(native, COMMUNITY)()


def test_every_way_of_declaring_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """-- a comment; CREATE TABLE ${database}.no${local} ${on_cluster} (a UInt8)
CREATE TABLE ${database}.t${local} ${on_cluster} (
    a Map(String, Array(Nullable(UInt32))) COMMENT 'one, and (another',
    b DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, LZ4),
    INDEX by_a a TYPE minmax GRANULARITY 1,
    c UInt8
) ENGINE = MergeTree ORDER BY (a, b);
ALTER TABLE ${database}.t${local} ${on_cluster} ADD COLUMN IF NOT EXISTS d LowCardinality(String)
    DEFAULT arrayFirst(x -> x = a, ['x', 'y']) AFTER b, MODIFY COLUMN c UInt16, MODIFY COLUMN a COMMENT 'more';
ALTER TABLE ${database}.t ${on_cluster} MODIFY SETTING max_parts_in_total = 1;"""
    monkeypatch.setattr(schema, "migration_texts", lambda: {"1": text})
    schema.declared.cache_clear()
    try:
        found = schema.declared()
    finally:
        monkeypatch.undo()
        schema.declared.cache_clear()
    assert {name: column.type for name, column in found["t"].items()} == {
        "a": "Map(String, Array(Nullable(UInt32)))", "b": "DateTime64(3, 'UTC')", "c": "UInt16",
        "d": "LowCardinality(String)",
    }  # fmt: skip
    assert found["t"]["d"].definition == "LowCardinality(String) DEFAULT arrayFirst(x -> x = a, ['x', 'y'])"
    assert list(found) == ["t"]
