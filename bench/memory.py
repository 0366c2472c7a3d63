"""Memory per membership: a million members, each in their group, through the worker's own state, no servers.

`python -m bench.memory [--memberships N]` prints bytes per membership by array and as resident memory, and writes
`bench/results/memory.json`. A membership's bytes are its row, its id, its places in the index and in the list of
changed ones. Resident memory is everything the process grew by, including the event ids kept to find repeats, room
for more rows, and what the allocator keeps of frames and flushes.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]

from analytics.chat.state import ARENA, MEMBERS, State
from bench import report, topic
from bench.events import events_file
from groupvitals.settings import load_settings
from schemas.frame import Records
from streams.checkpoint.task import Task
from streams.kafka.records import PADDING
from streams.state.chat.state import CommunityState
from streams.worker.warmup import warm_up

PARTITIONS = 4
FRAME = 20_000


def frames(file: Path) -> Iterator[tuple[int, Records]]:
    """The file's events as frames, partition by partition as they fill."""
    waiting: dict[int, list[bytes]] = defaultdict(list)
    offsets: dict[int, int] = defaultdict(int)
    for partition, _, value in topic.partitioned(file, PARTITIONS):
        waiting[partition].append(value)
        if len(waiting[partition]) == FRAME:
            yield partition, _records(waiting.pop(partition), offsets[partition])
            offsets[partition] += FRAME
    for partition, values in waiting.items():
        yield partition, _records(values, offsets[partition])


def _records(values: list[bytes], first: int) -> Records:
    lengths = np.array([len(value) for value in values], np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
    buffer = np.frombuffer(b"".join(values) + bytes(int(lengths.sum()) + PADDING), np.uint8).copy()
    n, none = len(values), np.full(len(values), -1, np.int32)
    return Records(buffer, first + np.arange(n), np.full(n, -1), starts, lengths, none, none, first, first + n)


def measure(file: Path, memberships: int) -> dict[str, Any]:
    """Apply all, flush and confirm after every frame as a worker does, and count bytes."""
    warm_up()
    process = psutil.Process()
    before = process.memory_info().rss
    tasks = [Task(CommunityState.agent.contract, partition, CommunityState()) for partition in range(PARTITIONS)]
    for partition, records in frames(file):
        tasks[partition].apply(records)
        if tasks[partition].begin_flush() is not None:
            tasks[partition].confirm()
    resident = process.memory_info().rss - before
    states = [task.state.state for task in tasks]
    return {
        "name": "memory_a_membership",
        "memberships": memberships,
        "bytes_a_membership": round(sum(map(_membership_bytes, states)) / memberships, 1),
        "resident_bytes_a_membership": round(resident / memberships, 1),
        "event_id_bytes": round(sum(state.ids.nbytes + state.id_offsets.nbytes for state in states) / memberships, 1),
        "allocated_bytes": {name: sum(getattr(state, name).nbytes for state in states) for name in State._fields},
    }


def _membership_bytes(state: State) -> int:
    """Bytes of rows and ids in use, of the whole index, and of the memberships' places in the list of changed ones."""
    rows = int(state.counts[MEMBERS]) * (state.members.itemsize + state.dirty_members.itemsize)
    return rows + int(state.counts[ARENA]) + int(state.member_index.nbytes)


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement in this process."""
    parser = argparse.ArgumentParser(prog="bench.memory", description="Memory per membership.")
    parser.add_argument("--memberships", type=int, default=1_000_000, help="how many (default 1,000,000)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    with console.status(f"{options.memberships:,} memberships"):
        file = events_file(settings.home / "bench" / "events", "worst_case", options.memberships)
        found = measure(file, options.memberships)
    report.write_result("memory", found)
    console.print(
        f"{options.memberships:,} memberships: {found['bytes_a_membership']:.0f} bytes each, "
        f"{found['resident_bytes_a_membership']:.0f} resident with everything else, "
        f"of that {found['event_id_bytes']:.0f} for the id of its one event."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
