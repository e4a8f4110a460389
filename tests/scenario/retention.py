#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Messages expire when they are too old, on each side for itself; the file system gets the space
back; everything else goes on as before. usage: retention.py [--messages N] [Class.test...]"""

import asyncio
import json
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from client import RpcError, device  # noqa: E402
from server import Server, bin_directory  # noqa: E402


class Retention(unittest.IsolatedAsyncioTestCase):
    def serve(self, keep=None, **more):
        server = Server(**more)
        config = server.root / "chatd.conf"
        config.write_text(f"retention = {keep}\n" if keep else "")
        server.options += ["--config", str(config), "--partitions", "16", "--log-tail", "65536",
                           "--log-segment", "65536"]
        self.addCleanup(self.end, server)
        return server.start()

    def end(self, server):
        complaints = server.complaints()  # of sanitizers
        server.close()
        self.assertEqual(complaints, [])

    def ctl(self, server, *words):
        return server.ctl(*words, "--json").stdout.splitlines()

    def sweep(self, server):
        return json.loads(self.ctl(server, "retention", "run")[-1])

    async def seqs(self, client, peer):
        messages, before = [], None
        while True:
            page = await client.call("history.get", peer=peer, limit=500,
                                     **({"before": before} if before else {}))
            messages = [m["seq"] for m in page["messages"]] + messages
            if not page["more"]:
                return messages, page["head_seq"], page["digest"]
            before = page["messages"][0]["seq"]

    async def test_one_user_keeps_less_and_its_peer_keeps_all(self):
        server = self.serve()
        tokens = server.import_users(["ann", "bob"])
        ann, bob = await device(server, tokens["ann"], "now"), await device(server, tokens["bob"], "now")
        for i in range(120):
            await (ann if i % 2 else bob).send("bob" if i % 2 else "ann", f"old {i} " + "x" * 500)
        self.assertEqual(self.sweep(server)["expired"], 0)
        self.ctl(server, "user", "retention", "ann", "2s")
        await asyncio.sleep(2.2)
        await ann.send("bob", "new")
        status = self.sweep(server)
        self.assertEqual(status["expired"], 120)
        mine, head, digest = await self.seqs(ann, "bob")
        self.assertEqual((mine, head), ([121], 121))
        theirs, *same = await self.seqs(bob, "ann")
        self.assertEqual((theirs, same), (list(range(1, 122)), [head, digest]))
        # Old sends, repeated: never a second time.
        for counter in (2, 50, 60):
            with self.assertRaises(RpcError) as caught:
                await ann.call("message.send", to="bob", text=f"old {counter * 2 - 1} " + "x" * 500,
                               counter=counter)
            self.assertEqual(caught.exception.kind, "conflict")
        self.assertEqual((await ann.call("message.send", to="bob", text="new", counter=61))["seq"], 121)
        with self.assertRaises(RpcError):
            await ann.call("message.edit", peer="bob", seq=3, text="there is none")
        # A device that was away is not stuck on what is gone.
        await ann.close()
        again = await device(server, tokens["ann"], "unread")
        await bob.send("ann", "hello again")
        await again.wait_for(lambda: [e for e in again.events
                                      if e["params"].get("text") == "hello again"])
        for _ in range(2):
            self.assertEqual((await self.seqs(again, "bob"))[0], [121, 122])
            await again.close()
            server.kill()
            server.start()
            again = await device(server, tokens["ann"], None)
        self.ctl(server, "user", "retention", "ann", "default")
        self.assertEqual(json.loads(self.ctl(server, "user", "show", "ann")[0])["keep"], "default")
        await again.close()
        await bob.close()

    async def test_the_file_system_gets_the_bytes_back_while_others_write(self):
        server = self.serve("3s")
        tokens = server.import_users(["ann", "bob", "cat", "dan"])
        ann = await device(server, tokens["ann"], None)
        cat = await device(server, tokens["cat"], None)
        dan = await device(server, tokens["dan"], "now")
        for i in range(0, 1500, 50):
            await asyncio.gather(*(ann.call("message.send", to="bob", text="y" * 2000, counter=i + k + 1)
                                   for k in range(50)))
        server.ctl("partition", "verify")  # writes everything into the files
        used = self.bytes_of(server)
        told = 0
        begun = time.monotonic()
        sent = 0
        while time.monotonic() - begun < 30:
            sent += 1
            await cat.call("message.send", to="dan", text=f"{sent}", counter=sent)
            if sent % 20 == 0:
                told = json.loads(self.ctl(server, "retention", "show")[0])["expired"]
                if told >= 1500 * 2 and (await self.seqs(ann, "bob"))[0] == []:
                    break
        self.assertGreaterEqual(told, 3000, "both copies expire by the server's setting")
        status = self.sweep(server)
        left = self.bytes_of(server)
        self.assertGreater(status["bytes"], 3000 * 2000 * 0.8)
        # What is told is what the files are smaller by, but for what was written meanwhile.
        self.assertLess(abs((used - left) - status["bytes"]), 200000)
        # The log too lets go of what is in the files.
        self.assertLess(left, used / 4)
        page = await dan.call("history.get", peer="cat", limit=10)
        self.assertEqual(page["head_seq"], sent)
        server.ctl("partition", "verify")
        for client in (ann, cat, dan):
            await client.close()
        print(f"note: {status['bytes']} bytes given back of {used}")

    def bytes_of(self, server):
        return sum(f.stat().st_size for f in (server.data / "partitions").glob("p*.db"))

    async def test_a_deleted_users_copy_goes_and_the_peers_stays(self):
        server = self.serve()
        tokens = server.import_users(["ann", "bob"])
        ann, bob = await device(server, tokens["ann"], None), await device(server, tokens["bob"], None)
        for i in range(30):
            await ann.send("bob", "z" * 1000)
        await ann.close()
        server.ctl("user", "delete", "ann", "--yes")
        self.assertEqual(self.sweep(server)["expired"], 30)
        self.assertEqual(len((await self.seqs(bob, "ann"))[0]), 30)
        await bob.close()

    async def test_kills_at_any_moment_lose_nothing_and_finish_it(self):
        server = self.serve()
        tokens = server.import_users(["ann", "bob"])
        config = server.root / "chatd.conf"
        count = 0
        for point in ("flush.before:kill:1", "flush.committed:kill:2", "checkpoint.during:kill:3",
                      "checkpoint.before:kill:2", "checkpoint.during:kill:9"):
            ann = await device(server, tokens["ann"], None)
            await asyncio.gather(*(ann.call("message.send", to="bob", text="w" * 1500,
                                            counter=count + i + 1) for i in range(200)))
            await ann.close()
            count += 200
            await asyncio.sleep(1.1)
            server.terminate()
            config.write_text("retention = 1s\n")
            server.start(environment={"CHAT_FAILPOINT": point})
            self.assertTrue(await asyncio.to_thread(server.wait_death, 10), f"{point} did not bite")
            config.write_text("")
            server.start()
            for token, peer in ((tokens["ann"], "bob"), (tokens["bob"], "ann")):
                client = await device(server, token, None)
                seqs, head, _ = await self.seqs(client, peer)
                self.assertEqual(head, count)
                self.assertEqual(seqs, list(range(count + 1 - len(seqs), count + 1)))
                await client.close()
        server.terminate()
        config.write_text("retention = 1s\n")
        server.start()
        self.sweep(server)
        bob = await device(server, tokens["bob"], None)
        self.assertEqual((await self.seqs(bob, "ann"))[0], [])
        self.assertEqual((await bob.send("ann", "goes on"))["seq"], count + 1)
        await bob.close()
        server.ctl("partition", "verify")

    async def test_a_partition_that_is_out_of_order_holds_nobody_up(self):
        await self.out_of_order(is_flushed=True)

    async def test_nor_does_it_while_the_rest_is_in_memory(self):
        await self.out_of_order(is_flushed=False)

    async def out_of_order(self, is_flushed):
        server = self.serve()
        names = [f"q{i}" for i in range(12)]
        tokens = server.import_users(names)
        where = {n: json.loads(self.ctl(server, "user", "show", n)[0])["partition"] for n in names}
        ann = names[0]
        bob, cat = [n for n in names if where[n] != where[ann]][:2]
        self.assertNotEqual(where[bob], where[cat])
        sender = await device(server, tokens[ann], None)
        for i in range(30):
            await sender.send(bob, "to bob")
            await sender.send(cat, "to cat")
        await sender.close()
        await asyncio.sleep(1.1)
        if is_flushed:
            server.terminate()
        else:
            server.ctl("partition", "verify", str(where[bob]))  # alone has a file
            server.kill()
        with open(server.data / "partitions" / f"p{where[bob]:03}.db", "r+b") as file:
            file.seek(200)
            file.write(b"damage")
        (server.root / "chatd.conf").write_text("retention = 1s\n")
        server.start()
        status = await asyncio.wait_for(asyncio.to_thread(self.sweep, server), 20)
        self.assertGreaterEqual(status["expired"], 60 if is_flushed else 30, "copies with cat")
        stat = pathlib.Path(f"/proc/{server.pid}/stat")

        def cpu():
            return sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])) / 100
        before = cpu()
        await asyncio.sleep(2)
        self.assertLess(cpu() - before, 0.5, "it spins")

    def test_a_wrong_length_is_named(self):
        server = Server()
        self.addCleanup(server.close)
        config = server.root / "bad.conf"
        config.write_text("retention = soon\n")
        done = subprocess.run([str(server.program), "--config", str(config), "--check"],
                              capture_output=True, text=True, timeout=20, check=False)
        self.assertIn("line 1: retention must be forever", done.stderr)
        running = self.serve()
        running.import_users(["ann"])
        done = running.ctl("user", "retention", "ann", "soon", check=False)
        self.assertIn("forever", done.stderr)
        self.assertEqual(running.ctl("user", "retention", "nobody", "3d", check=False).returncode, 5)


if __name__ == "__main__":
    unittest.main()
