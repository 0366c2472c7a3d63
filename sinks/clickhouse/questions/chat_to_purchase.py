"""chat_to_purchase: what gets credit for the conversions of four weeks, by all models."""

from sinks.clickhouse.questions.columns import AS_OF
from sinks.clickhouse.questions.spec import Column, Named, Question

_MODELS = (
    ("first", "all to the first touch"),
    ("last", "all to the last touch"),
    ("linear", "to all touches alike"),
    ("position", "40 % to the first and the last touch each, 20 % to those between"),
    ("decay", "half as much to a touch per `credit.half_life_days` that it is older"),
    ("shapley", "to all distinct values of the path alike"),
)
_GROUP = Named("group_names", (("group_id", "value"),), ("dimension", "group"))

QUESTION = Question(
    name="chat_to_purchase",
    asks="Did the talk turn into results?",
    row="goal, currency, dimension and value of it; dimensions do not add up to each other, values of one do",
    columns=(
        AS_OF,
        Column("goal", "String", "what the conversions are: `purchase`, another type of event, or a custom one's name"),
        Column("currency", "String", "currency of the orders; empty: the goal is no purchase"),
        Column("dimension", "String", "campaign, channel, group, sharer, inviter or call"),
        Column(
            "value",
            "String",
            "what gets credit; empty: *unattributed*, touches without such a value, and conversions without a touch",
        ),
        Column("group_name", "Nullable(String)", "of a group, its newest name; empty: not known", named=_GROUP),
        Column("conversions", "UInt64", "conversions with this value on their path", "conversions"),
        Column("direct", "UInt64", "of them, those without any touch, all of which are unattributed", "conversions"),
        *(Column(name, "Float64", f"credited conversions: {how}", "conversions") for name, how in _MODELS),
        *(
            Column(f"{name}_minor", "Int64", f"net revenue credited by the model `{name}`", "minor units")
            for name, _ in _MODELS
        ),
    ),
    order=("goal", "currency", "dimension", "linear_minor DESC", "linear DESC", "value"),
)
