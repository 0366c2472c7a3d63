"""mobilizable: who answered every call, of those who could."""

from sinks.clickhouse.questions.columns import GROUP_ID, GROUP_NAME, TIME
from sinks.clickhouse.questions.spec import Column, Question

QUESTION = Question(
    name="mobilizable",
    asks="Who comes when called?",
    row="call",
    columns=(
        GROUP_ID,
        GROUP_NAME,
        Column("call_id", "String", "the call; `message:` and the message's id where it is implicit"),
        Column("kind", "String", "kind of the call"),
        Column("implicit", "UInt8", "1: an operator's message, not a `call` event"),
        Column("series_id", "Nullable(String)", "series of the call; compare its calls to see appetite fade"),
        Column("variant", "Nullable(String)", "variant of the call"),
        Column("called_at", TIME, "time of the call"),
        Column(
            "window_h", "UInt32", "acts within this many hours of the call count; the window's end does not", "hours"
        ),
        Column("open", "UInt8", "1: the window is not over; these are the numbers so far"),
        Column(
            "exposed",
            "UInt64",
            "members in the group at the time of the call; operators, aliases and bots left out",
            "members",
        ),
        Column("answered", "UInt64", "those of them who answered inside the window", "members"),
        Column("rate", "Nullable(Float64)", "answered / exposed; empty: nobody was exposed", "share"),
        Column(
            "median_answer_s", "Nullable(Float64)", "median time to their first answers; empty: no answers", "seconds"
        ),
        Column(
            "talked",
            "UInt64",
            "exposed members who did not answer, but wrote in the group inside the window",
            "members",
        ),
        Column(
            "talked_before",
            "UInt64",
            "exposed members who wrote in a window of the same length before the call",
            "members",
        ),
        Column("talked_before_rate", "Nullable(Float64)", "talked_before / exposed", "share"),
    ),
    order=("group_id", "called_at", "call_id"),
)
