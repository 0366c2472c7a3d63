"""rolling_activity: messages, people, joins and leaves in the last hour, day, week and four weeks."""

from sinks.clickhouse.questions.columns import AS_OF, DAY, EVERY_GROUP_ID, GROUP_NAME
from sinks.clickhouse.questions.spec import Column, Past, Question

_WINDOWS = "indexOf(['1h', '24h', '7d', '28d'], window)"

QUESTION = Question(
    name="rolling_activity",
    asks="How alive is it right now?",
    row="group and window",
    columns=(
        EVERY_GROUP_ID,
        GROUP_NAME,
        DAY,
        Column(
            "window", "String", "`1h` and `24h`: whole UTC hours, `7d` and `28d`: whole days, up to the current one"
        ),
        AS_OF,
        Column("messages", "UInt64", "messages written", "messages"),
        Column("speakers", "UInt64", "distinct members who wrote", "people"),
        Column("reactors", "UInt64", "distinct members who reacted; taking a reaction back does not undo it", "people"),
        Column("readers", "UInt64", "distinct members who read", "people"),
        Column("buyers", "UInt64", "people now in the group who paid for an order in the window", "people", "now"),
        Column("buyers", "Nullable(UInt64)", "empty: not known for past days", "people", "daily"),
        Column("joins", "UInt64", "joins", "events"),
        Column("leaves", "UInt64", "leaves", "events"),
        Column("replies", "UInt64", "messages that reply to another", "messages"),
        Column("questions", "UInt64", "messages that are [questions](../community.md)", "messages"),
        Column("mentions", "UInt64", "mentions in messages", "mentions"),
        Column("links", "UInt64", "messages with a link", "messages"),
        Column("advertising", "Nullable(UInt64)", "empty: not known yet", "messages"),
        Column("dau", "UInt64", "distinct speakers in 1 day", "people"),
        Column("wau", "UInt64", "distinct speakers in 7 days", "people"),
        Column("mau", "UInt64", "distinct speakers in 28 days", "people"),
        Column("stickiness", "Float64", "`dau / mau`", "share"),
    ),
    order=("group_id", _WINDOWS),
    daily_order=("group_id", "day", _WINDOWS),
    past=Past.CLOSED_DAYS,
)
