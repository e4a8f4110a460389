#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Several data directories: partitions move between them under load and through kill -9; a disk that
is not there is noticed; damage is named. usage: disks.py [--long] [Class.test...]"""

import asyncio
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from client import Client, Gone, RpcError, device  # noqa: E402
from server import Server, bin_directory  # noqa: E402

LONG = "--long" in sys.argv
USERS = 24


class Disks(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chat-disks-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.a, self.b = self.root / "a", self.root / "b"

    def serve(self, directories=None, **more):
        names = ",".join(str(d) for d in directories or (self.a, self.b))
        server = Server(options=["--data", names, "--partitions", "64", "--log-tail", "65536",
                                 "--log-segment", "65536"], **more).start()
        self.addCleanup(self.end, server)
        return server

    def end(self, server):
        complaints = server.complaints()  # of sanitizers
        server.close()
        self.assertEqual(complaints, [])

    def ctl(self, server, *words, code=0, json_lines=False):
        done = subprocess.run([str(bin_directory() / "chatctl"), "--admin-socket", str(server.admin),
                               *words, *(["--json"] if json_lines else [])],
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        if json_lines:
            return [json.loads(line) for line in done.stdout.splitlines()]
        return done.stdout + done.stderr

    def places(self, server):
        return {p["partition"]: p["directory"] for p in self.ctl(
            server, "partition", "list", json_lines=True)[0]["partitions"] if p["state"] == "open"}

    def files(self, directory):
        return sorted(int(f.name[1:4]) for f in (directory / "partitions").glob("p*.db"))

    async def histories(self, server, tokens):
        """Every user's conversations, whole: peer -> (digest, texts)."""
        found = {}
        for user, token in tokens.items():
            client = await Client(server.url, token).open()
            await client.resume()
            heads = (await client.call("conversation.list"))["conversations"]
            for head in heads:
                texts, before = [], None
                while True:
                    page = await client.call("history.get", peer=head["peer"], limit=500,
                                             **({"before": before} if before else {}))
                    texts = [(m["seq"], m["from"], m["text"]) for m in page["messages"]] + texts
                    if not page["more"]:
                        break
                    before = page["messages"][0]["seq"]
                self.assertEqual([t[0] for t in texts], list(range(1, head["seq"] + 1)))
                found[user, head["peer"]] = (head["digest"], texts)
            await client.close()
        for (user, peer), (digest, texts) in found.items():
            self.assertEqual(found[peer, user], (digest, texts), "the two copies differ")
        return found

    async def talk(self, server, token, peer, stop, acked):
        """Sends with counters, again after every loss of the connection, until told to stop."""
        counter, client = 0, None
        while not stop.is_set():
            try:
                if client is None:
                    client = await device(server, token, None)
                text = f"{counter + 1} {'x' * 200}"
                await client.call("message.send", to=peer, text=text, counter=counter + 1)
                counter += 1
                acked.append((client.user, peer, text))
            except (Gone, OSError, RpcError, asyncio.TimeoutError):
                if client is not None:
                    await client.close()
                client = None
                await asyncio.sleep(0.05)
        if client is not None:
            await client.close()

    async def test_rebalancing_under_load_and_through_kills_loses_nothing(self):
        server = self.serve([self.a])
        tokens = server.import_users([f"u{i}" for i in range(USERS)])
        users = list(tokens)
        server.terminate()
        server.options[server.options.index("--data") + 1] = f"{self.a},{self.b}"
        server.start()
        stop, acked = asyncio.Event(), []
        talkers = [asyncio.create_task(self.talk(server, tokens[user], users[(i + 1) % USERS], stop,
                                                 acked)) for i, user in enumerate(users)]
        await asyncio.sleep(1)
        kills = 0
        for point in ("copy.during:kill:1", "move.renamed:kill:2", "move.opened:kill:3",
                      "move.removed:kill:2", "copy.during:kill:5"):
            await asyncio.to_thread(server.terminate)
            server.start(environment={"CHAT_FAILPOINT": point})
            work = await asyncio.create_subprocess_exec(
                str(bin_directory() / "chatctl"), "--admin-socket", str(server.admin), "partition",
                "rebalance", *(["--drain", str(self.a)] if kills % 2 == 0 else []),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertTrue(await asyncio.to_thread(server.wait_death, 30), f"{point} did not bite")
            kills += 1
            self.check_only_one_of_each_counts(point)
            await asyncio.sleep(0.2)
            server.start()
            out, _ = await asyncio.wait_for(work.communicate(), 100)
            self.assertEqual(work.returncode, 0, out)
            await asyncio.sleep(0.3)
        stop.set()
        await asyncio.gather(*talkers)
        self.assertEqual(kills, 5)
        self.ctl(server, "partition", "rebalance")
        self.assertIn("0 moved", self.ctl(server, "partition", "rebalance"))
        self.assertTrue(self.files(self.a) and self.files(self.b))
        self.assertEqual(set(self.files(self.a)) & set(self.files(self.b)), set())
        self.assertEqual(list(self.root.rglob("*.moving")), [])
        found = await self.histories(server, tokens)
        said = {(f, p, t) for (u, p), (_, texts) in found.items() for _, f, t in texts if f == u}
        self.assertEqual([a for a in acked if a not in said], [], "an acknowledged message is lost")
        for _, texts in found.values():
            self.assertEqual(len({(f, t) for _, f, t in texts}), len(texts), "one is doubled")
        self.assertGreater(len(acked), 200)
        self.ctl(server, "partition", "verify")
        print(f"note: {kills} kills, {len(acked)} acknowledged messages")

    def check_only_one_of_each_counts(self, point):
        """Between rename and removal there are two files; nowhere else."""
        both = set(self.files(self.a)) & set(self.files(self.b))
        self.assertEqual(len(both), 1 if re.match("move.(renamed|opened)", point) else 0, point)

    async def test_one_partition_moves_there_and_back(self):
        server = self.serve()
        tokens = server.import_users(["ann", "bob"])
        ann = await device(server, tokens["ann"], None)
        await ann.send("bob", "before")
        number = json.loads(self.ctl(server, "user", "show", "ann", "--json"))["partition"]
        self.ctl(server, "partition", "verify", str(number))  # has a file now
        at = pathlib.Path(self.places(server)[number])
        other = self.b if at == self.a else self.a
        self.assertIn("would be", self.ctl(server, "partition", "move", str(number), "--to",
                                           str(other), "--dry-run"))
        self.assertEqual(pathlib.Path(self.places(server)[number]), at)
        for to in (other, other, at):
            self.ctl(server, "partition", "move", str(number), "--to", str(to))
            self.assertEqual(pathlib.Path(self.places(server)[number]), to)
            await ann.send("bob", f"in {to.name}")
        self.assertIn("none of the directories", self.ctl(
            server, "partition", "move", str(number), "--to", "/nowhere", code=6))
        self.assertIn("no such", self.ctl(server, "partition", "move", "200", "--to", str(at), code=5))
        server.kill()
        server.start()
        texts = [m["text"] for m in (await (await device(server, tokens["bob"], None)).call(
            "history.get", peer="ann"))["messages"]]
        self.assertEqual(texts, ["before", f"in {other.name}", f"in {other.name}", f"in {at.name}"])
        await ann.close()

    async def test_a_disk_that_is_not_mounted_is_missed_and_nothing_is_begun_anew(self):
        server = self.serve()
        tokens = server.import_users([f"m{i}" for i in range(12)])
        places = {}
        for user in tokens:
            one = json.loads(self.ctl(server, "user", "show", user, "--json"))["partition"]
            places[user] = one
        server.terminate()
        away = [u for u, p in places.items() if p in self.files(self.b)]
        here = [u for u, p in places.items() if p in self.files(self.a)]
        self.assertTrue(away and here)
        os.rename(self.b, self.root / "unmounted")
        server.start()
        said = self.ctl(server, "partition", "list")
        self.assertIn("is a disk not mounted?", said)
        for user in away:
            with self.assertRaises(RpcError) as caught:
                await device(server, tokens[user], None)
            self.assertEqual(caught.exception.kind, "unavailable")
        await (await device(server, tokens[here[0]], None)).close()
        server.terminate()
        shutil.rmtree(self.b)
        os.rename(self.root / "unmounted", self.b)
        server.start()
        for user in tokens:
            await (await device(server, tokens[user], None)).close()

    def test_a_directory_of_another_server_is_refused(self):
        self.serve([self.b]).terminate()
        server = Server(options=["--data", f"{self.a},{self.b}"])
        self.addCleanup(server.close)
        done = subprocess.run([str(server.program), "--data", f"{self.a},{self.b}", "--listen",
                               "127.0.0.1:0"], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another server", done.stderr)

    def test_a_copy_that_was_cut_off_is_removed_by_the_next_start(self):
        server = self.serve()
        server.import_users(["ann"])
        number = json.loads(self.ctl(server, "user", "show", "ann", "--json"))["partition"]
        self.ctl(server, "partition", "verify", str(number))
        at = self.a if number in self.files(self.a) else self.b
        to = self.b if at == self.a else self.a
        server.terminate()
        server.start(environment={"CHAT_FAILPOINT": "copy.during:kill:1"})
        server.admin_rpc("admin.partition.move", partition=number, path=str(to))
        self.assertTrue(server.wait_death(20))
        self.assertEqual(len(list(self.root.rglob("*.moving"))), 1)
        server.start()
        self.assertEqual(list(self.root.rglob("*.moving")), [])
        self.assertIn(number, self.files(at))

    def test_without_its_log_nothing_is_served(self):
        server = self.serve()
        server.import_users([f"w{i}" for i in range(8)])
        server.terminate()
        os.rename(self.a / "journal", self.root / "journal")
        for directories in (f"{self.a},{self.b}", f"{self.b},{self.a}"):
            done = subprocess.run([str(server.program), "--data", directories, "--listen",
                                   "127.0.0.1:0"], capture_output=True, text=True, timeout=20,
                                  check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("it is not the log of these partitions", done.stderr)
        shutil.rmtree(self.a / "journal")
        os.rename(self.root / "journal", self.a / "journal")
        server.start()
        self.assertEqual(len(self.ctl(server, "user", "list", "--json").splitlines()), 8)

    async def test_a_damaged_page_is_named_and_not_moved(self):
        server = self.serve([self.a])
        tokens = server.import_users(["ann", "bob"])
        ann = await device(server, tokens["ann"], None)
        for i in range(300):
            await ann.send("bob", f"{i} " + "y" * 300)
        number = json.loads(self.ctl(server, "user", "show", "bob", "--json"))["partition"]
        self.assertIn("fits its checksum", self.ctl(server, "partition", "verify"))
        await ann.close()
        server.terminate()
        server.options[server.options.index("--data") + 1] = f"{self.a},{self.b}"
        server.start()
        path = self.a / "partitions" / f"p{number:03}.db"
        with open(path, "r+b") as file:  # behind the server's back, in the middle of the texts
            file.seek(-3 * 4096 + 1000, os.SEEK_END)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        page = path.stat().st_size // 4096 - 2
        said = self.ctl(server, "partition", "verify", code=8)
        self.assertIn(f"partition {number}: 1 of", said)
        self.assertIn(f"page {page}\n", said)
        said = self.ctl(server, "partition", "move", str(number), "--to", str(self.b), code=1)
        self.assertIn(f"page {page}", said)
        self.assertEqual(self.files(self.b), [])
        self.assertEqual(list(self.root.rglob("*.moving")), [])


if __name__ == "__main__":
    unittest.main(argv=[w for w in sys.argv if w != "--long"])
