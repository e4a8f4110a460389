#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What an admin asks of histories: the life of a message, export, verification and import."""

import asyncio
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from server import Server, bin_directory  # noqa: E402

SECRET = "a text that nobody but the two should see"


def ctl(server, *words, code=0):
    """Runs chatctl; (stdout, stderr)."""
    done = subprocess.run([str(bin_directory() / "chatctl"), "--admin-socket", str(server.admin),
                           *words], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != code:
        raise AssertionError((words, done.returncode, done.stdout, done.stderr))
    return done.stdout, done.stderr


class History(ScenarioCase):
    async def talk(self, count=40):
        """Two people, some texts both ways, edits and deletes among them."""
        ann, bob = await self.people("ann", "bob")
        for number in range(1, count + 1):
            await (ann if number % 3 else bob).send(
                (bob if number % 3 else ann).user, f"{SECRET} \u00e9\u2713\n\"{number}\"")
        await ann.call("message.edit", peer=bob.user, seq=1, text="better", counter=900)
        await ann.call("message.edit", peer=bob.user, seq=1, text="best", counter=901)
        await bob.call("message.delete", peer=ann.user, seq=3, counter=900)
        await ann.wait_events(1, "message")
        return ann, bob

    def export(self, server, user, name, *more):
        path = server.root / name
        path.unlink(missing_ok=True)
        ctl(server, "history", "export", user, "--output", str(path), *more)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        return path

    async def test_an_export_is_the_same_after_an_import(self):
        ann, bob = await self.talk(600)
        cyd, = await self.people("cyd")
        await cyd.send(ann.user, "x" * 16384)
        await cyd.send(ann.user, "\"\\\n" * 5000)
        first = self.export(self.server, ann.user, "first")
        self.assertEqual(first.read_text(), ctl(self.server, "history", "export", ann.user)[0])
        ctl(self.server, "history", "export", ann.user, "--output", str(first), code=6)
        out, _ = ctl(self.server, "history", "verify", str(first))
        self.assertIn("2 conversations with 605 entries", out)
        self.assertIn("2 conversations with 605 entries",
                      ctl(self.server, "history", "verify", ann.user)[0])
        with Server() as fresh:
            _, err = ctl(fresh, "history", "import", str(first), code=5)
            for user in (ann.user, bob.user, cyd.user):
                self.assertIn(f"chatctl user add {user}\n", err)
                ctl(fresh, "user", "add", user)
            before = fresh.admin_rpc("admin.status")["result"]["log"]["records"]
            out, _ = ctl(fresh, "history", "import", str(first), "--dry-run")
            self.assertIn("would be so: 2 conversations", out)
            self.assertEqual(fresh.admin_rpc("admin.status")["result"]["log"]["records"], before)
            out, _ = ctl(fresh, "history", "import", str(first))
            self.assertIn("2 conversations imported, 0 here already, 0 refused; 605 entries", out)
            out, _ = ctl(fresh, "history", "import", str(first))
            self.assertIn("0 conversations imported, 2 here already", out)
            fresh.restart()
            second = self.export(fresh, ann.user, "second")
            self.assertEqual(second.read_bytes(), first.read_bytes())
            ctl(fresh, "history", "verify", bob.user)
            await self.as_its_users_see_it(fresh, ann.user, bob.user)
            self.assertEqual(fresh.complaints(), [])

    async def as_its_users_see_it(self, server, ann, bob):
        """Nothing unread, one event, texts as they were; and it goes on from there."""
        tokens = server.import_users([ann, bob])
        device = await self.connect_to(server, tokens[bob])
        subscription = await device.subscribe("0")
        [head] = [h for h in subscription["conversations"] if h["peer"] == ann]
        self.assertEqual((head["unread"], head["seq"], head["peer_read_seq"]), (0, 603, 603))
        await device.wait_events(1, "conversation")
        self.assertEqual({e["method"] for e in device.events}, {"conversation"})
        page = await device.call("history.get", peer=ann, after=0, limit=3)
        self.assertEqual([m["text"] for m in page["messages"]][::2], ["best", ""])
        self.assertTrue(page["messages"][2]["deleted"])
        self.assertEqual((await device.send(ann, "new"))["seq"], 604)
        out, _ = ctl(server, "history", "import", str(self.server.root / "first"))
        self.assertIn("and newer messages", out)

    async def connect_to(self, server, token):
        from client import Client  # pylint: disable=import-outside-toplevel
        client = await Client(server.url, token).open()
        self.clients.append(client)
        await client.resume()
        return client

    async def test_an_import_that_was_cut_off_goes_on(self):
        ann, bob = await self.talk(700)
        first = self.export(self.server, ann.user, "cut", "--peer", bob.user)
        with Server() as fresh:
            fresh.import_users([ann.user, bob.user])
            fresh.kill()
            fresh.start(environment={"CHAT_FAILPOINT": "pipeline.durable:kill:4"})
            ctl(fresh, "history", "import", str(first), code=6)
            self.assertTrue(fresh.wait_death(10))
            fresh.start()
            part = fresh.admin_rpc("admin.history.conversations", user=ann.user)["result"]
            self.assertGreater(part["conversations"][0]["head_seq"], 100)
            self.assertLess(part["conversations"][0]["head_seq"], 703)
            out, _ = ctl(fresh, "history", "import", str(first))
            self.assertNotIn("entries 1 to", out)
            self.assertIn("1 conversations imported", out)
            self.assertEqual(self.export(fresh, ann.user, "again").read_bytes(),
                             first.read_bytes())

    async def test_what_is_there_is_never_mixed_with_a_file(self):
        ann, bob = await self.talk(5)
        first = self.export(self.server, ann.user, "mixed")
        with Server() as fresh:
            tokens = fresh.import_users([ann.user, bob.user])
            device = await self.connect_to(fresh, tokens[bob.user])
            await device.send(ann.user, "I was here first")
            out, _ = ctl(fresh, "history", "import", str(first), code=6)
            self.assertIn("refused", out)
            page = await device.call("history.get", peer=ann.user)
            self.assertEqual(len(page["messages"]), 1)

    async def test_a_changed_byte_anywhere_is_named(self):
        ann, _ = await self.talk(6)
        good = self.export(self.server, ann.user, "good").read_bytes()
        bad = self.server.root / "bad"
        lines = good.splitlines()
        named = 0
        for at in range(0, len(good), 17):
            bad.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            _, err = ctl(self.server, "history", "verify", str(bad), code=8)
            line = good[:at].count(b"\n") + 1
            named += f"line {line}: " in err or f"line {line + 1}: " in err
        self.assertGreater(named, len(good) // 17 * 0.8)  # others: the whole's digest, at the end
        for cut in (len(good) - 1, good.rindex(b"\n", 0, -1) + 1, len(lines[0]) + 1, 10, 0):
            bad.write_bytes(good[:cut])
            _, err = ctl(self.server, "history", "verify", str(bad), code=8)
            self.assertIn("cut off", err)
        ctl(self.server, "history", "import", str(bad), code=8)

    async def test_the_first_entry_of_a_copy_that_differs_is_named(self):
        with Server(environment={"CHAT_PLANT": "copy_altered"}) as server:
            tokens = server.import_users(["ann", "bob"])
            device = await self.connect_to(server, tokens["ann"])
            for number in range(1, 30):
                await device.send("bob", "altered" if number == 17 else "text")
            out, _ = ctl(server, "history", "verify", "ann", code=8)
            self.assertIn("wrong    ann with bob, entry 17, the copy of bob", out)
            out, _ = ctl(server, "trace", "ann", "bob", "17", code=8)
            self.assertIn("copies         are NOT alike", out)
            ctl(server, "trace", "ann", "bob", "16")
            ctl(server, "history", "export", "bob", code=8)

    async def test_the_life_of_a_message(self):
        ann, bob = await self.talk(4)
        out, _ = ctl(self.server, "trace", ann.user, bob.user, "1")
        self.assertIn(f"message        1, from {ann.user} to {bob.user}\n", out)
        self.assertIn(f"by device      {ann.device}, its counter 1\n", out)
        self.assertIn(f", by {ann.user}: entry 5\n", out)
        self.assertIn(f", by {ann.user}: entry 6\n", out)
        self.assertIn("delivered      not yet\n", out)
        self.assertIn(f"read           not yet by {bob.user}\n", out)
        self.assertIn("copies         are alike\n", out)
        self.assertIn("in memory and in the log, between index", out)
        self.assertIn("not kept", out)
        await bob.ack()
        await bob.call("receipt.read", peer=ann.user, seq=4)
        out, _ = ctl(self.server, "trace", bob.user, ann.user, "2")
        self.assertIn("delivered      yes", out)
        self.assertIn(f"read           yes, by {bob.user}\n", out)
        self.assertRegex(out, f"device         {bob.device} of {bob.user}.*: was shown it, and ack")
        self.assertIn("changed        never\n", out)
        self.assertNotIn(SECRET, out)
        self.assertIn(SECRET, ctl(self.server, "trace", bob.user, ann.user, "2", "--text")[0])
        out, _ = ctl(self.server, "trace", ann.user, bob.user, "3", "--json")
        trace = json.loads(out)
        self.assertTrue(trace["deleted"] and trace["alike"])
        self.assertEqual([c["kind"] for c in trace["changes"]], ["delete"])
        ctl(self.server, "trace", ann.user, bob.user, "99", code=5)
        ctl(self.server, "trace", ann.user, "nobody", "1", code=5)
        ctl(self.server, "trace", ann.user, bob.user, "x", code=2)

    async def test_what_has_expired_in_one_copy_is_no_fault(self):
        ann, bob = await self.talk(3)
        await asyncio.sleep(1.1)
        await ann.send(bob.user, "later")
        ctl(self.server, "user", "retention", ann.user, "1s")
        ctl(self.server, "retention", "run")
        for user, count in ((ann.user, 1), (bob.user, 7)):
            self.assertIn(f" with {count} entries", ctl(self.server, "history", "verify", user)[0])
        _, err = ctl(self.server, "trace", ann.user, bob.user, "2", code=5)
        self.assertIn("names exchanged", err)
        out, _ = ctl(self.server, "trace", bob.user, ann.user, "2")
        self.assertIn(f"copy           of {ann.user}: the message has expired\n", out)
        self.assertIn("copies         can't be compared\n", out)
        first = self.export(self.server, ann.user, "expired")
        with Server() as fresh:
            fresh.import_users([ann.user, bob.user])
            ctl(fresh, "history", "import", str(first))
            self.assertEqual(self.export(fresh, ann.user, "again").read_bytes(), first.read_bytes())
            self.assertIn(" with 1 entries", ctl(fresh, "history", "verify", bob.user)[0])

    async def test_nothing_of_it_is_for_users(self):
        ann, bob = await self.talk(3)
        for method, params in (("admin.trace", {"peer": bob.user, "seq": 1}),
                               ("admin.history.entries", {"peer": bob.user}),
                               ("admin.history.conversations", {}),
                               ("admin.history.verify", {"peer": bob.user})):
            await self.refused(ann.call(method, user=ann.user, **params), "forbidden")


if __name__ == "__main__":
    main()
