"""retention: members of a cohort who stay, speak and use the product after n days."""

from sinks.clickhouse.questions.columns import EVERY_GROUP_ID, GROUP_NAME, name_of_member
from sinks.clickhouse.questions.spec import Column, Past, Question

QUESTION = Question(
    name="retention",
    asks="Do they stay?",
    row="group, dimension, value and n; in retention_daily per group, cohort, n, dimension and value",
    columns=(
        EVERY_GROUP_ID,
        GROUP_NAME,
        Column("cohort", "Date", "day of the first known join to the group", only="daily"),
        Column(
            "dimension",
            "String",
            "`all`, `source`, `inviter`, `campaign` or `channel`; dimensions do not add up to each other",
        ),
        Column(
            "value",
            "String",
            "the source, the inviter's member id (in `*` the account), the campaign or the channel that the first join "
            "names; empty for `all`",
        ),
        name_of_member("value_name", "value", "the inviter", told=("dimension", "inviter")),
        Column("n", "UInt8", "1, 7, 30, 60 or 90: days after the join", "days"),
        Column("base", "UInt64", "members whose day n is closed, leavers included", "members"),
        Column("stayed", "UInt64", "in the group at the end of day n; in `*` in any group", "members"),
        Column("spoke", "UInt64", "spoke on day n", "members"),
        Column("spoke_within_7d", "Nullable(UInt64)", "spoke on a day from n-6 to n; empty: n = 1", "members", "now"),
        Column("spoke_within_7d", "UInt64", "spoke on a day from n-6 to n; 0 for n = 1", "members", "daily"),
        Column("stayed_share", "Float64", "stayed / base", "share", "now"),
        Column("spoke_share", "Float64", "spoke / base", "share", "now"),
        Column("linked_base", "UInt64", "members of base whose account [belongs to a user](../people.md)", "members"),
        Column("used", "UInt64", "members of linked_base who did something in the product on day n", "members"),
        Column(
            "used_within_7d",
            "Nullable(UInt64)",
            "members of linked_base who did so on a day from n-6 to n; empty: n = 1",
            "members",
            "now",
        ),
        Column(
            "used_within_7d",
            "UInt64",
            "members of linked_base who did so on a day from n-6 to n; 0 for n = 1",
            "members",
            "daily",
        ),
        Column("used_share", "Nullable(Float64)", "used / linked_base; empty: nobody is linked", "share", "now"),
    ),
    order=("group_id", "dimension", "value", "n"),
    daily_order=("group_id", "dimension", "value", "cohort", "n"),
    past=Past.ANY_DAY,
)
