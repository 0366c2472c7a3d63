"""Which readings of people may find anything, by what sources have landed beyond marks.

Most readings find nothing: their source has landed nothing, or no record of the kinds that they are about. One query
per source tells which kinds are new.
"""

from schemas.agents import FOLLOWED
from schemas.topics import CHAT, COSTS, LINKS, PRODUCT, REWARDS
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.store import ClickHouseStore

#: Messages that are calls if an operator writes them, or that carry a link.
POST = "(notEmpty(link_ids) OR link_count > 0 OR mentions_all OR kind IN ('link', 'miniprogram', 'poll'))"
#: A fact that is a call; of a group that is held out it says that nobody was called there.
CALLED = "(type = 'call' AND NOT holdout)"
#: Acts in the product that can name a campaign.
ACTS = ("signup", "trial", "click", "share", "purchase")
#: By method of `PeopleReader`: the topic whose rows it reads, and of which kinds there must be a new record for it to
#: find anything; none named: any record may have changed its rows. `post`: a message that is a `POST`.
_FINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "memberships": (CHAT.name, ()),
    "groups_now": (CHAT.name, ()),
    "panes": (CHAT.name, ()),
    "spoken": (CHAT.name, ()),
    "talked": (CHAT.name, ()),
    "lived": (CHAT.name, ()),
    "ways": (CHAT.name, ("call", "post")),
    "reading": (CHAT.name, ("read",)),
    "brought": (CHAT.name, ("join", "roster")),
    "whole_rosters": (CHAT.name, ("roster", "roster_end")),
    "absences": (CHAT.name, ("join", "leave", "roster", "roster_end")),
    "profiles": (CHAT.name, ("profile",)),
    "nicknames": (CHAT.name, ("roster", "profile")),
    "users": (PRODUCT.name, ()),
    "acts": (PRODUCT.name, ()),
    "used": (PRODUCT.name, ()),
    "orders": (PRODUCT.name, ("purchase", "refund")),
    "prints": (PRODUCT.name, ("purchase",)),
    "referrals": (PRODUCT.name, ("signup", "trial")),
    "contacts": (PRODUCT.name, ("contact",)),
    "joined": (CHAT.name, ("join",)),
    "touched": (PRODUCT.name, ("click", "signup", "contact")),
    "converted": (PRODUCT.name, ()),
    "claimed": (PRODUCT.name, ("signup", "trial")),
    "links": (LINKS.name, ()),
    "costs": (COSTS.name, ()),
    "rewards": (REWARDS.name, ()),
    "entries": (REWARDS.name, ()),
    "payout_states": (REWARDS.name, ()),
    "posted_days": (REWARDS.name, ()),
    "named_in_chat": (CHAT.name, ("join", "call", "post")),
    "named_in_product": (PRODUCT.name, ACTS),
    "did_for_campaigns": (PRODUCT.name, ACTS),
}
_RECORDS = {agent.contract: agent.raw.name for agent in FOLLOWED}
_KIND = {CHAT.name: f"if(type = 'message' AND {POST}, 'post', toString(type))"}


class News:
    """What is new of a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    def __init__(self, store: ClickHouseStore) -> None:
        self.store, self.d = store, store.address.database
        self._kinds: dict[str, tuple[Marks, frozenset[str]]] = {}

    def look_again(self) -> None:
        """A reading begins: beyond the same marks there may be more than when it was asked last."""
        self._kinds.clear()

    def may_find(self, name: str, since: Marks, now: Marks) -> bool:
        """Whether a method may find anything beyond marks; now: the marks that will count when it has been asked."""
        contract, kinds = _FINDS[name]
        if not since.topics or (contract not in since.topics and contract in now.topics):
            return True
        return since.moved(now, contract) and (not kinds or self.any_of(kinds, contract, since))

    def any_of(self, kinds: tuple[str, ...], contract: str, since: Marks) -> bool:
        """Whether there is a record of any of these kinds beyond marks of its topic."""
        known = self._kinds.get(contract)
        if known is None or known[0] != since:
            kind = _KIND.get(contract, "toString(type)")
            new = f"SELECT DISTINCT {kind} FROM {self.d}.{_RECORDS[contract]} WHERE {since.new_records(contract)}"
            known = since, frozenset(found for (found,) in self.store.native.execute(new))
            self._kinds[contract] = known
        return not known[1].isdisjoint(kinds)

    def of_new_records(self, key: str, contract: str, kinds: tuple[str, ...], since: Marks, only: str = "1") -> str:
        """The condition that a fact has the key of a new record of these kinds; `only`: and of which this holds."""
        if contract not in since.topics:
            return "1"
        if not self.any_of(kinds, contract, since):
            return "0"
        new = f"{self.d}.{_RECORDS[contract]} WHERE {since.new_records(contract)} AND {typed(kinds)} AND {only}"
        return f"({key}) IN (SELECT {key} FROM {new})"


def typed(kinds: tuple[str, ...]) -> str:
    """The condition that a record is of one of these kinds."""
    return f"type IN ({', '.join(repr(kind) for kind in kinds)})"
