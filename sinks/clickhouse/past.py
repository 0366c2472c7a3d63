"""Which past days a question can be asked about, and a sentence for each reason why one cannot."""

from datetime import date, datetime, timedelta

from schemas.errors import ConfigError
from sinks.clickhouse.connection import Native
from sinks.clickhouse.questions.spec import Past, Question


def event_time(native: Native) -> datetime:
    """The deployment's event time, up to which people's rows count. Raises `ConfigError` when there are none yet."""
    found = native.execute(f"SELECT now FROM {native.address.database}.people_clock")
    if not found:
        raise ConfigError(
            "Nobody has worked out people yet, so nothing is known of past days: run `groupvitals worker --agent "
            "people`, or leave out --as-of and --since."
        )
    now: datetime = found[0][0]
    return now


def _first_day(native: Native, now: datetime) -> date:
    """The day of the first event in chat or in the product. Raises `ConfigError` when there is none."""
    d, first, newest = native.address.database, "SELECT min(first_ms) AS ms FROM", "bitShiftRight(version, 56) ="
    groups = f"{first} {d}.group_states WHERE {newest} (SELECT epoch FROM {d}.epoch)"
    users = f"{first} {d}.user_states WHERE {newest} (SELECT epoch FROM {d}.product_epoch) AND last_ms > 0"
    ((first_ms,),) = native.execute(f"SELECT minIf(ms, ms > 0) FROM ({groups} UNION ALL {users})")
    if not first_ms:
        raise ConfigError(
            "No chat and no product events have landed yet, so nothing is known of past days: leave out --as-of and "
            "--since."
        )
    return datetime.fromtimestamp(first_ms / 1000, now.tzinfo).date()


def check_day(question: Question, option: str, day: date, now: datetime) -> None:
    """Refuse a day that is not over, or too long ago for a question."""
    today = now.date()
    if day >= today:
        raise ConfigError(
            f"{option}: {day} is not over; event time is {now:%Y-%m-%d %H:%M}. Give a day before "
            f"{today}, or leave {option} out to ask about now."
        )
    if question.reach is not None and day < today - timedelta(days=question.reach):
        raise ConfigError(
            f"{option}: {question.name} answers for the last {question.reach} days, from "
            f"{today - timedelta(days=question.reach)} on, not for {day}."
        )


def explain_none(
    native: Native, question: Question, option: str, day: date, now: datetime, kept: list[str],
    given: dict[str, object],
) -> None:  # fmt: skip
    """Explain why a past day has no rows; do nothing when the day is known and simply has none."""
    first = _first_day(native, now)
    if day < first:
        raise ConfigError(f"{option}: nothing is known about {day}; the first event is from {first}.")
    d = native.address.database
    if question.past is Past.CLOSED_DAYS:
        view = f"{d}.{question.name}_daily"
        statement = (
            f"SELECT count() AS days, min(day) AS first, max(day) AS last FROM {view} WHERE {' AND '.join(kept) or '1'}"
        )
    elif question.past is Past.ANY_CLOSED_DAY:
        statement = f"SELECT count() AS days, min(first_day) AS first, max(newest_day) AS last FROM {d}.people_history"
    else:
        return
    found = native.query(statement, given)[0]
    if not found["days"] or day > found["last"]:
        newest = f"the newest closed day is {found['last']}" if found["days"] else "no day is closed yet"
        raise ConfigError(f"{option}: {day} is over but not closed: late events may still change it; {newest}.")
    if day < found["first"]:
        raise ConfigError(f"{option}: {question.name} begins on {found['first']} and has no answer for {day}.")
