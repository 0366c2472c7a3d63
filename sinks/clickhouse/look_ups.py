"""Names beside the ids of a few rows, looked up by these ids: to join them, ClickHouse reads all names there are."""

from typing import Any

from sinks.clickhouse.connection import Native
from sinks.clickhouse.questions.spec import Column, Named

#: Rows whose names are looked up; the names of more are joined.
MOST = 1_000
_ROWS = "SELECT {columns}, name FROM {d}.{view} WHERE ({columns}) IN %(keys)s"
#: The view of persons' names reads all names, whomever it is asked about; these are the same of some accounts. Of two
#: names of an account the newer counts, so that nothing need be merged.
_ACCOUNTS = "SELECT account_id, person_id FROM {d}.people_accounts_now WHERE person_id IN %(keys)s"
_NEWEST = """
SELECT concat(place[1], ':', place[2], ':', member_id) AS account_id, max((newness, name)) FROM (
    SELECT splitByChar(':', toString(group_id)) AS place, member_id, name, newness FROM {d}.names
    WHERE member_id IN %(members)s AND member_id != ''
) GROUP BY account_id HAVING account_id IN %(accounts)s"""


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
    if named.view == "person_names":
        return _names_of_persons(native, [key[0] for key in keys])
    columns = ", ".join(name for name, _ in named.keys)
    found = native.execute(
        _ROWS.format(d=native.address.database, view=named.view, columns=columns),
        parameters={"keys": [key[0] if len(key) == 1 else key for key in keys]},
    )
    return {tuple(key): name or None for *key, name in found}


def _names_of_persons(native: Native, persons: list[str]) -> dict[tuple[str, ...] | None, str | None]:
    """The newest name that each person has in any group. A person whom nothing is linked to is the account."""
    d, person_of = native.address.database, {person: person for person in persons}
    person_of |= dict(native.execute(_ACCOUNTS.format(d=d), parameters={"keys": persons}))
    members = {account.split(":", 2)[2] for account in person_of if account.count(":") > 1}
    newest: dict[str, tuple[int, str]] = {}
    if members:
        parameters = {"members": sorted(members), "accounts": sorted(person_of)}
        for account, name in native.execute(_NEWEST.format(d=d), parameters=parameters):
            newest[person_of[account]] = max(newest.get(person_of[account], name), name)
    return {(person,): name or None for person, (_, name) in newest.items()}
