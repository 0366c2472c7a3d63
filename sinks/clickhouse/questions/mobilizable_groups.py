"""mobilizable_groups: how many members would answer the next call, by the last five."""

from sinks.clickhouse.questions.columns import EVERY_GROUP_ID, GROUP_NAME
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="mobilizable_groups",
    asks="How many would come if it were called now?",
    row="group with a call whose window is over",
    columns=(
        EVERY_GROUP_ID,
        GROUP_NAME,
        Column("calls", "UInt64", "calls that count: the newest whose window is over, 1 to 5 per group", "calls"),
        Column("members", "UInt64", "members in the group now; operators, aliases and bots left out", "members"),
        Column("answered_any", "UInt64", "those of them who answered at least one of the calls", "members"),
        Column(
            "expected_answerers",
            "Float64",
            "sum over these members of (answered + 1) / (exposed + 2), counted over the calls",
            "members",
        ),
    ),
    order=("group_id",),
    page="mobilizable",
)
