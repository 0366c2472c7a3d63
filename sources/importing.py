"""Imports files: reads a format, sends its records, remembers how far it got, reports what could not be read."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import orjson

from schemas.errors import ConfigError
from schemas.kafka import Kafka
from sources.chunks import START, Chunk, Options, Problem
from sources.importers.detect import format_of
from sources.importers.formats import FORMATS, topic_fed
from sources.producer import Producer, Sent, produce
from sources.resume import Bookmark

#: Problems shown of each file; all are counted.
SHOWN = 10


@dataclass
class FileReport:
    """What became of one file, read as `format`, its records for `topic`.

    `skipped`: it was imported before, and nothing of it was sent now. `problems` counts what could not be read, by
    kind; `shown` has the first of them. `passed_over` counts what was left out on purpose, by reason.
    """

    path: str
    format: str
    topic: str
    resumed_line: int = 0
    lines: int = 0
    records: int = 0
    skipped: bool = False
    problems: Counter[str] = field(default_factory=Counter)
    shown: list[Problem] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)

    @property
    def fruitless(self) -> bool:
        """Whether the file has never given a record, in this import or an earlier one."""
        return not (self.records or self.skipped or self.resumed_line)


@dataclass
class Report:
    """What became of an import: its files, and the records Kafka acknowledged or refused by topic and partition."""

    files: list[FileReport] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)

    @property
    def records(self) -> int:
        """Records acknowledged."""
        return sum(self.sent.acknowledged.values())

    @property
    def problems(self) -> int:
        """Lines that could not be read."""
        return sum(file.problems.total() for file in self.files)

    @property
    def passed_over(self) -> Counter[str]:
        """What was left out on purpose, by reason."""
        return sum((file.passed_over for file in self.files), Counter())

    @property
    def fruitless(self) -> bool:
        """Whether no file gave a record."""
        return all(file.fruitless for file in self.files)


@dataclass(frozen=True)
class Import:
    """One import: which files, in which format (None: detected for each file), go where.

    `home` keeps the bookmarks (`imports/` below it); `restart` ignores them. `problems_to` gets one line per problem.
    """

    format: str | None
    paths: list[Path]
    kafka: Kafka
    home: Path
    options: Options = field(default_factory=Options)
    prefix: str = ""
    restart: bool = False
    problems_to: Path | None = None

    def __post_init__(self) -> None:
        if self.format not in (None, *FORMATS):
            raise ConfigError(f"There is no format {self.format}: use one of {', '.join(FORMATS)}.")
        for path in self.paths:
            if not path.is_file():
                raise ConfigError(f"{path} is not a file.")


def plan(paths: list[Path], format_: str | None, options: Options) -> list[FileReport]:
    """What each file is, and which topic it goes to. Raises `ConfigError` and `DataError` as `run` does."""
    found = []
    for path in paths:
        shown = format_of(path, format_, options)
        found.append(FileReport(str(path), shown, topic_fed(shown, path, options)))
    return found


#: Called with a file and how many of its bytes are acknowledged.
Progress = Callable[[Path, int], None]


def run(job: Import, progress: Progress = lambda path, offset: None) -> Report:
    """Import files one after the other.

    Each file continues where its last import stopped. Raises `ConfigError` (a topic is missing, or a file is not in the
    given format, which is found before anything is sent), `DataError` (a file cannot be read) or
    `ServiceError` and `BackpressureError` (Kafka); what was acknowledged until then is remembered.
    """
    return asyncio.run(_run(job, progress))


async def _run(job: Import, progress: Progress) -> Report:
    report = Report(plan(job.paths, job.format, job.options))
    with ExitStack() as stack:
        problems = stack.enter_context(job.problems_to.open("wb")) if job.problems_to else None
        async with Producer(job.kafka, job.prefix) as producer:
            report.sent = producer.sent
            for path, file in zip(job.paths, report.files, strict=True):
                await _file(job, path, producer, file, problems, progress)
    return report


async def _file(
    job: Import, path: Path, producer: Producer, report: FileReport, problems: BinaryIO | None, progress: Progress
) -> None:
    target = (report.format, job.kafka.bootstrap, job.prefix, job.options)
    bookmark = Bookmark(job.home / "imports", path, repr(target))
    start = START if job.restart else bookmark.read()
    if start.offset and bookmark.finished(start):
        report.skipped, report.resumed_line = True, start.line
        progress(path, start.offset)
        return
    end, report.resumed_line, report.lines = start, start.line, start.line
    progress(path, start.offset)

    def problem(found: Problem) -> None:
        report.problems[found.kind] += 1
        if len(report.shown) < SHOWN:
            report.shown.append(found)
        if problems:
            problems.write(orjson.dumps({"file": report.path} | found._asdict()) + b"\n")

    def done(chunk: Chunk) -> None:
        nonlocal end
        end, report.lines = chunk.end, chunk.end.line
        report.records += len(chunk.values)
        report.passed_over += chunk.passed_over
        for found in chunk.problems:
            problem(found)
        if not report.fruitless:  # else the next import reports again why there is nothing
            bookmark.write(chunk.end)
        progress(path, chunk.end.offset)

    options = replace(job.options, memory=_memory(job))
    await produce(producer, FORMATS[report.format](path, options, start), done)
    if not report.fruitless:
        bookmark.write(end, finished=True)
    elif not report.problems and not report.passed_over:
        what = f"nothing in the file can be read as {report.format}" if report.lines else "the file is empty"
        problem(Problem(max(report.lines, 1), "empty", what))


def _memory(job: Import) -> Path:
    """Where names from files are kept, separately for each deployment."""
    deployment = blake2b(f"{job.kafka.bootstrap}\0{job.prefix}".encode(), digest_size=12).hexdigest()
    return job.home / "imports" / f"names-{deployment}"
