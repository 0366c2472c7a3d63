"""conversion_paths: what led to every conversion."""

from sinks.clickhouse.questions.columns import PERSON_ID, PERSON_NAME, TIME
from sinks.clickhouse.questions.spec import Column, Question


def _of_touches(name: str, meaning: str) -> Column:
    return Column(name, "Array(String)", f"of every touch, {meaning}; empty: none")


QUESTION = Question(
    name="conversion_paths",
    asks="What led to each conversion?",
    row="conversion: an order, a sign-up, a trial, or another goal of the deployment (`credit.goals`)",
    columns=(
        Column("day", "Date", "the day on which it happened"),
        Column("goal", "String", "what it is: `purchase`, another type of event, or the name of a custom one"),
        Column("conversion_id", "String", "the order, or the event"),
        PERSON_ID,
        PERSON_NAME,
        Column("user_id", "String", "the user who did it"),
        Column("converted_at", TIME, "when"),
        Column("net_minor", "Int64", "of an order, what it brought, less refunds; 0 for other goals", "minor units"),
        Column("currency", "String", "currency of the order; empty: none"),
        Column("touches", "UInt64", "touches on its path; 0: a direct conversion", "touches"),
        Column("older", "UInt32", "more touches within the lookback, which get no credit", "touches"),
        _of_touches("kinds", "what it was: join, click, signup, answer, contact, or shared (another's click)"),
        Column("touched_at", f"Array({TIME})", "of every touch, when, the oldest first"),
        _of_touches("campaign_ids", "its campaign"),
        _of_touches("channels", "its channel"),
        _of_touches("group_ids", "its group"),
        _of_touches("link_ids", "its link"),
        _of_touches("sharer_ids", "the person who had shared what was clicked on"),
        _of_touches("inviter_ids", "the person who had invited"),
        _of_touches("call_ids", "the call that it answered or named"),
        Column(
            "credits", "Array(Float64)", "of every touch, its share of the conversion by `credit.model`", "conversions"
        ),
        Column("credits_minor", "Array(Int64)", "the same of `net_minor`, to the unit", "minor units"),
    ),
    order=("-toInt32(day)", "goal", "conversion_id"),
)
