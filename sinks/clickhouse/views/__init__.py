"""The views, one file each: created after those that they read, replaced at every migration, dropped when gone."""

import json
import re
from dataclasses import dataclass
from graphlib import TopologicalSorter

from schemas.topics import CHAT, PRODUCT
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.store import ClickHouseStore
from sinks.clickhouse.templates import fill, sql_files

_FOLDERS = ("sinks.clickhouse.views", "sinks.clickhouse.questions")
_READ = re.compile(r"\$\{database\}\.(\w+)(\$\{at\})?")


@dataclass(frozen=True)
class View:
    """A view and the statement that creates it."""

    name: str
    statement: str


def texts() -> dict[str, str]:
    """Name of every view, those of questions among them -> its template."""
    return {file.name.removesuffix(".sql"): file.read_text() for folder in _FOLDERS for file in sql_files(folder)}


def ordered(found: dict[str, str]) -> list[str]:
    """Names of views, each after all that its text names."""
    after = {name: _reads(text) & found.keys() for name, text in sorted(found.items())}
    return list(TopologicalSorter(after).static_order())


def _reads(text: str) -> set[str]:
    """Names of views and tables in a template. NAME_at is created with NAME or has its own text; today is a view."""
    names = {name + ("_at" if at else "") for name, at in _READ.findall(text)}
    names |= {"clock"} if "${day}" in text else set()
    return names | {name.removesuffix("_at") for name in names}


def views(address: Address, zone: str, nickname: str = "", product_zone: str = "") -> list[View]:
    """All views, in an order in which they can be created.

    `nickname` is the convention by which members name themselves, such as `name-role-industry-city`; empty: none.
    `product_zone` is the time zone of the product's numbers, if it is another.
    A text that asks for `${day}`, or for such a view by `${at}`, is two views: NAME of today, and NAME_at(day = …) of
    the end of any day. Where the past is another matter than today, NAME_at has a text of its own.
    """
    found, all_of = [], texts()
    for name in ordered(all_of):
        text = all_of[name]
        if not name.endswith("_at"):
            found.append(_view(name, fill(text, address, zone, nickname, product_zone), address))
        if name.endswith("_at") or "${day}" in text or "${at}" in text:
            past = fill(text, address, zone, nickname, product_zone, day="{day:Date}")
            found.append(_view(f"{name.removesuffix('_at')}_at", past, address))
    return found


def _view(name: str, body: str, address: Address) -> View:
    cluster = f" ON CLUSTER '{address.cluster}'" if address.cluster else ""
    statement = f"CREATE OR REPLACE VIEW {address.database}.{name}{cluster} AS\n{body.rstrip().rstrip(';')}"
    return View(name, statement)


def make_views(address: Address, zone: str, nickname: str = "") -> None:
    """Replace all views; once there are numbers, in the time zones that they were computed in."""
    store, native = ClickHouseStore(address), Native(address)
    epochs = [store.epoch(topic.name) for topic in (CHAT, PRODUCT)]
    zones = [json.loads(epoch.settings)["time_zone"] if epoch else zone for epoch in epochs]
    for view in views(address, zones[0], nickname, zones[1]):
        native.execute(view.statement)
