"""tiers: loud, occasional and silent members by days spoken of the last 28."""

from sinks.clickhouse.questions.columns import AS_OF, DAY, EVERY_GROUP_ID, GROUP_NAME
from sinks.clickhouse.questions.spec import Column, Past, Question

QUESTION = Question(
    name="tiers",
    asks='Is it "10 % loud, 20 % occasional, 70 % silent" here?',
    row="group",
    columns=(
        EVERY_GROUP_ID,
        GROUP_NAME,
        DAY,
        AS_OF,
        Column("members", "UInt64", "everyone in the group except operators, aliases and bots", "members"),
        Column("size_band", "String", "`1-50`, `51-150`, `151-200`, `201-500` or `501+` members"),
        Column("daily", "UInt64", "loud members who spoke on 20 days or more", "members"),
        Column("loud", "UInt64", "spoke on 8 or more of 28 days", "members"),
        Column("occasional", "UInt64", "spoke on 1 to 7 days", "members"),
        Column("silent", "UInt64", "did not speak", "members"),
        Column("loud_share", "Float64", "loud / members", "share"),
        Column("occasional_share", "Float64", "occasional / members", "share"),
        Column("silent_share", "Float64", "silent / members", "share"),
        Column("messages", "Int64", "messages in these 28 days", "messages"),
        Column("loud_messages", "Int64", "messages of the loud", "messages"),
        Column("occasional_messages", "Int64", "messages of the occasional", "messages"),
        Column("loud_message_share", "Float64", "loud_messages / messages", "share"),
        Column(
            "effective_speakers",
            "Float64",
            "exp of the Shannon entropy of messages per speaker; 1: one member does all the talking",
            "members",
        ),
        Column("gini", "Float64", "Gini coefficient of messages per speaker; 0: all write equally much", "share"),
        Column(
            "half_of_messages_by",
            "UInt32",
            "smallest number of members who together wrote half of the messages",
            "members",
        ),
    ),
    order=("group_id",),
    daily_order=("group_id", "day"),
    past=Past.CLOSED_DAYS,
)
