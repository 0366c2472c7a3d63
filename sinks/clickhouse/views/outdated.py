"""Which views of a database differ from this version's."""

from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.store import LONG, quote
from sinks.clickhouse.views import wanted


def outdated(address: Address, zone: str) -> tuple[list[str], list[str]]:
    """Names of views that are missing or select something else, compared in ClickHouse's own formatting.

    `zone` is as in `make_views`.
    """
    native, views = Native(address), wanted(address, zone)
    found = dict(
        native.execute(
            "SELECT name, formatQuerySingleLine(as_select) FROM system.tables "
            f"WHERE database = {quote(address.database)} AND engine = 'View'"
        )
    )
    selects = ", ".join(f"({quote(view.name)}, {quote(view.select)})" for view in views)
    ours = dict(
        native.execute(
            f"SELECT view.1, formatQuerySingleLine(view.2) FROM (SELECT arrayJoin([{selects}]) AS view)", settings=LONG
        )
    )
    missing = sorted(ours.keys() - found.keys())
    return missing, sorted(name for name in ours.keys() & found.keys() if ours[name] != found[name])
