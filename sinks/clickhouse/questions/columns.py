"""Columns that several questions have."""

from typing import Literal

from sinks.clickhouse.questions.spec import Column, Named

TIME, MAYBE_TIME, NAME = "DateTime64(3)", "Nullable(DateTime64(3))", "Nullable(String)"


def name_of_member(
    column: str, member: str, who: str, only: Literal["", "now", "daily"] = "", told: tuple[str, str] | None = None
) -> Column:
    """The name in its group of the member whose id is in the column `member`; `who` names that member in prose.

    `told`: a column, and the value with which it says that there is a member's id.
    """
    named = Named("member_names", (("group_id", "group_id"), ("member_id", member)), told)
    return Column(column, NAME, f"{who}'s newest name in the group; empty: not known", only=only, named=named)


GROUP_ID = Column("group_id", "String", "the group, as `platform:workspace:id`")
EVERY_GROUP_ID = Column(
    "group_id", "String", "the group, as `platform:workspace:id`; `*`: all groups, each person once"
)
GROUP_NAME = Column(
    "group_name",
    NAME,
    "the newest name of the group; empty: not known",
    named=Named("group_names", (("group_id", "group_id"),)),
)
MEMBER_ID = Column("member_id", "String", "the member's account in the group")
MEMBER_NAME = name_of_member("member_name", "member_id", "the member")
#: The membership that a row is about.
MEMBERSHIP = (GROUP_ID, GROUP_NAME, MEMBER_ID, MEMBER_NAME)
PERSON_ID = Column("person_id", "String", "[the person](../people.md)")
PERSON_NAME = Column(
    "person_name",
    NAME,
    "the newest name of the person in any group; empty: not known",
    named=Named("person_names", (("person_id", "person_id"),)),
)
ACCOUNT_ID = Column("account_id", "String", "the account, as `platform:workspace:member_id`")
AS_OF = Column("as_of", MAYBE_TIME, "the deployment's event time: what happened up to then counts", only="now")
DAY = Column("day", "Date", "the closed day at whose end this was so", only="daily")

_STATES = (
    ("active", "spoke in the last 7 days"),
    ("participant", "spoke or reacted in the last 28 days"),
    ("lurker", "read here, or acted in the product through this group, in the last 28 days"),
    ("newcomer", "first known join less than 7 days ago"),
    ("elsewhere", "used the product, or was active in another group, in the last 28 days"),
    (
        "unobservable",
        "no source reports who reads here, and the product does not know the person: nobody can tell",
    ),
    ("at_risk", "silent; [chance to come back](../zombies.md) 5 % or more (`people.zombie_chance`)"),
    ("zombie", "silent; a lower chance"),
)


def states(type_: str) -> tuple[Column, ...]:
    """One count per state of members who are in the group; the first state that fits counts."""
    return tuple(Column(name, type_, meaning, "members") for name, meaning in _STATES)
