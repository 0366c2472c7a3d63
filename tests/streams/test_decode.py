"""The compiled reader with the models behind it: accepts what `schemas.validate` accepts, gives the same values."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from schemas.columns import Field, Kind, columns
from schemas.errors import InvalidEventError
from schemas.fields import MAX_DEPTH, MAX_TS_MS, MAX_VALUE_BYTES, MIN_TS_MS
from schemas.frame import Frame
from schemas.topics import INPUT_TOPICS
from schemas.validate import validate
from streams.decode import decoder
from streams.decode.decoder import decode
from streams.kafka.records import read_records
from tests.memory import record_batch

CHAT = "chat.events"
TOPICS = sorted(INPUT_TOPICS)
#: By topic and type.
MODELS = {
    topic: {str(model.model_fields["type"].annotation.__args__[0]): model for model in spec.events}  # type: ignore[union-attr]
    for topic, spec in INPUT_TOPICS.items()
}

#: A message whose text is missing.
MESSAGE = (
    b'{"type":"message","event_id":"e","ts_ms":1700000000000,"platform":"irc","group_id":"g","member_id":"m",'
    b'"message_id":"i","kind":"text","text":"%b"}'
)

# --- valid events, from the models' own columns ---------------------------------------------------------------------

_MOST = 10**15 - 1
_CHARACTERS = st.characters(exclude_categories=("Cs",))
_IDS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12),
    st.sampled_from(("a", "m" * 128, "成" * 128, "😀" * 128, "e\u0301", "\u2028", '"\\/')),
)
_TEXTS = st.text(_CHARACTERS, max_size=20) | st.sampled_from(
    ("\x7f", "\x00\x1f", "\ufeff", "\uffff", "x" * 300, "?" * 9)
)


def _values(topic: str, kind: str, field: Field) -> st.SearchStrategy[Any]:
    spec = columns(topic)
    code = spec.types.index(kind)
    low, high = int(spec.low[code, field.index]), int(spec.high[code, field.index])
    allowed = [value for i, value in enumerate(field.values) if int(spec.enum_mask[code, field.index]) >> i & 1]
    if field.name == "tiers":
        return st.dictionaries(st.integers(1, 10**9 - 1).map(str), _IDS, max_size=3)
    return {
        Kind.ID: _IDS,
        Kind.TEXT: _TEXTS,
        Kind.INT: st.integers(low, high) | st.sampled_from((low, high)),
        Kind.BOOL: st.booleans(),
        Kind.ENUM: st.sampled_from(allowed or [""]),
        Kind.IDS: st.lists(_IDS, max_size=4),
        Kind.MAP: st.dictionaries(_TEXTS, _TEXTS, max_size=3),
        Kind.CODE: st.text(st.characters(min_codepoint=65, max_codepoint=90), min_size=3, max_size=3),
        Kind.NUMBER: st.floats(-_MOST, _MOST) | st.integers(-_MOST, _MOST) | st.sampled_from((_MOST, -_MOST, 5e-324)),
    }[field.kind]


def _event(topic: str, kind: str) -> st.SearchStrategy[dict[str, Any]]:
    model = MODELS[topic][kind]
    fields = {name: _values(topic, kind, columns(topic).field(name)) for name in model.model_fields}
    required = {name: one for name, one in fields.items() if model.model_fields[name].is_required()}
    optional = {name: one | st.none() for name, one in fields.items() if name not in required}
    drawn = st.fixed_dictionaries(required, optional=optional)
    return drawn.filter(partial(_go_together, model)) if columns(topic).judged.any() else drawn


def _go_together(model: type[BaseModel], event: dict[str, Any]) -> bool:
    """Whether the fields of an event may stand together; each by itself is right."""
    given = {name for name, value in event.items() if value is not None}
    return not any(rule.broken(given) for rule in model.together)  # type: ignore[attr-defined]


def events(topic: str) -> st.SearchStrategy[dict[str, Any]]:
    """Valid events of a topic."""
    return st.sampled_from(sorted(MODELS[topic])).flatmap(lambda kind: _event(topic, kind))


# --- nasty ways to write them ---------------------------------------------------------------------------------------

_STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63), 10**18, 10**19, 10**400, 1.0, 1.5, -0.0, 1e300,
    "", "a", "1", "a" * 128, "a" * 129, "成" * 129, "a\x00", "a\n", "\x7f", "a\x85", "\ud800", [], [1],
    ["a", None], ["a", ""], ["a" * 129], [["a"]], {}, {"a": "b"}, {"a": 1}, {"a": None}, {"a": {"b": []}},
    "message", "tick", "poll", "campaign", "unknown", "EUR", "EURO", "eur", "EU", "ÄÖÜ", 10**15, 1e15, 1e16, 1e-7,
)  # fmt: skip
_RAW = (
    b"NaN", b"Infinity", b"-Infinity", b"01", b"-0", b"-", b"+1", b"1.", b".5", b"1e3", b"1E-2", b"0x10",
    b"1_000", b"1E3", b"1e-7", b"1e-400", b"1.5e-3", b"0.0", b"00.1", b"1.e1", b"1e", b"1e-", b"-0.5",
    b"nul", b"True", b'"\\u00e9"', b'"\\ud83d\\ude00"', b'"\\ud83d"', b'"\\ude00\\ud83d"',
    b'"\\ud83dx"', b'"\\u12g4"', b'"\\u12"', b'"\\x"', b'"\\/\\b\\f\\n\\r\\t\\"\\\\"', b'"a\tb"', b'"a\x00b"',
    b'"a\x7fb"', b"'a'", b'"\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xc2\x85"',
    b'"\xe2\x82"', b'["a",]', b"[,]", b'["a" "b"]', b'{"a":"b",}', b'{"a":"b","a":"c"}', b"[1,2,[3,{}]]",
    b'"unterminated', b"/*c*/1", b"1 2", b"99999999999999999999999999", b"1" * 4_400, b"-" + b"9" * 5_000, b"1e999",
    b"-1.5E+30", b"1e+", b"", b'{"\\ud800":["\\udc00",{}]}', b'[{"a":[[],{"b":null}]},-0.5e2,true]', b'[{"a"}]',
    b'{"a":1]', b"[[1}", b'{"a":[1,]}', b"[" * 127 + b"]" * 127, b'{"a":' * 127 + b"1" + b"}" * 127, b"[[[",
    b'[{"a":' * 64 + b"1" + b"}]" * 64, b'{"a":[' * 63 + b"tru" + b"]}" * 63, b'["\\u12"]', b'["\\ud800]',
)  # fmt: skip


#: Values as strange as fields can be that nobody knows, all of them JSON.
_IGNORED = (
    b"[]", b"{}", b'""', b'{"a":{"a":{}}}', b'[[],[[]],{"a":[1,2.5e+7,null,true,false]}]', b"1e999", b"-0.0",
    b"9" * 5_000, b"-" + b"9" * 5_000, b'"\\ud800"', b'{"\\udfff":"\\ud800\\n"}', b'"\x7f"', '"成"'.encode(),
    b"[" * 127 + b"]" * 127, b'{"a":' * 127 + b"1" + b"}" * 127, b'[{"a":' * 63 + b"0" + b"}]" * 63,
    b'"' + b"[{" * 500 + b'"', b'"' + b"x" * 9 + b'\\"[[' * 200 + b'"', b"[" + b"[]," * 500 + b"{}]", b"[ { } , [\n] ]",
)  # fmt: skip


def _names(topic: str) -> st.SearchStrategy[str]:
    known = (field.name for field in columns(topic).fields)
    return st.sampled_from([*known, "colour", "", "type ", "Type", "x" * 30, "ünïcode", "mention"])


def _text(event: dict[str, Any], ascii_only: bool, spaces: str) -> bytes:
    separators = (f"{spaces},{spaces}", f"{spaces}:{spaces}")
    text = json.dumps(event, ensure_ascii=ascii_only, separators=separators)
    return f"{spaces}{text}{spaces}".encode(errors="surrogatepass")


def _escaped(value: bytes, at: int) -> bytes:
    """One ASCII letter written as an escape, be it in a name or a value."""
    place = next((i for i in range(at % (len(value) or 1), len(value)) if value[i : i + 1].isalpha()), None)
    return value if place is None else value[:place] + b"\\u%04X" % value[place] + value[place + 1 :]


@st.composite
def written(draw: st.DrawFn, topic: str) -> bytes:
    """A valid event, written in some way, and changed now and then."""
    event = draw(events(topic))
    changes = draw(st.lists(st.tuples(_names(topic), st.sampled_from(_STRANGE)), max_size=2))
    value = _text(
        event | dict(changes), draw(st.booleans()), draw(st.sampled_from(("", "", " ", "\n\t \r", "\x0b", "\xa0")))
    )
    match draw(st.sampled_from((*["as it is"] * 4, "escape", "raw", "repeat", "cut", "append", "prepend", "byte"))):
        case "escape":
            return _escaped(value, draw(st.integers(0, 10_000)))
        case "raw":
            key = json.dumps(draw(_names(topic))).encode()
            return value.rstrip()[:-1] + b", " + key + b":" + draw(st.sampled_from(_RAW)) + b"}"
        case "repeat":
            name = draw(st.sampled_from(sorted(event)))
            return (
                value.rstrip()[:-1]
                + b","
                + _text({name: draw(st.sampled_from((event[name], *_STRANGE)))}, True, "").lstrip(b"{")
            )
        case "cut":
            return value[: draw(st.integers(0, len(value)))]
        case "append":
            return value + draw(st.sampled_from((b"x", b"}", b",", b"{}", b"\x00", b"\xef\xbb\xbf", b"\n\n")))
        case "prepend":
            return draw(st.sampled_from((b"\xef\xbb\xbf", b"[", b"x", b"\n", b"\x00", b"{", b"\xff\xfe"))) + value
        case "byte":
            at = draw(st.integers(0, len(value)))
            return value[:at] + bytes([draw(st.integers(0, 255))]) + value[at + draw(st.integers(0, 1)) :]
    return value


# --- the comparison -------------------------------------------------------------------------------------------------


def _string(frame: Frame, start: int, length: int) -> str:
    return frame.buffer[start : start + length].tobytes().decode()


def read(topic: str, frame: Frame, row: int, field: Field) -> Any:
    """The value of a field in a frame; None when absent."""
    if not int(frame.present[row]) >> field.index & 1:
        return None
    place = int(columns(topic).places[field.index])
    if field.kind in (Kind.INT, Kind.BOOL, Kind.ENUM):
        word = int(frame.words[place, row])
        return field.values[word] if field.kind is Kind.ENUM else bool(word) if field.kind is Kind.BOOL else word
    start, length = frame.spans[place, :, row].tolist()
    if field.kind is Kind.IDS:
        return [_string(frame, *span) for span in frame.elements[start : start + length].tolist()]
    text = _string(frame, start, length)
    return json.loads(text) if field.kind is Kind.MAP else float(text) if field.kind is Kind.NUMBER else text


def decoded(topic: str, values: list[bytes | None], now: int = -1) -> tuple[Frame, dict[int, tuple[str, str]]]:
    """The frame of these values, and kind and reason a dead letter."""
    batch = record_batch([(offset, now, None, value) for offset, value in enumerate(values)])
    frame, dead = decode(topic, read_records(batch, 0))
    return frame, {letter.row: (letter.kind, letter.reason) for letter in dead}


def judged(topic: str, value: bytes | None, now: int) -> BaseModel | tuple[str, str]:
    try:
        return validate(topic, value, now)
    except InvalidEventError as error:
        return error.kind, error.reason


def compare(topic: str, values: list[bytes | None], now: int = -1) -> None:
    """Every record must come out as the models say."""
    frame, dead = decoded(topic, values, now)
    for row, value in enumerate(values):
        wanted = judged(topic, value, now)
        assert bool(frame.ok[row]) == isinstance(wanted, BaseModel), (value, wanted)
        if not isinstance(wanted, BaseModel):
            assert dead[row] == wanted
            continue
        assert row not in dead
        assert columns(topic).types[frame.types[row]] == wanted.type  # type: ignore[attr-defined]
        for field in columns(topic).fields:
            expected = getattr(wanted, field.name, None)
            got = read(topic, frame, row, field)
            # an absent field stands for its default only where that is empty
            assert got == expected or (got is None and not expected) or field.name == "schema_version", (
                field.name,
                value,
            )


steady = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def some(topic: str, one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, list[Any]]]:
    return st.tuples(st.just(topic), st.lists(one, min_size=1, max_size=6))


@settings(steady, max_examples=600)
@given(st.sampled_from((CHAT, *TOPICS)).flatmap(lambda topic: some(topic, written(topic))))
@example((CHAT, [MESSAGE % text for text in (b"\x7f", b"a\x7fb", b"\\u007f", b"1234567\x7f", b"\\n\x7f")]))
@example((CHAT, [b"", b"{}", b"{", b"[]", b"null", b'{"type":"tick"}', b"[" * 100_000, b'{"a":' * 50_000]))
def test_reader_and_models_agree(values: tuple[str, list[bytes]]) -> None:
    compare(values[0], list(values[1]))


@settings(steady, max_examples=200)
@given(
    st.sampled_from((CHAT, *TOPICS)).flatmap(lambda topic: some(topic, events(topic))),
    st.booleans(),
    st.sampled_from(("", " ", "\r\n\t")),
)
def test_every_valid_event_is_accepted(valid: tuple[str, list[dict[str, Any]]], ascii_only: bool, spaces: str) -> None:
    topic, found = valid
    values: list[bytes | None] = [_text(event, ascii_only, spaces) for event in found]
    assert not decoded(topic, values)[1]
    compare(topic, values)


@pytest.mark.parametrize("ignored", _IGNORED)
def test_what_nobody_knows_refuses_no_event(ignored: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the reader, which passes over it by itself, nor in the models."""
    value = (MESSAGE % b"")[:-1] + b',"z":' + ignored + b',"q":0}'
    assert isinstance(judged(CHAT, value, -1), BaseModel)
    compare(CHAT, [value])
    monkeypatch.setattr(decoder, "validate", None)
    assert decoded(CHAT, [value])[0].ok.all()


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 1_000, 5_000, 100_000])
def test_one_limit_of_depth(depth: int) -> None:
    """The event's own object is one of the levels; what is closed again counts no more."""
    inner = (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"[" * depth)
    for nested in (*inner, b"[[],[[]]," + inner[0][1:-1] + b"]", b'["]",' + inner[0][1:-1] + b"]"):
        for name in (b"z", b"text", b"mentions"):
            value = MESSAGE.replace(b'"text":"%b"', b'"' + name + b'":' + nested)
            found = judged(CHAT, value, -1)
            if depth >= MAX_DEPTH:
                assert found == ("too_deep", f"objects and lists are nested more than {MAX_DEPTH} deep")
            elif name == b"z" and nested != inner[2]:
                assert isinstance(found, BaseModel)
            compare(CHAT, [value])


