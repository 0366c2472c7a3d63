"""How a task stays exact, as a program small enough to read: flush, checkpoint, take-over, recovery.

A worker is a generator; between two `yield`s stands one thing that the world sees at once (a row written, a commit
taken), so that a scheduler can put anything between any two of them. Workers do not know that they are stale: they go
on until a commit is refused. What a task counts is simple on purpose: how often each key came in each of two topics.

`streams.checkpoint` does the same with real rows, where `tests.simulation.schedule` tries it out.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

Key = int
Cut = tuple[int, int]  # term, sequence
Offsets = tuple[int, int]  # next offset of each topic
Count = tuple[int, int]  # how often a key came in each topic

#: Rules that can be left out, each of which then shows in wrong answers.
RULES = ("checkpoint before commit", "refused means over", "second commit of a take-over", "two slots", "chain")


@dataclass
class Store:
    """ClickHouse: rows by key and slot, rows people read, checkpoints. The higher version wins, the last of equals."""

    slots: dict[tuple[Key, int], tuple[Cut, Count]] = field(default_factory=dict)
    live: dict[Key, tuple[Cut, Count]] = field(default_factory=dict)
    checkpoints: dict[Cut, tuple[Offsets, Cut | None]] = field(default_factory=dict)

    def upsert(self, key: Key, slot: int, cut: Cut, count: Count) -> None:
        """Write one state row; it is also what people read."""
        if (key, slot) not in self.slots or cut >= self.slots[key, slot][0]:
            self.slots[key, slot] = cut, count
        if key not in self.live or cut >= self.live[key][0]:
            self.live[key] = cut, count

    def chain(self, broken: str = "") -> dict[int, int]:
        """Term -> its last sequence that counts: from the newest checkpoint back along the parents."""
        if broken == "chain":
            return {term: max(s for t, s in self.checkpoints if t == term) for term, _ in self.checkpoints}
        cut, last = max(self.checkpoints, default=None), dict[int, int]()
        while cut is not None:
            last[cut[0]] = cut[1]
            cut = self.checkpoints[cut[0], 0][1]
        return last


@dataclass
class World:
    """Kafka, ClickHouse and whoever works on the one task there is."""

    topics: list[list[Key]]
    random: random.Random
    broken: str = ""
    store: Store = field(default_factory=Store)
    owner: int = 0  # the term of the newest owner, as the broker's fence knows it

    def commit(self, term: int) -> bool:
        """Kafka takes a commit from the newest owner only."""
        return self.owner == term


def worker(world: World, term: int) -> Iterator[None]:
    """Take the task over, then apply records and flush until a commit is refused."""
    store, broken = world.store, world.broken
    parent = max(store.checkpoints, default=None)
    last = store.chain(broken)
    yield
    offsets = list(store.checkpoints[parent][0]) if parent else [0, 0]
    state, slot, best = dict[Key, list[int]](), dict[Key, int](), dict[Key, Cut]()
    for (key, at), (cut, count) in store.slots.items():
        if cut[1] <= last.get(cut[0], -1) and cut > best.get(key, (-1, -1)):
            state[key], slot[key], best[key] = list(count), at, cut
    yield
    store.checkpoints[term, 0] = (offsets[0], offsets[1]), parent
    yield
    if broken != "second commit of a take-over" and not world.commit(term):
        return
    sequence, changed = 0, set[Key]()
    while True:
        yield
        if not changed or world.random.random() < 0.6:
            topic = world.random.randrange(2)
            first = offsets[topic]
            for key in world.topics[topic][first : first + world.random.randint(1, 5)]:
                state.setdefault(key, [0, 0])[topic] += 1
                changed.add(key)
                offsets[topic] += 1
            continue
        # A flush: the rows in any order, each into the slot that does not hold the last checkpointed version …
        sequence, flushing, changed = sequence + 1, sorted(changed), set()
        rows = [(key, (state[key][0], state[key][1])) for key in flushing]
        reached = offsets[0], offsets[1]
        world.random.shuffle(rows)
        for key, count in rows:
            old = slot.get(key, 1)
            store.upsert(key, old if broken == "two slots" else 1 - old, (term, sequence), count)
            yield
        # … then the checkpoint, then the commit; only then do the slots change.
        if broken == "checkpoint before commit":
            if not world.commit(term):
                return
            yield
        store.checkpoints[term, sequence] = reached, None
        yield
        if broken not in RULES[:2] and not world.commit(term):
            return
        for key in flushing:
            slot[key] = 1 - slot.get(key, 1)


def run(seed: int, broken: str = "", patience: int = 6_000) -> str:
    """One deployment with many changes of hands. Returns what is wrong with its answers; empty when nothing is."""
    chance = random.Random(seed)
    world = World([[chance.randrange(6) for _ in range(40)] for _ in range(2)], chance, broken)
    end = (40, 40)

    def take_over() -> Iterator[None]:
        world.owner += 1
        return worker(world, world.owner)

    owner, stale = take_over(), list[Iterator[None]]()
    for step in range(patience):
        event = chance.random() if step < 500 else 1.0
        if event < 0.03:
            owner = take_over()  # the old one crashed
        elif event < 0.08:
            stale.append(owner)  # the old one goes on
            owner = take_over()
        elif stale and chance.random() < 0.4:
            turn = chance.choice(stale)
            if next(turn, "over") == "over":
                stale.remove(turn)
        elif next(owner, "over") == "over":
            owner = take_over()
        heads = [offsets for cut, (offsets, _) in world.store.checkpoints.items() if cut[0] == world.owner]
        if step >= 500 and end in heads:
            break
    else:
        return "never done"
    for turn in stale:
        for _ in zip(range(400), turn, strict=False):
            pass
    return _judge(world)


def _judge(world: World) -> str:
    wanted = {key: (0, 0) for topic in world.topics for key in topic}
    for topic in (0, 1):
        for key, count in Counter(world.topics[topic]).items():
            wanted[key] = (count, wanted[key][1]) if topic == 0 else (wanted[key][0], count)
    if {key: count for key, (_, count) in world.store.live.items()} != wanted:
        return "people read something else than was sent"
    last, found = world.store.chain(world.broken), dict[Key, tuple[Cut, Count]]()
    for (key, _), (cut, count) in world.store.slots.items():
        if cut[1] <= last.get(cut[0], -1) and (key not in found or cut > found[key][0]):
            found[key] = cut, count
    if {key: count for key, (_, count) in found.items()} != wanted:
        return "a worker would load something else than was sent"
    return ""
