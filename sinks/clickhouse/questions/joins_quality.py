"""joins_quality: whether those who join stay and take part, by what brought them."""

from sinks.clickhouse.questions.columns import AS_OF
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="joins_quality",
    asks="Head-pulling or growth?",
    row="dimension, value, and currency in which new people bought",
    columns=(
        Column(
            "dimension",
            "String",
            "`source`, `inviter`, `campaign` or `channel`; dimensions do not add up to each other",
        ),
        Column("value", "String", "the source, the inviter's account, the campaign or the channel of the first join"),
        AS_OF,
        Column("currency", "String", "currency of `bought_30d` and `net_minor`; empty: nobody has bought"),
        Column("joins", "UInt64", "first joins of members to a group; joining again does not count", "joins"),
        Column("people", "UInt64", "people who joined, each once", "people"),
        Column("invited_share", "Float64", "share of joins whose inviter is known, and another person", "share"),
        Column("left_1h", "UInt64", "left within an hour of joining, so far", "joins"),
        Column("left_1d", "UInt64", "within 24 hours, so far; those of `left_1h` included", "joins"),
        Column("left_7d", "UInt64", "within 7 × 24 hours, so far; those of `left_1d` included", "joins"),
        Column("joins_7d", "UInt64", "joins whose day 7 is closed: the base of the next four columns", "joins"),
        Column(
            "left_7d_share",
            "Nullable(Float64)",
            "share of `joins_7d` that left within 7 × 24 hours; empty: none",
            "share",
        ),
        Column("spoke_7d", "UInt64", "spoke by the end of day 7", "joins"),
        Column("effective_7d", "UInt64", "[effective](effective_members.md) at the end of day 7", "joins"),
        Column("effective_7d_share", "Nullable(Float64)", "effective_7d / joins_7d; empty: none", "share"),
        Column("joins_30d", "UInt64", "joins whose day 30 is closed: the base of the next five columns", "joins"),
        Column("effective_30d", "UInt64", "effective at the end of day 30", "joins"),
        Column("effective_30d_share", "Nullable(Float64)", "effective_30d / joins_30d; empty: none", "share"),
        Column(
            "quality",
            "Nullable(Float64)",
            "the chance that a join is effective at the end of day 30, shrunk towards all values of the dimension; "
            "empty: no day 30 is closed",
            "share",
        ),
        Column("quality_lower", "Nullable(Float64)", "the true chance is below this with a chance of 5 %", "share"),
        Column("small", "UInt8", "1: `joins_30d` is below 20, too few to judge"),
        Column("new_people", "UInt64", "people who first joined any group by one of these joins", "people"),
        Column("signed_up_30d", "UInt64", "new people who signed up within 30 days, so far", "people"),
        Column("bought_30d", "UInt64", "new people who bought in this currency within 30 days, so far", "people"),
        Column("net_minor", "Int64", "net revenue of these orders", "minor units"),
    ),
    order=("dimension", "quality_lower DESC", "joins DESC", "value", "currency"),
)
