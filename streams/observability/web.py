"""What a worker serves over HTTP: `/healthz`, `/readyz`, `/metrics`. Reads the worker, changes nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from schemas.errors import ConfigError
from streams.observability.metrics import exposition
from streams.observability.probe import Look, Probe
from streams.observability.watched import Watched
from streams.retry import waits


def not_ready(worker: Watched, look: Look) -> list[str]:
    """Why this worker is not ready; empty when it is. A worker without partitions is on standby and therefore ready."""
    processor, found = worker.processor, list(look.away.values())
    if processor.failure is not None:
        found.append(str(processor.failure))
    if worker.stop.is_set():
        found.append("The worker is stopping.")
    if worker.assigned is None:
        found.append("Kafka has not assigned partitions yet.")
    waiting = sorted((worker.assigned or set()) - processor.running)
    if waiting:
        found.append(f"Partitions not taken over yet: {', '.join(map(str, waiting))}.")
    return found + list(processor.stopped.values()) + [f"{doing} waits: {why}" for doing, why in waits.copy().items()]


@asynccontextmanager
async def serving(worker: Watched, host: str, port: int) -> AsyncIterator[None]:
    """Serve on host:port within this context; port 0: do not. Raises `ConfigError` when the port cannot be bound."""
    if not port:
        yield
        return
    probe = Probe(worker.config.kafka, worker.config.topic, worker.config.address)

    async def healthz(request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(request: web.Request) -> web.Response:
        why = not_ready(worker, await probe.look())
        return web.json_response({"ready": not why, "why": why}, status=503 if why else 200)

    async def metrics(request: web.Request) -> web.Response:
        text = exposition(worker, await probe.look())
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
