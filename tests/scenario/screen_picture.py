#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The picture of chat-tui in README.md is what chat-tui shows: taken from a real one in tmux, with the
times made equal. And the bytes that reach a terminal, when other people send what they like, hold no
control sequence that is not the program's own.

usage: screen_picture.py [--write]"""

import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from raw_terminal import RawTerminal  # noqa: E402
from server import Server  # noqa: E402
from tmux import Terminal  # noqa: E402
from tui import Home  # noqa: E402
from tui_case import TuiCase  # noqa: E402

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
BLOCK = re.compile(r"(<!-- picture -->\n)(.*?)(<!-- end of picture -->)", re.S)
HOSTILE = ([chr(c) for c in (*range(1, 32), *range(127, 160))]
           + [f"\x1b{c}" for c in "[]PX^_NO()c78=>DEHMZ"]
           + ["\x1b[2J", "\x1b[31m", "\x1b]0;owned\x07", "\x1b]52;c;aGk=\x07", "\x1bP1$r\x1b\\",
              "\u009b2J", "\u009d0;owned\u009c", "\u202e\u2066\u200f\u061c", "\ufeff\u00ad\u200b",
              "e" + "\u0301" * 10000, "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\r\n\t\v\f",
              "\U000e0041\U000e007f", "\u0600\u06dd\u070f", "\U0001f1e9\U0001f1ea" * 50])


# What curses does of its own accord when much or little changes (terminfo of xterm-256color): moves,
# repeats, inserts and deletes within the screen.
CURSES = {f"\x1b[{n}{c}" for n in ("", "N") for c in "ABCDGHKLMPX@bd"} | {
    "\x1b[N;NH", "\x1b[N;Nr", "\x1bM", "\b", "\n", "\r", "\t"}


class Picture(unittest.TestCase):
    def test_the_readme_shows_what_chat_tui_shows(self):
        with Server() as server:
            root = server.root
            tokens = server.import_users(["alice", "bob", "carol", "dave"])
            homes = {name: Home(root, name, token, server)
                     for name, token in tokens.items()}
            homes["dave"].run("send", "alice", "see you on Monday")
            homes["alice"].run("send", "carol", "Thanks!")
            homes["bob"].run("send", "alice", "Did the backup run last night?")
            homes["alice"].run("send", "bob", "It did: 268 MB in 2.5 seconds, all verified.")
            homes["bob"].run("send", "alice", "Then I sleep well. \U0001f634")
            bob = homes["bob"].script("--follow")
            bob.call("subscribe", **{"from": "unread"})
            message = bob.until(lambda v: v.get("params", {}).get("seq") == 3)[-1]["params"]
            bob.call("ack", cursor=message["cursor"])
            bob.call("receipt.read", peer="alice", seq=3)
            screen = Terminal(homes["alice"], columns=78, rows=14)
            try:
                screen.until("Then I sleep well.")
                homes["carol"].run("send", "alice", "Lunch at noon?")
                screen.type("So do I.")
                screen.keys("Enter")
                screen.until("So do I.")
                bob.until(lambda v: v.get("params", {}).get("text") == "So do I.")
                bob.tell("ack", cursor=bob.events("message")[-1]["cursor"])
                screen.type("By the way")
                screen.until(lambda s: s.count("✓✓") == 2 and "> By the way" in s
                             and "carol" in s and "Lunch" in s)
                shown = screen.screen()
            finally:
                screen.close()
                bob.kill()
        shown = re.sub(r"\b\d\d:\d\d\b", "20:15", shown)
        shown = re.sub(r"-- \w+, [ \d]\d \w+ \d{4} --", "-- Tuesday, 24 November 2026 --", shown)
        shown = "".join("    " + line.rstrip() + "\n" for line in shown.rstrip().splitlines())
        text = README.read_text()
        self.assertTrue(BLOCK.search(text), "README.md has no place for the picture")
        wanted = BLOCK.sub(lambda m: m[1] + "\n" + shown + "\n" + m[3], text)
        if "--write" in sys.argv:
            README.write_text(wanted)
        self.assertEqual(BLOCK.search(wanted)[2], BLOCK.search(text)[2],
                         "run tests/scenario/screen_picture.py --write")


class Bytes(TuiCase):
    def watch(self, home, keys, wanted):
        """What chat-tui writes to a terminal until it shows that text."""
        terminal, written, end = RawTerminal(home.command(), home.environment()), b"", time.monotonic() + 30
        while time.monotonic() < end:
            drawn = terminal.read(0.3)
            written += drawn
            if not drawn and terminal.process.poll() is not None:
                break
            if not drawn and wanted.encode() in written and keys:
                terminal.type(keys.pop(0).decode())
        terminal.close()
        self.assertIn(wanted.encode(), written)
        return written.decode("utf-8", errors="strict")

    @staticmethod
    def controls(text):
        """Every control sequence, with its numbers made equal."""
        found = re.findall(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|"
                           r"\x1b[ -/]*[0-~]|[\x00-\x1f\x7f-\x9f]", text)
        return {re.sub(r"\d+", "N", f) for f in found}

    def test_no_byte_of_others_controls_the_terminal(self):
        ann, bob, eve = self.people("ann", "bob", "eve")
        for i in range(60):
            bob.run("send", ann.user, f"harmless {i}\nin two lines")
        keys = [b"\x1b[5~"] * 4 + [b"\x1b>", b"\x11"]
        own = self.controls(self.watch(ann, list(keys), "harmless 59"))
        script = self.script(eve)
        for text in HOSTILE * 2:
            script.call("message.send", to=ann.user, text=text)
        script.call("message.send", to=ann.user, text="the end of it")
        script.finish()
        written = self.watch(ann, list(keys), "the end of it")
        self.assertEqual(self.controls(written) - own - CURSES, set())
        for one in "\u202e\u2066\u200f\u061c\ufeff\u200d\ufe0f":
            self.assertNotIn(one, written)
        self.assertNotIn("owned\x07", written)

    def test_links_are_told_to_the_terminal_and_nothing_else_is(self):
        ann, eve = self.people("ann", "eve")
        config = ann.directory / ".config" / "chat-tui"
        config.mkdir(parents=True)
        (config / "config").write_text("hyperlinks = yes\n")
        script = self.script(eve)
        for text in ("https://ok.example/a?b=c;d#e", "http://x.example/\x1b]8;;http://evil.example\x07",
                     "https://y.example/\u009c\u202etest", "https://z.example/ü", "javascript:alert(1)"):
            script.call("message.send", to=ann.user, text=text)
        script.call("message.send", to=ann.user, text="the end of it")
        script.finish()
        written = self.watch(ann, [b"\x11"], "the end of it")
        links = set(re.findall(r"\x1b\]8;;([^\x1b]*)\x1b\\", written))
        self.assertEqual(links, {"", "https://ok.example/a?b=c;d#e", "http://x.example/",
                                 "http://evil.example", "https://y.example/", "https://z.example/%C3%BC"})


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--write"], verbosity=1)
