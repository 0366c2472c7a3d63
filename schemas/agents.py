"""The agents, each declared once: its topic, the tables it writes, what a rebuild computes, what lands raw.

Everything that differs by agent is read from here: topics, consumer groups, loading, epochs, rebuild, doctor, metrics,
dead letters, warm-up. Only the code of a state is elsewhere (`streams.agents`); an agent without any keeps none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas import topics
from schemas.people_tables import PEOPLE_TABLES
from schemas.tables import Facts, ReadBack, Table
from schemas.topics import TopicSpec

#: Kinds of messages that are calls by themselves.
CALLING_KINDS = ("link", "miniprogram", "poll")


@dataclass(frozen=True)
class AgentSpec:
    """One agent.

    `name` is what people type, `about` what it processes, in a word or two. Every record that keeps the contract lands
    in `records`; an agent without reads what others have landed, and its topic has no records. `states` are the tables
    it holds in memory, in the order in which they are loaded; `days` are its tables of days that close in a group's
    time, `closings` those of days that the partition's clock closes. `texts` and `names` are the fields for what people
    write and their names: they land if the deployment says so. Of the numbers in `nullable`, absent is not the same as
    0. Fields in `renamed` have another name in `raw`, where theirs is taken by the record itself. `ticks`: something
    ends by time alone, so time must advance while input pauses.

    `rules` is the version of what is computed, and rises when that changes; an epoch records it. Numbers of a version
    older than `goes_on_from` lack what this one keeps, and must be rebuilt.
    """

    name: str
    about: str
    topic: TopicSpec
    records: Table | None = None
    facts: Facts | None = None
    states: tuple[Table, ...] = ()
    days: tuple[Table, ...] = ()
    closings: tuple[Table, ...] = ()
    read_back: ReadBack | None = None
    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    ticks: bool = False
    rules: int = 1
    goes_on_from: int = 1

    @property
    def contract(self) -> str:
        """Name of its topic in the contract; on a broker it carries the deployment's prefix."""
        return self.topic.name

    @property
    def raw(self) -> Table:
        """Where its records land. Fails for an agent whose topic has none."""
        assert self.records is not None, f"{self.contract} has no records"
        return self.records

    @property
    def computed(self) -> tuple[Table, ...]:
        """Tables of numbers, which depend on settings and can be rebuilt; none if it only lands records."""
        return self.states + self.days + self.closings

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table of its own."""
        return (
            *((self.records,) if self.records else ()),
            *((self.facts.table,) if self.facts else ()),
            *self.computed,
        )

    @property
    def closing(self) -> tuple[Table, ...]:
        """Tables of hours and days that close, which late events only reach through a correction."""
        return tuple(table for table in self.computed if table.closes)


#: The days that a partition's clock has closed.
DAY_CLOSINGS = Table("day_closings", ("until_day",), epoch=True, shared=True)


def _state(name: str, *key: str, closes: bool = False) -> Table:
    return Table(name, key, epoch=True, slots=True, closes=closes)


def _days(name: str, *key: str) -> Table:
    return Table(name, key, epoch=True, closes=True)


COMMUNITY = AgentSpec(
    "community", "chat", topics.CHAT, Table("events", ("offset",)),
    facts=Facts(
        Table("facts", ("group_id", "type", "member_id", "ts_ms", "event_id"), per_event=True),
        ("join", "leave", "roster", "roster_end", "profile", "group", "call"),
        (
            "group_id", "type", "member_id", "ts_ms", "event_id", "platform", "inviter_id", "source", "channel",
            "campaign_id", "link_id", "reason", "actor_id", "snapshot_id", "joined_at_ms", "role", "nickname",
            "complete", "count", "attributes", "name", "created_at_ms", "owner_id", "status", "member_count", "tags",
            "aliases", "call_id", "kind", "series_id", "variant", "message_id", "window_h", "link_ids", "link_count",
            "mentions_all", "holdout",
        ),
        calling=True,
    ),
    states=(
        _state("group_states", "group_id"),
        _state("membership_states", "group_id", "member_id"),
        _state("pane_states", "group_id", "daily", "bucket", closes=True),
    ),
    days=(_days("member_days", "group_id", "day", "member_id"),),
    closings=(
        DAY_CLOSINGS,
        Table("member_day_acts", ("day", "group_id", "member_id"), epoch=True),
        Table("group_day_counts", ("day", "group_id"), epoch=True),
    ),
    read_back=ReadBack(
        (
            "event_id", "type", "platform", "group_id", "member_id", "message_id", "kind", "reply_to_message_id",
            "reply_to_member_id", "inviter_id", "source", "snapshot_id", "role", "status", "source_id", "call_id",
        ),
        ("link_count", "count", "created_at_ms", "joined_at_ms"),
        {"ts_ms": "Int64", "mentions": "Array(String)"},
        ("member_count",),
        {"question": "message", "removed": "reaction", "complete": "roster_end", "healthy": "heartbeat"},
    ),
    texts=("text",),
    names=("name", "nickname"),
    nullable=("member_count",),
    ticks=True,
    # since 2 no record moves its group's time beyond its Kafka timestamp; since 4 the partition's clock closes days
    # with all that groups and members counted
    rules=4,
    goes_on_from=4,
)  # fmt: skip

PRODUCT = AgentSpec(
    "product", "product", topics.PRODUCT, Table("product_events", ("offset",)),
    facts=Facts(
        Table("product_facts", ("user_id", "type", "ts_ms", "event_id"), per_event=True),
        ("signup", "trial", "share", "purchase", "refund", "contact"),
        (
            "user_id", "type", "ts_ms", "event_id", "app_id", "referrer_user_id", "referral_code", "campaign_id",
            "channel", "product_id", "link_id", "group_id", "target", "order_id", "amount_minor", "currency", "items",
            "cost_minor", "payment_fingerprint", "device_fingerprint", "ip_hash", "refund_id", "operator_id",
            "purpose", "outcome", "depth",
        ),
    ),
    states=(_state("user_states", "user_id"), _state("user_reference_states", "user_id", "kind", "reference")),
    closings=(
        DAY_CLOSINGS,
        Table("user_day_acts", ("day", "user_id"), epoch=True),
        Table("reference_day_acts", ("day", "user_id", "kind", "reference"), epoch=True),
    ),
    read_back=ReadBack(
        (
            "event_id", "type", "user_id", "group_id", "call_id", "link_id", "campaign_id", "target", "order_id",
            "currency", "refund_id", "operator_id", "purpose", "outcome", "name",
        ),
        plain={"ts_ms": "Int64"},
        amounts={"amount_minor": ("purchase", "refund")},
    ),
    nullable=("cost_minor",),
    ticks=True,
    rules=2,  # since 2 the partition's clock closes days
    goes_on_from=2,
)  # fmt: skip

LINKS = AgentSpec(
    "links", "links", topics.LINKS, Table("link_events", ("offset",)),
    closings=(DAY_CLOSINGS,),
    read_back=ReadBack(("event_id", "type", "account_id", "user_id", "source"), plain={"ts_ms": "Int64"}),
    ticks=True,
    rules=2,  # since 2 the partition's clock closes days
    goes_on_from=2,
)  # fmt: skip

COSTS = AgentSpec(
    "costs", "campaign costs", topics.COSTS, Table("cost_events", ("offset",)),
    read_back=ReadBack(
        ("event_id", "type", "campaign_id", "kind", "currency"), plain={"ts_ms": "Int64"},
        amounts={"amount_minor": ("cost",)},
    ),
)  # fmt: skip

REWARDS = AgentSpec(
    "rewards", "reward plans", topics.REWARDS, Table("reward_events", ("offset",)),
    read_back=ReadBack(
        (
            "event_id", "type", "plan_id", "goal", "currency", "referrer_user_id", "referral_code", "adjustment_id",
            "order_id", "referred_user_id", "new_referrer_user_id", "reason", "actor_id", "decision", "payout_id",
            "status",
        ),
        plain={"ts_ms": "Int64", "valid_from_ms": "Int64", "period_end_ms": "Int64"},
        nullable=("share_bp", "fixed_minor", "amount_minor"),
    ),
    nullable=(
        "valid_to_ms", "share_bp", "fixed_minor", "cap_order_minor", "cap_person_minor", "cap_month_minor",
        "earn_days", "deadline_ms", "amount_minor",
    ),
)  # fmt: skip

OPERATIONS = AgentSpec(
    "operations", "operators' decisions", topics.OPERATIONS, Table("operations", ("offset",)),
    renamed={"topic": "of_topic", "partition": "of_partition", "offset": "of_offset"},
)  # fmt: skip

PEOPLE = AgentSpec(
    "people", "people", topics.SHARDS,
    states=PEOPLE_TABLES,
    # of closed days: rows of now are worked out again in every term. Since 2 reading counts as reported once a source
    # has told of any; since 3 closed days tell of segments; since 4 of windows
    rules=4,
)  # fmt: skip

#: The agents of the topics that people are worked out from; their clocks are the deployment's event time.
SOURCES = (COMMUNITY, PRODUCT, LINKS)
#: The agents whose records people read: the sources, and those whose clocks nobody waits for.
FOLLOWED = (*SOURCES, COSTS, REWARDS)
#: The agents by the names that people use; the first is the default.
AGENTS: dict[str, AgentSpec] = {
    agent.name: agent for agent in (COMMUNITY, PRODUCT, LINKS, COSTS, REWARDS, OPERATIONS, PEOPLE)
}
#: The agents by their topics' names in the contract.
AGENT_OF: dict[str, AgentSpec] = {agent.contract: agent for agent in AGENTS.values()}
#: Where records of any topic land that break the contract.
DEAD_LETTERS = Table("dead_letters", ("offset",))
#: Every table that agents write.
TABLES: dict[str, Table] = {table.name: table for agent in AGENTS.values() for table in (*agent.tables, DEAD_LETTERS)}
