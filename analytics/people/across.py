"""Dead here, alive there: members of several groups, and where else they are effective. Compiled, pure."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from analytics.kernels.compiled import kernel
from analytics.people.payers import INSIDE, is_inside
from analytics.people.states import STATES

_EFFECTIVE, _NEWCOMER = STATES.index("lurker"), STATES.index("newcomer")


@kernel
def _is_first(members, groups, members_of, first, at, worst):
    """Whether no earlier membership of a person in the same group has such a state, 1 to `worst`, too."""
    row = members_of.rows[at]
    for i in range(first, at):
        other = members_of.rows[i]
        if groups[other] == groups[row] and 0 < members[other].state <= worst:
            return False
    return True


@kernel
def _groups_of(members, groups, members_of, who):
    """How many groups a person is in."""
    count, first = 0, members_of.firsts[who]
    for at in range(first, members_of.firsts[who + 1]):
        inside = is_inside(members[members_of.rows[at]].state)
        count += inside and _is_first(members, groups, members_of, first, at, INSIDE)
    return count


@kernel
def members_across(members, groups, members_of, persons, rows, counts, dead, elsewhere_ends, elsewhere):
    """The memberships of these persons who are in several groups.

    rows, counts (groups that the person is in), dead (here, alive elsewhere) and `elsewhere_ends` have room for all of
    their memberships; elsewhere: groups, those of row n end at `elsewhere_ends[n]`. Returns how many rows and how many
    groups elsewhere there are; if these are more than there is room for, they are only counted.
    """
    count, size = 0, 0
    for who in persons:
        first, end = members_of.firsts[who], members_of.firsts[who + 1]
        inside = 0 if end - first < 2 else _groups_of(members, groups, members_of, who)
        if inside < 2:
            continue
        for at in range(first, end):
            row = members_of.rows[at]
            if not is_inside(members[row].state):
                continue
            before = size
            for i in range(first, end):
                other = members_of.rows[i]
                state = members[other].state
                if groups[other] == groups[row] or not 0 < state <= _EFFECTIVE:
                    continue
                if _is_first(members, groups, members_of, first, i, _EFFECTIVE):
                    if size < len(elsewhere):
                        elsewhere[size] = groups[other]
                    size += 1
            rows[count], counts[count], elsewhere_ends[count] = row, inside, size
            dead[count] = members[row].state > _NEWCOMER and size > before
            count += 1
    return count, size
