"""The Kafka topics: names, keys, event types, partitions, retention."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from schemas.chat import CHAT_EVENTS
from schemas.operations import OPERATION_EVENTS
from schemas.product import PRODUCT_EVENTS, CampaignCost, IdentityLink, ProductTick
from schemas.rewards import REWARD_EVENTS

#: Major and minor version of the contract.
CONTRACT_VERSION = "1.1"
DAY_MS = 86_400_000


@dataclass(frozen=True)
class TopicSpec:
    """One topic as it must be in Kafka.

    `key` names the field that is the record key, where events differ several with "or" between them: then it is the
    first that an event has. `co_partitioned` topics must have one partition count.
    """

    name: str
    key: str
    events: tuple[type[BaseModel], ...] = ()
    co_partitioned: str = ""
    compacted: bool = False
    retention_days: int = 30
    dead_letters: bool = True
    config: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that may be the record key, the first that an event has."""
        return tuple(self.key.split(" or "))

    def key_of(self, event: Mapping[str, Any]) -> Any:
        """The record key of an event. Raises `KeyError` when it has none."""
        return event[next((key for key in self.keys if event.get(key) is not None), self.keys[0])]

    @property
    def dlq(self) -> str:
        """Name of the topic that takes this one's dead letters."""
        return f"{self.name}.dlq"


CHAT = TopicSpec("chat.events", "group_id", CHAT_EVENTS, co_partitioned="chat")
PRODUCT = TopicSpec("product.events", "user_id", PRODUCT_EVENTS, co_partitioned="person")
LINKS = TopicSpec(
    "identity.links", "account_id", (IdentityLink, ProductTick), co_partitioned="person", retention_days=-1
)
COSTS = TopicSpec("campaign.costs", "campaign_id", (CampaignCost,), retention_days=-1)
REWARDS = TopicSpec("rewards", "referrer_user_id or plan_id", REWARD_EVENTS, retention_days=-1)
OPERATIONS = TopicSpec("operations", "subject", OPERATION_EVENTS, retention_days=-1)
TRANSITIONS = TopicSpec("member.transitions", "group_id", (), dead_letters=False)
#: Has no records: its partitions are the shares of people that a worker owns.
SHARDS = TopicSpec("people.shards", "person", (), dead_letters=False)
ALERTS = TopicSpec("alerts", "group_id or subject", (), dead_letters=False)

TOPICS: tuple[TopicSpec, ...] = (CHAT, PRODUCT, LINKS, COSTS, REWARDS, OPERATIONS, SHARDS, TRANSITIONS, ALERTS)
INPUT_TOPICS: dict[str, TopicSpec] = {topic.name: topic for topic in TOPICS if topic.events}
