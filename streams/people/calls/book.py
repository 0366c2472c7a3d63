"""All calls there are, as numbers: what they are, of which group, and where each stands among its group's."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.calls import CALL, HOUR_MS, IMPLICIT_H, Calls, implicit_kinds, is_call
from analytics.people.lists import Lists, rows_of
from streams.people.memory.everybody import Everybody
from streams.people.memory.names import Codes, Names, pair_rows
from streams.state.arrays import grown

_OPERATOR, _ODD = 1, np.uint64(0x9E3779B97F4A7C15)
#: What is shown of a call beside what it is worked out with.
_SHOWN = np.dtype(
    [
        *CALL.descr,
        ("kind", "i4"),
        ("series", "i4"),
        ("variant", "i4"),
        ("campaign_name", "i4"),
        ("implicit", "u1"),
        ("there", "u1"),
        ("open", "u1"),
    ]
)
_FIELDS = tuple(name for name in _SHOWN.names or () if name not in ("links", "open"))


class CallBook:
    """Calls by number. A number stays what it is when the call is told otherwise, or is none any more."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self.names, self.words = Names(), Names()
        self._calls = pair_rows(_SHOWN)
        self._links, self._link_count = np.zeros(1024, np.uint64), 0
        self._places, self._longest_ms, self._groups = Lists(np.zeros(1, np.int64), np.empty(0, np.int32)), 0, 0

    @property
    def calls(self) -> NDArray[Any]:
        """Every call; shape (n,)."""
        return self._calls.rows

    def arrays(self) -> Calls:
        """Everything, for kernels."""
        if self._groups < len(self._everybody.group_names):
            self._sort()
        return Calls(self.calls, self._links[: self._link_count], self._places, self._longest_ms)

    def groups(self, calls: NDArray[np.bool_]) -> Codes:
        """The groups of these calls, whether they are still there or not."""
        return np.unique(self._calls.pairs.ones[calls])

    def names_of(self, calls: Codes) -> Codes:
        """The numbers of calls' ids among `names`."""
        return self._calls.pairs.others[calls]

    # --- keys of rows

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's call, new ones added."""
        groups = self._everybody.group_names.few_codes(rows["group_id"])
        return self._calls.find(groups, self.names.codes(rows["call_id"].cast(pa.string())))

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Group and call ids."""
        pairs = self._calls.pairs
        return {
            "group_id": self._everybody.group_names.strings(pairs.ones[numbers]),
            "call_id": self.names.strings(pairs.others[numbers]),
        }

    def shown(self, numbers: Codes) -> dict[str, pa.Array]:
        """What is shown of calls beside what came of them."""
        calls = self.calls[numbers]
        texts = {name: self.words.strings(calls[of]) for name, of in _TEXTS.items()}
        window_h = (calls["end_ms"] - calls["called_ms"]) // HOUR_MS
        plain = {name: pa.array(np.ascontiguousarray(calls[name])) for name in ("called_ms", "end_ms", "implicit")}
        return (
            texts | plain | {"window_h": pa.array(window_h.astype(np.uint32)), "open": pa.array(calls["open"].copy())}
        )

    def ranks(self, numbers: Codes) -> NDArray[np.int32]:
        """Of all calls: the place of these among each other, the latest first; of one time by group, then call."""
        names = pa.table(self.columns(numbers) | {"called_ms": pa.array(self.calls["called_ms"][numbers])})
        keys = [("called_ms", "descending"), ("group_id", "ascending"), ("call_id", "ascending")]
        found = np.zeros(len(self.calls), np.int32)
        found[numbers[np.asarray(pc.sort_indices(names, keys))]] = np.arange(len(numbers))
        return found

    # --- what is told

    def told(self, table: pa.Table, groups: Codes) -> tuple[Codes, NDArray[Any], NDArray[np.uint64]]:
        """Of what may be calls in these groups: the numbers of those that are not as they were, and what they are now.

        Nothing changes before `change`.
        """
        of = self._everybody.group_names.few_codes(table["group_id"])
        explicit, message = np.asarray(table["told"]), np.asarray(table["message"])
        keys = message ^ (of.astype(np.uint64) * _ODD)
        chosen = np.flatnonzero(is_call(explicit, np.isin(keys, keys[explicit]), np.asarray(table["role"]), _OPERATOR))
        table = table.take(pa.array(chosen))
        links = table["links"].combine_chunks()
        flat = np.asarray(links.flatten()).astype(np.uint64)
        found, numbers = self._rows(table, of[chosen]), self.numbers(table)
        found["links"] = np.asarray(links.offsets)[:-1] - (links.offsets[0].as_py() if len(links) else 0)
        known = np.flatnonzero(np.isin(self.calls["group"], groups) & (self.calls["there"] == 1)).astype(np.int32)
        gone = np.setdiff1d(known, numbers)
        changed = np.flatnonzero(self._differ(numbers, found, flat))
        none = np.zeros(len(gone), _SHOWN)
        return np.concatenate([numbers[changed], gone]), np.concatenate([found[changed], none]), flat

    def _rows(self, table: pa.Table, groups: Codes) -> NDArray[Any]:
        found, explicit = np.zeros(table.num_rows, _SHOWN), np.asarray(table["told"])
        kinds = implicit_kinds(np.asarray(table["kind"].to_pylist(), object), np.asarray(table["to_all"]))
        kind = np.where(explicit, np.asarray(table["kind"].to_pylist(), object), kinds)
        hours = np.where(explicit, np.asarray(table["window_h"]), IMPLICIT_H).astype(np.int64)
        found["called_ms"], found["group"] = np.asarray(table["ts_ms"]), groups
        found["end_ms"] = found["called_ms"] + hours * HOUR_MS
        for name in ("id", "message", "campaign"):
            found[name] = np.asarray(table[name])
        none = self.words.codes(pa.chunked_array([[""]]))[0]
        found["kind"] = self.words.few_codes(pa.chunked_array([pa.array(kind.tolist(), pa.string())]))
        for name, of in (("series", "series_id"), ("variant", "variant")):
            found[name] = np.where(explicit, self.words.few_codes(table[of]), none)
        found["campaign_name"] = self.words.few_codes(table["campaign_id"])
        found["link_count"] = np.asarray(pc.list_value_length(table["links"]))
        found["implicit"], found["there"] = ~explicit, 1
        return found

    def _differ(self, numbers: Codes, found: NDArray[Any], flat: NDArray[np.uint64]) -> NDArray[np.bool_]:
        calls = self.calls[numbers]
        differ = np.zeros(len(numbers), np.bool_)
        for name in _FIELDS:
            differ |= calls[name] != found[name]
        for i in np.flatnonzero(~differ & (found["link_count"] > 0)):
            mine, new = ((row["links"], row["links"] + row["link_count"]) for row in (calls[i], found[i]))
            differ[i] = not np.array_equal(self._links[slice(*mine)], flat[slice(*new)])
        return differ

    def change(self, numbers: Codes, rows: NDArray[Any], links: NDArray[np.uint64]) -> None:
        """Take what calls are now."""
        used, more = self._link_count, len(links)
        if used + more > len(self._links):
            self._links = grown(self._links, used, used + more)
        self._links[used : used + more] = links
        self._link_count += more
        rows = rows.copy()
        rows["links"] += used
        self.calls[numbers] = rows
        self._sort()

    def mark_fitting(self, references: pa.Table, groups: Codes, hit: NDArray[np.bool_]) -> None:
        """Mark the calls of groups about which users may have done something, by what they acted by and when."""
        if not len(groups) or not references.num_rows:
            return
        self.arrays()
        rows = rows_of(self._places, groups)
        calls = self.calls[rows]
        of_link = np.repeat(np.arange(len(rows)), calls["link_count"])
        links = self._links[
            np.repeat(calls["links"] - _starts(calls["link_count"]), calls["link_count"]) + np.arange(len(of_link))
        ]
        for one in references.to_pylist():
            column = "id" if one["called"] else "campaign"
            fits = calls[column] == np.uint64(one["id"])
            if one["linked"]:
                fits = np.zeros(len(rows), np.bool_)
                fits[of_link[links == np.uint64(one["id"])]] = True
            hit[rows[fits & (calls["called_ms"] <= one["last_ms"]) & (calls["end_ms"] > one["first_ms"])]] = True

    def _sort(self) -> None:
        """Sort the calls of each group by time; of one time, as `ranks` says backwards."""
        there = np.flatnonzero(self.calls["there"] == 1).astype(np.int32)
        called, groups = self.calls["called_ms"][there], self.calls["group"][there]
        order = np.lexsort((called, groups))
        same = np.flatnonzero((np.diff(called[order]) == 0) & (np.diff(groups[order]) == 0))
        rows = there[order]
        for run in np.split(same, np.flatnonzero(np.diff(same) > 1) + 1) if len(same) else ():
            places = slice(int(run[0]), int(run[-1]) + 2)
            rows[places] = rows[places][np.argsort(self.ranks(rows[places])[rows[places]])[::-1]]
        self._groups = len(self._everybody.group_names)
        self._places = Lists(np.searchsorted(groups[order], np.arange(self._groups + 1)).astype(np.int64), rows)
        windows = self.calls["end_ms"][there] - called
        self._longest_ms = int(windows.max(initial=0))


def _starts(counts: NDArray[Any]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.cumsum(counts, dtype=np.int64) - counts
    return found


_TEXTS = {"kind": "kind", "series_id": "series", "variant": "variant"}
