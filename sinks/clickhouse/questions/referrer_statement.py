"""referrer_statement: what each referrer has earned, is owed, and was paid."""

from sinks.clickhouse.questions.columns import AS_OF
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="referrer_statement",
    asks="What has each referrer earned, and what are they owed?",
    row="referrer and currency",
    columns=(
        Column("referrer_user_id", "String", "who is rewarded, as the records name them"),
        Column("currency", "String", "currency of the amounts"),
        AS_OF,
        Column("results", "UInt64", "results that earn something, those that are void left out", "results"),
        Column("accrued_minor", "Int64", "earned by the ledger, adjustments included", "minor units"),
        Column("held_minor", "Int64", "of this, not released yet", "minor units"),
        Column("payable_minor", "Int64", "released, and not on its way; below 0: to be made up for", "minor units"),
        Column("in_payout_minor", "Int64", "on its way", "minor units"),
        Column("paid_minor", "Int64", "paid", "minor units"),
        Column("overpaid_minor", "Int64", "of this, paid beyond what was payable", "minor units"),
        Column("pending_accrued_minor", "Int64", "what closing days will add to `accrued_minor`", "minor units"),
        Column("pending_released_minor", "Int64", "and move from held to payable", "minor units"),
    ),
    order=("referrer_user_id", "currency"),
)
