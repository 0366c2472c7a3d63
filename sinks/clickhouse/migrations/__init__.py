"""Numbered migrations: each applied once, in order, and recorded with the hash of its text."""

import hashlib
import re
from dataclasses import dataclass

from schemas.errors import DataError
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.schema import unrepaired
from sinks.clickhouse.templates import fill, migration_texts
from sinks.clickhouse.views import make_views

_DISTRIBUTE = re.compile(r"^-- distribute (\w+) by (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """One file of statements, filled in for a server or a cluster."""

    name: str
    statements: tuple[str, ...]
    digest: str
    applied: bool = False


def _statements(text: str, address: Address, zone: str) -> tuple[str, ...]:
    filled = fill(text, address, zone)
    found = [part.strip() for part in re.split(r";\s*$", filled, flags=re.MULTILINE)]
    statements = [part for part in found if re.sub(r"^--.*$", "", part, flags=re.MULTILINE).strip()]
    if address.cluster:
        database, cluster = address.database, address.cluster
        statements += [
            f"CREATE TABLE {database}.{table} ON CLUSTER '{cluster}' AS {database}.{table}_local "
            f"ENGINE = Distributed('{cluster}', '{database}', '{table}_local', {key})"
            for table, key in _DISTRIBUTE.findall(filled)
        ]
    return tuple(statements)


def plan(address: Address, zone: str) -> list[Migration]:
    """Every migration, in order, with what is already applied. Refuses texts that changed after they were applied."""
    native = Native(address)
    known: dict[str, str] = {}
    if native.execute(f"EXISTS TABLE {address.database}.migrations")[0][0]:
        known = dict(native.execute(f"SELECT name, digest FROM {address.database}.migrations FINAL"))
    found = []
    for name, text in migration_texts().items():
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name in known and known[name] != digest:
            raise DataError(
                f"The database {address.database} was created by a different version of {name}. Use another database "
                "(clickhouse.database) and land the events again. Put changes into a new migration."
            )
        found.append(Migration(name, _statements(text, address, zone), digest, name in known))
    if unknown := sorted(set(known) - {migration.name for migration in found}):
        names = ", ".join(unknown)
        raise DataError(f"{address} has migrations that this version does not know ({names}): use a newer version.")
    return found


def migrate(address: Address, zone: str) -> list[str]:
    """Apply what is missing and replace all views. Returns the names of the migrations applied; safe to repeat.

    Raises `DataError` when columns were dropped or changed by hand, since their contents are lost.
    """
    native = Native(address)
    cluster = f" ON CLUSTER '{address.cluster}'" if address.cluster else ""
    native.execute(f"CREATE DATABASE IF NOT EXISTS {address.database}{cluster} ENGINE = Atomic")
    native.execute(
        f"CREATE TABLE IF NOT EXISTS {address.database}.migrations{cluster} "
        "(name String, digest String, applied_at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY name"
    )
    applied = []
    for migration in plan(address, zone):
        if migration.applied:
            continue
        for statement in migration.statements:
            native.execute(statement)
        record = [(migration.name, migration.digest)]
        native.execute(f"INSERT INTO {address.database}.migrations (name, digest) VALUES", record)
        applied.append(migration.name)
    if found := unrepaired(address):
        raise DataError(found)
    make_views(address, zone)
    return applied


def pending(address: Address, zone: str) -> list[str]:
    """Names of migrations that are not applied yet."""
    return [migration.name for migration in plan(address, zone) if not migration.applied]
