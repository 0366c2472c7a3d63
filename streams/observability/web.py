"""What a process of workers serves over HTTP: `/healthz`, `/readyz`, `/metrics`. Reads the workers, changes nothing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from schemas.errors import ConfigError
from streams.observability.metrics import exposition
from streams.observability.probe import Look, Probe
from streams.observability.watched import Watched
from streams.retry import waits


def not_ready(workers: Sequence[Watched], look: Look) -> list[str]:
    """Why these workers are not ready; empty when they are. A worker without partitions is on standby and therefore
    ready."""
    found = list(look.away.values())
    for worker in workers:
        told = _not_ready(worker)
        found += [f"{worker.config.agent.name}: {why}" for why in told] if len(workers) > 1 else told
    return found + [f"{doing} waits: {why}" for doing, why in waits().items()]


def _not_ready(worker: Watched) -> list[str]:
    processor, found = worker.processor, list[str]()
    if processor.failure is not None:
        found.append(str(processor.failure))
    if worker.stop.is_set():
        found.append("The worker is stopping.")
    if worker.assigned is None:
        found.append("Kafka has not assigned partitions yet.")
    waiting = sorted((worker.assigned or set()) - processor.running)
    if waiting:
        found.append(f"Partitions not taken over yet: {', '.join(map(str, waiting))}.")
    return found + list(processor.stopped.values())


@asynccontextmanager
async def serving(workers: Sequence[Watched], host: str, port: int) -> AsyncIterator[None]:
    """Serve on host:port within this context; port 0: do not. Raises `ConfigError` when the port cannot be bound.

    The workers are of one process and deployment, each of another agent.
    """
    if not port:
        yield
        return
    config = workers[0].config
    probe = Probe(config.kafka, [worker.config.topic for worker in workers], config.address)

    async def healthz(request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(request: web.Request) -> web.Response:
        why = not_ready(workers, await probe.look())
        return web.json_response({"ready": not why, "why": why}, status=503 if why else 200)

    async def metrics(request: web.Request) -> web.Response:
        text = exposition(workers, await probe.look())
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigError(
                f"Port {port} on {host} cannot be bound ({error.strerror}): set GROUPVITALS_WORKER__WEB_PORT to a free "
                "one, one per worker on this host, or to 0 for none."
            ) from error
        yield
    finally:
        await runner.cleanup()
        await probe.close()
