"""Filling in the SQL of migrations and views: the same text serves one server and a cluster, now and a past day."""

from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from schemas.agents import SOURCES

if TYPE_CHECKING:
    from sinks.clickhouse.connection import Address

#: A person with more accounts than this is not merged; larger amounts are shown but not counted.
MOST_ACCOUNTS, ABSURD_MINOR = 100, 10**12
#: Days of the longest window of questions that are asked of closed days.
WINDOW = 28
#: Clocks of sources that are further apart than this, seconds, make answers provisional.
APART_S = 600
#: A clock that is further ahead of the present than this, milliseconds, is wrong.
WRONG_MS = 3_600_000


def fill(text: str, address: "Address", zone: str, product_zone: str = "", day: str = "") -> str:
    """Fill in a template for a server or a cluster; `day` is an expression, empty: today, and all days."""
    cluster, at = address.cluster, f"_at(day = {day})" if day else ""
    return Template(text).substitute(
        day=day or f"assumeNotNull((SELECT today FROM {address.database}.people_clock))",
        on_day=f"day = {day}" if day else "1",
        at=at,
        database=address.database,
        zone=zone,
        product_zone=product_zone or zone,
        local="_local" if cluster else "",
        on_cluster=f"ON CLUSTER '{cluster}'" if cluster else "",
        replicated="Replicated" if cluster else "",
        sources=", ".join(f"'{agent.contract}'" for agent in SOURCES),
        source_names=", ".join(f"'{agent.about}'" for agent in SOURCES),
        apart_s=APART_S,
        wrong_ms=WRONG_MS,
        absurd=ABSURD_MINOR,
        window="replicated_deduplication_window" if cluster else "non_replicated_deduplication_window",
    )


def sql_texts(package: str) -> dict[str, str]:
    """Name of every SQL file in a package -> its template, sorted by name."""
    files = sorted(resources.files(package).iterdir(), key=lambda file: file.name)
    return {file.name: file.read_text() for file in files if file.name.endswith(".sql")}


def migration_texts() -> dict[str, str]:
    """Name of every migration -> its template, in order."""
    return sql_texts("sinks.clickhouse.migrations")
