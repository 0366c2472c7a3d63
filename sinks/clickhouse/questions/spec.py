"""What a question is: declared once per question, read by everything that creates, asks, explains or lists it."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
#: Option of `groupvitals ask` -> the column whose rows it keeps.
FILTERS = {"group": "group_id", "person": "person_id"}


class Past(Enum):
    """How a question can be asked about the past."""

    NOTHING = "now only"
    CLOSED_DAYS = "closed days"  #: NAME_daily_at(day = …), from the rows of all closed days, which are in NAME_daily
    ANY_CLOSED_DAY = "any closed day"  #: NAME_at(day = …), from landed changes
    ANY_DAY = "any past day"  #: NAME_at(day = …)


@dataclass(frozen=True)
class Named:
    """Where a name comes from: a view of names, and its key columns, each with the answer's column that it equals.

    `only`: a column of the answer and the value that it must have, else there is no name.
    """

    view: str
    keys: tuple[tuple[str, str], ...]
    only: tuple[str, str] | None = None

    def key_of(self, row: dict[str, Any]) -> tuple[str, ...] | None:
        """The key by which a row's name is found; None: there is none."""
        if self.only and row[self.only[0]] != self.only[1]:
            return None
        return tuple(row[column] for _, column in self.keys)

    @property
    def condition(self) -> str:
        """The same in SQL, over `answer` and `{name}`."""
        equal = [f"{{name}}.{key} = answer.{column}" for key, column in self.keys]
        return " AND ".join([*equal, *([f"answer.{self.only[0]} = '{self.only[1]}'"] if self.only else [])])


@dataclass(frozen=True)
class Column:
    """One column of an answer.

    `type` is ClickHouse's; times are in the deployment's zone. `meaning` is a phrase; links in it are relative to
    `docs/questions`. `unit` says what a number counts or measures. `only` names the view that has the column, if not
    both do; `named` marks a name, which no question's SQL selects: it is joined to the id.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    only: Literal["", "now", "daily"] = ""
    named: Named | None = None

    @property
    def comment(self) -> str:
        """The meaning in plain text, with the unit."""
        meaning = _LINK.sub(r"\1", self.meaning).replace("`", "")
        return f"{meaning} ({self.unit})" if self.unit else meaning


@dataclass(frozen=True)
class Question:
    """One question.

    `asks` is the question as a person would ask it, `row` what one row stands for. `order` sorts the answer of now,
    `daily_order` that of NAME_daily, where there is one (both are expressions over the columns). `reach`: how many days
    before today the past can be asked about. `parameter` names the option without which the question cannot be asked.
    `moves` are the columns of `moves_view`, a view of what has changed since the end of a closed day, sorted by
    `moves_order`; MOVES_VIEW_at tells what had changed by the end of another. `past_table`: where past days are read
    from, if its key is not the person: all groups that they tell of a person are in rows of it with that person.
    `page` is the page in `docs/questions`, if not the question's own. `limit`: a table shows this many rows unless more
    are requested.
    """

    name: str
    asks: str
    row: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    daily_order: tuple[str, ...] = ()
    past: Past = Past.NOTHING
    reach: int | None = None
    parameter: Literal["", "person"] = ""
    moves: tuple[Column, ...] = ()
    moves_view: str = ""
    moves_order: tuple[str, ...] = ()
    past_table: str = ""
    page: str = ""
    limit: int = 100

    @property
    def daily(self) -> bool:
        """Whether there is a view of closed days."""
        return bool(self.daily_order)

    @property
    def filters(self) -> tuple[str, ...]:
        """Options that keep some of the rows."""
        names = {column.name for column in self.of("now")}
        return tuple(option for option, column in FILTERS.items() if column in names and option != self.parameter)

    def of(self, view: Literal["now", "daily"]) -> tuple[Column, ...]:
        """The columns of a view."""
        return tuple(column for column in self.columns if column.only in ("", view))

    def columns_of(self, view: str) -> tuple[Column, ...]:
        """The columns of one of its views by name."""
        if self.moves and view in (self.moves_view, f"{self.moves_view}_at"):
            return self.moves
        return self.of("daily" if view.startswith(f"{self.name}_daily") else "now")


def ids_of(view: str) -> str:
    """The name of a question's view without names."""
    return f"{view}_ids"
