#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chat-tui --plain: lines that are only added to, on a terminal and through pipes."""

import pathlib
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from screen_case import ScreenCase  # noqa: E402


class Plain(ScreenCase):
    def test_a_conversation_in_lines(self):
        ann, bob, carl = self.people("ann", "bob", "carl")
        carl.run("send", ann.user, "before")
        self.fill(bob, ann, 70)
        screen = self.open(ann, "--plain", has_errors=True, rows=100)
        screen.until(f"-- connected (ws) as {ann.user} --")
        screen.until(f"-- you write to {bob.user}")
        shown = screen.until(": text 69")
        self.assertNotIn("text 19\n", shown)
        screen.until(f"-- {carl.user}: 1 new --")
        self.until_read(ann)
        screen.type("an answer\\")
        screen.keys("Enter")
        screen.type("in two lines")
        screen.keys("Enter")
        listened = bob.run("listen", "--count", "1", "--wait", "20").stdout
        self.assertRegex(listened, r": an answer\n +in two lines")
        carl.run("send", ann.user, "of carl\x1b[2J\x1b]0;owned\x07")
        screen.until(lambda s: re.search(rf"\[{carl.user}\] {carl.user}, \d\d:\d\d: of carl\?", s))
        bob.run("send", ann.user, "more of bob")
        screen.until(lambda s: re.search(rf"^{bob.user}, \d\d:\d\d: more of bob", s, re.M))
        for command, wanted in [("/list", f"{carl.user}, offline, 2 new"),
                                ("/more", "text 19\n"), ("/help", "/msg NAME [TEXT]: write to"),
                                ("/search text 66", "1 found"), ("/nonsense", "no such command"),
                                ("//slash", None), (f"/msg {carl.user}", f"you write to {carl.user}")]:
            screen.type(command)
            screen.keys("Enter")
            if wanted:
                screen.until(wanted)
        screen.until(lambda s: re.search(rf"^{carl.user}, \d\d:\d\d: of carl", s, re.M))
        whole = screen.tmux("capture-pane", "-p", "-S", "-1000", "-t", "main")
        self.assertEqual(len(re.findall(r": text 69$", whole, re.M)), 1)
        self.assertEqual(len(re.findall(r": text 19$", whole, re.M)), 1)
        title = screen.tmux("display-message", "-p", "-t", "main", "#{pane_title}")
        self.assertNotIn("owned", title)
        screen.type("/quit")
        screen.keys("Enter")
        screen.until(lambda _: not screen.is_running())

    def test_a_new_device_learns_of_all_conversations(self):
        ann, = self.people("ann")
        names = [f"peer{self.number}-{i}" for i in range(230)]
        for token in self.server.import_users(names).values():
            for text in ("first", "second"):
                self.http(token, "message.send", to=ann.user, text=text)
        screen = self.open(ann, "--plain", has_errors=True, rows=400)
        screen.until(lambda s: s.count(": 2 new --") == len(names) - 1)
        screen.type("/list")
        screen.keys("Enter")
        screen.until(lambda s: s.count(", offline, 2 new") == len(names) - 1)
        shown = screen.tmux("capture-pane", "-p", "-S", "-2000", "-t", "main")
        self.assertEqual(shown.count(": first"), 1, "only the open one is printed")
        self.http(token, "message.send", to=ann.user, text="third")
        screen.until(": third")

    def test_a_new_device_replays_no_years(self):
        read = []
        for count in 300, 6000:
            ann, bob = self.people("ann", "bob")
            self.fill(bob, ann, count)
            screen = self.open(ann, "--plain", has_errors=True, rows=100)
            screen.until(f": text {count - 1}\n")
            bob.run("send", ann.user, "and now")
            screen.until(": and now")
            # Delivered or read: what was never handed out as an event is only the latter.
            def arrived(bob=bob):
                head = self.http(bob.token, "conversation.list")["conversations"][0]
                return max(head["peer_delivered_seq"], head["peer_read_seq"])
            end = time.monotonic() + 20
            while arrived() <= count:
                self.assertLess(time.monotonic(), end, "it has all of it, and did not say so")
                time.sleep(0.1)
            io = pathlib.Path(f"/proc/{screen.pid()}/io").read_text()
            read.append(int(re.search(r"rchar: (\d+)", io)[1]))
            screen.keys("C-d")
            screen.until(lambda _, screen=screen: not screen.is_running())
        self.assertLess(read[1] - read[0], 300_000, "6,000 events have more than a million bytes")

    def test_through_pipes_no_sequence_at_all(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "hello \x1b[31mred \u202e and \u009b2J")
        done = ann.run("--plain", text=f"/msg {bob.user} one\ntwo\n/more\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotRegex(done.stdout, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        self.assertIn("hello ?[31mred", done.stdout)
        got = bob.run("listen", "--count", "2", "--wait", "20").stdout
        self.assertRegex(got, r"(?s): one\n.*: two\n")

    def test_what_is_for_the_screen_is_refused_elsewhere(self):
        ann, bob = self.people("ann", "bob")
        for words in (["--plain", "send", bob.user, "x"], ["--plain", "--json"], ["--timeout", "1"]):
            done = ann.run(*words, text="")
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("for the screen" if "--plain" in words else "--timeout is for", done.stderr)

    def test_what_is_late_is_told_and_what_is_again_there_is_not_repeated(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "hello")
        gate = self.gate(ann)
        screen = self.open(ann, "--plain", has_errors=True, rows=60)
        screen.until(": hello")
        gate.is_deaf = True
        gate.cut()
        screen.until("-- offline")
        screen.type("kept")
        screen.keys("Enter")
        screen.until("-- not stored yet")
        bob.run("send", ann.user, "meanwhile")
        gate.is_deaf = False
        gate.cut()  # what was begun to a deaf one
        screen.type("/retry")
        screen.keys("Enter")
        screen.until("-- stored --", 60)
        screen.until(": meanwhile")
        time.sleep(0.5)
        shown = screen.screen()
        for once in (": hello", ": meanwhile", "-- stored --"):
            self.assertEqual(shown.count(once), 1, shown)
        self.assertIn("kept", bob.run("listen", "--count", "1", "--wait", "20").stdout)

    def test_without_a_server_what_is_kept_is_shown(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "from the cache")
        screen = self.open(ann, "--plain", has_errors=True)
        screen.until(": from the cache")
        screen.keys("C-d")
        screen.until(lambda _: not screen.is_running())
        ann.url = "http://127.0.0.1:1"
        screen = self.open(ann, "--plain", has_errors=True)
        screen.until(": from the cache")
        screen.until("-- offline")


if __name__ == "__main__":
    unittest.main(verbosity=1)
