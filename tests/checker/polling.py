# SPDX-License-Identifier: MIT
"""The recorder's devices without a WebSocket: GET /events and POST /rpc, one connection each.

Connections are cut at random: before the answer, in its middle, or after the whole of it. What was
cut counts as not shown, and the device asks again with its old place. A question is written down as

  invoke   op, conn, dev, method "events", params {cursor, seen?, wait}
  event    ...                       what its answer shows, in order
  answer   op, result {cursor, reset?} | error
  cut      op, how: cut | lost       or it had no answer: by us, or with the server

A call of POST /rpc that was cut by us ends with a cut line, too.
"""

import asyncio
import json
import random
import time

ANSWER_SECONDS = 20.0
STALLED_SECONDS = 6.0  # without anything new: it will not come
TAILS = ["hello", "ünï¢ödé 🙂", "a\"b\\c/\n\ttab", "x" * 300]


class Lost(Exception):
    """The connection ended before the whole answer."""


class Refused(Exception):
    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


async def exchange(url, token, method, target, body="", cut=None):
    """One HTTP exchange, read to its end; returns the JSON value. cut: after so many bytes of the
    answer (0: after a moment of waiting) the connection is thrown away."""
    host, _, port = url.removeprefix("ws://").removesuffix("/ws").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write((f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"
                      f"Authorization: Bearer {token}\r\n"
                      f"Content-Length: {len(body.encode())}\r\n\r\n{body}").encode())
        if cut == 0:
            await asyncio.sleep(random.uniform(0, 0.05))
            raise Lost("cut")
        if cut is not None:
            await reader.read(cut)
            raise Lost("cut")
        answer = await asyncio.wait_for(reader.read(-1), ANSWER_SECONDS)
    except (OSError, asyncio.TimeoutError) as error:
        raise Lost("lost") from error
    finally:
        writer.transport.abort()
    head, _, text = answer.partition(b"\r\n\r\n")
    try:
        value = json.loads(text)
    except ValueError:
        raise Lost("lost") from None
    if not head.startswith(b"HTTP/1.1 200"):
        raise Refused(value["error"])
    return value


