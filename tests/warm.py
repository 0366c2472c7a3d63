"""What processes of tests are forked from: imports and compiled kernels, nothing running yet."""

import groupvitals.commands.doctor
import groupvitals.commands.exclude
import groupvitals.commands.rebuild
import groupvitals.commands.worker
import streams.worker.workers
from schemas.agents import AGENTS
from streams.worker.warmup import warm_up

__all__ = ["groupvitals", "streams"]
warm_up(AGENTS.values())
