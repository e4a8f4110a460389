#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What chat-tui's screen does beside talking: search, links, an editor, keys and looks of one's own,
notifications, marks. In a real tmux against a real chatd."""

import contextlib
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from screen_case import ScreenCase  # noqa: E402
from tui_case import NOWHERE  # noqa: E402


class Tools(ScreenCase):
    def configure(self, home, text, keys=None):
        directory = home.directory / ".config" / "chat-tui"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "config").write_text(text)
        if keys is not None:
            (directory / "keys").write_text(keys)

    def program(self, home, name, text):
        path = home.directory / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def until_written(self, path, wanted, timeout=20):
        end = time.monotonic() + timeout
        while not (path.exists() and wanted in path.read_text()):
            self.assertLess(time.monotonic(), end, f"{path}: {path.exists() and path.read_text()}")
            time.sleep(0.05)
        return path.read_text()

    # ---- search

    def test_a_message_is_found_here_and_shown_among_its_neighbours(self):
        ann, bob = self.people("ann", "bob")
        self.fill(bob, ann, 400, "before")
        bob.run("send", ann.user, "the Größe of the needle")
        self.fill(bob, ann, 800, "behind")
        screen = self.open(ann)
        screen.until("behind 799")
        screen.keys("M-/")
        screen.until("words to find")
        screen.type("GRÖSSE")
        screen.until("1 found")
        screen.until("the Größe of the needle")
        screen.keys("Enter")
        shown = screen.until(lambda s: "the Größe of the needle" in s and "before 399" in s
                             and "behind 0" in s)
        self.assertNotRegex(shown, "│.*behind 799")
        # From there it goes on in both directions, without a gap, to both ends.
        screen.escape()
        seen = set()
        for _ in range(150):
            before = shown
            seen |= {int(n) for n in re.findall(r"bob\d+ behind (\d+)", shown)}
            screen.keys("PageDown")
            with contextlib.suppress(AssertionError):  # nothing is below, or not yet
                screen.until(lambda s, before=before: s != before, 0.5)
            time.sleep(0.05)  # it may have been half drawn
            shown = screen.screen()
            if before == shown and re.search("│.*behind 799", shown) and "Alt+End" not in shown:
                break
        self.assertEqual(seen, set(range(800)))
        bob.run("send", ann.user, "and it goes on")
        screen.until("and it goes on")
        screen.keys("M-/")
        screen.type("needle")
        screen.until("1 found")
        screen.keys("Enter")
        screen.until("before 399")
        bob.run("send", ann.user, "while away from the end")
        screen.until(lambda s: re.search(r"while away.*│", s))
        screen.escape()
        screen.keys("M-End")
        screen.until("bob%d while away from the end" % self.number)
        screen.until("and it goes on")

    def test_everywhere_with_what_is_kept_here_and_with_the_server(self):
        ann, bob, carl = self.people("ann", "bob", "carl")
        bob.run("send", ann.user, "a lighthouse of bob")
        carl.run("send", ann.user, "a lighthouse of carl")
        self.fill(bob, ann, 30)
        screen = self.open(ann)
        screen.until("text 29")
        screen.keys("C-f")
        screen.until("search:")
        screen.type("lighthouse")
        screen.until("2 found --")
        shown = screen.until(f"{carl.user} a lighthouse of carl")
        self.assertLess(shown.index("of carl"), shown.index("of bob"))
        screen.keys("Down", "Up", "Enter")
        screen.until(f"{carl.user} a lighthouse of carl")
        screen.escape()
        screen.type("/search-all nothing like this")
        screen.keys("Enter")
        screen.until("0 found --")
        screen.keys("C-u")
        screen.until("words to find")
        screen.escape()
        # Without the server only what is kept here is searched, and this is said.
        gate = self.gate(ann)
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        screen = self.open(ann)
        screen.until("[ws]")
        gate.is_deaf = True
        gate.cut()
        screen.until("[offline")
        screen.keys("C-f")
        screen.type("lighthouse")
        screen.until("offline: only what is kept here")
        screen.until("a lighthouse of")

    def test_leaving_while_the_server_owes_answers_leaves_nothing_behind(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "hello")
        gate = self.gate(ann)
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        screen.until("[ws]")
        gate.is_deaf = True
        screen.keys("M-s")
        screen.type("x")
        time.sleep(0.6)
        screen.escape()
        screen.type(f"/whois {bob.user}")
        screen.keys("Enter", "C-q")
        screen.until(lambda _: not screen.is_running())

    def test_words_of_others_found_are_only_text(self):
        ann, eve = self.people("ann", "eve")
        script = self.script(eve)
        script.call("message.send", to=ann.user, text="needle \x1b[2J\x1b]0;owned\x07 \u202e" + "a\u0301" * 3000)
        script.finish()
        screen = self.open(ann)
        screen.until("needle")
        screen.keys("M-s")
        screen.type("needle")
        screen.until("1 found")
        for line in screen.screen().splitlines()[:-3]:
            self.assertEqual(line[23:24], "│", line)

    def test_the_end_of_what_is_kept_is_told_without_a_server(self):
        ann, bob = self.people("ann", "bob")
        self.fill(bob, ann, 6000)  # more than a new device is handed out
        screen = self.open(ann)
        screen.until("text 5999")
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        ann.url = NOWHERE
        screen = self.open(ann)
        screen.until("text 5999")
        for _ in range(3):
            screen.keys("M-Home")
        screen.until("offline: older messages are not kept here")

    # ---- links

    def test_links_are_numbered_and_opened_as_they_are(self):
        ann, bob = self.people("ann", "bob")
        opened = ann.directory / "opened"
        opener = self.program(ann, "opener", f'printf "%s|" "$@" >>{opened}\n')
        self.configure(ann, f"open_cmd = {opener}\nhyperlinks = yes\n")
        bob.run("send", ann.user, "first https://one.example/$(touch%20x)?a=1&b='2' then")
        bob.run("send", ann.user, "second (https://two.example/ü).")
        screen = self.open(ann)
        screen.until("two.example")
        screen.keys("M-o")
        shown = screen.until("a number or Enter opens")
        self.assertRegex(shown, r"1 https://two\.example/ü\s")
        self.assertRegex(shown, r"2 https://one\.example")
        screen.type("1")
        self.until_written(opened, "https://two.example/ü|")
        screen.keys("M-Up")
        screen.until("y copies")
        screen.keys("Up")
        screen.type("o")
        screen.until("a number or Enter opens")
        screen.keys("Enter")
        written = self.until_written(opened, "one.example")
        self.assertEqual(written, "https://two.example/ü|https://one.example/$(touch%20x)?a=1&b='2|")
        opener.unlink()
        screen.keys("M-o")
        screen.until("a number or Enter opens")
        screen.keys("Enter")
        screen.until("the link was not opened")

    # ---- an editor

    def test_what_is_typed_goes_on_in_an_editor_while_messages_come(self):
        ann, bob = self.people("ann", "bob")
        go_on = ann.directory / "go-on"
        editor = self.program(ann, "editor", 'echo "the editor has it"; cat "$1"\n'
                              f'while ! [ -e {go_on} ]; do sleep 0.05; done\n'
                              'printf "in two lines\\nof an editor\\n" >>"$1"\n')
        ann.more["EDITOR"] = str(editor)
        bob.run("send", ann.user, "write to me")
        screen = self.open(ann)
        screen.until(f"{bob.user} write to me")
        screen.type("begun here")
        screen.keys("C-x", "e")
        screen.until("the editor has it")
        screen.until("begun here")
        bob.run("send", ann.user, "while you write")
        time.sleep(0.5)
        self.assertNotIn("while you write", screen.screen())
        go_on.touch()
        screen.until("while you write")
        screen.until("of an editor")
        self.assertEqual(list((ann.directory / ".local/state/chat-tui").rglob("typed-*")), [])

    def test_an_editor_gives_the_text_back(self):
        ann, bob = self.people("ann", "bob")
        editor = self.program(ann, "editor", 'printf "in two lines\\nof an editor\\n" >>"$1"\n')
        ann.more["VISUAL"] = str(editor)
        bob.run("send", ann.user, "write to me")
        screen = self.open(ann)
        screen.until(f"{bob.user} write to me")
        screen.type("begun here")
        screen.keys("C-x", "C-e")
        screen.until("of an editor")
        screen.keys("Enter")
        screen.until(lambda s: re.search("✓ +you +begun here", s))
        got = bob.run("listen", "--json", "--wait", "1").stdout
        self.assertEqual(json.loads(got)["text"], "begun here\nin two lines\nof an editor")
        # A full disk: nothing is given to the editor, and nothing is lost.
        limit = ["prlimit", "--pid", str(screen.pid())]
        subprocess.run([*limit, "--fsize=0:unlimited"], check=True)
        screen.type("stays")
        screen.keys("C-x", "e")
        screen.until("can't write")
        screen.until("> stays")
        subprocess.run([*limit, "--fsize=unlimited:unlimited"], check=True)
        screen.keys("C-u")
        editor.write_text("#!/bin/sh\nexit 1\n")
        screen.type("kept")
        screen.keys("C-x", "e")
        screen.until("the editor failed")
        screen.until("> kept")

    def test_what_an_editor_had_is_named_after_a_kill(self):
        ann, bob = self.people("ann", "bob")
        editor = self.program(ann, "editor", 'echo "long work" >>"$1"; echo "it is there"; sleep 60\n')
        ann.more["EDITOR"] = str(editor)
        bob.run("send", ann.user, "write to me")
        screen = self.open(ann)
        screen.until(f"{bob.user} write to me")
        screen.keys("C-x", "e")
        screen.until("it is there")
        os.kill(screen.pid(), signal.SIGKILL)
        screen.until(lambda _: not screen.is_running())
        screen = self.open(ann, columns=180)
        named = r"what you wrote in an editor is in (\S+typed-\w+\.txt)"
        path = re.search(named, screen.until(lambda s: re.search(named, s)))[1]
        self.assertEqual(pathlib.Path(path).read_text(), "long work\n")
        self.assertEqual(pathlib.Path(path).stat().st_mode & 0o777, 0o600)

    def test_a_draft_that_can_not_be_kept_is_told(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "hello")
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        # One that a later chat-tui has written is not touched.
        drafts, = (ann.directory / ".local/state/chat-tui").rglob("drafts.db")
        with contextlib.closing(sqlite3.connect(drafts)) as file:
            file.execute("PRAGMA user_version = 99")
        screen = self.open(ann, columns=180)
        screen.until(f"{bob.user} hello")
        screen.type("begun")
        screen.until("drafts.db")
        screen.until("> begun")

    # ---- keys and looks

    def test_keys_come_from_a_file(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "hello")
        self.configure(ann, "", "# mine\nC-t = switch\nC-x q = quit\nC-q = none\nM-= = search-here\nM-a = none\n")
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        screen.keys("C-t")
        screen.until("go to:")
        screen.escape()
        screen.until(lambda s: "go to:" not in s)
        screen.keys("F1")
        shown = screen.until("M-Enter, C-j")
        self.assertIn("C-k, M-g, C-t", shown)
        self.assertIn("(no key)", shown)
        screen.keys("PageDown")
        screen.until(lambda s: re.search(r"C-x q +leave; what is typed", s))
        screen.escape()
        screen.until(f"{bob.user} hello")
        screen.keys("M-=")
        screen.until("words to find")
        screen.escape()
        screen.keys("C-q")
        screen.type("still here")
        screen.until("> still here")
        screen.keys("C-x", "q")
        screen.until(lambda _: not screen.is_running())
        self.configure(ann, "", "C-t = jump\n")
        screen = self.open(ann)
        screen.until(lambda _: not screen.is_running())
        self.assertIn('keys:1: there is no action "jump"', screen.said())

    def test_a_wrong_setting_is_named_with_what_is_right(self):
        ann, = self.people("ann")
        self.configure(ann, "receipts = sometimes\n")
        screen = self.open(ann)
        screen.until(lambda _: not screen.is_running())
        self.assertIn("config:1: receipts must be focus, action or never", screen.said())

    def test_looks_ascii_and_256_colours(self):
        ann, bob = self.people("ann", "bob")
        self.configure(ann, "ticks = ascii\ntheme = dark\ncolour.own = bold 201\ntitle = no\n")
        bob.run("send", ann.user, "hello")
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        screen.type("hi")
        screen.keys("Enter")
        screen.until(lambda s: re.search(r"\d v  you +hi", s))
        coloured = screen.tmux("capture-pane", "-p", "-e", "-t", "main")
        self.assertIn("38;5;201", coloured)
        self.assertTrue(all(ord(c) < 128 for c in screen.screen()), screen.screen())
        ann.more["NO_COLOR"] = "1"
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        self.assertNotIn("38;5", screen.tmux("capture-pane", "-p", "-e", "-t", "main"))

    def test_alt_numbers_go_to_conversations_and_back(self):
        ann, bob, carl = self.people("ann", "bob", "carl")
        bob.run("send", ann.user, "one")
        carl.run("send", ann.user, "two")
        screen = self.open(ann)
        screen.until(f"{carl.user} two")
        screen.keys("M-2")
        screen.until(f"{bob.user} one")
        screen.until(lambda s: f"{carl.user} two" not in s.replace("│", "").split("\n", 2)[2])
        screen.keys("M-l")
        screen.until(lambda s: re.search(rf"\d +{carl.user} two", s))

    # ---- news

    def test_notifications_titles_and_a_command(self):
        ann, bob = self.people("ann", "bob")
        told = ann.directory / "told"
        command = self.program(ann, "teller", f'echo "$CHAT_FROM: $CHAT_TEXT" >>{told}\n')
        self.configure(ann, f"notify = osc777\nnotify_cmd = {command}\n")
        bob.run("send", ann.user, "hello")
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        title = lambda: screen.tmux("display-message", "-p", "-t", "main", "#{pane_title}").strip()
        screen.until(lambda _: title() == f"chat-tui - {bob.user}")
        screen.blur()
        bob.run("send", ann.user, "$(touch x); `id`\n\x1b]0;owned\x07")
        self.until_written(told, f"{bob.user}: $(touch x)")
        screen.until(lambda _: title() == f"(1) chat-tui - {bob.user}")
        self.assertNotIn("\x1b", told.read_text())
        time.sleep(1.1)
        self.fill(bob, ann, 50)  # a flood is one piece of news
        time.sleep(0.5)
        self.assertLessEqual(len(told.read_text().splitlines()), 4)
        self.configure(ann, f"notify = none\nnotify_text = no\nnotify_cmd = {command}\n")
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        told.unlink()
        screen = self.open(ann)
        screen.until("[ws]")
        screen.blur()
        bob.run("send", ann.user, "a secret")
        self.until_written(told, f"{bob.user}:")
        self.assertNotIn("secret", told.read_text())

    def test_receipts_are_sent_when_the_user_wants(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "hello")
        self.configure(ann, "receipts = action\n")
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        time.sleep(0.7)
        self.assertEqual(self.unread_of(ann), 1)
        screen.type("an answer")
        screen.keys("Enter")
        screen.until("✓")
        self.until_read(ann)
        bob.run("send", ann.user, "more")
        screen.until(f"{bob.user} more")
        screen.keys("M-r")
        self.until_read(ann)
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        self.configure(ann, "receipts = never\n")
        bob.run("send", ann.user, "unseen")
        screen = self.open(ann)
        screen.until(f"{bob.user} unseen")
        screen.type("another answer")
        screen.keys("Enter", "M-r")
        screen.until("nobody is told")
        time.sleep(0.5)
        self.assertEqual(self.unread_of(ann), 1)

    def test_a_blurred_terminal_reads_nothing(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "hello")
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        self.until_read(ann)
        screen.blur()
        bob.run("send", ann.user, "not seen")
        screen.until(f"{bob.user} not seen")
        time.sleep(0.7)
        self.assertEqual(self.unread_of(ann), 1)
        screen.focus()
        self.until_read(ann)

    def test_marked_unread_until_it_is_opened_again(self):
        ann, bob, carl = self.people("ann", "bob", "carl")
        carl.run("send", ann.user, "of carl")
        bob.run("send", ann.user, "of bob")
        screen = self.open(ann)
        screen.until(f"{bob.user} of bob")
        screen.keys("M-U")
        screen.until(lambda s: re.search(rf"{bob.user} of bob +\*│", s))
        screen.keys("M-2")
        screen.until(f"{carl.user} of carl")
        screen.keys("M-a")
        screen.until(lambda s: re.search(rf"\d +{bob.user} of bob", s) and "*│" not in s)

    def test_presence_and_blocking_by_command(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "hello")
        ann.run("send", bob.user, "hi")
        screen = self.open(ann)
        screen.until(f"{bob.user} hello")
        script = self.script(bob)
        script.call("presence.watch", users=[ann.user])
        script.tell("typing", peer=ann.user, on=True)
        screen.until(f"{bob.user} is typing")
        script.tell("typing", peer=ann.user, on=False)
        screen.until(f"| {bob.user} online")
        script.tell("typing", peer=ann.user, on=True)
        screen.until(f"{bob.user} is typing")
        screen.until(f"| {bob.user} online", 10)  # nobody types for ever
        screen.type("/away")
        script.until(lambda v: v.get("method") == "typing")
        screen.keys("Enter")
        screen.until("you are shown as away")
        script.until(lambda v: v.get("params", {}).get("state") == "away")
        screen.type(f"/whois {bob.user}")
        screen.keys("Enter")
        screen.until(f"{bob.user}: online")
        screen.type(f"/block {bob.user}")
        screen.keys("Enter")
        screen.until("reaches you any more")
        self.assertEqual(self.kind(script.call("message.send", to=ann.user, text="?")), "forbidden")
        screen.type(f"/unblock {bob.user}")
        screen.keys("Enter")
        screen.until("can write to you again")
        script.call("message.send", to=ann.user, text="there again")
        screen.until(f"{bob.user} there again")
        script.finish()

    # ---- what somebody tries who comes from elsewhere

    def test_what_other_programs_have_is_answered_with_what_does_it_here(self):
        ann, bob = self.people("ann", "bob")
        screen = self.open(ann, columns=80)
        screen.until("No conversation is open.")
        screen.type("hello there")
        screen.keys("Enter")
        screen.until("to whom? /msg NAME")
        for typed, answer in [("/join #chat", "two people: /msg NAME"), ("/nick me2", "--profile X is another"),
                              ("/win 2", "Alt+1 to Alt+9"), ("/frobnicate", "no such command"),
                              (f"/msg {ann.user}", "that is you")]:
            screen.type(typed)
            screen.keys("Enter")
            screen.until(answer)
        screen.type(f"/query {bob.user}")
        screen.keys("Enter")
        screen.until(lambda s: "that is you" not in s)
        screen.keys("Up", "Up")
        screen.until("> /msg")
        for _ in range(5):
            screen.keys("Up")
        screen.until("> hello there")
        screen.keys("Enter")
        screen.until(lambda s: re.search("✓ +you +hello there", s))

    def test_who_writes_first_is_shown(self):
        ann, bob = self.people("ann", "bob")
        screen = self.open(ann)
        screen.until("No conversation is open.")
        screen.until("[ws]")
        bob.run("send", ann.user, "I am the first")
        screen.until(lambda s: re.search(rf"\d +{bob.user} I am the first", s))

    def test_what_was_refused_is_sent_again_or_taken_away(self):
        ann, bob = self.people("ann", "bob")
        script = self.script(bob)
        script.call("contact.block", user=ann.user)
        screen = self.open(ann)
        screen.until("[ws]")
        screen.type(f"/msg {bob.user} may I?")
        screen.keys("Enter")
        screen.until("not sent to")
        screen.type("and this?")
        screen.keys("Enter")
        screen.until(lambda s: len(re.findall("! +you", s)) == 2)
        script.call("contact.unblock", user=ann.user)
        screen.type("/again")
        screen.keys("Enter")
        screen.until(lambda s: re.search("✓ +you +may I.*✓ +you +and this", s, re.S) and "!" not in s)
        script.call("contact.block", user=ann.user)
        screen.type("once more")
        screen.keys("Enter")
        screen.until(lambda s: re.search("! +you +once more", s))
        screen.type("/forget")
        screen.keys("Enter")
        screen.until(lambda s: "! " not in s and "once more" not in s.split("│", 1)[1])
        script.finish()

    def test_the_mouse_scrolls_and_opens_when_it_is_on(self):
        ann, bob, carl = self.people("ann", "bob", "carl")
        self.configure(ann, "mouse = yes\n")
        self.fill(bob, ann, 60)
        carl.run("send", ann.user, "of carl")
        screen = self.open(ann)
        screen.until(f"{carl.user} of carl")
        # As terminfo's kmous has it for this TERM: ESC [ M, button, column, row, each from a space on.
        screen.raw("\x1b[M #\"")
        screen.until(lambda s: re.search(r"\d +bob\d+ text 59", s))
        screen.raw("\x1b[M`@(" * 3)
        screen.until("Alt+End")


if __name__ == "__main__":
    unittest.main(verbosity=1)
