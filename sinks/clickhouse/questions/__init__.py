"""The questions: NAME.py says what is asked and what the columns mean, NAME.sql answers for now.

NAME_daily.sql, where there is one, answers for closed days, NAME_at.sql for a past day. Everything else is derived from
the specs: the views with their comments, `groupvitals ask` and its help, the tables of the pages and
`docs/questions/catalogue.json`.
"""

from functools import cache
from importlib import import_module, resources

from sinks.clickhouse.questions.spec import Question


@cache
def questions() -> dict[str, Question]:
    """Every question by its name, in the order of names."""
    files = sorted(file.name for file in resources.files(__package__).iterdir())
    names = [file.removesuffix(".sql") for file in files if file.endswith(".sql")]
    names = [name for name in names if not name.endswith(("_daily", "_at"))]
    return {name: import_module(f"{__package__}.{name}").QUESTION for name in names}
