"""Writes a simulation to a folder: one NDJSON file per topic, and `truth.json` beside them."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from schemas.topics import INPUT_TOPICS
from sources.simulator.batch import Batch
from sources.simulator.plan import Plan
from sources.simulator.simulation import start
from sources.simulator.truth import truth


def raw_bytes(rows: Batch) -> memoryview:
    """The lines of a batch, one after the other, without copying."""
    _, offsets, data = rows.lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[rows.lines.offset : rows.lines.offset + len(rows) + 1]
    return memoryview(data)[ends[0] : ends[-1]] if len(rows) else memoryview(b"")


def write(plan: Plan, folder: Path, progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Simulate a plan into `folder` and return its truth.

    Files are `<topic>.ndjson` in order of delivery, and `truth.json`; older files of any input topic are removed.
    `progress` is called with the number of records written since the last call.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for topic in INPUT_TOPICS:
        (folder / f"{topic}.ndjson").unlink(missing_ok=True)
    simulation = start(plan)
    files: dict[str, BinaryIO] = {}
    with ExitStack() as stack:
        for topic in simulation.tally:
            files[topic] = stack.enter_context((folder / f"{topic}.ndjson").open("wb"))
        for topic, rows in simulation.batches():
            files[topic].write(raw_bytes(rows))
            if progress:
                progress(len(rows))
    planted = truth(simulation)
    (folder / "truth.json").write_bytes(orjson.dumps(planted, option=orjson.OPT_SERIALIZE_NUMPY))
    return planted
