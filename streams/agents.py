"""What a worker keeps of each topic, by the topic's name in the contract."""

from streams.community_state import CommunityState
from streams.link_state import LinkState
from streams.partition_state import PartitionState
from streams.product_state import ProductState

STATES: dict[str, type[PartitionState]] = {state.contract: state for state in (CommunityState, ProductState, LinkState)}
