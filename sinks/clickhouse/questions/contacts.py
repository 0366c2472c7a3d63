"""contacts: whom operators have reached, who brought others, and whom to contact next."""

from sinks.clickhouse.questions.columns import ACCOUNT_ID, MAYBE_TIME, MEMBERSHIP, PERSON_ID
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="contacts",
    asks="Whom have we reached, who has referred others?",
    row="member who is in the group; operators, aliases and bots left out",
    columns=(
        *MEMBERSHIP,
        Column(
            "next",
            "Nullable(UInt64)",
            "rank in the group for the next contact; empty: do not contact, or not among the first 1,000",
        ),
        Column("state", "String", "as in [member_status](member_status.md)"),
        Column("score", "Float64", "as in [member_status](member_status.md)", "share"),
        Column("contacted", "UInt8", "1: an operator has contacted the person"),
        Column("contacts", "UInt64", "number of contacts", "contacts"),
        Column("last_contacted_at", MAYBE_TIME, "time of the newest contact"),
        Column("owner", "Nullable(String)", "operator of the newest contact"),
        Column("purpose", "Nullable(String)", "purpose of the newest contact"),
        Column("depth", "Nullable(String)", "depth of the newest contact"),
        Column("outcome", "Nullable(String)", "outcome of the newest contact"),
        Column(
            "after_join",
            "Nullable(UInt8)",
            "1: the newest contact came at or after the first known join, 0: before it; empty: join unknown",
        ),
        Column(
            "returned_14d",
            "Nullable(UInt8)",
            "1: active here or in the product within 14 days after the newest contact, 0: not; empty: not yet known",
        ),
        Column("has_referred", "UInt8", "1: has referred or invited somebody"),
        Column(
            "referred", "UInt64", "people who named a user of this person as referrer in a sign-up or trial", "people"
        ),
        Column("invited", "UInt64", "members whose first known join here names this member as inviter", "members"),
        Column("payer", "UInt8", "1: has an order"),
        PERSON_ID,
        ACCOUNT_ID,
    ),
    order=("group_id", "next IS NULL", "next", "member_id"),
)
