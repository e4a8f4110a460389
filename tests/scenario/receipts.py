#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Delivered means acknowledged by a device that was shown it; read goes to both; blocking."""

import asyncio
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402


def watermark(client, member):
    return max((p.get(member) or 0 for p in client.of("receipt")), default=0)


class Delivered(ScenarioCase):
    async def test_delivered_comes_with_the_acknowledgement_and_not_before(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "hello")
        await bob.wait_events(1, "message")
        await ann.quiet()
        self.assertEqual(watermark(ann, "delivered_seq"), 0, "pushed is not delivered")
        await bob.ack()
        await ann.wait_for(lambda: watermark(ann, "delivered_seq") == 1)
        [receipt] = ann.of("receipt")
        self.assertEqual((receipt["peer"], receipt["by"]), (bob.user, bob.user))
        self.assertIn("cursor", receipt)

    async def test_delivered_goes_to_all_devices_of_the_sender(self):
        ann, bob = await self.people("ann", "bob")
        ann_too = await self.second_device(ann)
        await ann.send(bob.user, "hello")
        await bob.wait_events(1, "message")
        await bob.ack()
        for client in (ann, ann_too):
            await client.wait_for(lambda client=client: watermark(client, "delivered_seq") == 1)

    async def test_one_device_is_enough(self):
        ann, bob = await self.people("ann", "bob")
        bob_too = await self.second_device(bob)
        await ann.send(bob.user, "hello")
        await bob_too.wait_events(1, "message")
        await bob_too.ack()
        await ann.wait_for(lambda: watermark(ann, "delivered_seq") == 1)

    async def test_delivered_never_passes_what_was_acknowledged(self):
        ann, bob = await self.people("ann", "bob")
        for i in range(20):
            await ann.send(bob.user, f"text {i}")
        messages = await bob.wait_events(20, "message")
        await bob.ack(messages[9]["cursor"])
        await ann.wait_for(lambda: watermark(ann, "delivered_seq") == 10)
        await ann.quiet()
        self.assertEqual(watermark(ann, "delivered_seq"), 10)
        await bob.ack(messages[4]["cursor"])  # an older one changes nothing
        await ann.quiet()
        self.assertEqual(watermark(ann, "delivered_seq"), 10)
        await bob.ack(messages[19]["cursor"])
        await ann.wait_for(lambda: watermark(ann, "delivered_seq") == 20)

    async def test_a_subscription_from_now_does_not_deliver_what_it_was_not_shown(self):
        ann, [bob] = (await self.people("ann"))[0], await self.people("bob", start=None)
        await ann.send(bob.user, "while away")
        await bob.subscribe("now")
        await ann.send(bob.user, "seen")
        [message] = await bob.wait_events(1, "message")
        self.assertEqual(message["text"], "seen")
        await bob.ack()
        await ann.quiet(1.5)
        self.assertEqual(watermark(ann, "delivered_seq"), 0,
                         "nobody has acknowledged the first message")

    async def test_a_named_consumer_does_not_deliver(self):
        ann, bob = await self.people("ann", "bob")
        token = (await bob.call("device.create", label="script", consumer=True))["token"]
        script = await self.connect(token, "now")
        await ann.send(bob.user, "hello")
        await script.wait_events(1, "message")
        await script.ack()
        await ann.quiet(1.0)
        self.assertEqual(watermark(ann, "delivered_seq"), 0)

    async def test_the_head_tells_delivered_and_read(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "one")
        await ann.send(bob.user, "two")
        await bob.wait_events(2, "message")
        await bob.ack()
        await ann.wait_for(lambda: watermark(ann, "delivered_seq") == 2)
        await bob.call("receipt.read", peer=ann.user, seq=1)
        [head] = (await ann.call("conversation.list"))["conversations"]
        self.assertEqual((head["peer"], head["seq"], head["peer_delivered_seq"],
                          head["peer_read_seq"]), (bob.user, 2, 2, 1))
        self.assertEqual(head["last"]["text"], "two")
        [head] = (await bob.call("conversation.list"))["conversations"]
        self.assertEqual((head["read_seq"], head["unread"]), (1, 1))
        self.assertEqual(head["digest"], (await ann.history(bob.user))["digest"])


class Read(ScenarioCase):
    async def test_read_goes_to_both_users_on_all_devices(self):
        ann, bob = await self.people("ann", "bob")
        ann_too, bob_too = await self.second_device(ann), await self.second_device(bob)
        await ann.send(bob.user, "hello")
        await bob.wait_events(1, "message")
        await bob.call("receipt.read", peer=ann.user, seq=1)
        for client, peer in ((ann, bob), (ann_too, bob), (bob_too, ann)):
            await client.wait_for(lambda client=client: watermark(client, "read_seq") == 1)
            receipt = [r for r in client.of("receipt") if r.get("read_seq")][0]
            self.assertEqual((receipt["peer"], receipt["by"]), (peer.user, bob.user))

    async def test_read_is_a_watermark(self):
        ann, bob = await self.people("ann", "bob")
        for i in range(5):
            await ann.send(bob.user, f"text {i}")
        await bob.wait_events(5, "message")
        await bob.call("receipt.read", peer=ann.user, seq=4)
        await bob.call("receipt.read", peer=ann.user, seq=2)
        await ann.wait_for(lambda: watermark(ann, "read_seq") == 4)
        await ann.quiet()
        self.assertEqual(ann.of("receipt")[-1]["read_seq"], 4)
        [head] = (await bob.call("conversation.list"))["conversations"]
        self.assertEqual((head["read_seq"], head["unread"]), (4, 1))

    async def test_what_does_not_exist_cannot_be_read(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "hello")
        await self.refused(bob.call("receipt.read", peer=ann.user, seq=2))
        await self.refused(bob.call("receipt.read", peer="nobody.at.all", seq=1))


class Blocking(ScenarioCase):
    async def test_a_blocked_sender_is_refused_without_a_trace(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "before")
        await bob.call("contact.block", user=ann.user)
        await self.refused(ann.send(bob.user, "blocked"), "forbidden")
        self.assertEqual((await bob.call("contact.list"))["blocked"], [ann.user])
        for client, peer in ((ann, bob), (bob, ann)):
            page = await client.history(peer.user)
            self.assertEqual([m["text"] for m in page["messages"]], ["before"])
        await bob.call("contact.unblock", user=ann.user)
        await ann.send(bob.user, "after")
        await bob.wait_for(lambda: bob.texts() == ["before", "after"])
        self.assertEqual((await bob.call("contact.list"))["blocked"], [])
        left, right = await ann.history(bob.user), await bob.history(ann.user)
        self.assertEqual((left["head_seq"], left["digest"]), (right["head_seq"], right["digest"]))

    async def test_a_block_racing_with_sends_leaves_both_sides_equal(self):
        ann, bob = await self.people("ann", "bob")
        futures = [await ann.start_send(bob.user, f"text {i}") for i in range(50)]
        block = await bob.start("contact.block", user=ann.user)
        futures += [await ann.start_send(bob.user, f"late {i}") for i in range(50)]
        results = await asyncio.gather(*futures, return_exceptions=True)
        await block
        stored = [r for r in results if isinstance(r, dict)]
        left, right = await ann.history(bob.user, limit=500), await bob.history(ann.user, limit=500)
        self.assertEqual(len(left["messages"]), len(stored))
        self.assertEqual((left["head_seq"], left["digest"]), (right["head_seq"], right["digest"]))
        self.assertEqual([r["seq"] for r in stored], list(range(1, len(stored) + 1)))


if __name__ == "__main__":
    main()
