"""How tables that agents write are declared: their keys, how their rows are kept, what is read back of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: `version` of a fact whose record has offset 0; a record's offset is taken from it, so that the least offset counts.
FIRST_PLACE = (1 << 32) - 1


@dataclass(frozen=True)
class Table:
    """A table that agents write.

    `key` identifies a row within a task. The optional fields say how rows are kept:

    - `per_event`: a repeated event has the same key whatever task lands it; of repeats, the least offset counts;
    - `shared`: several agents write it, each its own topic's rows;
    - `epoch`: rows are computed, belong to an epoch, and a rebuild computes them again;
    - `slots`: a key has two rows, and a flush overwrites the one that no checkpoint covers;
    - `closes`: only a correction changes rows of closed hours and days. If there are slots, too, rows have `group_id`,
    `daily` and `bucket`, and closed ones are not loaded into a state.
    """

    name: str
    key: tuple[str, ...]
    per_event: bool = False
    shared: bool = False
    epoch: bool = False
    slots: bool = False
    closes: bool = False


@dataclass(frozen=True)
class Facts:
    """The few types of event that also land in a second table, and the columns they have there.

    `calling`: so do messages that may be calls to act, or lead people somewhere.
    """

    table: Table
    types: tuple[str, ...]
    columns: tuple[str, ...]
    calling: bool = False


@dataclass(frozen=True)
class ReadBack:
    """The fields that a rebuild reads back from landed records: those that numbers depend on, and required ones.

    `texts` are absent when empty, `numbers` when 0. `plain` (with their ClickHouse type) and `nullable` come as they
    are; `flags` and `amounts` only in the events of some types, which state 0 and false explicitly.
    """

    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    plain: Mapping[str, str] = field(default_factory=dict)
    nullable: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
