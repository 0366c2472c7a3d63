"""payers: orders and revenue of a group's members."""

from sinks.clickhouse.questions.columns import AS_OF, EVERY_GROUP_ID, GROUP_NAME
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="payers",
    asks="Who really pays?",
    row="group and currency",
    columns=(
        EVERY_GROUP_ID,
        GROUP_NAME,
        AS_OF,
        Column("currency", "String", "currency of the orders"),
        Column("payers", "UInt64", "members with an order", "people"),
        Column(
            "first_payers_28d",
            "UInt64",
            "those of them whose first order in this currency is from the last 28 days",
            "people",
        ),
        Column("repeat_rate", "Float64", "share of payers with two or more orders", "share"),
        Column("orders", "UInt64", "their orders", "orders"),
        Column(
            "revenue_members_minor",
            "Int64",
            "net revenue of the members; a person in two groups counts in both",
            "minor units",
        ),
        Column("average_order_minor", "Float64", "net revenue per order", "minor units"),
        Column(
            "revenue_credited_minor",
            "Int64",
            "net revenue that is [credited](chat_to_purchase.md) to the group by `credit.model`, members or not",
            "minor units",
        ),
        Column(
            "per_effective_member_minor",
            "Float64",
            "`revenue_members_minor` per [effective member](effective_members.md)",
            "minor units",
        ),
    ),
    order=("group_id", "currency"),
)
