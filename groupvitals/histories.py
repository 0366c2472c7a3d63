"""Who was active on which days, read from a deployment or from a file, to test predictions on."""

from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from analytics.backtest.activity import Activity
    from sinks.clickhouse.connection import Address

#: Names that a column may have, by what it holds. A file without a group column has one group.
_NAMES = {"group": ("channel", "group", "group_id"), "member": ("member", "member_id", "user"), "day": ("day", "date")}


def of_deployment(address: "Address") -> "Activity":
    """The closed days on which each member of each group spoke."""
    import numpy as np

    from analytics.backtest.activity import Activity
    from sinks.clickhouse.store import ClickHouseStore

    rows = ClickHouseStore(address).read(
        "SELECT cityHash64(group_id, member_id) AS member, toUInt16(day) AS day "
        f"FROM {address.database}.closed_member_days"
    )
    return Activity(rows["member"].to_numpy(), rows["day"].to_numpy().astype(np.int64))


def of_file(path: Path) -> "Activity":
    """The days in a file, which may be compressed: CSV with a row per group, member and day, or `from to seconds`.

    Raises `DataError` when it cannot be read as either. A row may be repeated.
    """
    import pyarrow as pa

    try:
        with pa.input_stream(str(path)) as stream:
            first = stream.read(4096).split(b"\n")[0]
        members, days = _of_table(path) if b"," in first else _of_edges(path, first)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"The history {path} cannot be read: {error}") from None
    return _activity(members, days)


def _read(path: Path, separator: str, names: list[str] | None = None) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import csv

    # line by line ids may look like numbers in one block and not in the next
    types = {name: pa.string() for kind in ("group", "member") for name in _NAMES[kind]}
    with pa.input_stream(str(path)) as stream:
        return csv.read_csv(
            stream, csv.ReadOptions(column_names=names), csv.ParseOptions(delimiter=separator),
            csv.ConvertOptions(column_types=types),
        )  # fmt: skip


def _of_table(path: Path) -> "tuple[list[pa.ChunkedArray], pa.ChunkedArray]":
    import pyarrow as pa

    table = _read(path, ",")
    found = {kind: next((n for n in names if n in table.column_names), None) for kind, names in _NAMES.items()}
    if found["member"] is None or found["day"] is None:
        wanted = ", ".join(" or ".join(names) for names in _NAMES.values())
        raise DataError(f"The history {path} has columns {', '.join(table.column_names)}. It needs {wanted}.")
    ids = [table[name] for name in (found["group"], found["member"]) if name]
    return ids, table[found["day"]].cast(pa.date32()).cast(pa.int32())


def _of_edges(path: Path, first: bytes) -> "tuple[list[pa.ChunkedArray], pa.ChunkedArray]":
    import pyarrow.compute as pc

    names = ["member", "to", "seconds"]
    if len(first.split()) != len(names):
        raise DataError(f"The history {path} is neither CSV nor lines of `from to seconds`.")
    table = _read(path, " ", None if first.split()[-1].isalpha() else names).rename_columns(names)
    return [table["member"]], pc.floor(pc.divide(table["seconds"], 86_400.0))


def _activity(ids: "list[pa.ChunkedArray]", days: "pa.ChunkedArray") -> "Activity":
    import numpy as np
    import pyarrow.compute as pc

    from analytics.backtest.activity import Activity

    member = np.zeros(len(days), np.int64)
    for column in ids:
        codes = pc.dictionary_encode(column.combine_chunks().cast("string"))
        member = member * (len(codes.dictionary) + 1) + codes.indices.to_numpy()
    rows = np.unique(np.column_stack([member, days.to_numpy().astype(np.int64)]), axis=0)
    return Activity(rows[:, 0].astype(np.uint64), rows[:, 1])


def cut_of(text: str, activity: "Activity") -> int:
    """The day a cut names: a date such as 2026-05-01, or how many days after the first of the history."""
    from datetime import date

    if text.isdigit():
        return activity.begin + int(text)
    try:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError:
        raise ConfigError(f"--cut {text!r} is neither a day such as 2026-05-01 nor a number of days.") from None
