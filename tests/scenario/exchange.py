#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A visible exchange between two users: usage: exchange.py HOST:PORT TOKEN_FILE TOKEN_FILE"""

import asyncio
import itertools
import json
import sys

import websockets

ids = itertools.count(1)


class Device:
    """One WebSocket that keeps notifications apart from answers."""

    def __init__(self, socket):
        self.socket = socket
        self.events = []

    async def call(self, method, **params):
        number = next(ids)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        await self.socket.send(json.dumps(request))
        while True:
            answer = json.loads(await self.socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    async def event(self, method):
        while True:
            for event in self.events:
                if event["method"] == method:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(json.loads(await self.socket.recv()))


async def enter(address, token_file):
    with open(token_file, encoding="ascii") as file:
        token = file.read().strip()
    device = Device(await websockets.connect(f"ws://{address}/ws", subprotocols=["chat.v1"]))
    who = await device.call("session.resume", token=token)
    await device.call("subscribe", **{"from": "now"})
    return who["user"], device


async def main(address, first_file, second_file):
    first_name, first = await enter(address, first_file)
    second_name, second = await enter(address, second_file)
    exchange = [
        (first, first_name, second, second_name, "Hello! Is this thing on?"),
        (second, second_name, first, first_name, "It is, and it was on disk before you read this. ✓"),
    ]
    for sender, sender_name, receiver, receiver_name, text in exchange:
        stored = await sender.call("message.send", to=receiver_name, text=text)
        print(f"{stored['ts']}  {sender_name} -> {receiver_name}: {text}")
        print(f"{'':24}  stored as number {stored['seq']}  ✓")
        shown = await receiver.event("message")
        assert (shown["text"], shown["seq"]) == (text, stored["seq"]), shown
        print(f"{'':24}  {receiver_name} was shown: {shown['text']}")
        await receiver.call("ack", cursor=shown["cursor"])
        receipt = await sender.event("receipt")
        assert receipt["delivered_seq"] >= stored["seq"], receipt
        print(f"{'':24}  {sender_name} knows that it was delivered  ✓✓")
    one = await first.call("history.get", peer=second_name)
    two = await second.call("history.get", peer=first_name)
    assert one["digest"] == two["digest"], (one, two)
    await first.socket.close()
    await second.socket.close()
    print(f"both histories have {one['head_seq']} entries and the digest {one['digest']}")


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 20))
