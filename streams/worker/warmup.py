"""Compile every kernel before the first frame, on one record of each type."""

import json
from collections.abc import Callable, Iterable

import numpy as np
from numba.core import event

from schemas.agents import COMMUNITY, PEOPLE, AgentSpec
from schemas.columns import Kind, columns
from schemas.frame import Records
from streams.agents import new_state
from streams.checkpoint.task import Task
from streams.kafka.records import PADDING, read_records
from streams.people.sample import work_out_one
from streams.state.base import load_ids

_SAMPLES = {
    Kind.ID: "a", Kind.TEXT: "a?", Kind.INT: 1, Kind.BOOL: True, Kind.IDS: ["a"], Kind.MAP: {"a": "b"},
    Kind.CODE: "EUR", Kind.NUMBER: 1.5,
}  # fmt: skip


def _event(agent: AgentSpec, kind: str, number: int, ts_ms: int) -> bytes:
    spec = columns(agent.contract)
    model = agent.topic.events[spec.types.index(kind)]
    fields = {field.name: field for field in spec.fields}
    event = {}
    for name in model.model_fields:
        field = fields[name]
        code = spec.types.index(kind)
        values = [value for i, value in enumerate(field.values) if int(spec.enum_mask[code, field.index]) >> i & 1]
        event[name] = values[0] if field.kind is Kind.ENUM else _SAMPLES[field.kind]
    return json.dumps(event | {"event_id": f"e{number}", "ts_ms": ts_ms}).encode()


def sample_records(agent: AgentSpec = COMMUNITY, ts_ms: int = 1_700_000_000_000, step_ms: int = 86_400_000) -> Records:
    """One record of every type, a day apart, as a frame."""
    values = [_event(agent, kind, i, ts_ms + i * step_ms) for i, kind in enumerate(columns(agent.contract).types)]
    lengths = np.array([len(value) for value in values], np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
    buffer = np.concatenate([np.frombuffer(b"".join(values), np.uint8), np.empty(lengths.sum() + PADDING, np.uint8)])
    n = len(values)
    none = np.full(n, -1, np.int32)
    return Records(buffer, np.arange(n), np.full(n, -1), starts, lengths, np.zeros(n, np.int32), none, 0, n)


class _Compiling(event.Listener):  # type: ignore[misc]
    """Reports once that Numba compiles; what is in its cache is only loaded."""

    def __init__(self, say: Callable[[], None]) -> None:
        self._say: Callable[[], None] | None = say

    def on_start(self, event: event.Event) -> None:
        """A function is being compiled."""
        if self._say is not None:
            self._say()
            self._say = None

    def on_end(self, event: event.Event) -> None:
        """It is compiled."""


def warm_up(agents: Iterable[AgentSpec] = (COMMUNITY,), compiling: Callable[[], None] = lambda: None) -> None:
    """Take the agents' records through every step once, in memory: apply, flush, load again, evict.

    `compiling` is called once when kernels have to be compiled for that.
    """
    with event.install_listener("numba:compile", _Compiling(compiling)):
        for agent in agents:
            _run_once(agent)


def _run_once(agent: AgentSpec) -> None:
    if agent is PEOPLE:
        work_out_one()
        return
    read_records(b"", 0)
    task = Task(agent.contract, 0, new_state(agent))
    task.apply(sample_records(agent))
    flush = task.begin_flush()
    assert flush is not None
    state = new_state(agent)
    for table, loaded in state.loaded.items():
        loaded.load(state, flush.tables[table])
    load_ids(state, flush.tables[agent.raw.name].select(["event_hash", "offset"]))
    state.evict(0)
    task.confirm()
