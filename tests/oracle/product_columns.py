"""What people add to questions about chat: each once over all groups on a closed day, buyers of the windows that end
now."""

from tests.oracle import answers
from tests.oracle.answers import Row, account_of
from tests.oracle.community import HOUR_MS, membership
from tests.oracle.people import People

_PEOPLE = {"speakers": "spoke", "reactors": "reacted", "readers": "read"}


def rolling_activity(people: People) -> list[Row]:
    """All of it, with the people in the group now who paid; `*` counts a person with several accounts once."""
    if not people.groups:
        return []
    now_ms = people.now_ms
    orders = [(order["person_id"], order["ts_ms"]) for order in people.orders()]
    inside = {
        name: {people.person(account_of(name, m)) for m in group.members() if membership(group, m)["present"]}
        for name, group in people.groups.items()
    }
    inside["*"] = set().union(*inside.values())
    rows = {
        (row["group_id"], row["window"]): row
        for row in answers.rolling_activity(people.chat, people.zone, people.person, now_ms)
    }
    for name, members in inside.items():
        for window, hours, days in (("1h", 1, 0), ("24h", 24, 0), ("7d", 0, 7), ("28d", 0, 28)):
            buyers = {
                person
                for person, ts_ms in orders
                if person in members
                and (
                    now_ms // HOUR_MS - hours < ts_ms // HOUR_MS <= now_ms // HOUR_MS
                    if hours
                    else people.today - days < people.days.of(ts_ms) <= people.today
                )
            }
            rows[name, window]["buyers"] = len(buyers)
    return list(rows.values())


def tiers(people: People) -> list[Row]:
    """All of it, and everybody once (`*`): on how many days, and how much, a person spoke as a plain member of any."""
    return answers.tiers(people.chat, people.zone, people.person, people.now_ms)


ANSWERS = {answer.__name__: answer for answer in (rolling_activity, tiers)}
