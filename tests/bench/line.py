"""A long line: what goes in comes out half a round trip later, in either direction.

It stands in front of the proxy of the fake services. The answer to CONNECT then takes the round trip
that TCP's handshake would take without a proxy; TLS and each request take one of their own.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress


class Line:
    """Leads to a port of this computer. ``round_trip`` is in seconds."""

    def __init__(self, port: int, round_trip: float) -> None:
        self._to, self._half = port, round_trip / 2
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        )
        self.port: int = server.sockets[0].getsockname()[1]
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        for source, sink in ((reader, back), (there, writer)):
            task = self._loop.create_task(self._carry(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(1 << 16):
                self._loop.call_later(self._half, sink.write, piece)
        self._loop.call_later(self._half, sink.close)
