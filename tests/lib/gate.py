# SPDX-License-Identifier: MIT
"""A TCP gate in front of chatd, in a thread of its own: lets WebSockets through or not, cuts
connections, goes deaf. For clients that must find their way."""

import asyncio
import random
import threading


class Gate:
    def __init__(self, target):
        self.target = target          # (host, port), may change
        self.is_ws_open = True        # else GET /ws is answered with 403
        self.is_deaf = False          # else new connections are accepted and never answered
        self.cut_after = None         # else answers of HTTP are cut after so many bytes, at random
        self.pipes = set()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        started.wait(10)

    def _run(self, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._take, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        started.set()
        self.loop.run_forever()
        server.close()

    async def _take(self, reader, writer):
        me = asyncio.current_task()
        self.pipes.add(me)
        other = None
        try:
            head = await reader.read(65536)
            is_ws = head.startswith(b"GET /ws")
            if self.is_deaf:
                await asyncio.sleep(3600)
            if is_ws and not self.is_ws_open:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n"
                             b"Connection: close\r\n\r\nno")
                await writer.drain()
                return
            back, other = await asyncio.open_connection(*self.target)
            other.write(head)
            limit = random.randrange(1, self.cut_after) if self.cut_after and not is_ws else None
            await asyncio.gather(self._pass(reader, other, None), self._pass(back, writer, limit))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.pipes.discard(me)
            for end in (writer, other):
                if end is not None:
                    end.transport.abort()

    @staticmethod
    async def _pass(reader, writer, limit):
        while data := await reader.read(65536):
            if limit is not None and len(data) >= limit:
                writer.write(data[:limit])
                await writer.drain()
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    def cut(self):
        """Every connection, now."""
        if self.loop.is_closed():
            return

        def cancel():
            for pipe in list(self.pipes):
                pipe.cancel()
        self.loop.call_soon_threadsafe(cancel)

    def block_ws(self):
        self.is_ws_open = False
        self.cut()

    def open_ws(self):
        self.is_ws_open = True

    def close(self):
        if self.loop.is_closed():
            return
        self.cut()
        self.loop.call_soon_threadsafe(self.loop.call_later, 0.1, self.loop.stop)
        self.thread.join(10)
        self.loop.close()
