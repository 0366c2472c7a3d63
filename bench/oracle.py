"""The right answer, computed slowly and obviously from the events file: messages per group and UTC day."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

from bench.topic import partitioned

#: (group_id, days since 1970-01-01 UTC) -> messages
Counts = dict[tuple[str, int], int]


@cache
def message_counts(file: Path, next_offsets: tuple[int, ...]) -> Counts:
    """Count the messages before `next_offsets[p]` of every partition p."""
    counts: Counter[tuple[str, int]] = Counter()
    seen = [0] * len(next_offsets)
    for partition, _, value in partitioned(file, len(next_offsets)):
        offset = seen[partition]
        seen[partition] += 1
        if offset < next_offsets[partition]:
            event = json.loads(value)
            if event["type"] == "message":
                counts[event["group_id"], event["ts_ms"] // 86_400_000] += 1
    return dict(counts)
