"""Numbered migrations, applied once each, in order, and recorded with the hash of their text; and views, made anew."""

import hashlib
import json
import re
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from string import Template

from schemas.errors import DataError
from schemas.nicknames import convention
from schemas.platforms import READS_REPORTED
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.store import CHAT, PRODUCT, ClickHouseStore

#: A person of more accounts is not merged; amounts from here on are shown and not counted.
MOST_ACCOUNTS, ABSURD_MINOR = 100, 10**12
#: Masks reach back so far that what members were so many days before today can be told to the unit.
REACH_DAYS = 27

_VIEWS = resources.files("sinks.clickhouse").joinpath("views")
_DISTRIBUTE = re.compile(r"^-- distribute (\w+) by (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """One file of statements, filled in for a server or a cluster."""

    name: str
    statements: tuple[str, ...]
    digest: str
    applied: bool = False


def _fill(text: str, address: Address, zone: str, nickname: str = "", product_zone: str = "", day: str = "") -> str:
    """Fill in a template; the same text serves one server and a cluster, now and the end of a day (an expression)."""
    cluster, at = address.cluster, f"_at(day = {day})" if day else ""
    fields, separator = convention(nickname)
    return Template(text).substitute(
        day=day or f"assumeNotNull((SELECT today FROM {address.database}.clock))",
        at=at,
        database=address.database,
        zone=zone,
        product_zone=product_zone or zone,
        local="_local" if cluster else "",
        on_cluster=f"ON CLUSTER '{cluster}'" if cluster else "",
        replicated="Replicated" if cluster else "",
        reads_reported=", ".join(f"'{platform}'" for platform in READS_REPORTED),
        accounts=MOST_ACCOUNTS,
        absurd=ABSURD_MINOR,
        reach=REACH_DAYS,
        nickname_fields=f"CAST({fields}, 'Array(String)')",
        nickname_separator=separator,
        window="replicated_deduplication_window" if cluster else "non_replicated_deduplication_window",
    )


def _statements(text: str, address: Address, zone: str) -> tuple[str, ...]:
    filled = _fill(text, address, zone)
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
    for file in sorted(resources.files(__package__).iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".sql"):
            continue
        text = file.read_text()
        digest = hashlib.sha256(text.encode()).hexdigest()
        if file.name in known and known[file.name] != digest:
            raise DataError(
                f"The database {address.database} was made by another text of {file.name}. Use another database "
                "(clickhouse.database) and land the events again; who changed the file: put the change into a new one."
            )
        found.append(Migration(file.name, _statements(text, address, zone), digest, file.name in known))
    if unknown := sorted(set(known) - {migration.name for migration in found}):
        names = ", ".join(unknown)
        raise DataError(f"{address} has migrations that this version does not know ({names}); use a newer one.")
    return found


def _order(file: Traversable) -> tuple[bool, bool, str]:
    return not file.name.startswith("_"), not file.name.endswith("_daily.sql"), file.name


def views(address: Address, zone: str, nickname: str = "", product_zone: str = "") -> list[Migration]:
    """The views, made anew at every migration: the live tables first, then closed days, then the questions.

    `nickname` is the convention by which members name themselves, such as `name-role-industry-city`; empty: none.
    `product_zone` is the time zone of the product's numbers, if it is another.
    A text that asks for `${day}`, or for such a view by `${at}`, is two views: NAME of today, and NAME_at(day = …) of
    the end of any day. Where the past is another matter than today, NAME_at has a text of its own.
    """
    found = []
    for file in sorted(_VIEWS.iterdir(), key=_order):
        if file.name.endswith(".sql"):
            name, text = file.name.removesuffix(".sql").lstrip("_0123456789"), file.read_text()
            if not name.endswith("_at"):
                found.append(_view(name, _fill(text, address, zone, nickname, product_zone), address))
            if name.endswith("_at") or "${day}" in text or "${at}" in text:
                past = _fill(text, address, zone, nickname, product_zone, day="{day:Date}")
                found.append(_view(f"{name.removesuffix('_at')}_at", past, address))
    return found


def _view(name: str, body: str, address: Address) -> Migration:
    cluster = f" ON CLUSTER '{address.cluster}'" if address.cluster else ""
    statement = f"CREATE OR REPLACE VIEW {address.database}.{name}{cluster} AS\n{body.rstrip().rstrip(';')}"
    return Migration(name, (statement,), hashlib.sha256(body.encode()).hexdigest())


def migrate(address: Address, zone: str, nickname: str = "") -> list[str]:
    """Apply what is missing and make all views. Returns the names of the migrations applied; safe to repeat."""
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
    make_views(address, zone, nickname)
    return applied


def make_views(address: Address, zone: str, nickname: str = "") -> None:
    """Make all views anew; once there are numbers, in the time zones that they were made with."""
    store = ClickHouseStore(address)
    epochs = [store.epoch(contract) for contract in (CHAT, PRODUCT)]
    zones = [json.loads(epoch.settings)["time_zone"] if epoch else zone for epoch in epochs]
    for view in views(address, zones[0], nickname, zones[1]):
        for statement in view.statements:
            Native(address).execute(statement)


def pending(address: Address, zone: str) -> list[str]:
    """Names of migrations that are not applied yet."""
    return [migration.name for migration in plan(address, zone) if not migration.applied]
