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

    async def poll(self, wait=1, cursor=None, seen=None):
        status, answer = await self.curl(
            f"{self.base}/events?cursor={cursor or self.cursor}&wait={wait}"
            + (f"&seen={seen}" if seen else ""))
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

    async def test_three_devices_see_one_sequence_and_one_digest(self):
        """Two on WebSockets, one that polls and reads ahead; all three write, too."""
        ann, bob, cat = await self.people("ann", "bob", "cat")
        second = await self.second_device(bob)
        poller = Poller(self.server, await second_token(bob))

        async def talk(client, peer, count):
            for i in range(count):
                await client.send(peer, f"{client.user} {client.device} {i}")

        async def poll_and_talk(count):
            for i in range(count):
                await poller.call("message.send", to=ann.user, text=f"polled {i}")
                await poller.poll(wait=0, cursor="0", seen=poller.cursor)

        await asyncio.gather(talk(ann, bob.user, 60), talk(cat, bob.user, 60),
                             talk(bob, ann.user, 30), talk(second, cat.user, 30),
                             poll_and_talk(20))
        shown = []
        for client in (bob, second):
            again = await self.reconnect(client, "0")
            await again.wait_for(lambda again=again: len(again.of("message")) == 200)
            shown.append([(m["cursor"], m["peer"], m["seq"], m["text"])
                          for m in again.of("message")])
        await poller.poll(wait=0)  # what it acknowledged is read anew, its own texts included
        poller.cursor, poller.events = "0", []
        while len(poller.texts()) < 200:
            await poller.poll(wait=5, cursor="0", seen=poller.cursor)
        shown.append([(e["params"]["cursor"], e["params"]["peer"], e["params"]["seq"],
                       e["params"]["text"]) for e in poller.events if e["method"] == "message"])
        self.assertEqual(shown[0], shown[1])
        self.assertEqual(shown[0], shown[2])
        for peer, other in ((ann.user, ann), (cat.user, cat)):
            pages = [await client.call("history.get", peer=peer, limit=1)
                     for client in self.clients[-2:]]
            pages.append((await poller.call("history.get", peer=peer, limit=1))[1]["result"])
            pages.append(await other.call("history.get", peer=bob.user, limit=1))
            self.assertEqual(len({(p["head_seq"], p["digest"]) for p in pages}), 1, pages)

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


