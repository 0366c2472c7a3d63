"""commissions: what results earn whoever brought them."""

from sinks.clickhouse.questions.columns import AS_OF, MAYBE_TIME, PERSON_ID, PERSON_NAME, TIME
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="commissions",
    asks="What is owed, held, released, taken back?",
    row="result that earns somebody something: an order, or another goal that a plan rewards",
    columns=(
        Column("referrer_user_id", "String", "who is rewarded, as the record names them"),
        Column("goal", "String", "what the result is"),
        Column("conversion_id", "String", "the order, or the event"),
        AS_OF,
        PERSON_ID,
        PERSON_NAME,
        Column("plan_id", "String", "the plan that rewards it"),
        Column("converted_at", TIME, "when it happened"),
        Column("net_minor", "Int64", "of an order, what it is worth now, less refunds", "minor units"),
        Column("currency", "String", "currency of what it earns"),
        Column("earned_minor", "Int64", "what it earns by its plan, after caps", "minor units"),
        Column("state", "String", "held; released: payable; void: an operator has decided against it"),
        Column(
            "held_by",
            "String",
            "rule of [the case](referral_risk.md) that holds it, else `hold days`; empty: it is not held",
        ),
        Column("until", MAYBE_TIME, "when the hold ends, or ended; empty: when a reviewer decides"),
        Column("posted_minor", "Int64", "of this, what the ledger has accrued at the close of a day", "minor units"),
        Column("released_minor", "Int64", "and released", "minor units"),
    ),
    order=("converted_at DESC", "referrer_user_id", "goal", "conversion_id"),
)
