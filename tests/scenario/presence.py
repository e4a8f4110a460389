#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who is there, who may know it, and who is typing."""

import asyncio
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from case import ScenarioCase  # noqa: E402
from client import second_token  # noqa: E402


class Presence(ScenarioCase):
    async def acquainted(self):
        """ann and bob have written to each other."""
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "hello")
        await bob.send(ann.user, "hello")
        return ann, bob

    async def state(self, viewer, user):
        [entry] = (await viewer.call("presence.get", users=[user]))["presence"]
        self.assertEqual(entry["user"], user)
        return entry

    def pushed(self, client, user):
        return [e["params"]["state"] for e in client.events
                if e["method"] == "presence" and e["params"]["user"] == user]

    async def test_online_then_offline_with_last_seen(self):
        ann, bob = await self.acquainted()
        self.assertEqual((await self.state(ann, bob.user))["state"], "online")
        await bob.close()
        await asyncio.sleep(0.3)
        entry = await self.state(ann, bob.user)
        self.assertEqual(entry["state"], "offline")
        self.assertIn("last_seen", entry)

    async def test_last_seen_survives_a_restart(self):
        ann, bob = await self.acquainted()
        await bob.close()
        await asyncio.sleep(0.3)
        before = await self.state(ann, bob.user)
        self.server.restart()
        ann = await self.reconnect(ann, "now")
        after = await self.state(ann, bob.user)
        self.assertEqual(after["state"], "offline")
        self.assertEqual(before["last_seen"][:16], after["last_seen"][:16])

    async def test_a_stranger_sees_nothing_and_one_message_buys_nothing(self):
        ann, bob = await self.people("ann", "bob")
        self.assertEqual(await self.state(ann, bob.user), {"user": bob.user, "state": "offline"})
        await ann.send(bob.user, "who are you?")
        self.assertEqual(await self.state(ann, bob.user), {"user": bob.user, "state": "offline"})
        await ann.call("presence.watch", users=[bob.user])
        await bob.close()
        await ann.quiet(2.5)
        self.assertEqual(self.pushed(ann, bob.user), [])

    async def test_an_answer_opens_what_is_watched_already(self):
        ann, bob = await self.people("ann", "bob")
        await ann.call("presence.watch", users=[bob.user])
        await bob.send(ann.user, "hello")
        await ann.wait_for(lambda: self.pushed(ann, bob.user) == ["online"])

    async def test_watchers_are_told_within_two_seconds(self):
        ann, bob = await self.acquainted()
        await ann.call("presence.watch", users=[bob.user])
        await asyncio.sleep(1.2)
        await bob.call("presence.set", state="away")
        await ann.wait_for(lambda: self.pushed(ann, bob.user)[-1:] == ["away"])
        await bob.close()
        await asyncio.sleep(2)
        self.assertEqual(self.pushed(ann, bob.user)[-1:], ["offline"])

    async def test_a_quick_reconnect_is_not_told(self):
        ann, bob = await self.acquainted()
        await asyncio.sleep(1.2)
        await ann.call("presence.watch", users=[bob.user])
        for _ in range(3):
            bob = await self.reconnect(bob, "now")
        await ann.quiet(1.5)
        self.assertIn(self.pushed(ann, bob.user), ([], ["offline", "online"]))

    async def test_invisible_looks_like_offline(self):
        ann, bob = await self.acquainted()
        await bob.call("presence.set", state="invisible")
        entry = await self.state(ann, bob.user)
        self.assertEqual(entry["state"], "offline")
        await bob.send(ann.user, "I am here all the same")
        await ann.wait_events(2, "message")
        self.assertEqual((await self.state(ann, bob.user))["state"], "offline")

    async def test_any_device_online_is_online(self):
        ann, bob = await self.acquainted()
        other = await self.second_device(bob)
        await other.call("presence.set", state="away")
        self.assertEqual((await self.state(ann, bob.user))["state"], "online")
        await bob.call("presence.set", state="away")
        self.assertEqual((await self.state(ann, bob.user))["state"], "away")

    async def test_a_named_consumer_does_not_make_anybody_present(self):
        ann, bob = await self.acquainted()
        made = await bob.call("device.create", label="script", consumer=True)
        await self.connect(made["token"])
        await bob.close()
        await asyncio.sleep(0.3)
        self.assertEqual((await self.state(ann, bob.user))["state"], "offline")

    async def test_blocking_hides_both(self):
        ann, bob = await self.acquainted()
        await bob.call("contact.block", user=ann.user)
        self.assertEqual(await self.state(ann, bob.user), {"user": bob.user, "state": "offline"})
        self.assertEqual(await self.state(bob, ann.user), {"user": ann.user, "state": "offline"})

    async def test_typing_reaches_acquaintances_only(self):
        ann, bob = await self.acquainted()
        [cat] = await self.people("cat")
        await ann.call("typing", peer=bob.user, on=True)
        await bob.wait_for(lambda: any(e["method"] == "typing" for e in bob.events))
        [event] = [e for e in bob.events if e["method"] == "typing"]
        self.assertEqual(event["params"], {"user": ann.user, "on": True})
        await cat.call("typing", peer=ann.user, on=True)
        await ann.quiet(0.3)
        self.assertFalse(any(e["method"] == "typing" for e in ann.events))

    async def test_bad_params_are_explained(self):
        [ann] = await self.people("ann")
        await self.refused(ann.call("presence.set", state="sleeping"), -32602)
        await self.refused(ann.call("presence.get", users=["Not A Name"]), -32602)
        await self.refused(ann.call("presence.get"), -32602)
        await second_token(ann)


if __name__ == "__main__":
    unittest.main()
