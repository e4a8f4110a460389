#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The screen of chat-tui stays fluent: keys while a thousand messages a second arrive, nothing to do when
nothing happens, and a long conversation opened like a short one.

The bounds are wide, for a build with sanitizers on a busy machine; tests/load/screen_bench has the
figures. They catch what they are for, tried by hand: FRAME_MS 0 in app.c, so a drawing for each turn
(250 to 400 drawings a second instead of 62), a timeout of a second at most (9 wake-ups in 10 seconds),
and PAGE_MESSAGES 20000 in store.c, so that all of the cache is read (twice the CPU).
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from raw_terminal import RawTerminal  # noqa: E402
from tui_case import NOWHERE, TuiCase  # noqa: E402

FRAME_MS = 16
LONG = 12000  # more than a cache keeps
SHORT = 300


class Fluent(TuiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A few senders do it all.
        cls.server.terminate()
        settings = cls.server.root / "chatd.conf"
        settings.write_text("messages_per_second = 0\nbytes_per_day = 0\n")
        cls.server.options += ["--config", str(settings)]
        cls.server.start()

    @contextlib.contextmanager
    def screen(self, home):
        errors = home.directory / "screen-errors"
        with open(errors, "wb") as file:
            terminal = RawTerminal(home.command(), home.environment(), errors=file)
        try:
            yield terminal
        finally:
            terminal.close()
            said = errors.read_text(errors="replace")
            self.assertNotIn("Sanitizer", said)
            self.assertNotIn("runtime error", said)

    def load(self, sender, receiver, count, rate=0):
        """chat-load, which writes to the receiver in the sender's name."""
        tokens = sender.directory / "tokens"
        tokens.write_text("".join(f"{home.user}\t{home.token}\n" for home in (sender, receiver)))
        return subprocess.Popen(
            [str(self.server.bin / "chat-load"), "fill", "--server", "%s:%d" % self.server.address,
             "--tokens", str(tokens), "--pairs", "1", "--messages", str(count), "--rate", str(rate)],
            stdout=subprocess.DEVNULL)

    @staticmethod
    def frames(terminal, seconds):
        """Drawings a second: each ends with the cursor back in the empty line."""
        terminal.type("\x15")
        terminal.quiet(0.1, 0.1)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            terminal.read(left)
        return terminal.seen.count(b"\033[24;27H") / seconds

    def test_keys_are_drawn_at_once_while_a_thousand_messages_a_second_arrive(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "before")
        with self.screen(ann) as terminal:
            terminal.until(b"before")
            terminal.quiet()
            alone = terminal.key_latencies(30)
            sender = self.load(bob, ann, 8000, rate=1000)
            try:
                terminal.read(2)
                time.sleep(0.3)
                before, begun = terminal.cpu(), time.monotonic()
                busy = terminal.key_latencies(100)
                share = (terminal.cpu() - before) / (time.monotonic() - begun)
                frames = self.frames(terminal, 1.5)
                self.assertIsNone(sender.poll(), "it was not busy all the time")
            finally:
                sender.kill()
                sender.wait()
        told = (f"alone p50 {alone[15] * 1000:.1f} worst {alone[-1] * 1000:.1f} ms; busy p50 "
                f"{busy[50] * 1000:.1f} p90 {busy[90] * 1000:.1f} worst {busy[-1] * 1000:.1f} ms, "
                f"{share * 100:.0f} % CPU; {frames:.0f} drawings a second")
        print(f"note: {told}", flush=True)
        self.assertLess(busy[50] * 1000, FRAME_MS, told)
        self.assertLess(busy[90] * 1000, 4 * FRAME_MS, told)
        self.assertLess(frames, 1.5 * 1000 / FRAME_MS, told)

    def test_nothing_happens_when_nothing_happens(self):
        ann, bob = self.people("ann", "bob")
        bob.run("send", ann.user, "before")
        with self.screen(ann) as terminal:
            terminal.until(b"ws]")
            terminal.quiet(0.6)
            # The ping, every 20 seconds: the time is up, and its answer.
            self.assertLessEqual(terminal.idle_wakeups(10), 2)

    def fill(self, writer, reader, count):
        """While the reader's screen is there, so that its cache has as many as it keeps."""
        with self.screen(reader) as terminal:
            terminal.until(b"ws]")
            self.assertEqual(self.load(writer, reader, count).wait(60), 0)
            writer.run("send", reader.user, "newest")
            spent, before = terminal.cpu(), 0.0
            while spent - before > 0.01:
                terminal.quiet(0.5, 0.5)
                spent, before = terminal.cpu(), spent

    def openings(self, homes, rounds):
        """CPU of each until the newest message is drawn: the best of some rounds in turns, because the
        machine has other work too."""
        costs = [[] for _ in homes]
        for _ in range(rounds):
            for home, cost in zip(homes, costs):
                with self.screen(home) as terminal:
                    terminal.until(b"newest")
                    cost.append(terminal.cpu())
        return [min(cost) * 1000 for cost in costs]

    def test_a_long_conversation_opens_like_a_short_one(self):
        ann, bob, cid, dan = self.people("ann", "bob", "cid", "dan")
        self.fill(bob, ann, SHORT)
        self.fill(dan, cid, LONG)
        readers = ann, cid
        of_server = self.openings(readers, 2)
        for reader in readers:
            reader.url = NOWHERE
        of_cache = self.openings(readers, 4)
        told = "; ".join(f"with the {place} {short:.0f} ms CPU with {SHORT} messages, {long:.0f} with {LONG:,}"
                         for place, (short, long) in (("server", of_server), ("cache alone", of_cache)))
        print(f"note: {told}", flush=True)
        self.assertLess(of_server[1], 1.5 * of_server[0] + 5, told)
        self.assertLess(of_cache[1], 1.25 * of_cache[0] + 3, told)


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    unittest.main()
