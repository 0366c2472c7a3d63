"""Names beside the ids of a few rows, looked up by these ids: to join them, ClickHouse reads all names there are."""

from typing import Any

from sinks.clickhouse.connection import Native
from sinks.clickhouse.questions.spec import Column, Named

#: Rows whose names are looked up; the names of more are joined.
MOST = 1_000
_ROWS = "SELECT {columns}, name FROM {d}.{view} WHERE ({columns}) IN %(keys)s"
#: The view of persons' names reads all names, whomever it is asked about; these are the same of the persons' accounts.
_PERSONS = """
WITH accounts AS (
    SELECT person_id, account_id FROM {d}.people_accounts_now WHERE person_id IN %(keys)s
    UNION DISTINCT SELECT arrayJoin(%(keys)s) AS person_id, person_id AS account_id
)
SELECT person_id, argMax(name, (newness, name)) FROM (
    SELECT
        splitByChar(':', toString(rows.group_id)) AS place,
        concat(place[1], ':', place[2], ':', member_id) AS account_id, name, newness
    FROM {d}.names AS rows FINAL
    WHERE member_id != ''
        AND member_id IN (SELECT arrayStringConcat(arraySlice(splitByChar(':', account_id), 3), ':') FROM accounts)
) AS named INNER JOIN accounts USING (account_id) GROUP BY person_id"""


def with_names(native: Native, columns: tuple[Column, ...], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without names as rows of all columns, in their order."""
    names = {named: _names(native, named, rows) for named in {column.named for column in columns if column.named}}

    def value(column: Column, row: dict[str, Any]) -> Any:
        return names[column.named].get(column.named.key_of(row)) if column.named else row[column.name]

    return [{column.name: value(column, row) for column in columns} for row in rows]


def _names(native: Native, named: Named, rows: list[dict[str, Any]]) -> dict[tuple[str, ...] | None, str | None]:
    keys = sorted({key for row in rows if (key := named.key_of(row)) is not None})
    if not keys:
        return {}
    columns = ", ".join(name for name, _ in named.keys)
    statement = _PERSONS if named.view == "person_names" else _ROWS
    found = native.execute(
        statement.format(d=native.address.database, view=named.view, columns=columns),
        parameters={"keys": [key[0] if len(key) == 1 else key for key in keys]},
    )
    return {tuple(key): name or None for *key, name in found}
