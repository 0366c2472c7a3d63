"""Tables of any shape, by a mapping: the worked example, every way to write times and money, ids, broken rows."""

import csv
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigError, InvalidEventError
from sources.importers.mapped.values import minor_units, time_ms
from sources.mapping import Mapping, Time, load_mapping
from tests.sources.reading import by_id, chunks, problems, records

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ORDERS = EXAMPLES / "orders.csv"
SHOP = load_mapping(EXAMPLES / "shop.toml")
VISITS = Mapping(
    name="visits", time=Time(column="at", format="unix"), fields={"user_id": "who", "type": "what"},
)  # fmt: skip


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_worked_example_becomes_orders_and_refunds() -> None:
    found = records("mapped", ORDERS, mapping=SHOP)
    assert [(e["type"], e["user_id"], e["order_id"], e["amount_minor"], e["currency"]) for e in found] == [
        ("purchase", "c-17", "1001", 123_450, "CNY"),
        ("purchase", "c-18", "1002", 3_500, "CNY"),
        ("refund", "c-17", "1001", 61_725, "CNY"),
        ("purchase", "c-20", "1004", 5_000, "JPY"),
    ]
    first = found[0]
    assert first["ts_ms"] == 1_709_341_200_000  # 09:00 in Shanghai is 01:00 UTC
    assert (first["items"], first["cost_minor"], first["campaign_id"], first["app_id"]) == (2, 60_000, "spring", "shop")
    assert "cost_minor" not in found[1]
    assert (found[2]["refund_id"], "product_id" in found[2]) == ("R-1", False)
    assert [(problem.line, problem.kind) for problem in problems("mapped", ORDERS, mapping=SHOP)] == [
        (8, "invalid_field"),
        (9, "unknown_value"),
    ]


def test_tables_that_overlap_agree_to_the_byte(tmp_path: Path) -> None:
    lines = ORDERS.read_text().splitlines(keepends=True)
    whole = by_id(records("mapped", ORDERS, mapping=SHOP))
    part = by_id(records("mapped", write(tmp_path / "part.csv", "".join(lines[:1] + lines[3:7])), mapping=SHOP))
    assert len(part) == 3
    assert part.items() <= whole.items()


