"""JSON lines from columns: Arrow joins the pieces of all lines of one event type at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Texts = Any  # pa.StringArray; pyarrow has no types
Part = Any  # Texts or str


def numbers(values: Any) -> Texts:
    """Integers as text."""
    return pc.cast(pa.array(values, pa.int64()), pa.string())


def texts(values: Sequence[str | None]) -> Texts:
    """Strings as an Arrow column; None stays null."""
    return pa.array(values, pa.string())


def pick(table: Texts, index: Any) -> Texts:
    """Rows of `table` by number; null where the number is negative."""
    index = np.asarray(index)
    return table.take(pa.array(index, mask=index < 0))


def glue(*parts: Part) -> Texts:
    """Join pieces row by row; a row with a null piece is null."""
    return pc.binary_join_element_wise(*parts, "", null_handling="emit_null")


def text_field(name: str, values: Texts) -> Texts:
    """`,"name":"value"` a row, null where the value is; values need no escaping."""
    return glue(f',"{name}":"', values, '"')


def number_field(name: str, values: Any) -> Texts:
    """`,"name":value` a row."""
    return glue(f',"{name}":', numbers(values))


def pick_or(table: Texts, index: Any, otherwise: Texts) -> Texts:
    """Rows of `table` by number, the row of `otherwise` where the number is negative."""
    return pc.coalesce(pick(table, index), otherwise)


def events(run: str, letter: str, number: Any, type_: str, ts_ms: Any, *parts: Part) -> Texts:
    """Whole lines with their newline: the envelope, then the parts that are not null.

    `event_id` is `run-<letter><number>`.
    """
    begin, middle = f'{{"event_id":"{run}-{letter}', f'","type":"{type_}","ts_ms":'
    pieces = (begin, numbers(number), middle, numbers(ts_ms), *parts, "}\n")
    return pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")
