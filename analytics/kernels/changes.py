"""Which rows changed since the last flush. Compiled; touches only what it is given."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from analytics.kernels.compiled import kernel


@kernel
def mark_dirty(record, row, dirty, counts, count):
    """Put a changed row on the next flush's list, once; `count` is the place of its list's length in `State.counts`."""
    if not record.dirty:
        record.dirty = 1
        dirty[counts[count]] = row
        counts[count] += 1
