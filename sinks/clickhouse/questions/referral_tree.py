"""referral_tree: whom everybody brought, and what that earned."""

from sinks.clickhouse.questions.columns import AS_OF, PERSON_ID, PERSON_NAME
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="referral_tree",
    asks="Who brought whom, and what did it earn?",
    row="person who has brought somebody, and currency of the orders of those below",
    columns=(
        PERSON_ID,
        PERSON_NAME,
        AS_OF,
        Column("currency", "String", "currency of the orders; empty: nobody below has paid"),
        Column("direct", "UInt64", "people whom the person brought", "people"),
        Column("indirect", "UInt64", "people whom these brought, and so on", "people"),
        Column("depth", "UInt32", "generations below the person", "generations"),
        Column("generation", "UInt32", "steps from who began the tree; 0: the person did", "generations"),
        Column("k", "Float64", "how many each of the people below has brought, on average", "people"),
        Column(
            "virality",
            "Float64",
            "structural virality: mean distance of two people of the tree below, with the person; near 2: all brought "
            "by one, more: passed on",
            "steps",
        ),
        Column(
            "cycle_days",
            "Nullable(Float64)",
            "mean time from being brought to bringing somebody, of the people below; empty: none of them did",
            "days",
        ),
        Column("direct_orders", "Int64", "orders of the people whom the person brought", "orders"),
        Column("direct_net_minor", "Int64", "their net revenue", "minor units"),
        Column("orders", "Int64", "orders of all people below", "orders"),
        Column("net_minor", "Int64", "their net revenue", "minor units"),
    ),
    order=("net_minor DESC", "direct + indirect DESC", "person_id", "currency"),
)
