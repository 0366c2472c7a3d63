"""The state of one partition of chat groups: which arrays there are and what they hold. No behaviour.

One record per row, so that an event touches two or three cache lines, whatever the size of the state.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GROUP = np.dtype(
    [
        ("hash", "u8"),  # of the group id
        ("id_at", "i8"),  # place of the id in the arena: two bytes of length, then the bytes
        (
            "max_ms",
            "i8",
        ),  # highest min(ts_ms, Kafka stamp), ticks included: the watermark is this minus the lateness
        ("first_ms", "i8"),  # lowest event time seen
        ("activity_ms", "i8"),  # newest message, reaction or reading
        ("closed_hour", "i8"),  # hours (since the epoch) below this are closed
        ("created_ms", "i8"),  # creation, as the platform says; 0: unknown
        ("status_ms", "i8"),  # register: status, since
        ("count_ms", "i8"),  # register: the platform's own member count, since
        ("heartbeat_ms", "i8"),  # register: healthy, since
        ("snapshot", "u8"),  # hash of the newest roster snapshot's id
        ("snapshot_ms", "i8"),  # its earliest row: who was in the group then
        ("roster_ms", "i8"),  # time of the newest complete snapshot: members not seen since have left; 0: none
        ("late", "i8"),  # events whose hour was closed
        ("member_count", "i4"),
        ("closed_day", "i4"),  # days below this are closed
        ("head", "i4"),  # newest membership of the group's list; -1: none
        ("members", "i4"),  # memberships in the list
        ("complete", "u1"),  # the newest snapshot has come to its end and is complete
        ("platform", "u1"),
        ("status", "u1"),
        ("healthy", "u1"),
        ("slot", "u1"),  # which of its two rows holds the last checkpointed version
        ("dirty", "u1"),
    ],
    align=True,
)

MEMBERSHIP = np.dtype(  # packed: padding would cost four bytes per membership
    [
        ("last_ms", "i8"),  # newest activity (message, reaction, reading); 0: none
        ("spoke_lo", "u8"),  # day masks: low and high word; the base is the day of last_ms
        ("spoke_hi", "u8"),
        ("reacted_lo", "u8"),
        ("reacted_hi", "u8"),
        ("read_lo", "u8"),
        ("read_hi", "u8"),
        ("open_messages", "u4", 4),  # messages of the days not yet closed, by day modulo 4; what closes a day ends here
        ("spoke_hours", "u8"),  # hour masks; the base is the hour of last_ms
        ("reacted_hours", "u8"),
        ("read_hours", "u8"),
        ("first_ms", "i8"),  # lowest time of any event about the member
        ("spoke_ms", "i8"),  # newest message; 0: none
        ("join_ms", "i8"),  # first known join; NEVER_MIN: unknown
        ("in_ms", "i8"),  # newest join or roster row; 0: none
        ("out_ms", "i8"),  # newest leave; 0: none
        ("role_ms", "i8"),  # register: role, since
        ("id_at", "u4"),  # place of the id in the arena
        ("messages", "u4"),
        ("inviter", "i4"),  # label of who brought the first join; -1: unknown
        ("group", "i4"),
        ("joins", "u2"),
        ("leaves", "u2"),
        ("source", "u1"),  # of the first join
        ("role", "u1"),
        ("slot", "u1"),
        ("dirty", "u1"),
    ],
)

#: Joins and leaves of one member are counted up to this many.
MOST = 65_535

#: What a pane counts, in the order of its columns.
COUNTERS = (
    "messages", "speakers", "reactions", "reactors", "reads", "readers", "joins", "leaves", "replies", "mentions",
    "questions", "links", "edits", "recalls", "calls",
)  # fmt: skip

PANE = np.dtype(
    [
        ("bucket", "i8"),  # hours or days since the epoch
        ("group", "i4"),
        *((name, "u4") for name in COUNTERS),
        ("daily", "u1"),  # 1: a day, 0: an hour
        ("slot", "u1"),
        ("dirty", "u1"),
    ],
    align=True,
)

#: Messages of one member on one closed day; days without messages have no row.
MEMBER_DAY = np.dtype([("membership", "i4"), ("day", "i4"), ("messages", "u4")])

# Places in `State.counts`.
GROUPS, MEMBERS, PANES, ARENA, LABELS, IDS, MEMBER_DAYS = range(7)
DIRTY_GROUPS, DIRTY_MEMBERS, DIRTY_PANES = range(7, 10)
EVENTS, DUPLICATES, LATE = range(10, 13)


class State(NamedTuple):
    """All arrays of one partition; `counts` says how much of each is in use."""

    counts: NDArray[np.int64]
    groups: NDArray[np.void]
    members: NDArray[np.void]
    member_next: NDArray[np.int32]  # next of the same group, -1: last; apart, so that a walk does not wait for the rows
    panes: NDArray[np.void]
    arena: NDArray[np.uint8]
    labels: NDArray[np.int64]  # places of interned strings (inviters) in the arena
    group_index: NDArray[np.int32]  # open addressing; -1: free
    member_index: NDArray[np.int32]
    pane_index: NDArray[np.int32]
    label_index: NDArray[np.int32]
    ids: NDArray[np.uint64]  # open addressing: hashes of the event ids seen; 0: free
    id_offsets: NDArray[np.int64]  # newest offset of each
    dirty_groups: NDArray[np.int32]
    dirty_members: NDArray[np.int32]
    dirty_panes: NDArray[np.int32]
    member_days: NDArray[np.void]  # closed since the last flush


class Clock(NamedTuple):
    """What the rules need to know of time: the zone's days, lateness, how far back a repeated id is found (offsets)."""

    day_starts: NDArray[np.int64]
    lateness_ms: int
    horizon: int
