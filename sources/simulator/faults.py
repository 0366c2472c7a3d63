"""What goes wrong on the way: events that arrive late, arrive twice or are broken, as often as the plan says."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from sources.simulator.batch import Batch, Tally, concat
from sources.simulator.plan import HOUR_MS, Plan

#: Types that may arrive late; what a collector reports about itself and about whole groups does not.
LATE_TYPES = frozenset(
    {"message", "reaction", "read", "edit", "recall", "join", "leave", "open", "view", "click", "purchase"}
)
#: Late events arrive within these hours, one in twenty of them far beyond the 48 hours that workers wait.
LATE_H, BEYOND_H = (1, 40), (60, 120)
REPEAT_MS = 6 * HOUR_MS

_TS = re.compile(rb'"ts_ms":(\d+)')
_ID = b'"event_id":"'


def _ts(value: bytes) -> Callable[[bytes], bytes]:
    return lambda line: _TS.sub(b'"ts_ms":' + value, line, count=1)


def _id(prefix: bytes) -> Callable[[bytes], bytes]:
    return lambda line: line.replace(_ID, _ID + prefix, 1)


#: Ways to break a line, and the class of reason (`InvalidEventError.kind`) it must be refused for.
BREAKS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "truncated": ("invalid_json", lambda line: line[: len(line) // 2]),
    "not_an_object": ("invalid_json", lambda line: b"[" + line + b"]"),
    "not_a_number": ("invalid_json", _ts(b"NaN")),
    "wrong_type": ("invalid_field", _ts(rb'"\1"')),
    "too_early": ("invalid_field", _ts(b"5")),
    "too_far_ahead": ("invalid_field", _ts(b"4000000000000")),
    "huge_integer": ("invalid_field", _ts(b"1" + b"0" * 40)),
    "id_too_long": ("invalid_field", _id(b"x" * 200)),
    "control_character": ("invalid_field", _id(rb"\u0007")),
    "missing": ("missing", lambda line: _TS.sub(b'"at":0', line, count=1)),
    "unknown_type": ("unknown_type", lambda line: line.replace(b'"type":"', b'"type":"not-a-', 1)),
    "duplicate_key": ("duplicate_key", lambda line: line.replace(b"{", b'{"ts_ms":1,', 1)),
    "not_utf8": ("invalid_utf8", _id(b"\xff")),
    "lone_surrogate": ("invalid_utf8", _id(rb"\ud800")),
    "empty": ("empty", lambda line: b""),
}  # fmt: skip
TOO_LARGE_BYTES = 2 * 2**20
REASONS = {name: reason for name, (reason, _) in BREAKS.items()} | {"too_large": "too_large"}


class Faults:
    """The faults of one topic; counts them in its tally."""

    def __init__(self, plan: Plan, topic: str, tally: Tally, huge: bool) -> None:
        self._plan, self._topic, self._tally = plan, topic, tally
        self._huge = huge and plan.broken > 0

    def apply(self, index: int, parts: list[tuple[str, Batch]]) -> Batch:
        """All events of one slice, including its late, repeated and broken ones."""
        rng = self._plan.rng(f"faults {self._topic}", index)
        rows = concat([self._delay(rng, part) if type_ in LATE_TYPES else part for type_, part in parts])
        for type_, part in parts:
            self._tally.by_type[type_] += len(part)
        again = np.flatnonzero(rng.random(len(rows)) < self._plan.repeated)
        copies = rows.rows(again)
        copies.due_ms[:] += rng.integers(1_000, REPEAT_MS, len(again))
        self._tally.repeated += len(again)
        everything = concat([rows, copies, self._broken(rng, rows)])
        self._tally.records += len(everything)
        return everything

    def _delay(self, rng: np.random.Generator, rows: Batch) -> Batch:
        count = len(rows)
        beyond = rng.random(count) < 0.05
        hours = np.where(beyond, rng.uniform(*BEYOND_H, count), rng.uniform(*LATE_H, count))
        due_ms = rows.due_ms + (hours * HOUR_MS).astype(np.int64)
        late = (rng.random(count) < self._plan.late) & (due_ms < self._plan.end_ms)
        self._tally.late += int(late.sum())
        self._tally.late_beyond += int((late & beyond).sum())
        return Batch(rows.lines, np.where(late, due_ms, rows.due_ms), rows.owner)

    def _broken(self, rng: np.random.Generator, rows: Batch) -> Batch:
        victims = np.flatnonzero(rng.random(len(rows)) < self._plan.broken)
        names = [list(BREAKS)[number] for number in rng.integers(0, len(BREAKS), len(victims))]
        self._tally.broken.update(names)
        lines = []
        for name, line in zip(names, rows.lines.take(victims).to_pylist(), strict=True):
            whole = line.removesuffix(b"\n").replace(_ID, _ID + b"broken-", 1)
            lines.append(BREAKS[name][1](whole) + b"\n")
        if self._huge and len(rows):
            self._huge = False
            victims = np.append(victims, 0)
            whole = rows.lines[0].as_py().replace(_ID, _ID + b"broken-", 1)
            lines.append(whole.replace(b"{", b'{"filler":"' + b"x" * TOO_LARGE_BYTES + b'",', 1))
            self._tally.broken["too_large"] += 1
        return Batch(pa.array(lines, pa.binary()), rows.due_ms[victims], rows.owner[victims])
