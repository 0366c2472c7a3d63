"""The views, one file each: created after those that they read, replaced at every migration, dropped when gone.

Every view has a comment, by which a migration knows its own; questions' views also have one per column.
"""

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter

from schemas.agents import PEOPLE
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.questions.spec import ids_of
from sinks.clickhouse.store import ClickHouseStore, quote
from sinks.clickhouse.templates import fill, sql_texts
from sinks.clickhouse.views.answers import Answer, answer_of

_FOLDERS = ("sinks.clickhouse.views", "sinks.clickhouse.questions")
_READ = re.compile(r"\$\{database\}\.(\w+)(\$\{at\})?")
#: Marks of a text that may be about one day.
_OF_A_DAY = ("${day}", "${on_day}", "${at}")
_NOTE = re.compile(r"(?:^-- .*\n)+", re.MULTILINE)
#: What the people agent has landed of one of its tables.
_NOW = """-- Rows of {table}: of every key the newest, in the terms that are read.
SELECT * EXCEPT (topic, partition, version, gone)
FROM ${{database}}.{table} FINAL
WHERE (partition, bitShiftRight(version, 32)) IN (SELECT partition, term FROM ${{database}}.people_term)
SETTINGS do_not_merge_across_partitions_select_final = 1
"""
#: The comment of each of our views begins with this; other views in the database are left alone.
MARK = "Groupvitals: "


@dataclass(frozen=True)
class View:
    """A view: what it selects, and the statement that creates it. `answer`: a question's columns."""

    name: str
    body: str
    statement: str
    answer: Answer | None = None

    @property
    def select(self) -> str:
        """Everything after its AS."""
        return self.answer.around(self.body) if self.answer else self.body


def texts() -> dict[str, str]:
    """Name of every view, including questions' -> its template."""
    written = {name.removesuffix(".sql"): text for folder in _FOLDERS for name, text in sql_texts(folder).items()}
    return written | {
        f"{table.name}_now": _NOW.format(table=table.name, key=", ".join(table.key)) for table in PEOPLE.states
    }


def ordered(found: dict[str, str]) -> list[str]:
    """Names of views, each after those that it reads."""
    after = {name: _reads(text) & found.keys() for name, text in sorted(found.items())}
    return list(TopologicalSorter(after).static_order())


def _reads(text: str) -> set[str]:
    """Names of views and tables in a template. NAME_at is created with NAME or has its own text; today is of a view."""
    names = {name + ("_at" if at else "") for name, at in _READ.findall(text)}
    names |= {"people_clock"} if "${day}" in text else set()
    return names | {name.removesuffix("_at") for name in names}


def views(address: Address, zone: str, product_zone: str = "") -> list[View]:
    """All views, in an order in which they can be created.

    `product_zone` is the time zone of the product's numbers, if it differs. A text that asks for `${day}`, for rows
    `${on_day}`, or for such a view by `${at}`, is two views: NAME for today, or all days, and NAME_at(day = …) for the
    end of any day. Where the past works differently, NAME_at has a text of its own.
    """
    found, all_of = [], texts()
    for name in ordered(all_of):
        text, make = all_of[name], _Maker(address, zone, product_zone)
        if not name.endswith("_at"):
            found += make.views(name, text)
        if name.endswith("_at") or any(mark in text for mark in _OF_A_DAY):
            found += make.views(f"{name.removesuffix('_at')}_at", text, day="{day:Date}")
    return found


@dataclass(frozen=True)
class _Maker:
    """Fills in a template and puts a statement around it."""

    address: Address
    zone: str
    product_zone: str

    def views(self, name: str, text: str, day: str = "") -> list[View]:
        """The view, and the same without names where a question has any."""
        body = fill(text, self.address, self.zone, self.product_zone, day).rstrip().rstrip(";")
        note = _NOTE.search(text)
        about = " ".join(note[0].replace("-- ", "").split()) if note else name
        answer = answer_of(name, self.address.database, self.zone)
        found = [self._view(name, body, about, answer)]
        if answer and answer.without_names:
            found.append(self._view(ids_of(name), body, about, answer.without_names))
        return found

    def _view(self, name: str, body: str, about: str, answer: Answer | None) -> View:
        cluster = f" ON CLUSTER '{self.address.cluster}'" if self.address.cluster else ""
        head = f"CREATE OR REPLACE VIEW {self.address.database}.{name}{cluster}"
        select = f"{answer.columns} AS\n{answer.around(body)}" if answer else f" AS\n{body}"
        return View(name, body, f"{head}{select}\nCOMMENT {quote(MARK + (answer.about if answer else about))}", answer)


def wanted(address: Address, zone: str) -> list[View]:
    """All views; once there are numbers, in the time zones in which these were computed."""
    chat, product = ClickHouseStore(address).time_zones(zone)
    return views(address, chat, product)


def make_views(address: Address, zone: str) -> None:
    """Replace all views, and drop those of ours that no longer exist."""
    native, found = Native(address), wanted(address, zone)
    for view in found:
        native.execute(view.statement)
    cluster = f" ON CLUSTER '{address.cluster}'" if address.cluster else ""
    ours = native.execute(
        f"SELECT name FROM system.tables WHERE database = {quote(address.database)} AND engine = 'View' "
        f"AND startsWith(comment, {quote(MARK)})"
    )
    for name in sorted({row[0] for row in ours} - {view.name for view in found}):
        native.execute(f"DROP VIEW IF EXISTS {address.database}.{name}{cluster} SYNC")
