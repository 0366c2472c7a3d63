"""campaign_stability: what every campaign brought and cost, and how much campaigns of a channel differ."""

from sinks.clickhouse.questions.columns import AS_OF, MAYBE_TIME
from sinks.clickhouse.questions.spec import Column, Question

_OF_CHANNEL = "of all campaigns of the channel in this currency"

QUESTION = Question(
    name="campaign_stability",
    asks="Is each campaign's output stable?",
    row="campaign, and currency in which it cost or brought anything",
    columns=(
        Column("campaign_id", "String", "the campaign"),
        Column("channel", "Nullable(String)", "its [channel](../campaigns.md); empty: nothing says it"),
        AS_OF,
        Column("currency", "String", "currency of its orders and costs; empty: there are none"),
        Column("first_at", MAYBE_TIME, "when anything first named it; empty: nothing has"),
        Column("last_at", MAYBE_TIME, "when anything last did"),
        Column("users", "UInt64", "users of the product who did anything that names it", "users"),
        Column("clicked", "UInt64", "of them, those who clicked", "users"),
        Column("sharers", "UInt64", "of them, those who shared", "users"),
        Column("shares", "UInt64", "what they shared", "shares"),
        Column("joined", "UInt64", "people whose first join to a group names it", "people"),
        Column("signed_up", "UInt64", "users whose sign-up names it", "users"),
        Column("buyers", "UInt64", "users with an order that names it", "users"),
        Column("orders", "UInt64", "these orders", "orders"),
        Column("net_minor", "Int64", "what they brought, less refunds", "minor units"),
        Column("goods_minor", "Int64", "what they cost, as far as they say it", "minor units"),
        Column("cost_minor", "Int64", "what the campaign [cost](../campaigns.md)", "minor units"),
        Column("cac_minor", "Nullable(Float64)", "cost_minor / buyers; empty: there are none", "minor units"),
        Column(
            "roi",
            "Nullable(Float64)",
            "(net_minor − goods_minor − cost_minor) / cost_minor; empty: it cost nothing",
            "share",
        ),
        Column("channel_campaigns", "UInt64", f"how many campaigns there are {_OF_CHANNEL}, this one included"),
        Column("channel_mean_minor", "Float64", f"the mean of net_minor {_OF_CHANNEL}", "minor units"),
        Column(
            "channel_variation",
            "Nullable(Float64)",
            f"the coefficient of variation of net_minor {_OF_CHANNEL}: its standard deviation (of a sample) / mean; "
            "empty: there is one campaign, or the mean is 0",
        ),
        Column(
            "channel_trend_minor",
            "Nullable(Float64)",
            f"by how much net_minor grows from one campaign to the next {_OF_CHANNEL}, in order of `first_at` (least "
            "squares); empty: there is one",
            "minor units",
        ),
    ),
    order=("channel", "currency", "first_at DESC", "campaign_id"),
)
