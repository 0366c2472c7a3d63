"""People's rows worked out again from all that has landed: by a worker, in a term of its own, or only to compare.

They belong to no offsets, so nothing is replayed. To compare, everybody is worked out in memory, and nothing lands.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pyarrow as pa

from schemas.errors import ConfigError
from sinks.clickhouse.guard import check as check_tables
from sinks.clickhouse.guard import written_by
from sinks.clickhouse.readers.compare import Compared
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.schema import declared
from sinks.clickhouse.store import ClickHouseStore
from streams.checkpoint.epochs import check, check_rules
from streams.checkpoint.flush import concat
from streams.config import WorkerConfig
from streams.kafka.broker import topic_origin
from streams.people.state import PeopleState
from streams.people.task import PeopleTask
from streams.people.terms import published
from streams.rebuild.beside import Beside, Pairs, as_landed
from streams.rebuild.outcomes import Rebuilt, Verified
from streams.rebuild.rebuild import next_number
from streams.retry import wait_for

#: How often everybody is worked out while rows differ, and how long workers may take to come as far, seconds.
_ROUNDS, _PATIENCE_S, _PAUSE_S = 5, 5.0, 0.25
_EXAMPLES = 10


class PeopleRebuild:
    """The rows of the people agent in a database."""

    def __init__(self, config: WorkerConfig) -> None:
        self.config, self.store = config, ClickHouseStore(config.address)
        found = self.store.epoch(config.agent.contract)
        if found is None or not published(self.store, 0):
            raise ConfigError(
                f"The database {config.address.database} has no rows of people yet: run `groupvitals worker --agent "
                f"{config.agent.name}`."
            )
        self.current = found

    @classmethod
    def of(cls, config: WorkerConfig) -> "PeopleRebuild":
        """Those of the deployment to which a worker of this configuration belongs."""
        check_tables(config.address, written_by(config.agent))
        made = cls(config)
        check(made.current, topic_origin(config.kafka, config.topic), made.current.settings)
        return made

    def rebuild(self) -> Rebuilt:
        """Have the worker begin a term in an epoch of the present settings; it is read once all its rows are there."""
        number = next_number(self.store.epochs(self.config.agent.contract))
        self.store.claim(replace(self.current, number=number, settings=self.config.numbers))
        return Rebuilt(number)

    def verify(self) -> Verified:
        """Work everybody out again in memory, and compare row by row.

        The worker may carry on: a row counts as different when it is the same once everybody has been worked out again.
        Until the worker has come as far as its sources (`behind`: partitions that it has not), none does.
        """
        check_rules(self.current, self.config.agent)
        result = Verified({table.name: Compared() for table in self.config.agent.states}, partitions=1)
        before: dict[str, Pairs] = {}
        for _ in range(_ROUNDS):
            both = list(self._worked_out(result))
            pairs = {one.table.name: one.pairs() for one in both}
            for one in both:
                name, total = one.table.name, result.tables[one.table.name]
                same = {key for key, pair in pairs[name].items() if before.get(name, {}).get(key) == pair}
                total.keys, total.different, total.open = one.wanted.num_rows, same, pairs[name].keys() - same
                total.examples = list(one.examples(sorted(same)[:_EXAMPLES]))
            before = {} if result.behind else pairs
            if not result.open:
                break
        return result

    def _worked_out(self, result: Verified) -> Iterator[Beside]:
        """Work everybody out, let the worker come as far, and read its rows."""
        c = self.config
        state = PeopleState(c.time_zone, c.lateness_h, c.duplicate_horizon, c.zombie_chance, c.nickname, c.credit)
        task = PeopleTask(c.topic, 0, state)
        reading = wait_for(partial(task.look, self.store), "reading what has landed")
        assert reading is not None, "nothing was read before"
        task.take(reading)
        while (answer := wait_for(partial(task.more, self.store), "reading by keys")) is not None:
            task.state.answer(answer)
        task.state.close()
        parts = task.state.collect().parts
        result.behind = self._behind(task.state.marks)
        for table in c.agent.states:
            found = wait_for(partial(self._in_use, table.name), f"reading {table.name}")
            made = [part() for part in parts.get(table.name, ())]
            yield Beside(table, as_landed(concat(made), found.schema) if made else found.slice(0, 0), found)

    def _in_use(self, table: str) -> pa.Table:
        filled_in = [name for name, column in declared()[table].items() if column.filled_in]
        columns = f"* EXCEPT ({', '.join(filled_in)})" if filled_in else "*"
        return self.store.read(f"SELECT {columns} FROM {self.store.address.database}.{table}_now")

    def _behind(self, read: Marks) -> int:
        """In how many partitions the rows in use have not come as far as these marks; waits a while until they have."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            rows = self.store.native.execute(
                f"SELECT contract, number, source_version FROM {self.store.address.database}.people_sources_now"
            )
            reached: dict[tuple[str, int], int] = {(contract, number): version for contract, number, version in rows}
            behind = sum(reached.get(place, 0) < version for place, version in read.versions.items())
            if not behind or time.monotonic() > deadline:
                return behind
            time.sleep(_PAUSE_S)
