#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Backups: taken under load they restore to one moment; a damaged byte anywhere is named."""

import asyncio
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from client import Gone, RpcError, device  # noqa: E402
from server import Server, bin_directory  # noqa: E402

USERS = 16


class Backups(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chat-backups-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.into = self.root / "backups"

    def serve(self, data="data"):
        server = Server(data=self.root / data, options=[
            "--partitions", "64", "--log-tail", "65536", "--log-segment", "65536"]).start()
        self.addCleanup(self.end, server)
        return server

    def end(self, server):
        complaints = server.complaints()  # of sanitizers
        server.close()
        self.assertEqual(complaints, [])

    def ctl(self, server, *words, code=0):
        socket = ["--admin-socket", str(server.admin)] if server else []
        done = subprocess.run([str(bin_directory() / "chatctl"), *socket, *map(str, words)],
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def create(self, server):
        return pathlib.Path(json.loads(self.ctl(server, "backup", "create", self.into, "--json"))["path"])

    async def history(self, client, peer):
        messages, before = [], None
        while True:
            page = await client.call("history.get", peer=peer, limit=500,
                                     **({"before": before} if before else {}))
            messages = page["messages"] + messages
            if not page["more"]:
                return page["digest"], [(m["seq"], m["from"], m["text"]) for m in messages]
            before = page["messages"][0]["seq"]

    async def talk(self, server, token, peer, stop, acked):
        client = await device(server, token, None)
        count = 0
        while not stop.is_set():
            count += 1
            text = f"{count} {'z' * 150}"
            begun = time.monotonic()
            await client.call("message.send", to=peer, text=text, counter=count)
            acked.append((begun, time.monotonic(), client.user, peer, text))
        await client.close()

    async def test_one_taken_under_load_restores_to_one_moment(self):
        server = self.serve()
        tokens = server.import_users([f"u{i}" for i in range(USERS)])
        users = list(tokens)
        stop, acked = asyncio.Event(), []
        tasks = [asyncio.create_task(self.talk(server, tokens[u], users[(i + 1) % USERS], stop, acked))
                 for i, u in enumerate(users)]
        await asyncio.sleep(1.5)
        begun = time.monotonic()
        backup = await asyncio.to_thread(self.create, server)
        ended = time.monotonic()
        await asyncio.sleep(0.5)
        second = await asyncio.to_thread(self.create, server)
        await asyncio.sleep(0.3)
        stop.set()
        await asyncio.gather(*tasks)
        self.assertIn("good", self.ctl(None, "backup", "verify", backup))
        self.assertIn(f"{second} is good", self.ctl(None, "backup", "verify", self.into))
        self.assertEqual(self.ctl(None, "backup", "list", self.into).count("complete"), 2)
        # Beside the server that goes on: another data directory, another port.
        self.ctl(None, "backup", "restore", backup, "--to", self.root / "restored")
        self.assertIn("not empty", self.ctl(None, "backup", "restore", backup, "--to",
                                            self.root / "restored", code=6))
        other = self.serve("restored")
        count = await self.compare(other, tokens, users, acked, begun, ended)
        self.ctl(other, "partition", "verify")
        print(f"note: {count} of {len(acked)} messages in the backup")

    async def compare(self, server, tokens, users, acked, begun, ended):
        """What was acknowledged before the backup began is in it, what was sent after it ended is
        not, and both copies of every conversation are the same prefix of it."""
        said = {}
        count = 0
        for i, user in enumerate(users):
            peer = users[(i + 1) % USERS]
            mine = await device(server, tokens[user], None)
            theirs = await device(server, tokens[peer], None)
            one, two = await self.history(mine, peer), await self.history(theirs, user)
            self.assertEqual(one, two)
            self.assertEqual([m[0] for m in one[1]], list(range(1, len(one[1]) + 1)))
            said[user, peer] = [m[2] for m in one[1]]
            count += len(one[1])
            self.assertEqual(said[user, peer], [t for _, _, f, p, t in acked
                                                if (f, p) == (user, peer)][:len(one[1])])
            # And it goes on from there: the device's counters are those of the backup.
            await mine.call("message.send", to=peer, text="after", counter=len(one[1]) + 1)
            await mine.close()
            await theirs.close()
        for start, end, user, peer, text in acked:
            if end < begun:
                self.assertIn(text, said[user, peer], "acknowledged before the backup began")
            if start > ended:
                self.assertNotIn(text, said[user, peer], "sent after the backup had ended")
        return count

    async def test_a_cursor_of_the_life_before_is_answered_with_reset(self):
        server = self.serve()
        tokens = server.import_users(["ann", "bob"])
        ann, bob = await device(server, tokens["ann"], "now"), await device(server, tokens["bob"], "now")
        await ann.send("bob", "one")
        cursor = (await bob.wait_for(lambda: [n for n in bob.events if n["method"] == "message"]))[0][
            "params"]["cursor"]
        backup = self.create(server)
        await ann.close()
        await bob.close()
        server.terminate()
        generations = set()
        for name in ("first", "second"):
            self.ctl(None, "backup", "restore", backup, "--to", self.root / name)
            generations.add((self.root / name / "chat.format").read_text().split()[6])
            other = self.serve(name)
            bob = await device(other, tokens["bob"], None)
            answer = await bob.call("subscribe", **{"from": cursor})
            self.assertTrue(answer.get("reset"))
            await bob.close()
            other.terminate()
            time.sleep(1.1)
        self.assertEqual(len(generations), 2, "two lives from one backup have the same generation")

    async def test_a_damaged_byte_anywhere_is_named_and_not_restored(self):
        server = self.serve()
        tokens = server.import_users([f"d{i}" for i in range(6)])
        ann = await device(server, tokens["d0"], None)
        for i in range(40):
            await ann.send(f"d{1 + i % 5}", f"{i} " + "w" * 400)
        await ann.close()
        backup = self.create(server)
        chance = random.Random(5)
        files = [f for f in backup.rglob("*") if f.is_file()]
        self.assertGreater(len(files), 6)
        tried = 0
        for file in files:
            whole = file.read_bytes()
            for place in {0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(6))}:
                broken = bytearray(whole)
                broken[place] ^= 1 << chance.randrange(8)
                file.write_bytes(broken)
                said = self.ctl(None, "backup", "verify", backup, code=8)
                self.assertIn(file.name, said)
                if file.parent.name == "partitions":
                    self.assertIn(f"page {place // 4096 + 1} ", said)
                tried += 1
            file.write_bytes(broken)
            said = self.ctl(None, "backup", "restore", backup, "--to", self.root / "never", code=8)
            self.assertIn(file.name, said)
            self.assertFalse((self.root / "never" / "chat.format").exists())
            shutil.rmtree(self.root / "never", ignore_errors=True)
            file.write_bytes(whole)
        victim = backup / "partitions" / "p001.db"
        for change, wanted in ((lambda: files[1].rename(self.root / "kept"), "cannot be read"),
                               (lambda: (self.root / "kept").rename(files[1]), None),
                               (lambda: victim.write_bytes(b"x"), "not of this backup")
                               if not victim.exists() else (lambda: None, None)):
            change()
            said = self.ctl(None, "backup", "verify", backup, code=8 if wanted else 0)
            self.assertIn(wanted or "good", said)
        print(f"note: {tried} damaged bytes named")

    async def test_what_has_not_changed_is_linked(self):
        server = self.serve()
        tokens = server.import_users([f"l{i}" for i in range(8)])
        first = self.create(server)
        ann = await device(server, tokens["l0"], None)
        await ann.send("l1", "new")
        await ann.close()
        second = self.create(server)
        linked = [f.name for f in (second / "partitions").iterdir()
                  if os.path.samefile(f, first / "partitions" / f.name)]
        changed = [f.name for f in (second / "partitions").iterdir() if f.name not in linked]
        self.assertEqual(len(changed), 2)
        self.assertGreater(len(linked), 3)
        # What is damaged there is copied anew.
        victim = second / "partitions" / linked[0]
        whole = bytearray(victim.read_bytes())
        whole[5000] ^= 4
        victim.write_bytes(whole)
        third = self.create(server)
        self.assertFalse(os.path.samefile(third / "partitions" / linked[0], victim))
        self.assertIn("damaged", self.ctl(None, "backup", "verify", second, code=8))
        shutil.rmtree(first)
        self.assertIn("good", self.ctl(None, "backup", "verify", third))
        # A name that would move the cursor is nobody's backup.
        (self.into / "20261124T\x1b[2J4500Z").mkdir()
        self.assertNotIn("\x1b", self.ctl(None, "backup", "list", self.into))

    async def test_an_unfinished_one_is_told_and_in_nobodys_way(self):
        server = self.serve()
        server.import_users([f"k{i}" for i in range(8)])
        for point in ("copy.during", "backup.manifest"):
            server.terminate()
            server.start(environment={"CHAT_FAILPOINT": f"{point}:kill:1"})
            server.admin_rpc("admin.backup.create", path=str(self.into))
            self.assertTrue(await asyncio.to_thread(server.wait_death, 20))
            server.start()
            self.assertIn("incomplete", self.ctl(None, "backup", "list", self.into))
            [half] = self.into.glob("*.partial")
            self.ctl(None, "backup", "verify", half, code=5)
            self.ctl(None, "backup", "restore", half, "--to", self.root / "never", code=5)
            self.assertIn("good", self.ctl(None, "backup", "verify", self.create(server)))
            shutil.rmtree(self.into)

    async def test_one_that_fails_leaves_nothing(self):
        server = self.serve()
        server.import_users(["f1", "f2"])
        (self.root / "file").write_text("")
        self.assertIn("cannot make", self.ctl(server, "backup", "create", self.root / "file", code=1))
        self.assertIn("begins with /", self.ctl(server, "backup", "create", "relative", code=2))
        server.terminate()
        server.start(environment={"CHAT_FAILPOINT": "copy.during:error:1"})
        self.ctl(server, "backup", "create", self.into, code=1)
        self.assertEqual(list(self.into.iterdir()), [])
        self.create(server)

    async def test_a_second_job_waits_for_the_first_to_end(self):
        server = self.serve()
        tokens = server.import_users(["j1", "j2"])
        ann = await device(server, tokens["j1"], None)
        for i in range(200):
            await ann.send("j2", "q" * 8000)
        answer = server.admin_rpc("admin.backup.create", path=str(self.into), rate=1)["result"]
        self.assertEqual(answer["state"], "running")
        refused = server.admin_rpc("admin.partition.verify")["error"]
        self.assertEqual(refused["data"]["kind"], "busy")
        await ann.send("j2", "goes on")
        begun = time.monotonic()
        server.admin_rpc("admin.job.cancel")
        while server.admin_rpc("admin.job.show")["result"]["state"] == "running":
            self.assertLess(time.monotonic() - begun, 2, "a slow job can't be cancelled")
        server.admin_rpc("admin.backup.create", path=str(self.into), rate=1)
        time.sleep(0.3)
        self.assertEqual(server.terminate(5), 0)
        server.start()
        self.assertEqual(list(self.into.iterdir()), [])
        await ann.close()


if __name__ == "__main__":
    unittest.main()
