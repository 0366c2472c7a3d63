"""Rows of a table that share an id: lines of an order are added up, others that differ are reported, never lost."""

from pathlib import Path
from typing import Any

import pytest

from sources.mapping import Mapping, load_mapping
from tests.sources.reading import chunks, problems, records
from tests.sources.test_mapped import write

ROWS = Path(__file__).parent / "exports" / "rows"
HEADER = "order,customer,paid,sku,line_total,currency\n"


def mapping(name: str, **changes: Any) -> Mapping:
    return load_mapping(ROWS / f"{name}.toml").model_copy(update=changes)


def orders(path: Path, **options: Any) -> dict[str, int]:
    return {event["order_id"]: event["amount_minor"] for event in records("mapped", path, **options)}


def test_lines_of_an_order_are_added_up_where_the_mapping_says_so(tmp_path: Path) -> None:
    by_order = mapping("byorder", lines=True)
    tea, one = records("mapped", ROWS / "lines.csv", mapping=by_order)
    assert (tea["order_id"], tea["amount_minor"], tea["items"], tea["event_id"]) == (
        "A-1", 6_000, 3, "byorder:purchase:A-1"
    )  # fmt: skip
    assert "product_id" not in tea  # three products are none
    assert (one["amount_minor"], one["product_id"], "items" in one) == (1_000, "tea", False)
    assert problems("mapped", ROWS / "lines.csv", mapping=by_order) == []
    first, *rest = (ROWS / "lines.csv").read_text().splitlines(keepends=True)
    apart = write(tmp_path / "apart.csv", "".join([first, *rest[:2], rest[3], rest[2]]))
    assert orders(apart, mapping=by_order) == {"A-1": 6_000, "A-2": 1_000}


@pytest.mark.parametrize("name", ["byorder", "byline", "byrow"])
def test_rows_of_one_order_that_differ_are_reported_and_left_out(name: str) -> None:
    file = ROWS / "lines.csv"
    assert orders(file, mapping=mapping(name)) == {"A-1": 1_000, "A-2": 1_000}
    found = problems("mapped", file, mapping=mapping(name))
    assert [(problem.line, problem.kind) for problem in found] == [(3, "rows_differ"), (4, "rows_differ")]
    assert all("line 2 has the same" in problem.reason and "lines = true" in problem.reason for problem in found)


def test_a_row_that_is_told_again_is_the_same_event(tmp_path: Path) -> None:
    row = "A-1,ann,2026-09-01T10:00:00Z,tea,10.00,EUR\n"
    path = write(tmp_path / "x.csv", HEADER + row * 2)
    assert len({event["event_id"] for event in records("mapped", path, mapping=mapping("byorder"))}) == 1
    assert problems("mapped", path, mapping=mapping("byorder")) == []


def test_a_row_that_was_refused_takes_nobodys_place(tmp_path: Path) -> None:
    rows = ["A-1,,2026-09-01T10:00:00Z,tea,10.00,EUR", "A-1,ann,2026-09-01T10:00:00Z,tea,10.00,EUR"]
    path = write(tmp_path / "x.csv", HEADER + "\n".join(rows))
    assert orders(path, mapping=mapping("byorder")) == {"A-1": 1_000}
    assert [problem.kind for problem in problems("mapped", path, mapping=mapping("byorder"))] == ["missing"]


def test_an_order_with_a_line_that_does_not_fit_is_left_out_as_a_whole(tmp_path: Path) -> None:
    rows = [
        "A-1,ann,2026-09-01T10:00:00Z,tea,10.00,EUR",
        "A-1,ann,2026-09-01T10:00:00Z,cup,2.00,USD",
        "A-2,ben,2026-09-01T10:00:00Z,tea,soon,EUR",
        "A-1,ann,2026-09-01T10:00:00Z,pot,3.00,EUR",
        "A-2,ben,2026-09-01T10:00:00Z,cup,4.00,EUR",
        "A-3,cy,2026-09-01T10:00:00Z,cup,5.00,EUR",
        "A-3,cy,2026-09-01T10:00:00Z,discount,-1.50,EUR",
    ]
    path = write(tmp_path / "x.csv", HEADER + "\n".join(rows))
    by_order = mapping("byorder", lines=True)
    assert orders(path, mapping=by_order) == {"A-3": 350}
    assert [(problem.line, problem.kind) for problem in problems("mapped", path, mapping=by_order)] == [
        (3, "rows_differ"), (4, "invalid_field"), (5, "order_left_out"), (6, "order_left_out"),
    ]  # fmt: skip


def test_lines_of_refunds_are_added_up_without_their_sign(tmp_path: Path) -> None:
    refunds = mapping("byorder", lines=True, constants={"type": "refund", "refund_id": "r"})
    path = write(tmp_path / "x.csv", HEADER + "A-1,ann,2026-09-01T10:00:00Z,tea,-10.00,EUR\n" * 2)
    (refund,) = records("mapped", path, mapping=refunds)
    assert (refund["amount_minor"], "items" in refund) == (2_000, False)


@pytest.mark.parametrize("size", [40, 90, 150])
def test_an_import_of_lines_goes_on_in_the_middle(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.chunks.CHUNK_BYTES", size)
    for by in (mapping("byorder"), mapping("byorder", lines=True)):
        whole = chunks("mapped", ROWS / "lines.csv", mapping=by)
        assert len(whole) > 1
        for number in range(1, len(whole) + 1):
            assert chunks("mapped", ROWS / "lines.csv", whole[number - 1].end, mapping=by) == whole[number:]


def test_ids_that_a_spreadsheet_rounded_are_reported(tmp_path: Path) -> None:
    found = problems("mapped", ROWS / "sci.csv", mapping=mapping("iso"))
    assert [(problem.line, problem.kind) for problem in found] == [(n, "rounded_id") for n in (2, 3, 4)]
    assert records("mapped", ROWS / "sci.csv", mapping=mapping("iso")) == []
    row = "A-1,1.23E+15,2026-09-01T10:00:00Z,tea,10.00,EUR\n"
    users = problems("mapped", write(tmp_path / "x.csv", HEADER + row), mapping=mapping("byorder"))
    assert [(problem.line, problem.kind) for problem in users] == [(2, "rounded_id")]
    assert "customer" in users[0].reason
