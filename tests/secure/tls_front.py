"""TLS in front of a server on this machine that has none, as load balancers do it."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _listen(port: int, context: ssl.SSLContext) -> asyncio.Server:
    """Forward to 127.0.0.1:port."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, to_server), _pump(from_server, writer))

    return await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)


@contextmanager
def tls_front(certificate: Path, *ports: int) -> Iterator[list[int]]:
    """Serve each port behind the certificate (PEM, its key in the same file); gives the ports to connect to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        servers = [asyncio.run_coroutine_threadsafe(_listen(port, context), loop).result(10) for port in ports]
        yield [server.sockets[0].getsockname()[1] for server in servers]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
