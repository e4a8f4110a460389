#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""GET /events with curl, alone and beside WebSocket devices of the same user."""

import asyncio
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from case import ScenarioCase  # noqa: E402
from client import second_token  # noqa: E402


class Poller:
    """A device that has nothing but curl."""

    def __init__(self, server, token):
        self.base = server.url.replace("ws://", "http://").removesuffix("/ws")
        self.token = token
        self.cursor = "0"
        self.events = []

    async def curl(self, *words):
        process = await asyncio.create_subprocess_exec(
            "curl", "-s", "-m", "70", "-w", "\n%{http_code}",
            "-H", f"Authorization: Bearer {self.token}",
            *words, stdout=asyncio.subprocess.PIPE)
        try:
            out, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        body, _, status = out.decode().rpartition("\n")
        return int(status), json.loads(body) if body else None

    async def poll(self, wait=1, cursor=None):
        status, answer = await self.curl(
            f"{self.base}/events?cursor={cursor or self.cursor}&wait={wait}")
        if status != 200:
            raise AssertionError(f"{status} {answer}")
        self.cursor = answer["cursor"]
        self.events += answer["events"]
        return answer

    async def call(self, method, **params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return await self.curl("-d", body, f"{self.base}/rpc")

    def texts(self):
        return [e["params"]["text"] for e in self.events if e["method"] == "message"]


class LongPoll(ScenarioCase):
    async def pair(self):
        """ann on a WebSocket, bob with a poller (and his WebSocket device, closed)."""
        ann, bob = await self.people("ann", "bob")
        poller = Poller(self.server, await second_token(bob))
        await bob.close()
        return ann, bob, poller

    async def test_what_is_there_comes_at_once_and_then_it_waits(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "first")
        start = time.monotonic()
        await poller.poll(wait=20)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(poller.texts(), ["first"])
        start = time.monotonic()
        answer = await poller.poll(wait=2)
        self.assertEqual(answer["events"], [])
        self.assertGreater(time.monotonic() - start, 0.9)

    async def test_a_waiting_poll_is_answered_when_something_comes(self):
        ann, bob, poller = await self.pair()
        await poller.poll(wait=1)
        waiting = asyncio.create_task(poller.poll(wait=30))
        await asyncio.sleep(0.3)
        await ann.send(bob.user, "now")
        start = time.monotonic()
        await waiting
        self.assertLess(time.monotonic() - start, 3)
        self.assertEqual(poller.texts(), ["now"])

    async def test_asking_with_a_cursor_makes_delivered_and_not_before(self):
        ann, bob, poller = await self.pair()
        sent = await ann.send(bob.user, "text")
        await poller.poll(wait=1)
        await ann.quiet(0.3)
        self.assertEqual([e for e in ann.events if e["method"] == "receipt"], [])
        await poller.poll(wait=1)
        await ann.wait_events(1, "receipt")
        receipt = [e for e in ann.events if e["method"] == "receipt"][0]["params"]
        self.assertEqual(receipt["delivered_seq"], sent["seq"])

    async def test_a_new_session_acknowledges_what_an_old_one_has_shown(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "text")
        await poller.poll(wait=1)
        self.server.restart()
        ann = await self.reconnect(ann, "unread")
        await poller.poll(wait=1)
        await ann.wait_events(1, "receipt")
        self.assertEqual(poller.texts(), ["text"])

    async def test_own_sends_come_with_their_answer_only(self):
        ann, bob, poller = await self.pair()
        await poller.poll(wait=1)
        status, answer = await poller.call("message.send", to=ann.user, text="mine")
        self.assertEqual(status, 200)
        await ann.wait_events(1, "message")
        await ann.send(bob.user, "yours")
        while not poller.texts():
            await poller.poll(wait=5)
        self.assertEqual(poller.texts(), ["yours"])
        again = await poller.poll(wait=1)
        self.assertEqual(again["events"], [])
        self.assertNotEqual(answer["result"]["cursor"], again["cursor"])

    async def test_every_event_once_over_many_polls(self):
        ann, bob, poller = await self.pair()
        async def talk():
            for i in range(0, 700, 50):
                await asyncio.gather(*[await ann.start_send(bob.user, f"text {j}")
                                       for j in range(i, i + 50)])
        talking = asyncio.create_task(talk())
        while len(poller.texts()) < 700:
            await poller.poll(wait=5)
        await talking
        self.assertEqual(poller.texts(), [f"text {i}" for i in range(700)])

    async def test_the_same_cursor_again_shows_the_same_again(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "one")
        first = await poller.poll(wait=1)
        again = await poller.poll(wait=1, cursor="0")
        self.assertEqual(first, again)

    async def test_a_second_question_ends_the_first(self):
        _, _, poller = await self.pair()
        await poller.poll(wait=1)
        first = asyncio.create_task(poller.poll(wait=30))
        await asyncio.sleep(0.3)
        start = time.monotonic()
        second = asyncio.create_task(poller.poll(wait=1))
        self.assertEqual((await first)["events"], [])
        self.assertLess(time.monotonic() - start, 3)
        await second

    async def test_the_transports_take_over_from_each_other(self):
        ann, bob, _ = await self.pair()
        poller = Poller(self.server, bob.token)
        await ann.send(bob.user, "one")
        await poller.poll(wait=1)
        waiting = asyncio.create_task(poller.curl(
            f"{poller.base}/events?cursor={poller.cursor}&wait=30"))
        await asyncio.sleep(0.3)
        socket = await self.connect(bob.token, poller.cursor)
        status, _ = await waiting
        self.assertEqual(status, 409)
        await ann.send(bob.user, "two")
        await socket.wait_for(lambda: socket.texts() == ["two"])
        await poller.poll(wait=1, cursor=socket.cursor)
        await socket.wait_for(lambda: any(e["method"] == "server" for e in socket.events))
        await ann.send(bob.user, "three")
        while poller.texts() != ["one", "three"]:
            await poller.poll(wait=5)

    async def test_who_leaves_a_poll_disturbs_nobody(self):
        ann, bob, poller = await self.pair()
        await poller.poll(wait=1)
        for _ in range(5):
            waiting = asyncio.create_task(poller.poll(wait=30))
            await asyncio.sleep(0.2)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await ann.send(bob.user, "still there")
        await poller.poll(wait=5)
        self.assertEqual(poller.texts(), ["still there"])

    async def test_a_foreign_cursor_is_answered_with_reset(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "text")
        answer = await poller.poll(wait=5, cursor="99.5")
        self.assertTrue(answer["reset"])
        self.assertEqual(answer["events"], [])
        await ann.send(bob.user, "later")
        await poller.poll(wait=5)
        self.assertEqual(poller.texts(), ["later"])

    async def test_bad_questions_are_explained(self):
        _, _, poller = await self.pair()
        for query in ("", "?cursor=", "?cursor=rubbish", "?cursor=0&wait=x", "?cursor=0&wait=99999",
                      "?wait=1"):
            status, answer = await poller.curl(f"{poller.base}/events{query}")
            self.assertEqual((status, answer["error"]["code"]), (400, -32602), query)
        poller.token = "bob~000000000000~" + "A" * 43
        status, answer = await poller.curl(f"{poller.base}/events?cursor=0")
        self.assertEqual((status, answer["error"]["data"]["kind"]), (401, "unauthorized"))


if __name__ == "__main__":
    unittest.main()
