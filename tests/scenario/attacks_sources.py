#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Guessing passwords and flooding with connections, by where it comes from (A6, A11); who may read
the metrics. Loopback has many addresses: each is a source of its own here."""

import asyncio
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from server import Server  # noqa: E402
from wire import http, rpc  # noqa: E402

PASSWORD = "correct horse battery"


def config(server_root, text):
    path = server_root / "chatd.conf"
    path.write_text(text)
    return ["--config", str(path)]


class Loopback(ScenarioCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.options = config(cls.server.root, "registration = open\nlimit_loopback = yes\n"
                                                     "connections_per_source = 20\n")
        cls.server.start()

    async def register(self, name):
        await rpc(self.server, "account.register", source="127.0.0.9",
                  args={"user": name, "password": PASSWORD})

    async def login(self, source, user, password):
        status, answer = await rpc(self.server, "session.login", source=source,
                                   args={"user": user, "password": password})
        return status, answer.get("error", {}).get("data", {})


class Restarted(Loopback):
    async def test_a_restart_gives_no_free_guesses(self):
        [name] = self.names("reg")
        await self.register(name)
        self.server.restart()
        statuses = [(await self.login("127.0.0.5", name, "wrong password"))[0] for _ in range(3)]
        self.assertEqual(statuses, [401, 401, 429])
        await asyncio.sleep(1.1)
        self.assertEqual((await self.login("127.0.0.5", name, PASSWORD))[0], 200)


class Sources(Loopback):
    async def test_a_source_that_sprays_must_wait_and_others_need_not(self):
        [name] = self.names("reg")
        await self.register(name)
        statuses = []
        for i in range(60):
            status, data = await self.login("127.0.0.2", f"sprayed{i}", "wrong password")
            statuses.append(status)
            if status == 429:
                break
        self.assertEqual(statuses, [401] * 51 + [429], "fifty are free, the next one must wait")
        self.assertTrue(data["retryable"] and 0 < data["retry_after_ms"] <= 1000, data)
        self.assertEqual((await self.login("127.0.0.2", name, PASSWORD))[0], 429,
                         "a right password is not even tried")
        self.assertEqual((await self.login("127.0.0.3", name, PASSWORD))[0], 200)
        await asyncio.sleep(1.1)
        self.assertEqual((await self.login("127.0.0.2", name, PASSWORD))[0], 200, "no lock-out")

    async def test_many_tries_at_once_are_no_way_around_it(self):
        [name] = self.names("reg")
        await self.register(name)
        answers = await asyncio.gather(*[self.login("127.0.0.4", name, f"wrong password {i}")
                                         for i in range(15)])
        tried = [status for status, _ in answers if status != 429]
        self.assertEqual(len(tried), 5, answers)

    async def test_the_old_password_is_no_better_to_guess(self):
        [ann] = await self.people("ann")
        for _ in range(5):
            error = await self.refused(
                ann.call("account.password", old="wrong password", new=PASSWORD))
            if error.kind == "rate_limited":
                break
            self.assertEqual(error.kind, "unauthorized")
        await self.refused(ann.call("account.password", old="wrong password", new=PASSWORD),
                           "rate_limited")

    async def test_one_address_has_its_share_of_connections_and_no_more(self):
        held = []
        for _ in range(30):
            reader, writer = await asyncio.open_connection(*self.server.address,
                                                           local_addr=("127.0.0.6", 0))
            held.append((reader, writer))
        await asyncio.sleep(0.3)
        closed = [reader.at_eof() for reader, _ in held]
        self.assertEqual(closed, [False] * 20 + [True] * 10)
        self.assertEqual((await http(self.server, ["GET /healthz HTTP/1.1"], source="127.0.0.7"))[0], 200)
        self.assertEqual((await http(self.server, ["GET /healthz HTTP/1.1"], source="127.0.0.6"))[0], None)
        self.server.ctl("status")
        for _, writer in held:
            writer.close()
        until = time.monotonic() + 5
        while (await http(self.server, ["GET /healthz HTTP/1.1"], source="127.0.0.6"))[0] is None:
            self.assertLess(time.monotonic(), until, "what is closed counts no more")

    async def test_metrics_are_for_this_machine(self):
        status, text = await http(self.server, ["GET /metrics HTTP/1.1"], source="127.0.0.8")
        self.assertEqual(status, 200)
        self.assertIn(b"chatd_", text)
        for header in ("X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.7", "Via: 1.1 proxy",
                       "X-Real-IP: 192.0.2.7"):
            status, text = await http(self.server, ["GET /metrics HTTP/1.1", header],
                                      source="127.0.0.8")
            self.assertEqual(status, 404, header)
            self.assertNotIn(b"chatd_", text)


class Defaults(ScenarioCase):
    server_options = ("--registration", "open")

    async def test_a_proxy_on_this_machine_is_not_throttled_for_all_behind_it(self):
        [name] = self.names("reg")
        right = {"user": name, "password": PASSWORD}
        await rpc(self.server, "account.register", args=right)
        for i in range(60):
            status, _ = await rpc(self.server, "session.login",
                                  args={"user": f"sprayed{i}", "password": "wrong password"})
            self.assertEqual(status, 401)
        self.assertEqual((await rpc(self.server, "session.login", args=right))[0], 200)


if __name__ == "__main__":
    main()
