"""cross_group: members of several groups, and where they are effective."""

from sinks.clickhouse.questions.columns import ACCOUNT_ID, MEMBERSHIP, PERSON_ID
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="cross_group",
    asks="Dead here, alive there?",
    row="membership of a person who is in two or more groups; operators, aliases and bots left out",
    columns=(
        PERSON_ID,
        *MEMBERSHIP,
        Column("state", "String", "the state here, as in [effective_members](effective_members.md)"),
        Column("groups", "UInt64", "groups that the person is in", "groups"),
        Column("dead_here_alive_there", "UInt8", "1: effective elsewhere, and here neither effective nor a newcomer"),
        Column("effective_elsewhere", "Array(String)", "the other groups in which the person is effective"),
        Column("effective_elsewhere_names", "Array(String)", "their newest names, in the same order; empty: not known"),
        ACCOUNT_ID,
    ),
    order=("person_id", "group_id", "member_id"),
    page="journeys",
)
