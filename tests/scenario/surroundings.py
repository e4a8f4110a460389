#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Faults of what is around the server (reliability.md, section 2): a disk that runs full, again and
again, also under a kill; a clock that jumps by an hour, both ways. Needs the right to mount a tmpfs
for the first; says so where there is none. usage: surroundings.py [--long]"""

import asyncio
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from client import Gone, RpcError, device  # noqa: E402
from server import Server, bin_directory  # noqa: E402

CYCLES = 20 if "--long" in sys.argv else 3
DISK_MB = 330  # the reserve of 64 and the low-water mark of 128 fit, and something to fill
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


async def history(client, peer):
    messages, before = [], None
    while True:
        page = await client.call("history.get", peer=peer, limit=500,
                                 **({"before": before} if before else {}))
        messages = page["messages"] + messages
        if not page["more"]:
            return messages
        before = page["messages"][0]["seq"]


class Disk(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="chat-disk-"))
        self.addCleanup(shutil.rmtree, self.disk, ignore_errors=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(self.disk)],
                              capture_output=True, check=False)
        if done.returncode != 0:
            print("note: skipped: no right to mount a tmpfs here")
            self.skipTest("no right to mount a tmpfs here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)], check=False)
        self.filler = self.disk / "filler"

    def fill(self):
        """Takes every last byte."""
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    async def talk(self, server, token, peer, stop, acked, refused):
        """Goes on with the same counter until it is stored, as a client with an outbox does."""
        counter, client = 1, None
        while not stop.is_set():
            try:
                client = client or await device(server, token, None)
                await client.call("message.send", to=peer, text=f"{counter} {'f' * 900}",
                                  counter=counter)
                acked.append((client.user, counter))
                counter += 1
            except RpcError as error:
                self.assertTrue(error.data.get("retryable"), error)
                refused.append(error.kind)
                await asyncio.sleep(0.02)
            except (Gone, OSError, asyncio.TimeoutError):
                client = None
                await asyncio.sleep(0.05)
        if client:
            await client.close()

    async def end_of_job(self, server):
        for _ in range(400):
            job = server.admin_rpc("admin.job.show")["result"]
            if job["state"] != "running":
                return job.get("reason", "")
            await asyncio.sleep(0.05)
        return "it did not end"

    async def test_a_full_disk_refuses_sends_and_recovers_by_itself(self):
        server = Server(data=self.disk / "data", options=["--partitions", "16", "--log-tail", "200000",
                                                          "--log-segment", "200000"]).start()
        self.addCleanup(server.close)
        tokens = server.import_users(["ann", "bob", "cat", "dan"])
        stop, acked, refused = asyncio.Event(), [], []
        tasks = [asyncio.create_task(self.talk(server, tokens[a], b, stop, acked, refused))
                 for a, b in (("ann", "bob"), ("cat", "dan"))]
        await asyncio.sleep(0.5)
        pauses = []
        backups = pathlib.Path(tempfile.mkdtemp(prefix="chat-backups-"))
        self.addCleanup(shutil.rmtree, backups)
        job = server.admin_rpc("admin.backup.create", path=str(backups), rate=100000)["result"]
        self.assertEqual(job["state"], "running")
        for cycle in range(CYCLES):
            before, told = len(acked), len(refused)
            await asyncio.to_thread(self.fill)
            for _ in range(100):
                await asyncio.sleep(0.05)
                if len(refused) > told + 5:
                    break
            self.assertGreater(len(refused), told, f"cycle {cycle}: nothing was refused")
            if cycle == 0:  # it would have kept the log from giving way
                self.assertIn("the disk ran full", await self.end_of_job(server))
                self.assertEqual(list(backups.iterdir()), [])
            reader = await device(server, tokens["bob"], None)
            self.assertTrue(await history(reader, "ann"), "reads go on")
            await reader.close()
            if cycle % 3 == 1:
                server.kill()
                self.filler.unlink()
                server.start()
            else:
                self.filler.unlink()
            begun, at = time.monotonic(), len(acked)
            while len(acked) < at + 5:
                self.assertLess(time.monotonic() - begun, 15, f"cycle {cycle}: does not recover (I13)")
                await asyncio.sleep(0.05)
            pauses.append(time.monotonic() - begun)
            self.assertGreater(len(acked), before)
        stop.set()
        await asyncio.gather(*tasks)
        for user, peer in (("ann", "bob"), ("cat", "dan")):
            one, two = await device(server, tokens[user], None), await device(server, tokens[peer], None)
            mine, theirs = await history(one, peer), await history(two, user)
            self.assertEqual([(m["seq"], m["text"]) for m in mine],
                             [(m["seq"], m["text"]) for m in theirs])
            said = [int(m["text"].split()[0]) for m in mine]
            self.assertEqual(said, sorted(set(said)), "doubled or out of order")
            self.assertEqual({c for u, c in acked if u == user} - set(said), set(), "lost")
            await one.close()
            await two.close()
        self.assertEqual(server.complaints(), [])
        print(f"note: disk full {CYCLES} times, {len(refused)} sends refused, {len(acked)} stored, "
              f"service back after {max(pauses):.1f} s at most")


class Clock(unittest.IsolatedAsyncioTestCase):
    async def test_an_hour_both_ways_changes_no_order(self):
        if not FAKETIME.exists():
            self.skipTest("libfaketime is not there")
        root = pathlib.Path(tempfile.mkdtemp(prefix="chat-clock-"))
        self.addCleanup(shutil.rmtree, root)
        offset = root / "offset"
        offset.write_text("+0")
        # Without sanitizers: they and libfaketime both want to be loaded first.
        server = Server(build="release", options=["--partitions", "16"], environment={
            "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}).start()
        self.addCleanup(server.close)
        tokens = server.import_users(["ann", "bob"])
        ann, bob = await device(server, tokens["ann"], "now"), await device(server, tokens["bob"], "now")
        await bob.call("presence.watch", users=["ann"])
        count = 0
        hours = set()
        for jump in ("+0", "+3600s", "+0", "-3600s", "+7200s", "+0"):
            offset.write_text(jump)
            for _ in range(20):
                count += 1
                answer = await ann.call("message.send", to="bob", text=f"{count}", counter=count)
                self.assertEqual(answer["seq"], count)
                hours.add(answer["ts"][:13])
            self.assertEqual((await bob.call("ping")), {})
        self.assertGreater(len(hours), 1, "the clock did not jump")
        await bob.wait_events(count, "message")
        self.assertEqual([int(e["params"]["text"]) for e in bob.events if e["method"] == "message"],
                         list(range(1, count + 1)))
        messages = await history(bob, "ann")
        self.assertEqual([m["ts"] for m in messages], sorted(m["ts"] for m in messages))
        again = await ann.call("message.send", to="bob", text="1", counter=1)
        self.assertEqual((again["seq"], again["ts"]), (1, messages[0]["ts"]))
        await ann.close()
        await bob.close()
        # Back in the real hour, from before the last message: time stamps still don't decrease.
        offset.write_text("-3600s")
        server.kill()
        server.start()
        ann = await device(server, tokens["ann"], None)
        answer = await ann.call("message.send", to="bob", text="last", counter=count + 1)
        self.assertGreaterEqual(answer["ts"], messages[-1]["ts"])
        await ann.close()


if __name__ == "__main__":
    unittest.main(argv=[w for w in sys.argv if w != "--long"])
