"""Rows of `people_campaign_acts` and `people_campaign_orders`: what users did that names a campaign, and what orders
that name it brought. Users are those of the product: a person who has two of them counts twice.

Records may be read again, so what is kept is the same however often: who did what, and every share by its event.
"""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.results.campaign_orders import BOUGHT, bought
from schemas.agents import TABLES
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import PairRows
from streams.people.memory.now import Now
from streams.people.persons.orders import NameKeys, Orders
from streams.people.results.currency_keys import CurrencyKeys

#: What a user may have done for a campaign, as bits, and how many did is called in rows; whatever it is, all are users.
_DID = {"click": (2, "clicked"), "share": (4, "sharers"), "signup": (8, "signed_up"), "trial": (16, "tried")}
_ANY = 1
_COLUMNS = {"users": _ANY} | {column: bit for bit, column in _DID.values()}


class CampaignActs:
    """Every campaign that an act in the product or an order names."""

    reads = ("did_for_campaigns",)

    def __init__(self, everybody: Everybody, orders: Orders) -> None:
        self._everybody, self._orders = everybody, orders
        self._campaigns = orders.campaigns
        self._keys = CurrencyKeys("campaign_id", self._campaigns, orders.currencies)
        self._acts = Landed(TABLES["people_campaign_acts"], NameKeys("campaign_id", self._campaigns))
        self._bought = Landed(TABLES["people_campaign_orders"], self._keys)
        self.landed = (self._acts, self._bought)
        self._did, self._shared = PairRows(np.zeros(1, np.uint8)), PairRows(np.zeros(1, np.uint8))
        #: By campaign: how many users did what, and shares.
        self._counts = np.zeros((0, len(_COLUMNS) + 1), np.uint32)
        self._changed = np.empty(0, np.int32)

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what users did into memory."""
        table = changed["did_for_campaigns"]
        if not table.num_rows:
            return
        campaigns = self._campaigns.few_codes(table["campaign_id"])
        self._counts = longer(self._counts, len(self._campaigns))
        users = self._everybody.names.codes(table["user_id"])
        bits = np.full(table.num_rows, _ANY, np.uint8)
        for kind, (bit, _) in _DID.items():
            bits[np.asarray(pc.equal(table["kind"], kind))] |= bit
        rows = self._did.find(campaigns, users)
        known = np.unique(rows)
        before = self._did.rows[known]
        np.bitwise_or.at(self._did.rows, rows, bits)
        new, of = self._did.rows[known] & ~before, self._did.pairs.ones[known]
        for place, bit in enumerate(_COLUMNS.values()):
            np.add.at(self._counts[:, place], of[new & bit > 0], 1)
        self._share(table.filter(pc.equal(table["kind"], "share")))
        self._changed = np.unique(campaigns).astype(np.int32)

    def _share(self, table: pa.Table) -> None:
        """Count shares that were not read before."""
        events: NDArray[np.uint64] = np.asarray(table["event"])
        known = len(self._shared)
        halves = (events & 0xFFFFFFFF).astype(np.uint32).view(np.int32), (events >> 32).astype(np.uint32).view(np.int32)
        rows = self._shared.find(*halves)
        first = np.unique(rows, return_index=True)[1]
        new = first[rows[first] >= known]
        np.add.at(self._counts[:, -1], self._campaigns.few_codes(table["campaign_id"])[new], 1)

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Offer the campaigns that the newest reading was about, and what orders brought if any came."""
        if len(self._changed):
            counts = self._counts[self._changed]
            columns = {name: pa.array(counts[:, place].copy()) for place, name in enumerate((*_COLUMNS, "shares"))}
            self._acts.offer(pa.table(columns), self._changed)
            self._changed = self._changed[:0]
        if complete or len(self._orders.taken):
            found = bought(self._orders.rows, *self._orders.campaign_and_cost)
            numbers = self._keys.find(found["campaign"], found["currency"])
            names = (name for name in BOUGHT.names or () if name not in ("campaign", "currency"))
            values = {{"net": "net_minor", "cost": "cost_minor"}.get(n, n): pa.array(found[n].copy()) for n in names}
            self._bought.offer(pa.table(values), numbers, complete=True)
