"""journeys: everything that one person did, in all groups and in the product."""

from dataclasses import replace

from sinks.clickhouse.questions.columns import ACCOUNT_ID, GROUP_NAME, PERSON_ID, PERSON_NAME, TIME
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="journeys",
    asks="What does one person do in chat and in the product?",
    row="act, oldest first",
    columns=(
        PERSON_ID,
        replace(PERSON_NAME, named=None),  # of one person: looked up by the accounts, not among all names
        Column("ts", TIME, "time of the act"),
        Column("side", "String", "`chat` or `product`"),
        Column("what", "String", "type of the event"),
        Column("detail", "String", "more about the act"),
        Column("group_id", "String", "the group, or the one that the act names; may be empty"),
        GROUP_NAME,
        ACCOUNT_ID,
        Column("event_id", "String", "id of the event"),
    ),
    order=("ts", "side", "event_id"),
    parameter="person",
)