@pytest.mark.parametrize("id_", [("at", "status"), ()])
def test_going_on_in_the_middle_gives_the_rest(id_: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.chunks.CHUNK_BYTES", 60)
    mapping = SHOP.model_copy(update={"id": id_})
    whole = chunks("mapped", ORDERS, mapping=mapping)
    assert len(whole) > 5
    for number in range(1, len(whole) + 1):
        assert chunks("mapped", ORDERS, whole[number - 1].end, mapping=mapping) == whole[number:]


def test_equal_rows_are_told_apart_and_are_the_same_in_any_part(tmp_path: Path) -> None:
    rows = [f"{at},u,open" for at in (1_700_000_000, 1_700_000_000, 1_700_000_005, 1_700_000_005, 1_700_000_000)]
    ids = []
    for part in (rows, rows[2:]):
        path = write(tmp_path / "x.csv", "\n".join(["at,who,what", *part]))
        ids.append([event["event_id"] for event in records("mapped", path, mapping=VISITS)])
    assert len(set(ids[0])) == 4
    assert ids[0][4] == ids[0][0]  # equal rows are told apart as long as no row of another time stands between
    assert ids[1] == ids[0][2:]


def test_ids_that_could_be_mistaken_or_do_not_fit_are_hashed(tmp_path: Path) -> None:
    mapping = VISITS.model_copy(update={"id": ("a", "b")})
    cells = [("x", "y"), ("x:y", "z"), ("x", "y:z"), ("x" * 130, "y"), ("", "y"), ("", "")]
    path = write(tmp_path / "x.csv", "at,who,what,a,b\n" + "".join(f"1700000000,u,open,{a},{b}\n" for a, b in cells))
    ids = [event["event_id"] for event in records("mapped", path, mapping=mapping)]
    assert ids[0] == "visits:open:x:y"
    assert ids[4] == "visits:open::y"
    assert len(set(ids)) == 5
    assert [(problem.line, problem.kind) for problem in problems("mapped", path, mapping=mapping)] == [(7, "missing")]


@pytest.mark.parametrize(
    ("cell", "format_", "zone", "expected"),
    [
        ("2024-03-02T01:00:00Z", "iso", None, 1_709_341_200_000),
        ("2024-03-02 09:00:00.5+08:00", "iso", "UTC", 1_709_341_200_500),
        ("2024-03-02 09:00", "iso", "Asia/Shanghai", 1_709_341_200_000),
        ("1709341200", "unix", None, 1_709_341_200_000),
        ("1709341200.25", "unix", None, 1_709_341_200_250),
        ("1709341200001", "unix_ms", None, 1_709_341_200_001),
        ("02.03.2024 02:00", "%d.%m.%Y %H:%M", "Europe/Berlin", 1_709_341_200_000),
        ("27.10.2024 02:30", "%d.%m.%Y %H:%M", "Europe/Berlin", 1_729_989_000_000),  # the first of two
        ("2024-03-02 09:00", "iso", None, None),
        ("yesterday", "iso", "UTC", None),
        ("1e9999", "unix", None, None),
        ("nan", "unix_ms", None, None),
        ("0001-01-01", "iso", "Asia/Shanghai", -62_135_625_943_000),
    ],
)
def test_times_are_read_in_their_zone(cell: str, format_: str, zone: str | None, expected: int | None) -> None:
    time = Time(column="at", format=format_, zone=zone)
    if expected is None:
        with pytest.raises(InvalidEventError, match="at: "):
            time_ms(cell, time)
    else:
        assert time_ms(cell, time) == expected


@pytest.mark.parametrize(
    ("cell", "currency", "decimal", "expected"),
    [
        ("12", "CNY", ".", 1_200),
        ("12.5", "CNY", ".", 1_250),
        ("12.500", "CNY", ".", 1_250),
        ("1,234.50", "USD", ".", 123_450),
        ("1.234,50", "EUR", ",", 123_450),
        ("¥ 1,234", "JPY", ".", 1_234),
        ("-€5", "EUR", ".", -500),
        ("−5", "EUR", ".", -500),
        ("35,00 €", "EUR", ",", 3_500),
        ("1 234,50", "EUR", ",", 123_450),
        ("1\u00a0234,50 €", "EUR", ",", 123_450),
        ("1\u2009234\u2009567,5", "EUR", ",", 123_456_750),
        ("-1\u202f234,50\u202f€", "EUR", ",", -123_450),
        ("1'234.50", "CHF", ".", 123_450),
        ("CHF 5", "CHF", ".", 500),
        ("5.00 EUR", "EUR", ".", 500),
        ("5.00 EUR", "USD", ".", None),
        ("1 23", "EUR", ".", None),
        ("1 234.567,8", "EUR", ",", None),
        ("1.234", "KWD", ".", 1_234),
        ("0.005", "KWD", ".", 5),
        ("12.505", "CNY", ".", None),
        ("12.5", "JPY", ".", None),
        ("1,23", "CNY", ".", None),
        ("--5", "CNY", ".", None),
        ("five", "CNY", ".", None),
        ("9" * 30, "CNY", ".", None),
    ],
)
def test_money_has_the_decimals_of_its_currency(cell: str, currency: str, decimal: str, expected: int | None) -> None:
    if expected is None:
        with pytest.raises(InvalidEventError, match="total: "):
            minor_units(cell, currency, decimal, "total")
    else:
        assert minor_units(cell, currency, decimal, "total") == expected


def test_numbers_are_written_as_the_mapping_says(tmp_path: Path) -> None:
    mapping = SHOP.model_copy(update={"decimal": ",", "encoding": "utf-8", "id": ("order",), "delimiter": ";"})
    row = "2024-03-02 09:00:00;paid;c;o1;;tea;1\u202f234;1 234,50 €;EUR;;;"
    text = ORDERS.read_text().splitlines()[0].replace(",", ";") + "\n" + row + "\n"
    (order,) = records("mapped", write(tmp_path / "x.csv", text), mapping=mapping)
    assert (order["items"], order["amount_minor"]) == (1_234, 123_450)
    lines = tmp_path / "x.jsonl"
    lines.write_bytes(
        orjson.dumps(
            {
                **dict.fromkeys(ORDERS.read_text().splitlines()[0].split(","), ""),
                "at": "2024-03-02 09:00:00",
                "status": "paid",
                "customer": "c",
                "order": 1,
                "currency": "EUR",
                "total": 1.25,
            }
        )
    )
    (order,) = records("mapped", lines, mapping=mapping)  # numbers of JSON have a point
    assert order["amount_minor"] == 125


def test_json_lines_give_links_and_costs(tmp_path: Path) -> None:
    links = Mapping(
        name="crm", topic="identity.links", time=Time(column="seen"), id=("wx.id",), constants={"source": "unionid"},
        fields={"account_id": "wx.id", "user_id": "user", "unlink": "gone"},
    )  # fmt: skip
    line = {"seen": "2024-03-02T01:00:00Z", "wx": {"id": "wecom:ww1:wm1"}, "user": 17, "gone": True}
    (link,) = records("mapped", write(tmp_path / "x.jsonl", orjson.dumps(line) + b"\n\n"), mapping=links)
    assert (link["account_id"], link["user_id"], link["unlink"]) == ("wecom:ww1:wm1", "17", True)
    costs = Mapping(
        name="ads", topic="campaign.costs", time=Time(column="day", zone="UTC"), money={"amount_minor": "spent"},
        fields={"campaign_id": "campaign"}, constants={"kind": "ads", "currency": "EUR"},
    )  # fmt: skip
    path = write(tmp_path / "x.JSON", orjson.dumps({"day": "2024-03-02", "campaign": "spring", "spent": 12.5}))
    (cost,) = records("mapped", path, mapping=costs)
    assert (cost["campaign_id"], cost["amount_minor"], cost["kind"], cost["type"]) == ("spring", 1_250, "ads", "cost")


def test_broken_rows_cost_nothing_but_themselves(tmp_path: Path) -> None:
    rows = [
        b"1700000000,ann,open", b"1700000000,ann", b"1700000000,,open", b"soon,ann,open", b"1700000000,\xff,open",
        b'1700000000,"ann,open', b"", b"1700000000,ben,dance", b"1700000000,ben,", b"1700000000,ben,view\r",
    ]  # fmt: skip
    path = write(tmp_path / "x.csv", b"\xef\xbb\xbfat, who,what\n" + b"\n".join(rows))
    assert [(problem.line, problem.kind) for problem in problems("mapped", path, mapping=VISITS)] == [
        (3, "invalid_line"), (4, "missing"), (5, "invalid_field"), (6, "encoding"), (7, "invalid_line"),
        (9, "unknown_type"), (10, "missing"),
    ]  # fmt: skip
    found = [(event["user_id"], event["type"]) for event in records("mapped", path, mapping=VISITS)]
    assert found == [("ann", "open"), ("ben", "view")]


def test_a_stray_quotation_mark_swallows_nothing(tmp_path: Path) -> None:
    rows = ['1700000000,"stray,open', *(f"1700000000,u{n},open" for n in range(300))]
    path = write(tmp_path / "x.csv", "\n".join(["at,who,what", *rows]) + "\n")
    assert [problem.line for problem in problems("mapped", path, mapping=VISITS)] == [2]
    assert len(records("mapped", path, mapping=VISITS)) == 300


def test_other_encodings_and_separators_are_read(tmp_path: Path) -> None:
    mapping = VISITS.model_copy(update={"encoding": "gbk", "delimiter": ";"})
    path = write(tmp_path / "x.csv", "at;who;what\n1700000000;王五;open\n".encode("gbk"))
    assert [event["user_id"] for event in records("mapped", path, mapping=mapping)] == ["王五"]


def test_a_table_without_a_column_of_the_mapping_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "at,what\n1700000000,open\n")
    with pytest.raises(ConfigError, match=r"x\.csv has no column 'who'"):
        chunks("mapped", path, mapping=VISITS)
    with pytest.raises(ConfigError, match="--mapping"):
        chunks("mapped", path)


