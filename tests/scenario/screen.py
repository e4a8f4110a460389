#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The screen of chat-tui: a real chat-tui in a real tmux against a real chatd."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from screen_case import ScreenCase  # noqa: E402
from tui import Home  # noqa: E402


EMOJI = pathlib.Path("/usr/share/unicode/emoji/emoji-test.txt")


class Screen(ScreenCase):
    options = ("--registration", "invite")

    def test_a_message_goes_through_stored_delivered_and_read(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "Are you there?")
        screen = self.open(ann)
        screen.until(f"{bob.user} Are you there?")
        screen.until("start of the conversation")
        screen.type("Yes, I am.")
        screen.keys("Enter")
        screen.until("✓  you")
        reader = self.script(bob)
        reader.call("subscribe", **{"from": "unread"})
        message = reader.until(lambda v: v.get("params", {}).get("text") == "Yes, I am.")[-1]["params"]
        reader.call("ack", cursor=message["cursor"])
        screen.until("✓✓ you")
        plain = screen.tmux("capture-pane", "-p", "-e", "-t", "main")
        reader.call("receipt.read", peer=ann.user, seq=message["seq"])
        screen.until(lambda _: screen.tmux("capture-pane", "-p", "-e", "-t", "main") != plain)
        reader.finish()
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        # What was shown with the focus on it was read.
        script = self.script(ann)
        head = script.call("conversation.list")["result"]["conversations"][0]
        self.assertEqual(head["unread"], 0)
        script.finish()

    def test_two_screens_of_one_user_are_in_step(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "for both")
        script = self.script(ann)
        token = script.call("device.create", label="second")["result"]["token"]
        script.finish()
        second = Home(self.root.name, ann.user + "-2", token, self.server)
        screens = [self.open(ann), self.open(second)]
        for screen in screens:
            screen.until("for both")
        screens[0].type("from the first")
        screens[0].keys("Enter")
        screens[1].until("from the first")
        screens[1].type("from the second")
        screens[1].keys("Enter")
        texts = [re.findall(r"(?:you|bob\d+) +(for both|from the \w+)", s.until("from the second"))
                 for s in screens]
        self.assertEqual(texts[0][-3:], ["for both", "from the first", "from the second"])
        self.assertEqual(texts[0][-3:], texts[1][-3:])

    def test_a_long_conversation_is_scrolled_to_its_start_and_back(self):
        ann, bob = self.people("ann", "bob")
        self.fill(bob, ann, 5000)
        screen = self.open(ann, rows=40)
        screen.until("text 4999")
        for _ in range(200):
            screen.keys(*["PageUp"] * 5)
            if "start of the conversation" in screen.screen():
                break
            time.sleep(0.1)
        screen.until("start of the conversation")
        shown = screen.settled()  # not while it is being drawn
        numbers = [int(n) for n in re.findall(r"text (\d+)\s*$", shown, re.M)]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        self.assertEqual(numbers[0], 0)
        for _ in range(5):  # on the way back nothing is left out either
            before = numbers[-1]
            screen.keys("PageDown")
            screen.until(lambda s, b=before: f"text {b + 1}" in s)
            shown = screen.settled()
            numbers = [int(n) for n in re.findall(r"text (\d+)\s*$", shown, re.M)]
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        bob.run("send", ann.user, "meanwhile")
        time.sleep(0.5)
        self.assertIn(f"text {numbers[-1]}", screen.screen())  # it stays where one reads
        self.assertIn("Alt+End", screen.screen())
        screen.keys("M-End")
        screen.until(f"{bob.user} meanwhile")

    def test_unread_messages_are_marked_and_found(self):
        ann, bob, eve = self.people("ann", "bob", "eve")
        self.fill(bob, ann, 60, "old")
        ann.run("listen", "--wait", "1")
        script = self.script(ann)
        script.call("receipt.read", peer=bob.user, seq=60)
        script.finish()
        self.fill(bob, ann, 50, "new")
        eve.run("send", ann.user, "the newest")
        screen = self.open(ann)
        shown = screen.until("50")
        self.assertRegex(shown, rf"{bob.user} .* 50 *│")
        screen.keys("M-a")
        screen.until(lambda s: re.search(rf"\d\d:\d\d +{bob.user} new 49", s))  # not the list's row
        screen.keys("M-u")
        screen.until("-- new --")
        shown = screen.until("old 59")
        self.assertIn("new 0", shown)
        lines = shown.splitlines()
        marker = next(i for i, line in enumerate(lines) if "-- new --" in line)
        self.assertIn("old 59", lines[marker - 1])
        self.assertIn("new 0", lines[marker + 1])

    def test_a_message_is_copied_quoted_edited_and_deleted(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "copy «this»")
        for text in ("first of mine", "second of mine"):
            ann.run("send", bob.user, text)
        screen = self.open(ann)
        screen.tmux("set-option", "-s", "set-clipboard", "on")
        screen.until("second of mine")
        screen.keys("M-Up", "M-Up", "M-Up", "y")
        screen.until("copied")
        screen.until(lambda _: screen.tmux("show-buffer") == "copy «this»")
        screen.keys("M-p", "M-p", "M-p", "e")
        screen.until("only your own")
        screen.keys("r")
        screen.until("> > copy «this»")
        screen.keys("C-u", "BSpace", "C-u")
        screen.keys("M-p", "e")
        screen.until("* second of mine")
        screen.keys("C-w", "C-w")
        screen.type("of yours")
        screen.keys("Enter")
        screen.until(lambda s: re.search(r"\*you +second of yours", s))
        screen.keys("M-p", "M-p", "d")
        screen.until("d again deletes it")
        screen.keys("d")
        screen.until("(deleted)")
        screen.keys("M-p", "e")
        screen.until("* second of yours")
        screen.keys("Escape")
        screen.until(lambda s: s.rstrip().endswith(">"))
        page = bob.run("--json", text='{"jsonrpc":"2.0","id":1,"method":"history.get","params":'
                       f'{{"peer":"{ann.user}"}}}}\n').stdout
        self.assertIn("second of yours", page)
        self.assertNotIn("first of mine", page)

    def test_a_draft_stays_where_it_was_typed(self):
        ann, bob, carl = self.people("ann", "bob", "carl")
        bob.run("send", ann.user, "one")
        carl.run("send", ann.user, "two")
        screen = self.open(ann)
        screen.until(f"{carl.user} two")
        screen.type("for carl only")
        screen.keys("C-n")
        screen.until(lambda s: re.search(rf"\d\d:\d\d +{bob.user} one", s))  # not the list's row
        screen.until(lambda s: "for carl only" not in s)
        screen.type("for bob")
        screen.keys("C-p")
        screen.until("> for carl only")
        screen.keys("C-n")
        screen.until("> for bob")
        screen.keys("Enter")
        screen.until(lambda s: re.search("you +for bob", s))
        done = carl.run("listen", "--wait", "0.5")
        self.assertEqual(done.stdout, "")

    def test_what_was_there_is_shown_before_there_is_a_network(self):
        ann, bob = self.people("ann", "bob")
        self.fill(bob, ann, 300)
        screen = self.open(ann)
        screen.until("text 299")
        screen.type("to be said later")
        time.sleep(1.5)
        screen.keys("M-p", "Escape")
        screen.tmux("kill-session", "-t", "main")
        for _ in range(2):  # also when it is killed without a word
            url, ann.url = ann.url, "http://127.0.0.1:1"
            screen = self.open(ann)
            screen.until("text 299")
            screen.until("> to be said later")
            screen.until("[offline")
            for _ in range(20):
                screen.keys("PageUp")
            screen.until(lambda s: int((re.findall(r"text (\d+)\s*$", s, re.M) or [999])[0]) < 110)
            os.kill(screen.pid(), signal.SIGKILL)
            ann.url = url
        self.server.kill()
        self.server.start()
        bob.run("send", ann.user, "something newer")
        screen = self.open(ann)
        screen.until("something newer")
        screen.keys("Enter")
        screen.until(lambda s: re.search("you +to be said later", s))
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        screen = self.open(ann)
        screen.until("something newer")
        self.assertNotIn("> to be said later", screen.screen().splitlines()[-1])
        self.assertEqual(bob.run("listen", "--count", "1", "--wait", "5").returncode, 0)

    def test_any_size_and_back(self):
        ann, bob = self.people("ann", "bob")
        self.fill(bob, ann, 100)
        screen = self.open(ann, columns=200, rows=60)
        screen.until("text 99")
        screen.type("half a sentence")
        for columns, rows in ((200, 60), (80, 24), (59, 10), (20, 5), (5, 3), (2, 2), (1, 1),
                              (1, 50), (200, 1), (3, 2), (100, 30), (1, 1), (80, 24)):
            screen.resize(columns, rows)
            time.sleep(0.15)
            self.assertTrue(screen.is_running(), (columns, rows))
        shown = screen.until("text 99")
        self.assertIn("half a sentence", shown)
        screen.keys("Enter")
        screen.until(lambda s: re.search("you +half a sentence", s))

    def test_a_paste_of_many_lines_waits_to_be_sent(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "paste it here")
        screen = self.open(ann)
        screen.until("paste it here")
        text = "".join(f"line {i}\n" for i in range(200))
        screen.paste(text)
        screen.until("line 199")
        self.assertEqual(bob.run("listen", "--wait", "0.5").stdout, "")
        screen.keys("Enter")
        screen.until(lambda s: "line 0 line 1" in s and s.rstrip().endswith(">"))
        done = bob.run("listen", "--json", "--count", "1", "--wait", "10")
        self.assertIn("line 0\\nline 1\\n", done.stdout)
        self.assertIn("line 199", done.stdout)

    def test_what_is_sent_without_a_server_goes_out_when_it_is_back(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "stay with me")
        screen = self.open(ann)
        screen.until("stay with me")
        self.server.kill()
        screen.until("[offline")
        screen.type("are you still there?")
        screen.keys("Enter")
        screen.until("· ")
        os.kill(screen.pid(), signal.SIGKILL)  # and the client dies, too
        screen.until(lambda _: not screen.is_running())
        screen = self.open(ann)
        screen.until(lambda s: re.search("· +you +are you still there", s))
        self.server.start()
        screen.keys("C-r")
        screen.until("[ws]")
        screen.until(lambda s: re.search("✓ +you +are you still there", s))
        ann.run("send", bob.user, "from beside the screen")
        screen.until(lambda s: re.search("✓ +you +from beside the screen", s))
        done = bob.run("listen", "--json", "--count", "1", "--wait", "20")
        self.assertIn("are you still there?", done.stdout)
        self.server.kill()
        screen.until("next try in")
        self.server.start()
        screen.keys("C-r")
        screen.until("[ws]", 30)

    def test_what_does_not_fit_on_the_disk_is_not_sent_behind_ones_back(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "mind the disk")
        screen = self.open(ann)
        screen.until("mind the disk")
        limit = ["prlimit", f"--pid={screen.pid()}"]
        subprocess.run([*limit, "--fsize=4096:unlimited"], check=True)
        screen.type("not yet")
        screen.keys("Enter")
        screen.until("the outbox can't be written")
        screen.until("> not yet")
        subprocess.run([*limit, "--fsize=unlimited:unlimited"], check=True)
        screen.keys("Enter")
        screen.until(lambda s: re.search("✓ +you +not yet", s))
        screen.type("and more")
        screen.keys("Enter")
        screen.until(lambda s: re.search("✓ +you +and more", s))
        done = bob.run("listen", "--json", "--wait", "1")
        self.assertEqual([json.loads(line)["text"] for line in done.stdout.splitlines()],
                         ["not yet", "and more"])

    def test_long_poll_and_back(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "over whatever there is")
        gate = self.gate(ann)
        gate.block_ws()
        screen = self.open(ann)
        screen.until("[poll]")
        screen.until("over whatever there is")
        bob.run("send", ann.user, "and again")
        screen.until("and again")
        screen.type("got it")
        screen.keys("Enter")
        screen.until("✓")
        gate.open_ws()
        screen.until("[ws]", 90)

    def test_hostile_text_is_only_text(self):
        ann, eve = self.people("ann", "eve")
        script = self.script(eve)
        hostile = ["\x1b[2J\x1b[1;1Hgone", "\x1b]0;title\x07", "\u009b31mred", "\u202eevil",
                   "a" + "\u0301" * 10000, "".join(map(chr, range(1, 32))),
                   "x" * 16384, "\u200b" * 500, "漢" * 200]
        emoji = [line.split("# ", 1)[1].split(" ", 1)[0] for line in EMOJI.read_text().splitlines()
                 if line and not line.startswith("#")]
        self.assertGreater(len(emoji), 4000)
        hostile += [" ".join(emoji[i:i + 300]) for i in range(0, len(emoji), 300)]
        for text in hostile:
            script.call("message.send", to=ann.user, text=text)
        script.call("message.send", to=ann.user, text="the end of it")
        script.finish()
        screen = self.open(ann)
        screen.until(f"{eve.user} the end of it")
        seen, pages = "", 0
        while "start of the conversation" not in seen:
            shown = screen.settled()
            for line in shown.splitlines()[:-3]:
                self.assertEqual(line[23:24], "│", line)
            seen, pages = seen + shown, pages + 1
            self.assertLess(pages, 200, "it does not go on")
            screen.keys("PageUp")
        # A sequence is drawn as its first part, which tmux measures as chat-tui does.
        self.assertGreater(len(set(seen) & set("".join(emoji))), 1000)
        screen.keys("M-End")
        screen.until(f"{eve.user} the end of it")
        title = screen.tmux("display-message", "-p", "-t", "main", "#{pane_title}")
        self.assertNotIn("title", title)

    def test_keys_and_commands_that_f1_shows(self):
        ann, bob, carl = self.people("ann", "bob", "carl")
        bob.run("send", ann.user, "one")
        carl.run("send", ann.user, "two")
        screen = self.open(ann)
        screen.until(f"{carl.user} two")
        screen.keys("C-k")
        screen.until("go to:")
        screen.type(bob.user[:2])
        screen.keys("Enter")
        screen.until(f"{bob.user} one")
        screen.keys("F1")
        screen.until("older messages")
        screen.keys("Escape")
        screen.type("/m")
        screen.keys("Tab")
        screen.type(carl.user[:3])
        screen.keys("Tab", "Enter")
        screen.until(f"{carl.user} two")
        screen.type("/nonsense")
        screen.keys("Enter")
        screen.until("no such command")
        screen.keys("C-u")
        screen.type("//slash")
        screen.keys("Enter")
        screen.until(lambda s: re.search("you +/slash", s))
        screen.type("one two three")
        screen.keys("C-a", "M-d", "C-e", "C-w", "C-y", "C-_")
        screen.until(lambda s: s.rstrip().endswith(">  two"))
        screen.keys("C-u")
        screen.type("/quit")
        screen.keys("Enter")
        screen.until(lambda _: not screen.is_running())

    def test_a_token_that_is_gone_is_explained(self):
        ann, = self.people("ann")
        ann.token_file.write_text("A" * 43 + "\n")
        screen = self.open(ann)
        screen.until(lambda _: not screen.is_running())
        self.assertIn("chat-tui login", screen.said())

if __name__ == "__main__":
    unittest.main(verbosity=1)
