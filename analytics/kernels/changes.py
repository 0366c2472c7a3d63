"""Which rows changed since the last flush. Compiled; touches only what it is given."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from analytics.kernels.compiled import kernel


@kernel
def enlist(record, row, dirty, counts, count):
    """Put a changed row on its list, once; `count` is the place of the list's length in `State.counts`."""
    if not record.dirty:
        record.dirty = 1
        dirty[counts[count]] = row
        counts[count] += 1
