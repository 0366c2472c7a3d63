"""What a question's spec adds to its SQL: typed columns with comments, names next to ids, and an order of rows."""

from dataclasses import dataclass, replace

from sinks.clickhouse.questions import questions
from sinks.clickhouse.questions.spec import Column
from sinks.clickhouse.store import quote

#: Most who ask want the first thousand rows: then ClickHouse need not read far ahead, nor in large blocks.
_FEW_ROWS = "SETTINGS max_block_size = 4096, read_in_order_use_buffering = 0"


@dataclass(frozen=True)
class Answer:
    """One view of a question: its columns, how it is sorted and read, and what it is about."""

    database: str
    zone: str
    about: str
    has: tuple[Column, ...]
    order: tuple[str, ...]
    settings: str

    @property
    def columns(self) -> str:
        """The list of columns of a view, each with its type and comment."""
        return (
            " (\n    "
            + ",\n    ".join(
                f"`{column.name}` {self.type_of(column)} COMMENT {quote(column.comment)}" for column in self.has
            )
            + "\n)"
        )

    def type_of(self, column: Column) -> str:
        """The ClickHouse type: times are shown in the deployment's zone."""
        return column.type.replace("DateTime64(3)", f"DateTime64(3, '{self.zone}')")

    def around(self, body: str) -> str:
        """The statement that selects the columns from a question's SQL, with the newest names."""
        views = {f"name_{i}": column.named for i, column in enumerate(self.has) if column.named}
        alias = {named: name for name, named in views.items()}
        sources = [f"nullIf({alias[c.named]}.name, '')" if c.named else f"answer.{c.name}" for c in self.has]
        selected = ", ".join(f"{sources[i]} AS {column.name}" for i, column in enumerate(self.has))
        joins = [
            f"LEFT JOIN {self.database}.{named.view} AS {name} ON {named.condition.format(name=name)}"
            for name, named in views.items()
        ]
        lines = [f"SELECT {selected}", f"FROM (\n{body}\n) AS answer", *joins]
        order = f"ORDER BY {', '.join(self.order)}" if self.order else ""
        return "\n".join(line for line in (*lines, order, self.settings) if line)

    @property
    def without_names(self) -> "Answer | None":
        """The same without names, for whoever looks up those of few rows; None where there are none."""
        ids = tuple(column for column in self.has if not column.named)
        return None if len(ids) == len(self.has) else replace(self, about=f"{self.about} Without names.", has=ids)


def answer_of(view: str, database: str, zone: str) -> Answer | None:
    """The answer of a view: NAME, NAME_at and NAME_daily of a question, or its moves; None for other views."""
    for question in questions().values():
        settings = _FEW_ROWS
        if view in (question.name, f"{question.name}_at"):
            about, order = f"One row per {question.row}.", question.order
        elif view in (f"{question.name}_daily", f"{question.name}_daily_at"):
            about, order = "Of every closed day.", question.daily_order
        elif question.moves and view in (question.moves_view, f"{question.moves_view}_at"):
            about, order, settings = "Moves between two days.", question.moves_order, ""
        else:
            continue
        return Answer(database, zone, f"{question.asks} {about}", question.columns_of(view), order, settings)
    return None
