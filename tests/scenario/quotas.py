#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What one user may take of the server (A19): each limit says what it is and what to do, holds over
all devices of a user, and disturbs nobody else."""

import asyncio
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import Client, RpcError, second_token  # noqa: E402
from server import Server  # noqa: E402
from wire import rpc  # noqa: E402

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


class Stored(ScenarioCase):
    """What a user has stored in all: its own messages, each with 128 bytes beside its text."""

    ENTRY = 128
    MOST = 10000

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        path = cls.server.root / "chatd.conf"
        path.write_text(f"registration = open\nstored_bytes_per_user = {cls.MOST}\n")
        cls.server.options = ["--config", str(path)]
        cls.server.start()

    def stored(self, user):
        """As chatctl says, in both its ways."""
        said = json.loads(self.server.ctl("user", "show", user, "--json").stdout)["stored_bytes"]
        self.assertIn(f"{said} bytes stored", self.server.ctl("user", "show", user).stdout)
        return said

    async def fill(self, client, peer):
        """Leaves room for less than one more empty entry."""
        size = self.MOST // 4 - self.ENTRY - 10
        for _ in range(4):
            await client.send(peer, "x" * size)
        self.assertEqual(self.stored(client.user), 4 * (size + self.ENTRY))

    async def full(self, call):
        error = await self.refused(call, "too_large")
        self.assertFalse(error.data["retryable"])
        self.assertIn("delete", error.message)

    async def test_it_ends_with_the_limit_and_deleting_makes_room(self):
        ann, bob = await self.people("ann", "bob")
        await self.fill(ann, bob.user)
        await self.full(ann.send(bob.user, "y"))
        await self.full(ann.send(bob.user, "y", counter=None))
        await self.full(ann.call("message.edit", peer=bob.user, seq=1, text="y", counter=90))
        self.assertEqual(self.stored(ann.user), self.MOST - 40, "what was refused is not there")
        await bob.send(ann.user, "what others write takes nothing from her")
        self.assertEqual(self.stored(ann.user), self.MOST - 40)
        await ann.call("receipt.read", peer=bob.user, seq=5)
        await ann.call("message.delete", peer=bob.user, seq=1)
        await ann.send(bob.user, "there is room again")
        _, end = await bob.whole_history(ann.user)
        self.assertEqual(end["head_seq"], 7, "4, bob's, the delete, and the last one")

    async def test_restarts_change_nothing_even_for_the_first_message(self):
        ann, bob = await self.people("ann", "bob")
        await self.fill(ann, bob.user)
        for end in (self.server.kill, self.server.terminate):
            await ann.close()
            end()
            self.server.start()
            ann = await self.connect(ann.token)
            ann.counter = 10
            self.assertEqual(self.stored(ann.user), self.MOST - 40)
            await self.full(ann.send(bob.user, "y"))
        status, answer = await rpc(self.server, "message.send", token=ann.token,
                                   args={"to": bob.user, "text": "y"})
        self.assertEqual((status, answer["error"]["data"]["kind"]), (413, "too_large"))

    async def test_what_was_stored_is_never_said_to_be_refused(self):
        ann, bob = await self.people("ann", "bob")
        await self.fill(ann, bob.user)
        again = await ann.send(bob.user, "x" * (self.MOST // 4 - self.ENTRY - 10), counter=4)
        self.assertEqual((again["seq"], again["duplicate"]), (4, True))
        await self.refused(ann.send(bob.user, "another", counter=4), "conflict")
        await self.full(ann.send(bob.user, "y", counter=5))
        await ann.call("message.delete", peer=bob.user, seq=1, counter=6)
        await ann.send(bob.user, "refused before, and new", counter=7)

    async def test_what_is_under_way_counts(self):
        ann, bob = await self.people("ann", "bob")
        futures = [await ann.start_send(bob.user, "x" * (1000 - self.ENTRY)) for _ in range(30)]
        done = await asyncio.gather(*futures, return_exceptions=True)
        self.assertEqual([isinstance(d, dict) for d in done], [True] * 10 + [False] * 20)
        self.assertEqual(self.stored(ann.user), self.MOST)

    async def test_a_new_login_does_not_begin_anew(self):
        [name] = self.names("reg")
        [bob] = await self.people("bob")
        await bob.call("account.register", user=name, password="correct horse")
        for _ in range(2):
            client = await Client(self.server.url).open()
            self.clients.append(client)
            client.user = (await client.call("session.login", user=name,
                                             password="correct horse"))["user"]
            if self.stored(name) > 0:
                await self.full(client.send(bob.user, "y"))
                return
            await self.fill(client, bob.user)
            self.server.restart()


class Defaults(ScenarioCase):
    async def test_a_flood_of_a_script_passes(self):
        ann, bob = await self.people("ann", "bob")
        futures = [await ann.start_send(bob.user, f"text {i}") for i in range(5000)]
        for future in futures:
            await asyncio.wait_for(future, 60)


if __name__ == "__main__":
    main()
