"""effective_members: everybody who is known in a group, counted by state."""

from sinks.clickhouse.questions.columns import EVERY_GROUP_ID, GROUP_NAME, states
from sinks.clickhouse.questions.spec import Column, Past, Question

QUESTION = Question(
    name="effective_members",
    asks="How many members does a group really have?",
    row="group",
    columns=(
        EVERY_GROUP_ID,
        GROUP_NAME,
        Column("day", "Date", "the day at whose end this is so; today: up to now"),
        Column("headcount", "Int64", "the sum of all states and `unseen`, without `left`", "members"),
        Column("effective", "Int64", "active + participant + lurker", "members"),
        Column("share", "Float64", "effective / (headcount - excluded)", "share"),
        Column("excluded", "Int64", "operators, aliases and bots", "members"),
        *states("Int64"),
        Column(
            "silent_zombies",
            "Int64",
            "those of `unobservable` whose [chance to come back](../zombies.md) is as low as a zombie's",
            "members",
        ),
        Column("unseen", "Int64", "members whom the platform counts but nobody has seen; `*` has none", "members"),
        Column("left", "Int64", "known, but no longer in the group; not in the headcount", "members"),
        Column("zombies_at_least", "Int64", "zombie", "members"),
        Column("zombies_estimated", "Int64", "zombie + silent_zombies: as far as can be seen", "members"),
        Column("zombies_at_most", "Int64", "zombie + unobservable + unseen", "members"),
    ),
    order=("group_id",),
    daily_order=("group_id", "day"),
    past=Past.CLOSED_DAYS,
)
