#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What one user may take of the server (A19): each limit says what it is and what to do, holds over
all devices of a user, and disturbs nobody else."""

import asyncio
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import RpcError, second_token  # noqa: E402
from server import Server  # noqa: E402

SETTINGS = """registration = open
messages_per_second = 5
bytes_per_day = 100000
devices_per_user = 3
watches_per_user = 12
"""
BURST = 50


class Quotas(ScenarioCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        path = cls.server.root / "chatd.conf"
        path.write_text(SETTINGS)
        cls.server.options = ["--config", str(path)]
        cls.server.start()

    async def until_limited(self, client, peer, count):
        """Sends at once; returns how many were stored, and the errors."""
        futures = [await client.start_send(peer, f"text {i}") for i in range(count)]
        done = await asyncio.gather(*futures, return_exceptions=True)
        return (len([d for d in done if isinstance(d, dict)]),
                [d for d in done if isinstance(d, RpcError)])

    async def test_a_flood_ends_with_a_time_to_wait_and_then_goes_on(self):
        ann, bob, cat = await self.people("ann", "bob", "cat")
        stored, errors = await self.until_limited(ann, bob.user, BURST * 2)
        self.assertTrue(BURST <= stored <= BURST + 10, stored)
        self.assertEqual({error.kind for error in errors}, {"rate_limited"})
        for error in errors:
            self.assertTrue(error.data["retryable"])
            self.assertTrue(0 < error.data["retry_after_ms"] <= 1000, error.data)
            self.assertNotIn("outcome", error.data, "not stored, for certain")
        await cat.send(bob.user, "undisturbed")
        await asyncio.sleep(errors[-1].data["retry_after_ms"] / 1000 + 0.1)
        ann.counter += 1
        await ann.send(bob.user, "after the wait")
        messages, _ = await bob.whole_history(ann.user)
        self.assertEqual(len(messages), stored + 1, "what was refused is not there")

    async def test_the_devices_of_a_user_share_one_rate(self):
        ann, bob = await self.people("ann", "bob")
        phone = await self.second_device(ann)
        first, _ = await self.until_limited(ann, bob.user, BURST - 10)
        second, errors = await self.until_limited(phone, bob.user, BURST)
        self.assertTrue(BURST - 1 <= first + second <= BURST + 10, (first, second))
        self.assertTrue(errors)

    async def test_everything_that_writes_is_counted(self):
        ann, bob = await self.people("ann", "bob")
        await bob.send(ann.user, "hello")
        await self.until_limited(ann, bob.user, BURST + 20)
        limited = 0
        for method, params in (("receipt.read", {"peer": bob.user, "seq": 1}),
                               ("message.edit", {"peer": bob.user, "seq": 2, "text": "new"}),
                               ("message.delete", {"peer": bob.user, "seq": 3}),
                               ("contact.block", {"user": bob.user}),
                               ("typing", {"peer": bob.user, "on": True}),
                               ("device.create", {"label": "more"})):
            try:
                await ann.call(method, **params)
            except RpcError as error:
                self.assertEqual(error.kind, "rate_limited", method)
                limited += 1
        self.assertGreaterEqual(limited, 4)
        await ann.call("ping")
        await ann.history(bob.user)  # reading goes on

    async def test_bytes_of_a_day(self):
        ann, bob = await self.people("ann", "bob")
        for _ in range(10):
            await ann.send(bob.user, "x" * 10000)
        error = await self.refused(ann.send(bob.user, "x" * 10000), "rate_limited")
        self.assertGreater(error.data["retry_after_ms"], 3600 * 1000)

    async def test_devices(self):
        ann, = await self.people("ann")
        second = await self.connect(await second_token(ann, "two"), None)
        await second_token(ann, "three")
        error = await self.refused(ann.call("device.create", label="four"), "too_large")
        self.assertIn("device.revoke", error.message)
        await ann.call("device.revoke", device=second.device)
        await second_token(ann, "four")
        await self.refused(ann.call("device.create", label="five"), "too_large")

    async def test_logins_are_devices_too(self):
        [name] = self.names("reg")
        [ann] = await self.people("ann")
        await ann.call("account.register", user=name, password="correct horse")
        tokens = []
        for _ in range(3):
            tokens.append((await ann.call("session.login", user=name,
                                          password="correct horse"))["token"])
        error = await self.refused(ann.call("session.login", user=name, password="correct horse"),
                                   "too_large")
        self.assertIn("device.revoke", error.message)
        await self.connect(tokens[0], None)

    async def test_watches_of_all_sessions_together(self):
        ann, bob = await self.people("ann", "bob")
        phone = await self.second_device(ann)
        await ann.call("presence.watch", users=[f"w{i}" for i in range(8)])
        await phone.call("presence.watch", users=[f"w{i}" for i in range(4)])
        error = await self.refused(phone.call("presence.watch", users=["w9"]), "too_large")
        self.assertIn("presence.unwatch", error.message)
        await ann.call("presence.watch", users=["w1"])  # has it already
        await ann.call("presence.unwatch", users=["w1"])
        await phone.call("presence.watch", users=["w9"])
        await self.refused(ann.call("presence.watch", users=["w1"]), "too_large")
        await phone.close()
        await asyncio.sleep(0.3)
        await ann.call("presence.watch", users=["w1"])
        await bob.call("presence.watch", users=[f"w{i}" for i in range(12)])

    async def test_a_watch_too_many_among_others_is_told(self):
        ann, bob = await self.people("ann", "bob")
        await bob.send(ann.user, "may be seen")
        await ann.wait_events(1, "message")
        await self.refused(ann.call("presence.watch",
                                    users=[bob.user, *[f"w{i}" for i in range(12)]]), "too_large")


class Defaults(ScenarioCase):
    async def test_a_flood_of_a_script_passes(self):
        ann, bob = await self.people("ann", "bob")
        futures = [await ann.start_send(bob.user, f"text {i}") for i in range(5000)]
        for future in futures:
            await asyncio.wait_for(future, 60)


if __name__ == "__main__":
    main()
