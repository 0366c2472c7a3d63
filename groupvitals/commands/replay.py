"""`groupvitals replay`: from files to answers in one command."""

from typing import TYPE_CHECKING, Annotated

import typer

from groupvitals.commands.importing import Files, print_report, refuse_nothing, with_files

if TYPE_CHECKING:
    from groupvitals.settings import Settings
    from groupvitals.summary import Summary


@with_files
def replay(
    files: Files,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Import files, land their records, close their days and summarise the result. Starts local servers if needed."""
    from groupvitals.settings import load_settings

    done = run_replay(load_settings(), files)
    if as_json:
        import json

        print(json.dumps(done.for_programs(), indent=1))
    else:
        print_report(done.report)
        print("\n".join(done.sentences()))
    refuse_nothing(done.report)


def run_replay(settings: "Settings", files: Files) -> "Summary":
    """Replay files. Raises `ConfigError` before anything is started when a file is not what the options say."""
    import time

    from groupvitals.commands.services import start_services
    from groupvitals.commands.topics import topic_layout
    from groupvitals.commands.worker import worker_config
    from groupvitals.connections import clickhouse, kafka_address
    from groupvitals.landing import (
        agents_for,
        correct_late,
        import_and_land,
        progress_bars,
        wait_for_others,
    )
    from groupvitals.summary import Summary
    from schemas.agents import COMMUNITY
    from sinks.clickhouse.migrations import migrate
    from sinks.clickhouse.readers.closed_days import ClosedDays
    from sinks.clickhouse.readers.landed import heads, landed_since
    from sinks.clickhouse.store import ClickHouseStore
    from sources.importing import plan
    from streams.kafka.topics import ensure_topics

    agents = agents_for(plan(files.paths, files.format, files.options))
    start_services(settings)
    ensure_topics(kafka_address(settings), topic_layout(settings))
    migrate(clickhouse(settings), settings.worker.time_zone)
    store = ClickHouseStore(clickhouse(settings))
    configs = {agent.contract: worker_config(settings, agent.name) for agent in agents}
    before = {contract: heads(store, config.agent, config.topic) for contract, config in configs.items()}
    began = time.time()
    with progress_bars() as bars:
        report, stats = import_and_land(settings, files.job(settings), agents, bars)
        done = Summary(report, stats=stats)
        for contract, config in configs.items():
            done.left[contract] = wait_for_others(config, store, bars)
            done.landed[contract] = landed_since(store, config.agent, config.topic, before[contract])
        chat = done.landed.get(COMMUNITY.contract)
        late = bool(chat and chat.late)
        done.corrected = correct_late(settings, worker_config(settings, COMMUNITY.name), store, late, bars)
    done.days = ClosedDays(store).since(began)
    return done