class Seen(ScenarioCase):
    """A client that reads on before it acknowledges: cursor stays behind, seen goes on."""

    async def pair(self):
        ann, bob = await self.people("ann", "bob")
        poller = Poller(self.server, await second_token(bob))
        await bob.close()
        return ann, bob, poller

    async def read_on(self, poller, cursor="0", wait=1):
        return await poller.poll(wait=wait, cursor=cursor, seen=poller.cursor)

    def delivered(self, client):
        return [e["params"]["delivered_seq"] for e in client.events if e["method"] == "receipt"]

    async def fill(self, ann, user, first, last):
        for i in range(first, last, 50):
            await asyncio.gather(*[await ann.start_send(user, f"text {j}")
                                   for j in range(i, min(last, i + 50))])

    async def held(self, question):
        await asyncio.sleep(0.5)
        self.assertFalse(question.done())

    async def test_what_was_seen_is_not_shown_and_not_acknowledged(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "one")
        await poller.poll(wait=5)
        waiting = asyncio.create_task(self.read_on(poller, wait=30))
        await self.held(waiting)
        await ann.send(bob.user, "two")
        await waiting
        self.assertEqual(poller.texts(), ["one", "two"])
        await ann.quiet(0.3)
        self.assertEqual(self.delivered(ann), [])
        again = await poller.poll(wait=5, cursor="0")
        self.assertEqual([e["params"]["text"] for e in again["events"]], ["one", "two"])

    async def test_delivered_follows_the_cursor_and_not_what_was_seen(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "one")
        first = (await poller.poll(wait=5))["cursor"]
        second = await ann.send(bob.user, "two")
        await self.read_on(poller, wait=5)
        await ann.quiet(0.3)
        self.assertEqual(self.delivered(ann), [])
        answer = await self.read_on(poller, cursor=first)
        self.assertEqual(answer["events"], [])
        await ann.wait_events(1, "receipt")
        self.assertEqual(self.delivered(ann), [second["seq"] - 1])
        await poller.poll(wait=1)
        await ann.wait_events(2, "receipt")
        self.assertEqual(self.delivered(ann), [second["seq"] - 1, second["seq"]])
        self.assertEqual(poller.texts(), ["one", "two"])

    async def test_a_full_window_holds_the_question_until_an_ack(self):
        ann, bob, poller = await self.pair()
        await self.fill(ann, bob.user, 0, 300)
        while len(poller.texts()) < 256:
            await self.read_on(poller, wait=5)
        self.assertEqual(len(poller.texts()), 256)
        start = time.monotonic()
        answer = await self.read_on(poller, wait=2)
        self.assertGreater(time.monotonic() - start, 0.9)
        self.assertEqual(answer["events"], [])
        waiting = asyncio.create_task(self.read_on(poller, wait=50))
        await self.held(waiting)
        middle = [e["params"] for e in poller.events][127]
        status, answer = await poller.call("ack", cursor=middle["cursor"])
        self.assertEqual((status, answer["result"]), (200, {}))
        await asyncio.wait_for(waiting, 5)
        await ann.wait_events(1, "receipt")
        self.assertEqual(self.delivered(ann)[-1], middle["seq"])
        while len(poller.texts()) < 300:
            await self.read_on(poller, wait=5, cursor=middle["cursor"])
        self.assertEqual(poller.texts(), [f"text {i}" for i in range(300)])
        self.assertEqual(self.delivered(ann)[-1], middle["seq"])

    async def test_an_ack_reaches_only_what_was_shown(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "one")
        status, answer = await poller.call("ack", cursor="0")
        self.assertEqual((status, answer["error"]["data"]["kind"]), (400, "invalid"))
        cursor = (await poller.poll(wait=5))["cursor"]
        generation, useq = cursor.split(".")
        status, answer = await poller.call("ack", cursor=f"{generation}.{int(useq) + 1}")
        self.assertEqual((status, answer["error"]["data"]["kind"]), (400, "invalid"))
        status, answer = await poller.call("ack", cursor=cursor)
        self.assertEqual((status, answer["result"]), (200, {}))
        # The question may still come with the old cursor: nothing is shown again.
        answer = await self.read_on(poller)
        self.assertEqual(answer["events"], [])
        await ann.send(bob.user, "two")
        await self.read_on(poller, wait=5)
        self.assertEqual(poller.texts(), ["one", "two"])

    async def read_in_a_new_session(self, lose_session):
        """400 events, read ahead of the acknowledgements, with a new poll session every few."""
        ann, bob, poller = await self.pair()
        filling = asyncio.create_task(self.fill(ann, bob.user, 0, 400))
        acked = "0"
        acked_seq = 0
        rounds = 0
        while len(poller.texts()) < 400:
            await poller.poll(wait=5, cursor=acked, seen=poller.cursor)
            await filling
            last = poller.events[-1]["params"]
            if len(poller.texts()) - acked_seq > 100:
                place = poller.events[acked_seq + 70 - 1]["params"]
                acked, acked_seq = place["cursor"], acked_seq + 70
            rounds += 1
            if rounds % 2 == 0:
                ann = await lose_session(ann, bob)
                poller.base = self.server.url.replace("ws://", "http://").removesuffix("/ws")
        self.assertEqual(poller.texts(), [f"text {i}" for i in range(400)])
        self.assertEqual(poller.events[acked_seq - 1]["params"]["cursor"], acked)
        # Told at the next question, in whatever session: up to the acknowledged one, no further.
        await poller.poll(wait=1, cursor=acked, seen=poller.cursor)
        page = await ann.call("conversation.list", limit=1)
        self.assertLessEqual(page["conversations"][0]["peer_delivered_seq"], acked_seq)
        self.assertEqual(page["conversations"][0]["peer_delivered_seq"],
                         poller.events[acked_seq - 1]["params"]["seq"])
        self.assertEqual(last["text"], "text 399")

    async def test_nothing_is_lost_or_doubled_when_the_server_is_killed(self):
        async def lose(ann, _):
            self.server.kill()
            self.server.start()
            return await self.reconnect(ann, "unread")
        await self.read_in_a_new_session(lose)

    async def test_a_websocket_in_between_ends_the_session_and_loses_nothing(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "one")
        await ann.send(bob.user, "two")
        while len(poller.texts()) < 2:
            await self.read_on(poller, wait=5)
        first = poller.events[0]["params"]
        socket = await self.connect(poller.token, "now")
        await socket.close()
        await ann.send(bob.user, "three")
        await self.read_on(poller, wait=5, cursor=first["cursor"])
        self.assertEqual(poller.texts(), ["one", "two", "three"])
        await ann.wait_events(1, "receipt")
        await ann.quiet(0.3)
        self.assertEqual(self.delivered(ann), [first["seq"]])

    async def test_a_session_that_nobody_asked_for_a_minute_loses_nothing(self):
        ann, bob, poller = await self.pair()
        await self.fill(ann, bob.user, 0, 3)
        while len(poller.texts()) < 3:
            await self.read_on(poller, wait=5)
        first = poller.events[0]["params"]
        await asyncio.sleep(62)
        status, _ = await poller.call("ack", cursor=first["cursor"])
        self.assertEqual(status, 400)  # it has ended
        self.assertEqual(self.delivered(ann), [])
        await ann.send(bob.user, "text 3")
        await self.read_on(poller, wait=5, cursor=first["cursor"])
        self.assertEqual(poller.texts(), [f"text {i}" for i in range(4)])
        await ann.wait_events(1, "receipt")
        self.assertEqual(self.delivered(ann), [first["seq"]])

    async def test_other_generations_and_places_that_do_not_exist_yet_are_answered_with_reset(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "one")
        cursor = (await poller.poll(wait=5))["cursor"]
        generation, useq = cursor.split(".")
        for acked, seen in (("0", "99.5"), ("99.5", cursor), ("99.5", "99.1"),
                            (cursor, f"{generation}.{int(useq) + 100}")):
            answer = await poller.poll(wait=5, cursor=acked, seen=seen)
            self.assertTrue(answer["reset"], (acked, seen))
            self.assertEqual((answer["events"], answer["cursor"]), ([], cursor))
        await ann.send(bob.user, "two")
        await poller.poll(wait=5)
        self.assertEqual(poller.texts(), ["one", "two"])

    async def test_seen_that_is_no_cursor_or_before_the_cursor_is_refused(self):
        ann, bob, poller = await self.pair()
        await ann.send(bob.user, "one")
        cursor = (await poller.poll(wait=5))["cursor"]
        for seen in ("", "rubbish", "now", "1" * 200, "0"):
            status, answer = await poller.curl(
                f"{poller.base}/events?cursor={cursor}&seen={seen}&wait=1")
            self.assertEqual((status, answer["error"]["code"]), (400, -32602), seen)


if __name__ == "__main__":
    unittest.main()
