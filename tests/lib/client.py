# SPDX-License-Identifier: MIT
"""A WebSocket client for tests, on a library that this project did not write (python3-websockets).

A Client is one device. Calls that are sent and calls that are answered are apart (start, call), so
that tests can pipeline; events are kept in order in .events and never acknowledged by themselves.
"""

import asyncio
import contextlib
import itertools
import json

import websockets

ANSWER_SECONDS = 20.0


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error.get('code')} {error.get('data')} {error.get('message')}")
        self.code = error.get("code")
        self.data = error.get("data") or {}
        self.kind = self.data.get("kind")
        self.message = error.get("message")


class Gone(Exception):
    """The connection ended before the answer: the outcome is unknown."""


class Answer(asyncio.Future):
    """The future of an answer; knows what was asked."""

    method = None


class Client:
    def __init__(self, url, token=None, on_event=None):
        self.url = url
        self.token = token
        self.on_event = on_event
        self.on_start = None  # called before a request leaves
        self.on_settle = None
        self.user = None
        self.device = None
        self.counter = 0
        self.window = None
        self.cursor = None  # of the newest durable event or the subscription's start
        self.events = []
        self.resumed = None  # the answer of the last session.resume
        self.socket = None
        self.closed = None  # (code, reason) once the connection is gone
        self.ids = itertools.count(1)
        self.waiting = {}
        self.strays = []  # answers with an id that nobody asked with
        self.arrived = asyncio.Event()
        self.reader = None

    async def open(self, **more):
        """Connects; more goes to websockets.connect."""
        try:
            self.socket = await websockets.connect(
                self.url, subprotocols=["chat.v1"], compression=None, max_size=None,
                max_queue=4096, ping_interval=None, open_timeout=ANSWER_SECONDS, close_timeout=2,
                **more)
        except websockets.InvalidMessage as broken:
            raise Gone(str(broken)) from None
        self.closed = None
        self.reader = asyncio.ensure_future(self._read())
        return self

    async def _read(self):
        try:
            async for text in self.socket:
                self._take(json.loads(text))
        except websockets.ConnectionClosed:
            pass
        self.closed = (self.socket.close_code, self.socket.close_reason)
        for future in self.waiting.values():
            self._settle(future, exception=Gone(f"closed {self.closed}"))
        self.waiting.clear()
        self.arrived.set()

    def _settle(self, future, result=None, exception=None):
        """Called at the moment the answer is read, before anything that comes behind it."""
        if future.done():
            return
        if self.on_settle:
            self.on_settle(future, result, exception)
        if exception is not None:
            future.set_exception(exception)
            future.exception()  # marks it as seen: not everybody waits
        else:
            future.set_result(result)

    def _take(self, message):
        if "method" in message:
            params = message.get("params") or {}
            if "cursor" in params:
                self.cursor = params["cursor"]
            self.events.append(message)
            if self.on_event:
                self.on_event(message)
        else:
            future = self.waiting.pop(message.get("id"), None)
            if future is None:
                self.strays.append(message)
            elif "error" in message:
                self._settle(future, exception=RpcError(message["error"]))
            else:
                result = message["result"]
                if future.method == "subscribe":
                    self.cursor, self.window = result["cursor"], result["window"]
                self._settle(future, result)
        self.arrived.set()

    async def raw(self, text):
        try:
            await self.socket.send(text)
        except websockets.ConnectionClosed as gone:
            raise Gone(str(gone)) from None

    async def start(self, method, **params):
        """Sends a request; returns the future of its answer."""
        number = next(self.ids)
        future = Answer()
        future.method = method
        self.waiting[number] = future
        if self.on_start:
            self.on_start(future, method, params)
        try:
            if self.closed is not None:
                raise Gone(str(self.closed))
            await self.raw(json.dumps({"jsonrpc": "2.0", "id": number, "method": method,
                                       "params": params}, ensure_ascii=False))
        except Gone as gone:
            self.waiting.pop(number, None)
            self._settle(future, exception=gone)
            raise
        return future

    async def call(self, method, **params):
        return await asyncio.wait_for(await self.start(method, **params), ANSWER_SECONDS)

    async def notify(self, method, **params):
        await self.raw(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    async def resume(self, token=None):
        self.token = token or self.token
        self.resumed = result = await self.call("session.resume", token=self.token)
        self.user, self.device = result["user"], result["device"]
        self.counter = max(self.counter, result["counter"])
        return result

    async def subscribe(self, start="now", **more):
        return await self.call("subscribe", **{"from": start}, **more)

    async def start_send(self, to, text, **more):
        if "counter" not in more:
            self.counter += 1
            more["counter"] = self.counter
        return await self.start("message.send", to=to, text=text,
                                **{k: v for k, v in more.items() if v is not None})

    async def send(self, to, text, **more):
        return await asyncio.wait_for(await self.start_send(to, text, **more), ANSWER_SECONDS)

    async def ack(self, cursor=None):
        return await self.call("ack", cursor=cursor or self.cursor)

    async def history(self, peer, **more):
        return await self.call("history.get", peer=peer, **more)

    async def whole_history(self, peer, page=200):
        """Oldest first, by `after` pages."""
        messages, after = [], 0
        while True:
            part = await self.history(peer, after=after, limit=page)
            messages += part["messages"]
            if not part["more"]:
                return messages, part
            after = part["messages"][-1]["seq"]

    async def wait_for(self, claim, timeout=10.0):
        """Waits until claim() is true; returns its value."""
        until = asyncio.get_running_loop().time() + timeout
        while True:
            value = claim()
            if value:
                return value
            left = until - asyncio.get_running_loop().time()
            if left <= 0 or (self.closed is not None and not claim()):
                raise TimeoutError(f"user {self.user}: waited in vain; closed={self.closed}; "
                                   f"last events {self.events[-3:]}")
            self.arrived.clear()
            try:
                await asyncio.wait_for(self.arrived.wait(), left)
            except asyncio.TimeoutError:
                pass

    async def wait_events(self, count, method=None, timeout=10.0):
        """The first count events (of that method), as params."""
        await self.wait_for(lambda: len(self.of(method)) >= count, timeout)
        return self.of(method)[:count]

    def of(self, method=None):
        return [e.get("params", {}) for e in self.events if method in (None, e["method"])]

    def texts(self):
        return [m["text"] for m in self.of("message")]

    async def quiet(self, seconds=0.3):
        """Lets time pass in which nothing should come; returns how many events there are then."""
        await asyncio.sleep(seconds)
        return len(self.events)

    async def close(self):
        if self.socket is not None:
            with contextlib.suppress(websockets.ConnectionClosed):  # it went first
                await self.socket.close()
        if self.reader is not None:
            await self.reader

    async def cut(self):
        """The connection is torn without a close frame, as by a lost network."""
        if self.socket is not None and self.socket.transport is not None:
            self.socket.transport.abort()
        if self.reader is not None:
            await self.reader


async def device(server, token, start=None, **more):
    """A resumed (and, with start, subscribed) device."""
    client = await Client(server.url, token, **more).open()
    await client.resume()
    if start is not None:
        await client.subscribe(start)
    return client


async def second_token(client, label="second"):
    return (await client.call("device.create", label=label))["token"]
