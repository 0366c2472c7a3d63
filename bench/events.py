"""The events of the bench: files of contract v1 `chat.events`, written once and kept. Touches only the given folder.

Two kinds of traffic, both without invalid or repeated events, so that systems that do not look for them can be right:
`realistic` (20,000 memberships in 500 groups, activity and group sizes uneven as in real communities, 30 days with a
daily rhythm) and `worst_case` (every event is a new membership's first message).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GROUPS = 500
MEMBERSHIPS = 20_000
DAYS = 30
#: 2025-06-01T00:00:00Z, milliseconds: fixed, so that every run has the same events.
START_MS = 1_748_736_000_000
DAY_MS = 86_400_000
_CHUNK = 100_000
#: Event types and their shares.
_TYPES = ("message", "reaction", "read", "join", "leave")
_SHARES = (0.88, 0.06, 0.03, 0.02, 0.01)
#: Relative activity of the 24 hours of a day.
_HOURS = np.array([2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 11, 12, 11, 10, 10, 10, 11, 13, 15, 16, 14, 9, 4], dtype=float)


def events_file(folder: Path, kind: str, events: int, seed: int = 1) -> Path:
    """Return the file of `events` events of `kind` (`realistic` or `worst_case`) in order of time; made if absent."""
    path = folder / f"{kind}-{events}-{seed}.ndjson"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    groups, members = _realistic(rng, events) if kind == "realistic" else _worst_case(rng, events)
    types = rng.choice(len(_TYPES), events, p=_SHARES) if kind == "realistic" else np.zeros(events, dtype=np.int64)
    times = _times(rng, events)
    lengths = rng.geometric(0.03, events)
    replies = np.where(rng.random(events) < 0.25, rng.integers(1, 400, events), 0)
    partial = path.with_suffix(".part")
    with partial.open("w", encoding="utf-8", newline="\n") as out:
        for start in range(0, events, _CHUNK):
            part = slice(start, start + _CHUNK)
            columns = (column[part].tolist() for column in (types, times, groups, members, lengths, replies))
            out.writelines(_line(start + i, *row) for i, row in enumerate(zip(*columns, strict=True)))
    return partial.rename(path)


def _realistic(rng: np.random.Generator, events: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    sizes = 1.0 / np.arange(1, GROUPS + 1) ** 0.8
    group_of = np.concatenate([np.arange(GROUPS), rng.choice(GROUPS, MEMBERSHIPS - GROUPS, p=sizes / sizes.sum())])
    activity = rng.pareto(1.2, MEMBERSHIPS) + 0.05
    chosen = rng.choice(MEMBERSHIPS, events, p=activity / activity.sum())
    return group_of[chosen], chosen


def _worst_case(rng: np.random.Generator, events: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return rng.integers(0, GROUPS, events), np.arange(events)


def _times(rng: np.random.Generator, events: int) -> NDArray[np.int64]:
    hours = rng.choice(24, events, p=_HOURS / _HOURS.sum())
    days = rng.integers(0, DAYS, events)
    return np.sort(START_MS + days * DAY_MS + hours * 3_600_000 + rng.integers(0, 3_600_000, events))


def _line(number: int, kind: int, ts_ms: int, group: int, member: int, length: int, back: int) -> str:
    head = (
        f'{{"event_id":"telegram-{number:010d}","type":"{_TYPES[kind]}","ts_ms":{ts_ms},"platform":"telegram",'
        f'"group_id":"telegram:-:g{group:04d}","member_id":"m{member:07d}"'
    )
    if kind == 0:
        reply = f',"reply_to_message_id":"{number - back:08d}"' if 0 < back <= number else ""
        return f'{head},"message_id":"{number:08d}","kind":"text","text_len":{length}{reply}}}\n'
    if kind == 1:
        return f'{head},"message_id":"{max(number - back, 0):08d}","emoji":"+1"}}\n'
    if kind == 2:
        return f'{head},"count":{1 + length % 20}}}\n'
    return f'{head},"source":"link"}}\n' if kind == 3 else f'{head},"reason":"left"}}\n'
