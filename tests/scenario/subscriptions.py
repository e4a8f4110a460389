#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where a subscription starts, what it is shown, what its window holds back."""

import asyncio
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import second_token  # noqa: E402

WINDOW_EVENTS, WINDOW_BYTES = 256, 256 * 1024


class Starting(ScenarioCase):
    async def talk(self, count, start=None):
        """ann has sent count texts to bob, whose device is connected but not subscribed."""
        [ann] = await self.people("ann")
        [bob] = await self.people("bob", start=start)
        for i in range(count):
            await ann.send(bob.user, f"text {i}")
        return ann, bob

    async def test_now_shows_only_what_comes(self):
        ann, bob = await self.talk(3)
        result = await bob.subscribe("now")
        self.assertIn("window", result)
        self.assertIn("cursor", result)
        self.assertIs(result["more"], False)
        await ann.send(bob.user, "new")
        await bob.wait_events(1, "message")
        await bob.quiet()
        self.assertEqual(bob.texts(), ["new"])

    async def test_zero_shows_everything(self):
        ann, bob = await self.talk(3)
        await bob.subscribe("0")
        await bob.wait_events(3, "message")
        self.assertEqual(bob.texts(), ["text 0", "text 1", "text 2"])

    async def test_zero_includes_what_this_device_sent(self):
        ann, bob = await self.talk(1)
        await bob.send(ann.user, "answer")
        await bob.subscribe("0")
        await bob.wait_events(2, "message")
        self.assertEqual(bob.texts(), ["text 0", "answer"])

    async def test_unread_goes_on_behind_the_acknowledged(self):
        ann, bob = await self.talk(5)
        await bob.subscribe("unread")
        messages = await bob.wait_events(5, "message")
        await bob.ack(messages[1]["cursor"])
        bob = await self.reconnect(bob, "unread")
        await bob.wait_events(3, "message")
        await bob.quiet()
        self.assertEqual(bob.texts(), ["text 2", "text 3", "text 4"])
        self.assertEqual([m["cursor"] for m in bob.of("message")],
                         [m["cursor"] for m in messages[2:]], "the same events, the same cursors")

    async def test_a_cursor_goes_on_behind_itself(self):
        ann, bob = await self.talk(5)
        await bob.subscribe("0")
        messages = await bob.wait_events(5, "message")
        bob = await self.reconnect(bob, messages[2]["cursor"])
        await bob.wait_events(2, "message")
        await bob.quiet()
        self.assertEqual(bob.texts(), ["text 3", "text 4"])

    async def test_resume_tells_the_acknowledged_cursor(self):
        ann, bob = await self.talk(3, "now")
        [_, second, _] = await bob.wait_events(3, "message")
        await bob.ack(second["cursor"])
        bob = await self.reconnect(bob, None)
        self.assertEqual(bob.resumed["cursor"], second["cursor"])

    async def test_the_heads_of_changed_conversations_come_with_it(self):
        ann, bob = await self.talk(3)
        result = await bob.subscribe("0")
        [head] = result["conversations"]
        self.assertEqual((head["peer"], head["seq"], head["unread"], head["read_seq"]),
                         (ann.user, 3, 3, 0))
        self.assertEqual(head["last"]["text"], "text 2")
        bob = await self.reconnect(bob, "now")
        again = await bob.subscribe("now")
        self.assertEqual(again["conversations"], [])

    async def test_catching_up_keeps_the_order_over_conversations(self):
        people = await self.people("ann", "cat", "dan")
        [bob] = await self.people("bob", start=None)
        expected = []
        for i in range(30):
            sender = people[i * 7 % 3]
            await sender.send(bob.user, f"text {i}")
            expected.append(f"text {i}")
        await bob.subscribe("unread")
        await bob.wait_events(30, "message")
        self.assertEqual(bob.texts(), expected)

    async def test_a_cursor_of_another_generation_resets(self):
        ann, bob = await self.talk(3, "now")
        await bob.wait_events(3, "message")
        generation, number = bob.cursor.split(".")
        bob = await self.reconnect(bob, None)
        result = await bob.subscribe(f"{int(generation) + 7}.{number}")
        self.assertIs(result.get("reset"), True)
        self.assertEqual([h["peer"] for h in result["conversations"]], [ann.user])
        await ann.send(bob.user, "behind the reset")
        await bob.wait_for(lambda: bob.texts()[-1:] == ["behind the reset"])

    async def test_a_cursor_from_the_future_is_not_met_with_silence(self):
        ann, bob = await self.talk(1, "now")
        generation = bob.cursor.split(".")[0]
        bob = await self.reconnect(bob, None)
        try:
            result = await bob.subscribe(f"{generation}.999999")
            self.assertIs(result.get("reset"), True)
        except Exception as error:  # noqa: BLE001
            self.assertEqual(type(error).__name__, "RpcError")

    async def test_a_cursor_that_is_none_is_refused(self):
        [bob] = await self.people("bob", start=None)
        for cursor in ("", "x", "-1", "1.", "1.x", "99999999999999999999.1", "1.1.1", " 1.1"):
            await self.refused(bob.subscribe(cursor), "invalid", -32602)
        for cursor in (None, 0, 1.5, [], {}):
            await self.refused(bob.subscribe(cursor), "invalid", -32602)
        await bob.subscribe("now")

    async def test_a_newer_subscription_replaces_the_older(self):
        [ann] = await self.people("ann")
        [bob] = await self.people("bob")
        newer = await self.connect(bob.token, "now")
        await bob.wait_for(lambda: any(e["method"] == "server" for e in bob.events))
        [told] = bob.of("server")
        self.assertEqual(told["event"], "replaced")
        await ann.send(bob.user, "hello")
        await newer.wait_events(1, "message")
        await bob.quiet()
        self.assertEqual(bob.of("message"), [])

    async def test_two_devices_subscribe_side_by_side(self):
        ann, bob = await self.people("ann", "bob")
        bob_too = await self.second_device(bob)
        await ann.send(bob.user, "hello")
        for client in (bob, bob_too):
            await client.wait_events(1, "message")
            self.assertEqual(client.of("server"), [])

    async def test_nothing_is_pushed_before_subscribe(self):
        ann, bob = await self.talk(3)
        await bob.quiet()
        self.assertEqual(bob.events, [])

    async def test_acknowledging_by_notification_works_too(self):
        ann, bob = await self.talk(2, "now")
        await bob.wait_events(2, "message")
        await bob.notify("ack", cursor=bob.cursor)
        await ann.wait_for(lambda: any(r.get("delivered_seq") == 2 for r in ann.of("receipt")))

    async def test_acknowledging_backwards_or_rubbish_changes_nothing(self):
        ann, bob = await self.talk(3, "now")
        messages = await bob.wait_events(3, "message")
        await bob.ack()
        await bob.ack(messages[0]["cursor"])
        await self.refused(bob.call("ack", cursor="rubbish"))
        bob = await self.reconnect(bob, "unread")
        await bob.quiet()
        self.assertEqual(bob.texts(), [])

    async def test_own_sends_do_not_hold_the_cursor_back(self):
        ann, bob = await self.talk(1, "now")
        await bob.wait_events(1, "message")
        await bob.send(ann.user, "mine")
        await bob.ack()
        bob = await self.reconnect(bob, "unread")
        await ann.send(bob.user, "later")
        await bob.wait_for(lambda: bob.texts()[-1:] == ["later"])
        self.assertEqual(bob.texts(), ["later"], "the cursor passes over its own message")


