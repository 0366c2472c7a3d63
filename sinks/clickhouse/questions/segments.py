"""segments: life cycle, stage and RFM scores of every person."""

from sinks.clickhouse.questions.columns import PERSON_ID, PERSON_NAME
from sinks.clickhouse.questions.spec import Column, Past, Question

QUESTION = Question(
    name="segments",
    asks="Which segment is each person in?",
    row="person known at the end of the day",
    columns=(
        PERSON_ID,
        PERSON_NAME,
        Column("day", "Date", "the day at whose end this is so; today: up to now"),
        Column(
            "lifecycle", "Nullable(String)", "`new`, `engaged`, `fading`, `dormant` or `lost`; empty: no longer known"
        ),
        Column(
            "stage",
            "Nullable(String)",
            "`acquisition`, `activation`, `retention`, `revenue` or `referral`; empty: no longer known",
        ),
        Column("win_back", "Nullable(UInt8)", "1: gone and worth winning back; empty: no longer known"),
        Column("rfm", "Nullable(String)", "the three scores below in a row, such as `545`; empty: no orders"),
        Column("recency", "Nullable(Int64)", "1 to 5, by `last_order`; 5: the newest fifth"),
        Column("frequency", "Nullable(Int64)", "1 to 5, by `orders`"),
        Column("monetary", "Nullable(Int64)", "1 to 5, by `net_minor`"),
        Column("currency", "Nullable(String)", "the currency in which the person has the most orders"),
        Column("orders", "Nullable(UInt64)", "orders in that currency", "orders"),
        Column("net_minor", "Nullable(Int64)", "value of these orders less refunds", "minor units"),
        Column("last_order", "Nullable(Date)", "day of the newest of these orders"),
        Column("referred", "UInt64", "people who had named the person as their referrer by then", "people"),
        Column(
            "first_seen",
            "Nullable(Date)",
            "day of the first event in chat, first known join, or first own act in the product",
        ),
        Column(
            "last_active",
            "Nullable(Date)",
            "newest day with a message, reaction or reading, or an own act in the product; of a past day empty for "
            "who was `new` or `engaged` then",
        ),
    ),
    order=("person_id",),
    past=Past.ANY_CLOSED_DAY,
    moves=(
        Column("dimension", "String", "`lifecycle`, `stage`, `win_back` or `rfm`"),
        Column("before", "String", "segment at the end of the earlier day; `none`: not known yet, or no orders"),
        Column("after", "String", "segment at the end of the later day; `unknown`: no longer known"),
        Column("people", "UInt64", "people who made this move", "people"),
    ),
    moves_view="segment_moves",
    moves_order=("dimension", "before", "after"),
)
