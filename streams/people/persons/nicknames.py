"""What members' nicknames say, where these follow a convention such as `name-role-industry-city`."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.nicknames import convention

#: The field that is no attribute.
_NAME = "name"


def told_by(nicknames: pa.ChunkedArray, told: str) -> tuple[NDArray[np.int64], list[str], list[pa.Array]]:
    """Of nicknames that follow a convention: their rows; the attributes, and the values of each."""
    fields, separator = convention(told)
    parts = pc.split_pattern(nicknames.combine_chunks(), separator) if fields else pa.array([[]] * len(nicknames))
    fits = np.asarray(pc.equal(pc.list_value_length(parts), len(fields))) & bool(fields)
    rows = np.flatnonzero(fits)
    columns = [pc.utf8_trim(pc.list_element(parts.take(pa.array(rows)), i), " ") for i in range(len(fields))]
    whole = np.ones(len(rows), np.bool_)
    for column in columns:
        whole &= np.asarray(pc.not_equal(column, ""))
    chosen = pa.array(np.flatnonzero(whole))
    kept = [(name, column.take(chosen)) for name, column in zip(fields, columns, strict=True) if name != _NAME]
    return rows[whole], [name for name, _ in kept], [column for _, column in kept]
