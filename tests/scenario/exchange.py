#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A visible exchange between two users, over WebSocket and over long poll.

usage: exchange.py HOST:PORT TOKEN_FILE TOKEN_FILE
"""

import asyncio
import http.client
import itertools
import json
import sys

import websockets

ids = itertools.count(1)


def request_of(method, params):
    return {"jsonrpc": "2.0", "id": next(ids), "method": method, "params": params}


def result_of(method, answer):
    if "error" in answer:
        raise SystemExit(f"{method}: {answer['error']['message']}")
    return answer["result"]


class SocketDevice:
    """One WebSocket that keeps notifications apart from answers."""

    title = "over WebSocket"

    def __init__(self, address, token):
        self.address = address
        self.token = token
        self.events = []
        self.socket = None
        self.user = None

    async def enter(self):
        self.socket = await websockets.connect(f"ws://{self.address}/ws", subprotocols=["chat.v1"])
        self.user = (await self.call("session.resume", token=self.token))["user"]
        await self.call("subscribe", **{"from": "unread"})
        await self.catch_up()

    async def catch_up(self):
        """Acknowledges what an exchange that was cut short has left, as "delivered" has no gaps."""
        while True:
            cursors = [event["params"]["cursor"] for event in self.events
                       if "cursor" in event["params"]]
            self.events.clear()
            if cursors:
                await self.call("ack", cursor=cursors[-1])
                continue
            try:
                self.events.append(json.loads(await asyncio.wait_for(self.socket.recv(), 0.3)))
            except asyncio.TimeoutError:
                return

    async def call(self, method, **params):
        request = request_of(method, params)
        await self.socket.send(json.dumps(request))
        while True:
            answer = json.loads(await self.socket.recv())
            if answer.get("id") == request["id"]:
                return result_of(method, answer)
            self.events.append(answer)

    async def event(self, method):
        while True:
            for event in self.events:
                if event["method"] == method:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(json.loads(await self.socket.recv()))

    async def acknowledge(self, cursor):
        await self.call("ack", cursor=cursor)

    async def leave(self):
        await self.socket.close()


class PollDevice:
    """POST /rpc for what it says, GET /events for what it is told: each a connection of its own."""

    title = "over long poll"

    def __init__(self, address, token):
        self.address = address
        self.token = token
        self.events = []
        self.cursor = None
        self.user = None
        self.asking = None
        self.arrived = asyncio.Event()
        self.is_leaving = False

    async def enter(self):
        who = await self.call("session.resume", token=self.token)
        self.user, self.cursor = who["user"], who["cursor"]
        # The first questions bring what this device was shown before and did not acknowledge.
        while await self.poll(wait=0):
            pass
        self.events.clear()
        self.asking = asyncio.create_task(self.keep_asking())

    def exchange(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request(method, path, body, {"Authorization": f"Bearer {self.token}"})
        answer = json.load(connection.getresponse())
        connection.close()
        return answer

    async def call(self, method, **params):
        body = json.dumps(request_of(method, params))
        return result_of(method, await asyncio.to_thread(self.exchange, "POST", "/rpc", body))

    async def poll(self, wait):
        """Acknowledges what the last answer showed. Returns the number of new events."""
        path = f"/events?cursor={self.cursor}&wait={wait}"
        answer = await asyncio.to_thread(self.exchange, "GET", path)
        if "error" in answer:
            raise SystemExit(f"GET /events: {answer['error']['message']}")
        self.cursor = answer["cursor"]
        self.events += answer["events"]
        return len(answer["events"])

    async def keep_asking(self):
        while not self.is_leaving:
            await self.poll(wait=15)
            self.arrived.set()

    async def event(self, method):
        while True:
            for event in self.events:
                if event["method"] == method:
                    self.events.remove(event)
                    return event["params"]
            self.arrived.clear()
            await self.arrived.wait()

    async def acknowledge(self, cursor):
        """Nothing to do: the next question has the cursor of the last answer."""

    async def leave(self):
        self.is_leaving = True
        await self.poll(wait=0)  # a second question ends the first one
        await self.asking


async def exchange(kind, address, tokens, texts):
    first, second = [kind(address, token) for token in tokens]
    await first.enter()
    await second.enter()
    for sender, receiver, text in ((first, second, texts[0]), (second, first, texts[1])):
        stored = await sender.call("message.send", to=receiver.user, text=text)
        print(f"{stored['ts']}  {sender.user} -> {receiver.user}: {text}")
        print(f"{'':24}  stored as number {stored['seq']}  ✓")
        shown = await receiver.event("message")
        assert (shown["text"], shown["seq"]) == (text, stored["seq"]), shown
        print(f"{'':24}  {receiver.user} was shown, {kind.title}: {shown['text']}")
        await receiver.acknowledge(shown["cursor"])
        # Receipts of earlier messages may come before.
        while (await sender.event("receipt")).get("delivered_seq", 0) < stored["seq"]:
            pass
        print(f"{'':24}  {sender.user} knows that it was delivered  ✓✓")
    one = await first.call("history.get", peer=second.user)
    two = await second.call("history.get", peer=first.user)
    assert one["digest"] == two["digest"], (one, two)
    await first.leave()
    await second.leave()
    print(f"both histories have {one['head_seq']} entries and the digest {one['digest']}")


async def main(address, *token_files):
    tokens = []
    for name in token_files:
        with open(name, encoding="ascii") as file:
            tokens.append(file.read().strip())
    await exchange(SocketDevice, address, tokens,
                   ["Hello! Is this thing on?",
                    "It is, and it was on disk before you read this. ✓"])
    print()
    await exchange(PollDevice, address, tokens,
                   ["And with nothing but HTTP?", "The same: GET /events, answered when you wrote."])


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 60))
