"""What a worker keeps of each topic, by the topic's name in the contract."""

from streams.state.base import PartitionState
from streams.state.chat.state import CommunityState
from streams.state.links.state import LinkState
from streams.state.product.state import ProductState

STATES: dict[str, type[PartitionState]] = {state.contract: state for state in (CommunityState, ProductState, LinkState)}
