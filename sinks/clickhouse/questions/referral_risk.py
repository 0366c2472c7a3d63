"""referral_risk: which referrers may have forged whom they brought."""

from sinks.clickhouse.questions.columns import AS_OF, PERSON_ID, PERSON_NAME, TIME
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="referral_risk",
    asks="Which referrals are fake?",
    row="referrer and rule that has opened a case",
    columns=(
        PERSON_ID,
        PERSON_NAME,
        Column("rule", "String", "[what is suspicious](../rewards.md#risk); also the id of the case in reviews"),
        AS_OF,
        Column("state", "String", "open; closed: a review has decided"),
        Column("risk", "Float64", "how likely all rules together make a forgery now", "0 to 1"),
        Column("score", "Float64", "how likely the rule by itself makes a forgery now", "0 to 1"),
        Column("counted", "Float64", "what the rule counts: people, orders, claims; of burst, standard deviations"),
        Column(
            "out_of",
            "Nullable(Float64)",
            "of how many people brought or orders; of burst, the people brought in that hour; of ring, its people; "
            "empty: of none",
        ),
        Column(
            "opened_at", TIME, "time of the record after which the rule held, or at which somebody was silent for long"
        ),
        Column("closed_at", f"Nullable({TIME})", "time of the review; empty: the case is open"),
        Column("decision", "String", "release, void or trust; empty: the case is open"),
        Column("actor_id", "String", "who has decided"),
        Column("reason", "String", "why"),
    ),
    order=("risk DESC", "person_id", "score DESC", "rule"),
)
