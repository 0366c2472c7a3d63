"""Which past days a question can be asked about, and a sentence for each reason why one cannot."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schemas.errors import ConfigError
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.questions.spec import Past, Question


@dataclass(frozen=True)
class Known:
    """The period that is known: the day of the first event, and the deployment's event time."""

    first: date
    now: datetime

    @property
    def today(self) -> date:
        """The current day, which is not over."""
        return self.now.date()


def known(address: Address) -> Known:
    """The period that is known. Raises `ConfigError` before any chat or product event has been worked out."""
    found = Native(address).execute(period(address.database))
    if not found:
        raise ConfigError(
            "Nobody has worked out people yet, so nothing is known of past days: run `groupvitals worker --agent "
            "people`, or leave out --as-of and --since."
        )
    now, *firsts = found[0]
    first_ms = min((ms for ms in firsts if ms), default=0)
    if not first_ms:
        raise ConfigError(
            "No chat and no product events have landed yet, so nothing is known of past days: leave out --as-of and "
            "--since."
        )
    return Known(datetime.fromtimestamp(first_ms / 1000, now.tzinfo).date(), now)


def period(d: str) -> str:
    """The statement for event time and the times of the first events in chat and in the product; `d`: the database."""
    first, newest = "SELECT min(first_ms) FROM", "bitShiftRight(version, 56) ="
    return (
        f"SELECT now, ({first} {d}.group_states WHERE {newest} (SELECT epoch FROM {d}.epoch)), "
        f"({first} {d}.user_states WHERE {newest} (SELECT epoch FROM {d}.product_epoch) AND last_ms > 0) "
        f"FROM {d}.people_clock"
    )


def check_day(question: Question, option: str, day: date, times: Known) -> None:
    """Refuse a day that is not over, or too long ago for a question."""
    if day >= times.today:
        raise ConfigError(
            f"{option}: {day} is not over; event time is {times.now:%Y-%m-%d %H:%M}. Give a day before "
            f"{times.today}, or leave {option} out to ask about now."
        )
    if question.reach is not None and day < times.today - timedelta(days=question.reach):
        raise ConfigError(
            f"{option}: {question.name} answers for the last {question.reach} days, from "
            f"{times.today - timedelta(days=question.reach)} on, not for {day}."
        )


def explain_none(
    address: Address, question: Question, option: str, day: date, times: Known, kept: list[str],
    given: dict[str, object],
) -> None:  # fmt: skip
    """Explain why a past day has no rows; do nothing when the day is known and simply has none."""
    if day < times.first:
        raise ConfigError(f"{option}: nothing is known about {day}; the first event is from {times.first}.")
    d = address.database
    if question.past is Past.CLOSED_DAYS:
        view = f"{d}.{question.name}_daily"
        statement = (
            f"SELECT count() AS days, min(day) AS first, max(day) AS last FROM {view} WHERE {' AND '.join(kept) or '1'}"
        )
    elif question.past is Past.ANY_CLOSED_DAY:
        statement = f"SELECT count() AS days, min(first_day) AS first, max(newest_day) AS last FROM {d}.people_history"
    else:
        return
    found = Native(address).query(statement, given)[0]
    if not found["days"] or day > found["last"]:
        newest = f"the newest closed day is {found['last']}" if found["days"] else "no day is closed yet"
        raise ConfigError(f"{option}: {day} is over but not closed: late events may still change it; {newest}.")
    if day < found["first"]:
        raise ConfigError(f"{option}: {question.name} begins on {found['first']} and has no answer for {day}.")
