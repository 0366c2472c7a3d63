"""What the questions' specs say, for people and programs: help, tables in `docs/questions`, a catalogue for BI.

`python -m groupvitals.questions_page` writes them and `docs/questions/catalogue.json`; a test fails when they differ.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sinks.clickhouse.questions import questions
from sinks.clickhouse.questions.spec import Column, Past, Question

FOLDER = Path(__file__).parent.parent / "docs" / "questions"
_SECTION = re.compile(r"(<!-- generated: (?P<what>\w+)(?P<moves> moves)? -->\n).*?(<!-- end -->)", re.DOTALL)


def listed() -> str:
    """Every question with what it asks."""
    width = max(map(len, questions()))
    return "\n".join(f"{name:{width}}  {question.asks}" for name, question in questions().items())


def described(question: Question) -> str:
    """One question: what a row is, what can be asked of it, and its columns."""
    lines = [f"{question.name}: {question.asks}", f"One row per {question.row}.", *_asked_with(question), ""]
    width = max(len(column.name) for column in question.columns)
    lines += [f"{column.name:{width}}  {column.comment}{_only(question, column)}" for column in question.columns]
    if question.moves:
        lines += ["", "Moves between two days (--since):"]
        lines += [f"{column.name:{width}}  {column.comment}" for column in question.moves]
    return "\n".join(lines)


def _asked_with(question: Question) -> list[str]:
    """What can be asked of a question, a sentence each."""
    reach = f"any of the last {question.reach} days" if question.reach else "any past day"
    past = {
        Past.NOTHING: "Present only: no --as-of.",
        Past.CLOSED_DAYS: f"--as-of: closed days, as in the view {question.name}_daily.",
        Past.ANY_CLOSED_DAY: f"--as-of: any closed day, as in the view {question.name}_at(day = …).",
        Past.ANY_DAY: f"--as-of: {reach}, as in the view {question.name}_at(day = …).",
    }
    filters = ", ".join(f"--{option}" for option in question.filters)
    return [
        past[question.past],
        *([f"--{question.parameter} is required."] if question.parameter else []),
        *([f"Filters: {filters}."] if filters else []),
    ]


def _only(question: Question, column: Column) -> str:
    """Where a column is, if not in both views."""
    view = {"now": question.name, "daily": f"{question.name}_daily"}
    return f" [{view[column.only]} only]" if column.only and question.daily else ""


def table(question: Question, columns: Sequence[Column]) -> str:
    """Columns as a table of a page."""
    rows = [
        f"| `{column.name}` | {column.type} | {column.unit} | {column.meaning}{_only(question, column)} |"
        for column in columns
    ]
    return "\n".join(["| column | type | unit | meaning |", "| --- | --- | --- | --- |", *rows]) + "\n"


def page(text: str) -> str:
    """A page with its generated sections as they must be: `questions`, or the columns (or moves) of a question."""

    def section(found: re.Match[str]) -> str:
        if found["what"] == "questions":
            return found[1] + _index() + found[4]
        question = questions()[found["what"]]
        if found["moves"]:
            return found[1] + table(question, question.moves) + found[4]
        head = " ".join([f"One row per {question.row}.", *_asked_with(question)])
        return f"{found[1]}{head}\n\n{table(question, question.columns)}{found[4]}"

    return _SECTION.sub(section, text)


def _index() -> str:
    rows = [f"| [{name}]({_address(question)}) | {question.asks} |" for name, question in questions().items()]
    return "\n".join(["| name | question |", "| --- | --- |", *rows]) + "\n"


def _address(question: Question) -> str:
    """The page, and the heading on it where the page is another question's."""
    if not question.page:
        return f"{question.name}.md"
    heading = re.sub(r"[^\w\- ]", "", f"{question.name} {question.asks.lower()}").replace(" ", "-")
    return f"{question.page}.md#{heading}"


def catalogue() -> dict[str, Any]:
    """Every question as data; views are in the deployment's database."""
    return {"questions": [_entry(question) for question in questions().values()]}


def _entry(question: Question) -> dict[str, Any]:
    views = {"now": question.name}
    views |= {"closed_days": f"{question.name}_daily"} if question.daily else {}
    views |= {"past_day": f"{question.name}_at"} if question.past in (Past.ANY_DAY, Past.ANY_CLOSED_DAY) else {}
    views |= {"moves": question.moves_view, "past_moves": f"{question.moves_view}_at"} if question.moves else {}
    return {
        "name": question.name,
        "asks": question.asks,
        "row": question.row,
        "page": f"docs/questions/{_address(question)}",
        "views": views,
        "past": question.past.value,
        "reach_days": question.reach,
        "parameter": question.parameter or None,
        "filters": list(question.filters),
        "order": list(question.order),
        "columns": [_column(column, views) for column in question.columns],
        "moves": [_column(column, {}) for column in question.moves],
    }


def _column(column: Column, views: dict[str, str]) -> dict[str, Any]:
    found = {"name": column.name, "type": column.type, "unit": column.unit or None, "meaning": column.comment}
    only = {"now": ["now", "past_day"], "daily": ["closed_days"]}.get(column.only, list(views))
    return found | (
        {"views": [view for view in views if view in only and view not in ("moves", "past_moves")]} if views else {}
    )


def documents() -> dict[Path, str]:
    """Path -> text of every page with generated parts, and of the catalogue."""
    pages = {path: page(path.read_text()) for path in sorted(FOLDER.glob("*.md"))}
    return pages | {FOLDER / "catalogue.json": json.dumps(catalogue(), indent=1, ensure_ascii=False) + "\n"}


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text)
