"""All checks in order. Those that need an unreachable server are skipped: an earlier finding reports the server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from groupvitals.checks import exclusions, numbers, people, servers, stamps, workers
from groupvitals.checks.finding import ERROR, WARNING, Deployment, Finding
from groupvitals.settings import Settings
from schemas.agents import AGENTS
from schemas.errors import GroupvitalsError


@dataclass(frozen=True)
class Check:
    """A check; `needs` names what must be healthy before it can run, `gives` what it establishes for later checks.

    `of_records`: leave it out for agents whose topics have no records.
    """

    look: Callable[[Deployment], Iterator[Finding]]
    needs: tuple[str, ...] = ()
    gives: str = ""
    each_agent: bool = False
    of_records: bool = False


_TABLES, _BOTH = ("clickhouse", "tables"), ("clickhouse", "tables", "kafka")
CHECKS = (
    Check(servers.clickhouse, gives="clickhouse"),
    Check(servers.kafka, gives="kafka"),
    Check(servers.migrations, ("clickhouse",), gives="tables"),
    Check(servers.tables, _TABLES),
    Check(servers.views, _TABLES),
    Check(servers.disks, ("clickhouse",)),
    Check(servers.clocks, ("clickhouse", "kafka")),
    Check(servers.parts, _TABLES),
    Check(workers.origin, _BOTH, each_agent=True),
    Check(workers.lag, _BOTH, each_agent=True),
    Check(workers.vouched, _BOTH, each_agent=True),
    Check(workers.transactions, _BOTH, each_agent=True, of_records=True),
    Check(workers.event_time, _BOTH, each_agent=True, of_records=True),
    Check(stamps.stamps, ("kafka",), each_agent=True, of_records=True),
    Check(stamps.ahead, _TABLES),
    Check(exclusions.exclusions, _BOTH, each_agent=True, of_records=True),
    Check(numbers.dead_letters, _TABLES, each_agent=True, of_records=True),
    Check(numbers.landed, _BOTH, each_agent=True, of_records=True),
    Check(numbers.late, _BOTH),
    Check(numbers.placement, _TABLES),
    Check(numbers.horizon, _TABLES),
    Check(people.worked_out, _TABLES),
    Check(people.links, _TABLES),
)


def examine(settings: Settings, deep: bool = False) -> list[Finding]:
    """Run all checks; returns their findings in order."""
    found: list[Finding] = []
    missing: set[str] = set()
    try:
        deployment = Deployment(settings, deep)
    except GroupvitalsError as error:
        return [Finding(ERROR, "settings", str(error), "Correct this first: nothing else can be checked.")]
    for check in CHECKS:
        if missing.intersection(check.needs):
            continue
        findings = _look(check, deployment)
        if check.gives and any(finding.severity == ERROR for finding in findings):
            missing.add(check.gives)
        found += findings
    if not missing:
        for agent in AGENTS:
            if agent != deployment.agent:
                found += _agent(Deployment(settings, deep, agent))
    return found


def _agent(deployment: Deployment) -> list[Finding]:
    """The findings about another agent; none if it is not in use."""
    try:
        if not deployment.used:
            return []
    except GroupvitalsError as error:
        return [
            Finding(
                WARNING, deployment.agent, f"could not be checked: {error}", "Try again when the server is less busy."
            )
        ]
    chosen = [one for one in CHECKS if one.each_agent and (deployment.config.agent.records or not one.of_records)]
    found = [finding for check in chosen for finding in _look(check, deployment)]
    return [replace(finding, what=f"{deployment.agent}: {finding.what}") for finding in found]


def _look(check: Check, deployment: Deployment) -> list[Finding]:
    name = check.look.__name__.replace("_", " ")
    found: list[Finding] = []
    try:
        found.extend(check.look(deployment))
    except GroupvitalsError as error:
        if check.gives:
            do = "Start the server, or correct its address." if check.gives != "tables" else "Do what the message says."
            found.append(Finding(ERROR, name, str(error), do))
        else:
            found.append(
                Finding(WARNING, name, f"could not be checked: {error}", "Try again when the server is less busy.")
            )
    return found
