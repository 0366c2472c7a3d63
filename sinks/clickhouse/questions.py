"""The questions: which there are, and how one is asked of now or of a past day."""

from datetime import date
from importlib import resources
from typing import Any

from schemas.errors import ConfigError
from sinks.clickhouse.connection import Address, Native

#: How a past day is asked where it is not simply the rows of that day.
_AS_OF = {
    "retention": (
        "SELECT group_id, n, sum(r.base) AS base, sum(r.stayed) AS stayed, sum(r.spoke) AS spoke, "
        "stayed / base AS stayed_share, spoke / base AS spoke_share "
        "FROM {database}.retention_daily AS r WHERE cohort + n <= %(day)s {group} "
        "GROUP BY group_id, n ORDER BY group_id, n"
    )
}


def questions() -> list[str]:
    """Names of all questions."""
    files = [file.name.removesuffix(".sql") for file in resources.files("sinks.clickhouse").joinpath("views").iterdir()]
    return sorted(name for name in files if not name.startswith("_") and not name.endswith("_daily"))


def _of_any_day(name: str) -> bool:
    """Whether a question has a view of any day, NAME_at."""
    text = resources.files("sinks.clickhouse").joinpath("views", f"{name}.sql").read_text()
    return "${day}" in text or "${at}" in text


def ask(
    address: Address, name: str, as_of: date | None = None, group: str | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """Answer a question: of now, or of the closed day `as_of`. Raises `ConfigError` for a name that is none."""
    if name not in questions():
        raise ConfigError(f"There is no question {name!r}; there are: {', '.join(questions())}.")
    view = f"{address.database}.{name}"
    clause = "group_id = %(group)s" if group else "1"
    if as_of is None:
        statement = f"SELECT * FROM {view} WHERE {clause}"
    elif _of_any_day(name):
        statement = f"SELECT * FROM {view}_at(day = %(day)s) WHERE {clause}"
    elif name in _AS_OF:
        statement = _AS_OF[name].format(database=address.database, group=f"AND {clause}")
    else:
        statement = f"SELECT * FROM {view}_daily WHERE day = %(day)s AND {clause}"
    statement += f" LIMIT {int(limit)}" if limit else ""
    return Native(address).query(statement, {"group": group or "", "day": as_of or date(1970, 1, 1)})
