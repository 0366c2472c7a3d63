"""profiles: members by role, industry, city and other attributes."""

from sinks.clickhouse.questions.columns import EVERY_GROUP_ID, GROUP_NAME, states
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="profiles",
    asks="Who are they?",
    row="group, attribute and value, over members who are in the group",
    columns=(
        EVERY_GROUP_ID,
        GROUP_NAME,
        Column("attribute", "String", "such as `role`, `industry` or `city`"),
        Column("value", "String", "what the newest profile or nickname says"),
        Column("members", "UInt64", "members with this value", "members"),
        Column("effective", "UInt64", "active + participant + lurker", "members"),
        *states("UInt64"),
        Column("payers", "UInt64", "people among them with an order", "people"),
        Column(
            "revenue_minor",
            "Map(String, Int64)",
            "net revenue by currency; a person in two groups counts in both",
            "minor units",
        ),
    ),
    order=("group_id", "attribute", "members DESC", "value"),
)
