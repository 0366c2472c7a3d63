"""The questions: which there are, and how one is asked of now or of a past day."""

from datetime import date
from typing import Any

from schemas.errors import ConfigError
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.questions import questions
from sinks.clickhouse.views import texts

#: How a past day is asked where it is not simply the rows of that day.
_AS_OF = {
    "retention": (
        "(SELECT group_id, n, sum(r.base) AS base, sum(r.stayed) AS stayed, sum(r.spoke) AS spoke, "
        "stayed / base AS stayed_share, spoke / base AS spoke_share "
        "FROM {database}.retention_daily AS r WHERE cohort + n <= %(day)s "
        "GROUP BY group_id, n ORDER BY group_id, n)"
    )
}
#: What tells of moves between two days.
_SINCE = {"segments": "segment_moves"}


def ask(
    address: Address, name: str, as_of: date | None = None, group: str | None = None, limit: int | None = None,
    since: date | None = None, person: str | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Answer a question: of now, or of the closed day `as_of`, or of the moves from `since` to then.

    Raises `ConfigError` for a name that is none, and for what cannot be asked of this question.
    """
    if name not in questions():
        raise ConfigError(f"There is no question {name!r}; there are: {', '.join(questions())}.")
    native, source = Native(address), _source(address.database, name, as_of, since, person)
    given: dict[str, Any] = {"group": group or "", "person": person or "", "since": since, "day": as_of}
    if since and as_of is None:
        given["day"] = native.execute(f"SELECT today FROM {address.database}.clock")[0][0]
    if since and since > given["day"]:
        raise ConfigError(f"--since {since} is after {given['day']}.")
    clauses = []
    for option, column, value in (("group", "group_id", group), ("person", "person_id", person)):
        if value and not source.endswith(f"({option} = %({option})s)"):
            if column not in {row["name"] for row in native.query(f"DESCRIBE (SELECT * FROM {source})", given)}:
                raise ConfigError(f"{name} has no column {column}: leave out --{option}.")
            clauses.append(f"{column} = %({option})s")
    statement = f"SELECT * FROM {source} WHERE {' AND '.join(clauses) or '1'}"
    statement += f" LIMIT {int(limit)}" if limit else ""
    return native.query(statement, given)


def _source(database: str, name: str, as_of: date | None, since: date | None, person: str | None) -> str:
    """What answers: a view, of now or of a day."""
    found = texts()
    if since and name not in _SINCE:
        raise ConfigError(f"--since asks for moves between two days; only {', '.join(_SINCE)} has them.")
    if since:
        return f"{database}.{_SINCE[name]}(since = %(since)s, day = %(day)s)"
    if "{person:String}" in found[name]:
        if as_of or not person:
            raise ConfigError(f"{name} is one person's, up to now: give --person (a user or an account), no --as-of.")
        return f"{database}.{name}(person = %(person)s)"
    if as_of is None:
        return f"{database}.{name}"
    if name in _AS_OF:
        return _AS_OF[name].format(database=database)
    if f"{name}_daily" in found:
        return f"(SELECT * FROM {database}.{name}_daily WHERE day = %(day)s)"
    if "${day}" in found[name] or "${at}" in found[name]:
        return f"{database}.{name}_at(day = %(day)s)"
    raise ConfigError(f"{name} is known of now only: leave out --as-of.")
