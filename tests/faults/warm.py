"""What every worker process of the fault tests is forked from: imports and compiled kernels, nothing running yet."""

import groupvitals.commands.worker
import streams.worker.workers
from schemas.agents import AGENTS
from streams.worker.warmup import warm_up

__all__ = ["groupvitals", "streams"]
warm_up(AGENTS.values())