def test_a_column_of_the_mapping_must_stand_in_the_header_once(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "at,who,what,who\n1700000000,ann,open,ben\n")
    with pytest.raises(ConfigError, match=r"x\.csv has several columns 'who'"):
        chunks("mapped", path, mapping=VISITS)
    path = write(tmp_path / "x.csv", "at,who,what,x,x\n1700000000,ann,open,1,2\n")
    assert len(records("mapped", path, mapping=VISITS)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[fields]", "[felder]"), "felder"),
        (('topic = "product.events"', 'topic = "chat.events"'), "identity.links"),
        (('user_id = "customer"', 'userid = "customer"'), "no field userid"),
        (('type = "status"', ""), "values.type needs"),
        (('zone = "Asia/Shanghai"', ""), "time.zone"),
        (('zone = "Asia/Shanghai"', 'zone = "Asia/Shangri-La"'), "Shangri-La"),
        (('encoding = "utf-8"', 'encoding = "utf-32"'), "utf-32"),
        (('id = ["order", "refund"]', "lines = true"), "lines: needs"),
        (('encoding = "utf-8"', 'encoding = "klingon"'), "klingon"),
        (('currency = "currency"', ""), "money: needs currency"),
        (('app_id = "shop"', 'user_id = "x"'), "user_id is given twice"),
        (('cost_minor = "cost"', 'items = "cost"'), "items"),
        (("[money]", "[money"), "not TOML"),
        (('name = "shop" ', 'name = "a:b" '), "name"),
    ],
)
def test_a_wrong_mapping_is_refused_in_a_sentence(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    text = (EXAMPLES / "shop.toml").read_text()
    assert change[0] in text
    with pytest.raises(ConfigError, match=said):
        load_mapping(write(tmp_path / "x.toml", text.replace(*change)))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_mapping(tmp_path / "none.toml")


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=12) | st.sampled_from(
    ["1700000000", "paid", "2024-03-02 09:00:00", "12.5", 'a "b"', "two\nlines", "", "CNY"]
)
HEADER = ORDERS.read_text().splitlines()[0].split(",")
ROW = st.lists(CELLS, min_size=len(HEADER), max_size=len(HEADER))


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=len(HEADER), max_size=len(HEADER)), max_size=4), size=st.integers(10, 200)
)
def test_no_table_stops_an_import(rows: list[list[str]], size: int, tmp_path_factory: Any) -> None:
    last = ["2024-03-02 09:00:00", "paid", "c", "last", "", "s", "1", "1", "CNY", "", "", "two\nlines"]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *rows, last])
    path = write(tmp_path_factory.mktemp("odd") / "x.csv", text.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sources.chunks.CHUNK_BYTES", size)
        assert records("mapped", path, mapping=SHOP)[-1]["order_id"] == "last"


@settings(max_examples=80, deadline=None)
@given(lines=st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_stop_an_import(lines: list[bytes], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("odd")
    for name in ("x.csv", "x.jsonl"):
        records("mapped", write(folder / name, b"at,who,what\n" + b"\n".join(lines)), mapping=VISITS)
