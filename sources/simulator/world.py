"""A simulated world: groups, memberships, contents, and the JSON fragments that all their events share."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sources.simulator.campaigns import CHANNELS, Campaigns, draw_campaigns
from sources.simulator.contents import Contents, draw_contents
from sources.simulator.groups import PLATFORMS, Groups, Ints, draw_groups
from sources.simulator.lines import glue, numbers, texts
from sources.simulator.members import Members, draw_members
from sources.simulator.plan import Plan

LINKS = 40
"""Links that people share; a campaign's link is `c<number>`, these are `l<number>`."""


@dataclass(frozen=True)
class World:
    """Everything drawn before the first event.

    `first[g]` is the first membership of group g. `where` (per group) and `who` (per membership) are the JSON
    fragments that name a group and a member; `before` names a message of each group from before collection began.
    """

    plan: Plan
    groups: Groups
    campaigns: Campaigns
    members: Members
    contents: Contents
    first: Ints
    member_ids: Any
    where: Any
    who: Any
    before: Any
    link_fragments: Any
    campaign_fragments: Any

    def rows(self, group: int) -> slice:
        """The memberships of one group."""
        return slice(int(self.first[group]), int(self.first[group] + self.groups.size[group]))

    def account_ids(self, index: Ints) -> Any:
        """`platform:workspace:member_id` of some memberships."""
        prefix = texts([f"{PLATFORMS[p]}:{self.plan.workspace}:" for p in self.groups.platform])
        return glue(prefix.take(self.members.group[index]), self.member_ids.take(index))


def draw_world(plan: Plan) -> World:
    """Draw the world of a plan."""
    groups = draw_groups(plan)
    campaigns = draw_campaigns(plan)
    members = draw_members(plan, groups, campaigns)
    member_ids = glue("m", numbers(members.person))
    where = texts([f',"platform":"{id_.partition(":")[0]}","group_id":"{id_}"' for id_ in groups.ids])
    return World(
        plan=plan, groups=groups, campaigns=campaigns, members=members, contents=draw_contents(plan),
        first=np.cumsum(groups.size) - groups.size, member_ids=member_ids, where=where,
        who=glue(where.take(members.group), ',"member_id":"', member_ids, '"'),
        before=texts([f"b{number}" for number in range(len(groups.ids))]),
        link_fragments=texts([f',"link_count":1,"link_ids":["l{number}"]' for number in range(LINKS)]),
        campaign_fragments=texts([
            f',"channel":"{CHANNELS[number % len(CHANNELS)]}","campaign_id":"c{number}","link_id":"c{number}"'
            for number in range(plan.campaigns)
        ]),
    )  # fmt: skip
