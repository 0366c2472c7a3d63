"""What members were on every closed day, computed slowly and obviously: partitions of records in, days out.

A day is closed once every partition of every source has closed it. It knows what came before the record that closed it
and is not of a later day; an act must have come before its own day was closed. A recorded correction makes all days
know what came before its offset. Days are numbers since 1970-01-01; `tests.oracle.history_days` says what they hold.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.topics import CHAT, LINKS, PRODUCT
from tests.oracle.answers import Row
from tests.oracle.closed_days import chat_acts, closed_days, no_acts, product_acts
from tests.oracle.community import Days, Event, Landed, community, counts_of
from tests.oracle.people import landed_of, owners
from tests.oracle.worlds import World

#: Contract topic and number of a partition.
Place = tuple[str, int]
ABOUT_MEMBERS = ("join", "leave", "roster", "profile")
ABOUT_GROUPS = ("group", "roster", "roster_end", "call")


class Known(NamedTuple):
    """An event, its own day, the first closed day that may know it, and whether its day counts it."""

    event: Event
    day: int
    since: int
    counts: bool


def landed_in(topic: str, world: World) -> list[Landed]:
    """The valid records of a partition, and whether each was late."""
    if topic == CHAT.name:
        return community(list(world.records), world.zone, world.lateness_h, world.horizon).landed
    return landed_of(topic, world.records, world.horizon)[0]


def is_alias(event: Event) -> bool:
    """Whether somebody known by name is said to be another member: so it has been all along, whatever the time."""
    return event.get("role") == "alias" and str(event["member_id"]).startswith("name:")


class Partition:
    """One partition of a source: which offsets its closed days know, and from which day on each event is known.

    world: its records and settings; corrected: the offset of its newest correction, 0 without any.
    """

    def __init__(self, topic: str, world: World, corrected: int = 0) -> None:
        landed = landed_in(topic, world)
        closings = closed_days(landed, world.zone, world.lateness_h, no_acts, ())["day_closings"]
        days = Days(world.zone)
        ends = sorted((row["next_offset"], until) for until, row in closings.items())

        def late(one: Landed) -> bool:
            """Whether a record that a correction counts came when its day was closed."""
            open_day = max((until for end, until in ends if end <= one.offset), default=0)
            counts = one.offset < corrected and not one.duplicate and one.event["type"] != "tick"
            return counts and (one.late or days.of(one.event["ts_ms"]) < open_day)

        corrected = corrected if any(late(one) for one in landed) else 0  # else it has changed nothing
        #: First day, day after the last, and the offset before which these days know everything.
        self._cuts = [
            (row["first_day"], until, max(row["next_offset"], corrected)) for until, row in sorted(closings.items())
        ]
        self.until = max(closings, default=0)
        self.known = [
            Known(one.event, day, since, since == day and (not one.late or one.offset < corrected))
            for one in landed
            # links are taken whatever id they have; of a repeated record the first says all that there is to know
            if one.event["type"] != "tick" and not (one.duplicate and topic != LINKS.name)
            for day in (0 if is_alias(one.event) else days.of(one.event["ts_ms"]),)
            for since in (self._since(one.offset, day),)
            if since is not None
        ]  # fmt: skip

    def cut(self, day: int) -> int:
        """Before which offset a closed day knows everything."""
        return next(offset for first, until, offset in self._cuts if first <= day < until)

    def _since(self, offset: int, day: int) -> int | None:
        """The first day from this one on that knows what stands at an offset; None: none that is closed."""
        return next((max(first, day) for first, _, before in self._cuts if offset < before), None)


@dataclass
class Member:
    """What there is to know of a membership; messages: by day."""

    acts: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    messages: Counter[int] = field(default_factory=Counter)
    facts: list[Known] = field(default_factory=list)


@dataclass
class Sources:
    """Everything that closed days may know, by whom or what it is about.

    chat, product, links: a world per partition, numbered as they stand; empty when there is no such source. corrected:
    offset of the newest correction of each partition that has one.
    """

    chat: Sequence[World]
    product: Sequence[World] = ()
    links: Sequence[World] = ()
    corrected: Mapping[Place, int] = field(default_factory=dict)
    #: (group, member) -> what is known of the membership.
    members: dict[tuple[str, str], Member] = field(default_factory=lambda: defaultdict(Member))
    #: Group -> facts about it, the posts of calls and links among them.
    groups: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    #: Group -> day -> what it counted.
    counted: dict[str, dict[int, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    #: User -> days of use; (user, kind, id) -> days of acts that referred to it.
    used: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    references: dict[tuple[str, str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    linked: list[Known] = field(default_factory=list)
    #: What users did in the product that is more than an act.
    facts: list[Known] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.partitions: dict[Place, Partition] = {
            (topic.name, number): Partition(topic.name, world, self.corrected.get((topic.name, number), 0))
            for topic, worlds in ((CHAT, self.chat), (PRODUCT, self.product), (LINKS, self.links))
            for number, world in enumerate(worlds)
        }
        for (topic, _), partition in self.partitions.items():
            if topic == CHAT.name:
                self._take_chat(partition)
            elif topic == PRODUCT.name:
                self._take_product(partition)
            else:
                self.linked += partition.known
        self.local = Days(self.chat[0].zone if self.chat else "UTC")
        self._owners: dict[int, dict[str, Row]] = {}

    def _take_chat(self, partition: Partition) -> None:
        told = set()
        for one in partition.known:
            event = one.event
            if one.since == one.day:
                for _, (group, member), what in chat_acts(event):
                    self.members[group, member].acts[one.day].update(what)
                    self.members[group, member].messages[one.day] += one.counts and event["type"] == "message"
            if one.counts:
                self.counted[event["group_id"]][one.day].update(counts_of(event))
            key = tuple(event.get(name) for name in ("group_id", "type", "member_id", "ts_ms", "event_id"))
            if key in told:
                continue  # of one event the least offset counts
            told.add(key)
            group, member = event["group_id"], event.get("member_id")
            if event["type"] in ABOUT_MEMBERS and group.split(":", 2)[2:] != [member]:
                self.members[group, str(member)].facts.append(one)
            if event["type"] in ABOUT_GROUPS or (event["type"] == "message" and event["link_ids"]):
                self.groups[group].append(one)

    def _take_product(self, partition: Partition) -> None:
        for one in partition.known:
            self.facts.append(one)
            if one.since == one.day:
                for table, key, _ in product_acts(one.event):
                    if table == "user_day_acts":
                        self.used[key[0]].add(one.day)
                    else:
                        self.references[key[0], key[1], key[2]].add(one.day)

    def days(self) -> range:
        """The closed days of the history: from the first of which chat knows anything; without chat, anything else."""
        until = min((partition.until for partition in self.partitions.values()), default=0)
        chat = [day for member in self.members.values() for day in member.acts]
        chat += [one.since for member in self.members.values() for one in member.facts if not is_alias(one.event)]
        chat += [one.since for facts in self.groups.values() for one in facts]
        other = [day for days in self.used.values() for day in days] + [one.since for one in self.linked]
        return range(min(chat if self.chat else other, default=until), until)

    def cut(self, day: int) -> dict[Place, int]:
        """Before which offset of each partition a day knows everything."""
        return {place: partition.cut(day) for place, partition in self.partitions.items()}

    def owners(self, day: int) -> dict[str, Row]:
        """Account -> its owner, as far as a day knows."""
        known = [one.event for one in self.linked if one.since <= day]
        if len(known) not in self._owners:
            self._owners[len(known)] = owners(known)
        return self._owners[len(known)]
