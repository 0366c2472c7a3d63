"""How a question is asked: about now, a past day, or the moves between two days."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.errors import ConfigError
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.look_ups import MOST, with_names
from sinks.clickhouse.past import check_day, event_time, explain_none
from sinks.clickhouse.questions import questions
from sinks.clickhouse.questions.spec import FILTERS, Past, Question, ids_of

#: What moves have `before` where nobody was known yet, or had no orders.
_NONE = "none"


@dataclass(frozen=True)
class Asked:
    """What to ask: about a past day `as_of` (None: now), the moves `since` a day, the rows of a group or a person."""

    as_of: date | None = None
    since: date | None = None
    group: str | None = None
    person: str | None = None
    limit: int | None = None

    @property
    def about_now(self) -> bool:
        """Whether the answer is about now, and not about a past day."""
        return self.as_of is None

    @property
    def given(self) -> dict[str, Any]:
        """The parameters of statements that answer."""
        return {"day": self.as_of, "since": self.since, "group": self.group, "person": self.person}


def question_of(name: str) -> Question:
    """The question with this name. Raises `ConfigError` when there is none."""
    if name not in questions():
        raise ConfigError(f"There is no question {name!r}; choose one of: {', '.join(questions())}.")
    return questions()[name]


def ask(address: Address, name: str, asked: Asked) -> list[dict[str, Any]]:
    """Answer a question, as rows by column, in the question's order.

    Raises `ConfigError` for an unknown name, and for options that this question does not take.
    """
    question, native = question_of(name), Native(address)
    _check_options(question, asked)
    now = event_time(native) if asked.as_of or asked.since else None
    if now:
        _check_days(question, asked, now)
    rows = answer(native, question, asked)
    if now and asked.since and all(row["before"] == _NONE for row in rows):
        explain_none(native, question, "--since", asked.since, now, [], asked.given)
    if now and asked.as_of and not rows:
        explain_none(native, question, "--as-of", asked.as_of, now, _kept(question, asked), asked.given)
    return rows


def answer(native: Native, question: Question, asked: Asked) -> list[dict[str, Any]]:
    """The rows of a question, asked with options that it takes. Few rows are selected first, and their names then."""
    view = _view(question, asked)
    columns = question.columns_of(view)
    later = asked.limit is not None and asked.limit <= MOST and any(column.named for column in columns)
    source = f"{native.address.database}.{ids_of(view) if later else view}{_arguments(question, asked)}"
    kept = " AND ".join([*_kept(question, asked), *_narrowed(native, question, asked)])
    statement = f"SELECT * FROM {source}" + (f" WHERE {kept}" if kept else "")
    rows = native.query(statement + (f" LIMIT {int(asked.limit)}" if asked.limit else ""), asked.given)
    return with_names(native, columns, rows) if later else rows


def sources(address: Address) -> list[dict[str, Any]]:
    """Up to when each source counts in answers about now: its name, that time, and whether it makes them provisional.

    Empty while nobody has worked people out.
    """
    return Native(address).query(f"SELECT source, counts_up_to, provisional FROM {address.database}.sources")


def _kept(question: Question, asked: Asked) -> list[str]:
    """Conditions that keep the rows of the group or the person asked about."""
    return [f"{FILTERS[option]} = %({option})s" for option in question.filters if getattr(asked, option)]


def _narrowed(native: Native, question: Question, asked: Asked) -> list[str]:
    """A condition that all rows of a person on a past day meet, which ClickHouse can look up."""
    if not (question.past_table and asked.as_of and asked.person):
        return []
    groups = f"SELECT group_id FROM {native.address.database}.{question.past_table} WHERE person_id = %(person)s"
    return [f"group_id IN ({groups})"]


def _check_options(question: Question, asked: Asked) -> None:
    name = question.name
    if asked.since and not question.moves:
        having = ", ".join(other.name for other in questions().values() if other.moves)
        raise ConfigError(f"--since asks for moves between two days, which only {having} has.")
    if asked.since and asked.as_of and asked.since > asked.as_of:
        raise ConfigError(f"--since {asked.since} is after {asked.as_of}.")
    if asked.as_of and question.past is Past.NOTHING:
        raise ConfigError(f"{name} answers for now only and has no past days: leave out --as-of.")
    if question.parameter and not getattr(asked, question.parameter):
        raise ConfigError(f"{name} is about one person: give --person (a user or an account).")
    if asked.since and (asked.group or asked.person):
        raise ConfigError("--since shows everybody's moves: leave out --group and --person.")
    for option, column in FILTERS.items():
        if getattr(asked, option) and option not in (*question.filters, question.parameter):
            raise ConfigError(f"{name} has no column {column}: leave out --{option}.")


def _check_days(question: Question, asked: Asked, now: datetime) -> None:
    if asked.as_of:
        check_day(question, "--as-of", asked.as_of, now)
    if asked.since:
        check_day(question, "--since", asked.since, now)


def _view(question: Question, asked: Asked) -> str:
    """The view that answers: for now, for a day, or for the moves between two days."""
    if asked.since:
        return question.moves_view + ("_at" if asked.as_of else "")
    if question.parameter or asked.as_of is None:
        return question.name
    return question.name + ("_daily_at" if question.past is Past.CLOSED_DAYS else "_at")


def _arguments(question: Question, asked: Asked) -> str:
    """What the view is asked about."""
    names: list[str] = ["since"] if asked.since else [question.parameter] if question.parameter else []
    if asked.as_of:
        names.append("day")
    return f"({', '.join(f'{name} = %({name})s' for name in names)})" if names else ""