@pytest.mark.parametrize("ahead", [3_600_000, 3_600_001])
def test_time_may_be_an_hour_ahead_of_the_record(ahead: int) -> None:
    now = 1_700_000_000_000
    compare(CHAT, [json.dumps({"type": "tick", "event_id": "t", "ts_ms": now + ahead}).encode()], now)


@pytest.mark.parametrize("ts_ms", [MIN_TS_MS - 1, MIN_TS_MS, MAX_TS_MS, MAX_TS_MS + 1, 0, -1])
def test_times_out_of_range(ts_ms: int) -> None:
    compare(CHAT, [json.dumps({"type": "tick", "event_id": "t", "ts_ms": ts_ms}).encode()])


@pytest.mark.parametrize("size", [MAX_VALUE_BYTES, MAX_VALUE_BYTES + 1, 2 * MAX_VALUE_BYTES])
def test_large_messages(size: int) -> None:
    length = size - len(MESSAGE % b"")
    for text in (b"x" * length, b"\\n" * (length // 2) + b"x" * (length % 2)):
        value = MESSAGE % text
        assert len(value) == size
        compare(CHAT, [value, None, value[:-1]])


def test_a_tombstone_is_a_dead_letter() -> None:
    assert decoded(CHAT, [None, b""])[1] == {
        0: ("empty", "the record has no value"),
        1: ("empty", "the record has no value"),
    }
