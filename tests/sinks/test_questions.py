"""Every question's views against its spec on a real ClickHouse, and what becomes of views as a whole."""

import re
from collections.abc import Iterator

import pytest

from groupvitals import questions_page
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.questions import questions
from sinks.clickhouse.questions.spec import Past, ids_of
from sinks.clickhouse.store import ClickHouseStore, quote
from sinks.clickhouse.views import MARK, View, make_views, ordered, texts, views
from tests.landing import own_store

pytestmark = pytest.mark.services
ZONE = "Asia/Kolkata"
DATES = {"day": "'2025-05-02'", "since": "'2025-05-01'", "person": "'u1'"}


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        migrate(store.address, ZONE)
        yield store


def answers(store: ClickHouseStore) -> dict[str, View]:
    return {view.name: view for view in views(store.address, ZONE) if view.answer}


def plain(type_: str) -> str:
    return re.sub(r"LowCardinality\((\w+)\)", r"\1", type_)


def test_every_question_has_the_views_of_its_spec(store: ClickHouseStore) -> None:
    """No question has a view that its spec does not tell of, but NAME_at of one whose past is asked by closed days.
    Every view with names stands without them, too."""
    found, named = set[str](), set[str]()
    for name, view in answers(store).items():
        found |= set() if name.endswith("_ids") else {name}
        named |= {ids_of(name)} if view.answer and view.answer.without_names else set()
    assert named == answers(store).keys() - found
    for name, question in questions().items():
        assert question.name == name
        at = {f"{name}_at"} if question.past in (Past.ANY_DAY, Past.ANY_CLOSED_DAY) else set()
        assert question.daily or question.past is not Past.CLOSED_DAYS
        daily = {f"{name}_daily"} if question.daily else set()
        daily |= {f"{name}_daily_at"} if question.past is Past.CLOSED_DAYS else set()
        moves = {question.moves_view, f"{question.moves_view}_at"} if question.moves else set()
        assert found >= {name} | at | daily | moves
        found -= {name} | at | daily | moves
    assert found == set()


def test_every_view_has_the_columns_of_its_spec(store: ClickHouseStore) -> None:
    """Types are those of the question's own SQL: a view would convert others without a word."""
    for name, view in answers(store).items():
        assert view.answer is not None
        body = re.sub(r"\{(\w+):(\w+)\}", lambda part: f"CAST({DATES[part[1]]}, '{part[2]}')", view.body)
        found = {row[0]: plain(row[1]) for row in store.native.execute(f"DESCRIBE ({body})")}
        assert found == {c.name: view.answer.type_of(c) for c in view.answer.has if not c.named}, name
        named = [parameter for parameter in DATES if f"{{{parameter}:" in view.body]
        given = f"({', '.join(f'{parameter} = {DATES[parameter]}' for parameter in named)})" if named else ""
        rows = store.native.execute(f"DESCRIBE (SELECT * FROM {store.address.database}.{name}{given})")
        assert [(row[0], plain(row[1])) for row in rows] == [
            (c.name, view.answer.type_of(c)) for c in view.answer.has
        ], name


def test_views_and_columns_have_comments(store: ClickHouseStore) -> None:
    d = quote(store.address.database)
    about = dict(
        store.native.execute(f"SELECT name, comment FROM system.tables WHERE database = {d} AND engine = 'View'")
    )
    assert about.keys() == {view.name for view in views(store.address, ZONE)}
    for name, comment in about.items():
        assert comment.startswith(MARK) and len(comment) > len(MARK) + 10 and comment.endswith((".", "?")), (
            name,
            comment,
        )
    assert about["payers"] == f"{MARK}Who really pays? One row per group and currency."
    columns = store.native.execute(
        f"SELECT name, comment FROM system.columns WHERE database = {d} AND table = 'payers'"
    )
    assert dict(columns) == {column.name: column.comment for column in questions()["payers"].columns}


def test_answers_are_sorted_as_the_spec_says(store: ClickHouseStore) -> None:
    for name, view in answers(store).items():
        assert view.answer is not None and view.answer.order, name
        assert view.statement.count("ORDER BY " + ", ".join(view.answer.order)) >= 1


def test_views_come_after_what_they_read() -> None:
    chain = {"c": "SELECT * FROM ${database}.b${at}", "b": "SELECT 1 FROM ${database}.a", "a": "SELECT 1"}
    assert ordered(chain | {"d": "SELECT * FROM ${database}.c_at(day = 1) JOIN ${database}.events"}) == list("abcd")
    assert ordered({"a": "SELECT ${day}", "people_clock": "SELECT 1"}) == ["people_clock", "a"]
    with pytest.raises(ValueError, match="cycle"):
        ordered({"a": "SELECT * FROM ${database}.b", "b": "SELECT * FROM ${database}.a"})
    assert sorted(ordered(texts())) == sorted(texts())


def test_views_that_are_gone_are_dropped_and_others_left_alone(store: ClickHouseStore) -> None:
    d = store.address.database
    store.native.execute(f"CREATE VIEW {d}.old_question AS SELECT 1 AS one COMMENT '{MARK}What was asked once.'")
    store.native.execute(f"CREATE VIEW {d}.own AS SELECT 1 AS one COMMENT 'by the people who run this'")
    make_views(store.address, ZONE)
    names = {row[0] for row in store.native.execute(f"SHOW TABLES FROM {d}")}
    assert "old_question" not in names and "own" in names and "payers" in names
    store.native.execute(f"DROP VIEW {d}.own")


def test_pages_and_catalogue_are_what_the_specs_say() -> None:
    for path, text in questions_page.documents().items():
        assert path.read_text() == text, f"{path.name} differs from the specs: run `make generated`"
    pages = {path.stem: path.read_text() for path in questions_page.FOLDER.glob("*.md")}
    for name, question in questions().items():
        page = pages[question.page or name]
        assert f"# {name}: " in page, name
        assert f"<!-- generated: {name} -->" in page, name
        assert not question.moves or f"<!-- generated: {name} moves -->" in page
