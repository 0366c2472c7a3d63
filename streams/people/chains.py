"""By which checkpoints people's rows are read: a row per share, landed once Kafka has taken a commit."""

import pyarrow as pa

from streams.checkpoint.task import Task

#: The table that the views read.
CHAINS = "people_chains"


def chain_rows(tasks: list[Task]) -> pa.Table:
    """Rows of `people_chains`: the last confirmed checkpoint of these tasks, and all that lead to it."""
    chains = [task.chain for task in tasks]
    return pa.table(
        {
            "topic": pa.array([task.topic for task in tasks], pa.string()),
            "partition": pa.array([task.partition for task in tasks], pa.uint16()),
            "epoch": pa.array([task.epoch for task in tasks], pa.uint8()),
            "version": pa.array([task.cut.version(task.epoch) for task in tasks], pa.uint64()),
            "terms": pa.array([list(chain) for chain in chains], pa.list_(pa.uint32())),
            "lasts": pa.array([list(chain.values()) for chain in chains], pa.list_(pa.uint32())),
        }
    )
