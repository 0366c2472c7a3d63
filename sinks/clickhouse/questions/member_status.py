"""member_status: every membership with its state and the evidence for it."""

from sinks.clickhouse.questions.columns import ACCOUNT_ID, MAYBE_TIME, MEMBERSHIP, PERSON_ID
from sinks.clickhouse.questions.spec import Column, Past, Question

QUESTION = Question(
    name="member_status",
    asks="Who is a zombie, and why?",
    row="membership, including members who have left",
    columns=(
        *MEMBERSHIP,
        Column("state", "String", "the first that fits, as in [effective_members](effective_members.md)"),
        Column("reason", "String", "the rule that decided"),
        Column("since", "Date", "first day of the present state"),
        Column("previous", "String", "the state at the end of the newest closed day; empty: none"),
        Column("returned_on", "Nullable(Date)", "day of the last return from at_risk or zombie to an effective state"),
        Column(
            "score",
            "Float64",
            "[zombie score](../zombies.md): chance of being active here again within 28 days",
            "share",
        ),
        Column(
            "rhythm",
            "Float64",
            "how usual the silence is, given the member's own gaps; near 0: far longer than they were",
            "share",
        ),
        Column("fading", "UInt8", "1: an effective member with less than half the chance of 28 days ago"),
        Column("role", "String", "`member`, `operator`, `alias` or `bot`"),
        PERSON_ID,
        ACCOUNT_ID,
        Column("linked", "UInt8", "1: the account is linked to a user of the product"),
        Column("joined_at", MAYBE_TIME, "first known join; empty: not known, or a past day"),
        Column("last_spoke_at", MAYBE_TIME, "newest message here; empty: none, or a past day"),
        Column("last_active_at", MAYBE_TIME, "newest message, reaction or reading here; empty: none, or a past day"),
        Column(
            "last_act_here_at",
            MAYBE_TIME,
            "newest act in the product with an id of this group; empty: none, or a past day",
        ),
        Column("last_used_at", MAYBE_TIME, "newest act in the product; empty as before"),
        Column("groups_28d", "UInt64", "groups in which the person was active in the last 28 days", "groups"),
        Column("reads_reported", "UInt8", "1: a source has reported who reads in this group"),
        Column("in_product", "UInt8", "1: the person is known in the product"),
    ),
    order=("group_id", "member_id"),
    past=Past.ANY_CLOSED_DAY,
    past_table="people_transitions",
)
