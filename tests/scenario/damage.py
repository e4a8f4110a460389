#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Wrong settings and damaged files: chatd says exactly what and where, and the rest goes on."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from client import Client, RpcError  # noqa: E402
from server import Server, ServerFailed  # noqa: E402


class Settings(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chat-test-"))
        self.program = Server().bin / "chatd"

    def tearDown(self):
        shutil.rmtree(self.root)

    def refused(self, *words):
        done = subprocess.run([str(self.program), *words], check=False, timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertNotEqual(done.returncode, 0, words)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_a_bad_line_is_named_with_its_number_and_the_right_form(self):
        file = self.root / "chatd.conf"
        for line, wanted in (("registration = everybody", "closed"),
                             ("partitions = -3", "1 to"),
                             ("log_tail_max = 12x", "number"),
                             ("no_such_setting = 1", "no_such_setting"),
                             ("just words", "name = value"),
                             ("listen = nowhere", "HOST:PORT")):
            file.write_text(f"# first\n\n{line}\n", encoding="utf-8")
            said = self.refused("--config", str(file), "--data", str(self.root / "data"), "--check")
            self.assertIn(wanted, said)
            if not line.startswith("listen"):
                self.assertIn(f"{file} line 3", said)

    def test_a_bad_option_is_named(self):
        self.assertIn("--nonsense", self.refused("--nonsense", "1"))
        self.assertIn("needs a value", self.refused("--data"))
        self.assertIn("cannot read", self.refused("--config", "/nonexistent"))

    def test_a_data_directory_of_another_version_is_refused(self):
        (self.root / "data").mkdir()
        (self.root / "data" / "chat.format").write_text(
            "chatd data 7 partitions 900 generation 1 cell 0123456789ab\n", encoding="ascii")
        said = self.refused("--data", str(self.root / "data"), "--listen", "127.0.0.1:0")
        self.assertIn("format 7", said)
        self.assertIn("chat.format", said)

    def test_a_port_in_use_is_said_plainly(self):
        with Server() as server:
            said = self.refused("--data", str(self.root / "data"),
                                "--listen", f"127.0.0.1:{server.address[1]}")
            self.assertIn("in use", said)


class Partition(unittest.IsolatedAsyncioTestCase):
    async def connect(self, server, token):
        client = await Client(server.url, token).open()
        await client.resume()
        self.addAsyncCleanup(client.close)
        return client

    async def test_a_damaged_partition_takes_nobody_else_down(self):
        with Server() as server:
            tokens = server.import_users(["ann", "bob", "cat"])
            ann = await self.connect(server, tokens["ann"])
            for peer in ("bob", "cat"):
                await ann.send(peer, "before")
            [number] = [u["partition"] for u in
                        (await self.users(server)) if u["user"] == "bob"]
            self.assertEqual(server.terminate(), 0)  # everything is in the files now
            path = server.data / "partitions" / f"p{number:03}.db"
            with open(path, "r+b") as file:
                for page in range(path.stat().st_size // 4096):
                    file.seek(page * 4096 + 2048)
                    file.write(b"damaged")
            server.start()
            ann = await self.connect(server, tokens["ann"])
            with self.assertRaises(RpcError) as caught:
                await ann.send("bob", "to the damaged one")
            self.assertEqual(caught.exception.kind, "unavailable")
            await ann.send("cat", "to the other")
            self.assertEqual([m["text"] for m in (await ann.history("cat"))["messages"]],
                             ["before", "to the other"])
            self.assertIn("before", str(await ann.history("bob")))  # her own copy is whole
            listed = json.loads(server.ctl("partition", "show", str(number), "--json").stdout)
            self.assertEqual(listed["state"], "quarantined")
            self.assertIn(str(path), listed["reason"])
            self.assertIn(str(path), server.log_text())

    async def users(self, server):
        """With their partitions, as the admin socket tells."""
        users, partition = [], 0
        while partition is not None:
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "admin.user.list",
                               "params": {"partition": partition}})
            done = subprocess.run(["curl", "-s", "--unix-socket", str(server.admin), "-d", body,
                                   "http://localhost/rpc"], check=True, stdout=subprocess.PIPE)
            result = json.loads(done.stdout)["result"]
            users += result["users"]
            partition = result.get("continue")
        return users

    async def test_a_missing_piece_of_the_log_keeps_chatd_from_starting(self):
        with Server(options=["--log-segment", "2000"]) as server:
            tokens = server.import_users(["ann", "bob"])
            ann = await self.connect(server, tokens["ann"])
            for i in range(60):
                await ann.send("bob", f"text {i} " + "x" * 200)
            server.kill()
            segments = sorted((server.data / "journal").glob("*.db"))
            self.assertGreater(len(segments), 3)
            segments[1].unlink()
            with self.assertRaises(ServerFailed):
                server.start(timeout=10)
            self.assertIn("hole", server.log_text())


if __name__ == "__main__":
    unittest.main()
