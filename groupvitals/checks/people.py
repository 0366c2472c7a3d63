"""Whose accounts they are, as the links say: contradictions that change answers about people."""

from collections.abc import Iterator

from groupvitals.checks.finding import OK, WARNING, Deployment, Finding


def links(deployment: Deployment) -> Iterator[Finding]:
    """Accounts that were given to two users at once, and those that are believed to be nobody's."""
    d = deployment.config.address.database
    ((conflicts, example),) = deployment.native.execute(f"SELECT count(), any(account_id) FROM {d}.link_conflicts")
    ((quarantined, which),) = deployment.native.execute(
        f"SELECT count(), any(account_id) FROM {d}.account_owners WHERE quarantined"
    )
    if conflicts:
        yield Finding(
            WARNING, "links", f"{conflicts:,} accounts were linked to a user while they belonged to another: {example}",
            "The newest link counts. See vitals.link_conflicts; let the source send `unlink` first.",
        )  # fmt: skip
    if quarantined:
        yield Finding(
            WARNING, "links", f"{quarantined:,} accounts are linked in a cycle or to one of too many: {which}",
            "Each stays a person of its own. See vitals.account_owners; unlink those that are wrong.",
        )  # fmt: skip
    if not conflicts and not quarantined:
        yield Finding(OK, "links", "no account is linked to two users, in a cycle, or to one of too many")
