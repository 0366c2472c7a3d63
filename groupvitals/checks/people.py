"""Answers about people: whether they have come as far as their sources, and links that contradict each other."""

from collections.abc import Iterator

from groupvitals.checks.finding import ERROR, OK, WARNING, Deployment, Finding
from schemas.agents import FOLLOWED
from schemas.wording import number_of

#: People's rows follow what their sources have landed within seconds; later than this, no worker does it.
_LATE_S = 60


def worked_out(deployment: Deployment) -> Iterator[Finding]:
    """Whether people's rows count everything that their sources have landed for good."""
    d = deployment.config.address.database
    ((behind, late_s, known),) = deployment.native.execute(
        "SELECT countIf(heads.version > people.source_version), "
        "maxIf(dateDiff('second', heads.vouched_at, now64(3)), heads.version > people.source_version), "
        f"max(people.contract != '') FROM {d}.heads_now AS heads LEFT JOIN {d}.people_sources_now AS people "
        "ON people.contract = heads.contract AND people.number = heads.partition WHERE heads.contract IN %(sources)s",
        parameters={"sources": tuple(agent.contract for agent in FOLLOWED)},
    )
    if not behind:
        yield Finding(OK, "people", "answers about people count all that has landed")
    elif late_s > _LATE_S:
        yield Finding(
            WARNING if known else ERROR, "people",
            f"answers about people lack what {number_of(behind, 'partition')} landed up to {late_s:,} s ago"
            if known else "answers about people are empty: nobody has worked them out yet",
            "Run `groupvitals worker --agent people`, or one worker with `--agent all`.",
        )  # fmt: skip


def links(deployment: Deployment) -> Iterator[Finding]:
    """Accounts linked to two users at once, and quarantined ones, whose links are not believed."""
    d = deployment.config.address.database
    ((conflicts, example),) = deployment.native.execute(f"SELECT count(), any(account_id) FROM {d}.link_conflicts")
    ((quarantined, which),) = deployment.native.execute(
        f"SELECT count(), any(account_id) FROM {d}.account_owners WHERE quarantined"
    )
    if conflicts:
        yield Finding(
            WARNING, "links",
            f"{number_of(conflicts, 'account was', 'accounts were')} linked to a user while belonging to another: "
            f"{example}",
            "The newest link counts. See vitals.link_conflicts, and have the source send `unlink` first.",
        )  # fmt: skip
    if quarantined:
        yield Finding(
            WARNING, "links",
            f"{number_of(quarantined, 'account is', 'accounts are')} linked in a cycle, or to a user with too many "
            f"accounts: {which}",
            "Each counts as a person of its own. See vitals.account_owners, and unlink the wrong ones.",
        )  # fmt: skip
    if not conflicts and not quarantined:
        yield Finding(OK, "links", "no account is linked to two users, in a cycle, or to a user with too many accounts")
