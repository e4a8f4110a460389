#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Floods of connections that say nothing, or never the whole (A5, A6): they share a small pool and
push out each other; who is logged in notices nothing, and who comes to log in gets in."""

import asyncio
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from server import Server  # noqa: E402
from wire import http, rpc  # noqa: E402

PASSWORD = "correct horse battery"
CONNECTIONS = 200
POOL = 60
UPGRADE = (b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")
# What the connections of a flood write, and then they are silent.
BEGINNINGS = (
    b"",
    b"GET /healthz HT",
    b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\"",
    UPGRADE,
    UPGRADE + b"\r\n",
    UPGRADE + b"\r\n\x81\xfe\x01\x00abcd half a frame",
)
FLOOD_SOURCES = [f"127.0.0.{i}" for i in range(20, 40)]


async def flood(host, port, seconds):
    """From many addresses, each with so many at once that the pool is full several times over; what
    is closed comes again. Prints a line when the first round is there, and the number at the end."""
    opened = 0

    async def one(source, beginning):
        nonlocal opened
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
                opened += 1
                writer.write(beginning)
                while await reader.read(4096):
                    pass
                writer.close()
            except OSError:
                pass
            await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(one(source, beginning))
             for source in FLOOD_SOURCES for beginning in BEGINNINGS * 2]
    await asyncio.sleep(0.5)
    print("flooding", flush=True)
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    print(opened, flush=True)


class Flood:
    """In a process of its own, so that it does not get in the way of who measures."""

    def __init__(self, server, seconds):
        self.words = [sys.executable, __file__, "--flood", *map(str, server.address), str(seconds)]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "flooding\n"
        return self

    def __exit__(self, *_):
        self.opened = int(self.process.stdout.readline() or 0)
        self.process.wait(20)
        self.process.stdout.close()


class Floods(ScenarioCase):
    settings = f"connections_max = {CONNECTIONS}\nconnections_unauthenticated = {POOL}\n"

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        path = cls.server.root / "chatd.conf"
        path.write_text(f"registration = open\n{cls.settings}")
        cls.server.options = ["--config", str(path)]
        cls.server.start()

    def sockets(self):
        """How many the server has open."""
        count = 0
        for name in os.listdir(f"/proc/{self.server.pid}/fd"):
            try:
                count += os.readlink(f"/proc/{self.server.pid}/fd/{name}").startswith("socket:")
            except FileNotFoundError:
                pass
        return count

    async def open(self, beginning=b"", source="127.0.0.1"):
        reader, writer = await asyncio.open_connection(*self.server.address, local_addr=(source, 0))
        self.addCleanup(writer.close)
        writer.write(beginning)
        return reader

    async def times(self, ann, bob, count):
        """Of messages from ann to bob, until bob is shown them; sorted."""
        took = []
        for i in range(count):
            seen = len(bob.of("message"))
            start = time.monotonic()
            await ann.send(bob.user, f"text {i}")
            await bob.wait_events(seen + 1, "message")
            took.append(time.monotonic() - start)
            await bob.ack()
            await asyncio.sleep(0.01)
        return sorted(took)

    async def poll(self, token, wait=0):
        return await http(self.server, [f"GET /events?cursor=0&wait={wait} HTTP/1.1",
                                        f"Authorization: Bearer {token}"], timeout=wait + 20)

    async def test_a_flood_harms_nobody_who_is_logged_in_nor_who_logs_in(self):
        ann, bob, carl = await self.people("ann", "bob", "carl")
        [name] = self.names("reg")
        await rpc(self.server, "account.register", args={"user": name, "password": PASSWORD})
        waiting = asyncio.create_task(self.poll(carl.token, wait=40))
        before = await self.times(ann, bob, 50)
        quiet = self.sockets()
        with Flood(self.server, 8) as attack:
            start = time.monotonic()
            during = await self.times(ann, bob, 150)
            self.assertLess(statistics.median(during), 5 * statistics.median(before) + 0.01)
            self.assertLess(during[-15], 0.1, "one in ten takes longer")
            most = 0
            for i in range(5):
                self.assertLess(self.sockets(), quiet + POOL + 10, "the pool is small")
                start = time.monotonic()
                status, answer = await rpc(self.server, "session.login", source=f"127.0.0.{50 + i}",
                                           args={"user": name, "password": PASSWORD})
                self.assertEqual(status, 200, answer)
                token = answer["result"]["token"]
                late = await self.connect(token)
                self.assertEqual((await late.send(bob.user, "I got in"))["peer"], bob.user)
                status, _ = await self.poll(token)
                self.assertEqual(status, 200)
                most = max(most, time.monotonic() - start)
            self.assertLess(most, 3, "a login, a WebSocket and a poll")
            self.server.ctl("status")
        self.assertGreater(attack.opened, 10 * POOL, "it was a flood")
        self.assertFalse(waiting.done(), "a long poll that waits is not pushed out")
        await bob.send(carl.user, "and it is answered")
        self.assertEqual((await waiting)[0], 200)
        for client in (ann, bob):
            self.assertIsNone(client.closed)

    async def test_who_is_logged_in_takes_no_room_from_the_pool(self):
        users = self.names(*["crowd"] * (POOL + 20))
        tokens = self.server.import_users(users)
        clients = [await self.connect(tokens[user]) for user in users]
        polls = [asyncio.create_task(self.poll(await self.own_token(client), wait=6))
                 for client in clients[:POOL]]
        await asyncio.sleep(1)
        [late] = await self.people("late")
        self.assertIsNone(late.closed)
        silent = [await self.open(source="127.0.0.3") for _ in range(POOL - 1)]
        await asyncio.sleep(0.3)
        self.assertFalse(any(reader.at_eof() for reader in silent))
        self.assertEqual({(await poll)[0] for poll in polls}, {200})
        self.assertFalse([client for client in clients if client.closed])

    async def own_token(self, client):
        return (await client.call("device.create", label="poll"))["token"]

    async def test_behind_one_address_newcomers_wait_until_the_oldest_had_its_time(self):
        held = [await self.open() for _ in range(POOL + 10)]
        await asyncio.sleep(0.3)
        self.assertEqual([reader.at_eof() for reader in held], [False] * POOL + [True] * 10)
        self.assertEqual((await http(self.server, ["GET /healthz HTTP/1.1"]))[0], None)
        self.assertEqual((await http(self.server, ["GET /healthz HTTP/1.1"],
                                     source="127.0.0.4"))[0], 200, "another address need not wait")
        await asyncio.sleep(2)
        self.assertEqual((await http(self.server, ["GET /healthz HTTP/1.1"]))[0], 200)
        gone = [reader.at_eof() for reader in held[:POOL]]
        self.assertEqual(gone, sorted(gone, reverse=True), "the oldest go first")
        self.assertLess(sum(gone), 4)

    async def test_nobody_is_silent_for_long(self):
        async def lasts(beginning):
            reader = await self.open(beginning)
            start = time.monotonic()
            while await asyncio.wait_for(reader.read(4096), 25):
                pass
            return time.monotonic() - start

        lasted = await asyncio.gather(*map(lasts, BEGINNINGS))
        for beginning, seconds in zip(BEGINNINGS, lasted):
            # A WebSocket has 15 seconds to log in, and its close handshake 5; a request has 10.
            least, most = (14, 22) if b"\r\n\r\n" in beginning and b"/ws" in beginning else (9, 12.5)
            self.assertTrue(least <= seconds <= most, f"{beginning} lasted {seconds:.1f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--flood"]:
        asyncio.run(flood(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
    else:
        main()
