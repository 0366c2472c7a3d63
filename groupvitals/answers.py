"""Rows of an answer as people and programs read them: a table that fits the terminal, JSON, CSV."""

import csv
import json
import os
import sys
import unicodedata
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

Rows = list[dict[str, Any]]
#: A spreadsheet takes text that begins with one of these for a formula, full-width forms included.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
#: Width of a column beyond its widest cell: a space on either side and a line.
_FRAME = 3


def _plain(value: Any) -> Any:
    """A value as JSON; times carry their offset."""
    return value.isoformat() if isinstance(value, (datetime, date)) else value


def to_json(rows: Rows) -> str:
    """A list of objects."""
    plain = [{key: _plain(value) for key, value in row.items()} for row in rows]
    return json.dumps(plain, ensure_ascii=False, indent=1)


def with_sources(rows: Rows, sources: Rows) -> Rows:
    """Rows as JSON has them, each with the time up to which every source counts, and the sources that lag."""
    if not sources:
        return rows
    times = {one["source"]: _plain(one["counts_up_to"]) for one in sources}
    late = [one["source"] for one in sources if one["provisional"]]
    return [row | {"counts_up_to": times, "provisional": late} for row in rows]


def counting(sources: Rows) -> str:
    """A line that says up to when each source counts, and which of them make an answer provisional."""
    times = {one["source"]: f"{one['counts_up_to']:%Y-%m-%d %H:%M}" for one in sources}
    line = f"Counts up to: {', '.join(f'{name} {at}' for name, at in times.items())}."
    late = ", ".join(f"{one['source']} since {times[one['source']]}" for one in sources if one["provisional"])
    return f"{line} Provisional: {late}." if late else line


def print_csv(rows: Rows, spreadsheet: bool = False) -> None:
    """A header, then one line per row; lists as JSON. `spreadsheet`: an apostrophe keeps text from being a formula."""
    writer = csv.writer(sys.stdout)
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_inert(_flat(v)) if spreadsheet else _flat(v) for v in row.values()] for row in rows)


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else _plain(value)


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def print_table(rows: Rows, limit: int | None = None, wide: bool = False) -> None:
    """Print at most `limit` rows and the columns that fit the terminal, then say what was left out.

    All columns are shown when `wide`, or when the output is not a terminal. Columns without any value are left out.
    """
    if not rows:
        print("No rows: there is nothing to answer this from yet.")
        return
    shown = rows[:limit]
    columns = [key for key in rows[0] if any(row[key] is not None for row in shown)]
    cells = {key: [_cell(row[key]) for row in shown] for key in columns}
    widths = [max(Text(key).cell_len, *(cell.cell_len for cell in cells[key])) + _FRAME for key in columns]
    console = Console()
    room = None if wide or not (console.is_terminal or "COLUMNS" in os.environ) else console.width
    fitting = columns[: _fitting(widths, room)]
    table = Table(*(Column(key, no_wrap=True) for key in fitting), header_style="bold")
    for i in range(len(shown)):
        table.add_row(*(cells[key][i] for key in fitting))
    Console(width=max(sum(widths) + 1, console.width)).print(table)
    if left_out := columns[len(fitting) :]:
        print(f"Columns that do not fit in {room} characters: {', '.join(left_out)}. --wide shows all columns.")
    if len(rows) > len(shown):
        print("There are more rows; use --limit to show them.")


def _fitting(widths: list[int], room: int | None) -> int:
    """How many columns fit, from the left; the first is always there."""
    used, count = 1, 0
    for width in widths:
        used += width
        if room is not None and used > room and count:
            break
        count += 1
    return count


def _cell(value: Any) -> Text:
    """A value as text; names may contain control characters, or look like markup."""
    if value is None:
        return Text("–")
    if isinstance(value, float):
        return Text(f"{value:.3f}")
    text = value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)
    return Text("".join("\N{REPLACEMENT CHARACTER}" if _is_control(one) else one for one in text))


def _is_control(character: str) -> bool:
    """Whether a character moves the cursor, sets a colour, or turns the direction of writing."""
    return unicodedata.category(character) == "Cc" or unicodedata.bidirectional(character) in _BIDI_CONTROLS


_BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
