"""Who owns which account, according to the links: contradictions that change answers about people."""

from collections.abc import Iterator

from groupvitals.checks.finding import OK, WARNING, Deployment, Finding
from schemas.wording import number_of


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
