"""The columns that the migrations declare, and where a database differs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.templates import migration_texts

_TABLE = re.compile(r"(CREATE|ALTER) TABLE (?:IF NOT EXISTS )?\$\{database\}\.(\w+)(?:\$\{local\})?\s+\$\{on_cluster\}")
_FEED = re.compile(r"CREATE MATERIALIZED VIEW \$\{database\}\.(\w+)")
_COLUMN = re.compile(r"(?:(?:ADD|MODIFY) COLUMN (?:IF (?:NOT )?EXISTS )?)?(\w+)\s+(\w+)(.*)", re.DOTALL)
#: What may follow the name of a column where its type does not.
_NO_TYPE = {"COMMENT", "CODEC", "REMOVE", "MODIFY", "RESET", "TTL", "DEFAULT"}


@dataclass(frozen=True)
class Column:
    """A declared column: its type as ClickHouse writes it, and its full declaration."""

    type: str
    definition: str

    @property
    def filled_in(self) -> bool:
        """Whether the table has a value for it where rows have none."""
        return " DEFAULT " in self.definition


@dataclass(frozen=True)
class Difference:
    """A column, or a whole table (`column` is empty), that differs from its declaration.

    `declared` and `found` are types; empty: there is none.
    """

    table: str
    column: str
    declared: str
    found: str
    definition: str = ""

    @property
    def extra(self) -> bool:
        """Whether it is an additional column: rows leave it at its default."""
        return not self.declared

    def __str__(self) -> str:
        if not self.column:
            return f"the table {self.table} is missing"
        name = f"{self.table}.{self.column}"
        if self.extra:
            return f"{name} {self.found} is not a column of this version"
        return f"{name} is {self.found}, not {self.declared}" if self.found else f"{name} {self.declared} is missing"

    def remedy(self, address: Address) -> str:
        """The statement that recreates the column as declared; its former contents stay lost."""
        local, on_cluster = ("_local", f" ON CLUSTER '{address.cluster}'") if address.cluster else ("", "")
        change = "MODIFY" if self.found else "ADD"
        return (
            f"ALTER TABLE {address.database}.{self.table}{local}{on_cluster} {change} COLUMN "
            f"{self.column} {self.definition}"
        )


@cache
def declared() -> dict[str, dict[str, Column]]:
    """Every table of the migrations, and its columns in order; materialized views without (their targets have them)."""
    tables: dict[str, dict[str, Column]] = {}
    for text in migration_texts().values():
        for statement in re.split(r";\s*$", re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE), flags=re.MULTILINE):
            if (found := _TABLE.search(statement)) is not None:
                rest = statement[found.end() :].strip()
                columns = tables.setdefault(found[2], {})
                columns |= _columns(_inside(rest) if found[1] == "CREATE" else rest)
            elif (feed := _FEED.search(statement)) is not None:
                tables[feed[1]] = {}
    return tables


def _columns(text: str) -> dict[str, Column]:
    columns = {}
    for part in _parts(text):
        found = _COLUMN.fullmatch(part)
        if found is None or found[1].isupper() or found[2] in _NO_TYPE:  # such as INDEX, or MODIFY SETTING
            continue
        name, kind, rest = found.groups()
        if rest.startswith("("):
            inside = _inside(rest)
            kind, rest = f"{kind}({inside})", rest[len(inside) + 2 :]
        definition = re.sub(r"\s+(AFTER \w+|FIRST)$", "", f"{kind}{rest}")
        columns[name] = Column(kind, re.sub(r"\s+", " ", definition))
    return columns


def _inside(text: str) -> str:
    """The contents of the parentheses that a text begins with."""
    return text[1 : next(at for at, depth in _depths(text) if depth == 0 and text[at] == ")")]


def _parts(text: str) -> Iterator[str]:
    """The parts between a list's top-level commas."""
    first = 0
    for at, depth in _depths(text):
        if depth == 0 and text[at] == ",":
            yield text[first:at].strip()
            first = at + 1
    yield text[first:].strip()


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Place of every character outside strings, and the depth of parentheses after it."""
    depth, quoted = 0, False
    for at, char in enumerate(text):
        quoted ^= char == "'"
        if not quoted:
            depth += (char in "([") - (char in ")]")
            yield at, depth


def differences(address: Address, tables: frozenset[str] = frozenset()) -> list[Difference]:
    """Where the database is not as the migrations declare; only in these tables, if any are named."""
    rows = Native(address).execute(
        "SELECT table, name, type FROM system.columns WHERE database = %(database)s", None,
        {"database": address.database},
    )  # fmt: skip
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in rows:
        found.setdefault(table, {})[name] = kind
    return [
        difference
        for table, columns in declared().items()
        if not tables or table in tables
        for difference in _differences(table, columns, found.get(table))
    ]


def _differences(table: str, columns: dict[str, Column], found: dict[str, str] | None) -> Iterator[Difference]:
    if found is None:
        yield Difference(table, "", "a table", "")
    if found is None or not columns:
        return
    for name, column in columns.items():
        if found.get(name) != column.type:
            yield Difference(table, name, column.type, found.get(name, ""), column.definition)
    for name in found.keys() - columns.keys():
        yield Difference(table, name, "", found[name])


def unrepaired(address: Address) -> str:
    """What differs although all migrations are applied, and what to do about it; empty when nothing does."""
    found = [one for one in differences(address) if not one.extra]
    if not found:
        return ""
    statements = "\n".join(f"  {one.remedy(address)};" for one in found if one.column)
    gone = "" if all(one.column for one in found) else "A missing table comes back only with a backup. "
    return (
        f"The database {address.database} was changed since it was migrated: {'; '.join(map(str, found))}. The "
        f"contents of these columns are lost or changed. {gone}Restore a backup; or recreate the columns, empty, and "
        "rebuild the numbers from the landed records (`groupvitals rebuild`, also with `--agent product`):\n"
        + statements
    ).rstrip()