class PollDevice:
    """Keeps what a good client keeps: its unsent sends, what it was shown, what it is done with."""

    def __init__(self, run, user, name, token, reads_ahead):
        self.run = run
        self.user = user
        self.dev = name
        self.token = token
        self.reads_ahead = reads_ahead  # uses "seen"
        self.random = random.Random(f"{run.seed}/{name}")
        self.counter = 0
        self.unsent = None  # the params of the send whose outcome is not known
        self.acked = "0"
        self.shown = "0"
        self.ahead = []  # cursors shown and not acknowledged, in order
        self.seen = {}  # peer -> highest seq known of

    def begin(self, method, params):
        history = self.run.history
        history.operations += 1
        history.connections += 1
        history.write("invoke", op=history.operations, conn=history.connections, dev=self.dev,
                      method=method, params=params)
        return history.operations, history.connections

    async def call(self, method, **params):
        """Returns the result; Lost: unknown, Refused: it was not done."""
        op, _ = self.begin(method, params)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        cut = self.random.choice([0, 20]) if self.is_cut() else None
        try:
            answer = await exchange(self.run.server.url, self.token, "POST", "/rpc", body, cut)
        except (Lost, OSError) as error:
            self.run.history.write("cut" if str(error) == "cut" else "unknown", op=op)
            raise Lost("lost") from error
        except Refused as refused:
            self.run.history.write("answer", op=op, error=refused.error)
            raise
        self.run.history.write("answer", op=op, result=answer["result"])
        return answer["result"]

    def is_cut(self):
        return self.run.is_working and self.random.random() < 0.25

    async def ask(self, wait):
        """One question; returns its events, None when it was cut."""
        params = {"cursor": self.acked, "wait": wait}
        if self.shown != self.acked:
            params["seen"] = self.shown
        op, conn = self.begin("events", params)
        target = "/events?" + "&".join(f"{name}={value}" for name, value in params.items())
        cut = self.random.choice([0, 1, 150, 400, 2000]) if self.is_cut() else None
        is_forgotten = self.is_cut()  # the whole of it arrives, and is lost by the client
        write = self.run.history.write
        try:
            answer = await exchange(self.run.server.url, self.token, "GET", target, cut=cut)
            if is_forgotten:
                raise Lost("cut")
        except (Lost, OSError) as error:
            write("cut", op=op, how="cut" if str(error) == "cut" else "lost")
            return None
        except Refused as refused:
            write("answer", op=op, error=refused.error)
            if not refused.error["data"]["retryable"]:
                self.run.complain(f"{self.dev}: {refused.error}")
            return None
        for event in answer["events"]:
            write("event", conn=conn, dev=self.dev, method=event["method"],
                  params=event.get("params") or {})
            self.note(event)
        self.shown = answer.pop("cursor")
        write("answer", op=op, result={
            "cursor": self.shown, **({"reset": True} if answer.get("reset") else {})})
        return answer["events"]

    def note(self, event):
        params = event["params"]
        if event["method"] == "message":
            self.seen[params["peer"]] = max(self.seen.get(params["peer"], 0), params["seq"])
        if "cursor" in params:
            self.ahead.append(params["cursor"])

    def be_done_with(self, cursor):
        self.acked = cursor
        self.ahead = self.ahead[self.ahead.index(cursor) + 1:] if cursor in self.ahead else []

    async def acknowledge(self):
        """Some of what was shown, or all of it: with the next question, or by a call before it."""
        if not self.reads_ahead or len(self.ahead) > 200 or self.random.random() < 0.3:
            self.be_done_with(self.shown)
        elif self.ahead and self.random.random() < 0.5:
            cursor = self.random.choice(self.ahead)
            try:
                if self.random.random() < 0.5:
                    await self.call("ack", cursor=cursor)
            except Refused as refused:
                if refused.error["data"]["kind"] != "invalid":  # a new session has not shown it yet
                    raise
            self.be_done_with(cursor)

    async def send(self):
        """One at a time: connections may overtake each other."""
        if self.unsent is None:
            self.counter += 1
            self.unsent = {"to": self.random.choice(self.run.peers[self.user]),
                           "text": f"{self.dev} {self.counter} {self.random.choice(TAILS)}",
                           "counter": self.counter}
        await self.resend()

    async def resend(self):
        if self.unsent is not None:
            result = await self.call("message.send", **self.unsent)
            self.unsent = None
            self.seen[result["peer"]] = max(self.seen.get(result["peer"], 0), result["seq"])

    async def live(self):
        while self.run.is_working:
            try:
                await self.resend()
                if self.random.random() < 0.3:
                    await self.send()
                await self.acknowledge()
                await self.ask(self.random.choice([0, 1, 1, 3]))
            except Lost:
                await asyncio.sleep(0.05)
            except Refused as refused:
                if not refused.error["data"].get("retryable"):
                    self.run.complain(f"{self.dev}: {refused}")
                    self.unsent = None
                await asyncio.sleep(0.2)
            await asyncio.sleep(self.random.choice([0, 0, 0.02, 0.2]))

    # After the faults.

    async def finish(self):
        await self.resend()

    async def read_everything(self):
        self.run.history.write("final", dev=self.dev)
        await self.drain(lambda _: sum(self.seen.values()))
        self.shown = self.acked = "0"
        await self.drain(len)
        for peer in self.run.peers[self.user]:
            after, more = 0, True
            while more:
                page = await self.call("history.get", peer=peer, after=after, limit=500)
                more = page["more"] and page["messages"]
                after = page["messages"][-1]["seq"] if page["messages"] else after

    async def drain(self, progress):
        """Asks until everything came: progress is then the sum of all heads."""
        messages = set()
        best, last_change = -1, time.monotonic()
        while time.monotonic() < last_change + STALLED_SECONDS:
            events = await self.ask(1)
            self.be_done_with(self.shown)
            messages |= {(e["params"]["peer"], e["params"]["seq"]) for e in events or []
                         if e["method"] == "message"}
            if progress(messages) > best:
                best, last_change = progress(messages), time.monotonic()
            heads = [(await self.call("history.get", peer=peer, limit=1))["head_seq"]
                     for peer in self.run.peers[self.user]]
            if progress(messages) >= sum(heads):
                await self.ask(0)  # acknowledges the last
                return
        self.run.note_unfinished(self.dev)