class Window(ScenarioCase):
    async def test_who_never_acknowledges_stops_receiving_and_nobody_else_does(self):
        ann, bob, cat = await self.people("ann", "bob", "cat")
        bob_too = await self.connect(await second_token(bob), "now")
        total = 600

        async def take(client):
            while len(client.of("message")) < total:
                await client.wait_for(lambda n=len(client.events): len(client.events) > n)
                if len(client.events) % 32 == 0 or len(client.of("message")) == total:
                    await client.ack()

        taking = asyncio.ensure_future(take(bob_too))
        for i in range(0, total, 100):
            await asyncio.gather(*[await ann.start_send(bob.user, f"text {j}")
                                   for j in range(i, i + 100)])
        await taking
        await bob.quiet(0.5)
        self.assertEqual(len(bob.events), WINDOW_EVENTS, "the told window")
        self.assertIsNone(bob.closed, "slow is no reason to be disconnected")
        await cat.send(ann.user, "undisturbed")
        await ann.wait_for(lambda: "undisturbed" in ann.texts())
        self.assertEqual((await bob.history(ann.user, limit=1))["head_seq"], total)
        while len(bob.events) < total:
            count = len(bob.events)
            await bob.ack()
            await bob.wait_for(lambda: len(bob.events) > count or len(bob.events) >= total)
            await bob.quiet(0.1)
        self.assertEqual(bob.texts(), [f"text {i}" for i in range(total)])

    async def test_a_quarter_acknowledged_lets_as_much_through(self):
        quarter = WINDOW_EVENTS // 4
        ann, bob = await self.people("ann", "bob")
        await asyncio.gather(*[await ann.start_send(bob.user, f"text {j}") for j in range(400)])
        await bob.wait_for(lambda: len(bob.events) == WINDOW_EVENTS)
        await bob.ack(bob.events[quarter - 1]["params"]["cursor"])
        await bob.wait_for(lambda: len(bob.events) == WINDOW_EVENTS + quarter)
        await bob.quiet()
        self.assertEqual(len(bob.events), WINDOW_EVENTS + quarter)

    async def test_the_window_counts_bytes_too(self):
        ann, bob = await self.people("ann", "bob")
        await asyncio.gather(*[await ann.start_send(bob.user, f"{j:05d}" + "x" * 16000)
                               for j in range(60)])
        await bob.quiet(0.5)
        size = sum(len(json.dumps(e)) for e in bob.events)
        self.assertLessEqual(size, WINDOW_BYTES + 20000)
        self.assertGreaterEqual(len(bob.events), 10)
        while len(bob.events) < 60:
            count = len(bob.events)
            await bob.ack()
            await bob.wait_for(lambda: len(bob.events) > count)
            await bob.quiet(0.05)
        self.assertEqual([t[:5] for t in bob.texts()], [f"{j:05d}" for j in range(60)])

    async def test_reading_from_zero_behind_the_acknowledged_cursor(self):
        """The resume point is far ahead; the window still moves with this subscription."""
        ann, bob = await self.people("ann", "bob")
        for i in range(0, 600, 100):
            await asyncio.gather(*[await ann.start_send(bob.user, f"text {j}")
                                   for j in range(i, i + 100)])
            await bob.wait_for(lambda n=i + 100: len(bob.of("message")) >= n)
            await bob.ack()
        bob = await self.reconnect(bob, "0")
        acked = 0
        while len(bob.of("message")) < 600:
            await bob.wait_for(lambda: len(bob.events) > acked)
            acked = len(bob.events)
            await bob.ack()
        self.assertEqual(bob.texts(), [f"text {i}" for i in range(600)])
        bob = await self.reconnect(bob, "unread")
        await bob.quiet()
        self.assertEqual(bob.texts(), [], "an old cursor does not move the resume point back")


if __name__ == "__main__":
    main()
