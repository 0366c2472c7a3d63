"""What each agent keeps of its topic in memory: the code behind `schemas.agents`."""

from schemas.agents import AgentSpec
from streams.state.base import PartitionState
from streams.state.chat.state import CommunityState
from streams.state.product.state import ProductState
from streams.state.stateless import Stateless

#: States with code of their own; all other agents keep nothing.
_STATES: dict[str, type[PartitionState]] = {state.agent.name: state for state in (CommunityState, ProductState)}


def new_state(
    agent: AgentSpec, time_zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000
) -> PartitionState:
    """The state of a partition before its first record."""
    if agent.name in _STATES:
        return _STATES[agent.name](time_zone, lateness_h, horizon)
    return Stateless(agent, time_zone, lateness_h)
