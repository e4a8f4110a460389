# SPDX-License-Identifier: MIT
"""A program in a pseudo-terminal without a terminal's emulation: the bytes that it draws, when they came,
and what the program costs. For measuring; what a screen looks like is asked of tmux (tmux.py)."""

import fcntl
import os
import pathlib
import random
import select
import signal
import struct
import subprocess
import termios
import time

# No load text and no word of the screen has them, so whoever sees one sees a key's echo.
KEYS = "абвгджзиклмнпртфцчшщэюя"
LINE_KEYS = 30  # then the line is emptied, so that it stays one row


def mappings(pid):
    return [line.split() for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()]


class RawTerminal:
    def __init__(self, words, environment, columns=90, rows=24, errors=subprocess.DEVNULL):
        self.master, slave = os.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.seen = bytearray()
        self.started = time.monotonic()
        # Without anything between fork and exec, so that no time of ours is counted as the program's.
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=errors,
                                        env={**environment, "TERM": "xterm-256color", "TZ": "UTC",
                                             "LC_ALL": "C.UTF-8"}, start_new_session=True)
        os.close(slave)

    @property
    def pid(self):
        return self.process.pid

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self, timeout):
        """What it drew next; nothing when the time is up or it has ended."""
        if not select.select([self.master], [], [], max(0, timeout))[0]:
            return b""
        try:
            drawn = os.read(self.master, 65536)
        except OSError:  # it has ended
            return b""
        self.seen += drawn
        return drawn

    def until(self, wanted, timeout=20):
        """Reads until that word was drawn since the last call; returns the seconds it took. Words only:
        curses may jump over a space."""
        begun = time.monotonic()
        while wanted not in self.seen:
            if time.monotonic() - begun > timeout or self.process.poll() is not None:
                raise AssertionError(f"not drawn within {timeout} s: {wanted}; {bytes(self.seen[-600:])}")
            self.read(0.05)
        del self.seen[:self.seen.index(wanted) + len(wanted)]
        return time.monotonic() - begun

    def quiet(self, seconds=0.4, timeout=20):
        """Reads until nothing was drawn for so long; returns when it drew last, since its start."""
        end, last = time.monotonic() + timeout, time.monotonic()
        while time.monotonic() - last < seconds and time.monotonic() < end:
            if self.read(seconds / 4):
                last = time.monotonic()
        self.seen.clear()
        return last - self.started

    def cpu(self):
        """Seconds of CPU, user and system, of all its threads: clock_getcpuclockid(3) of Linux."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def memory(self):
        """smaps_rollup in bytes: Pss, Rss, Private_Clean, Private_Dirty, Shared_Clean ..."""
        text = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return {line.split(":")[0]: int(line.split()[1]) * 1024
                for line in text.splitlines()[1:] if line.endswith("kB")}

    def memory_alone(self, beside):
        """PSS as if only the process `beside` ran besides it: shared pages of files that it has mapped too
        count half, those of others whole. Other programs, which come and go, make the real PSS less."""
        files = {words[5] for words in mappings(beside) if len(words) > 5}
        total, share = 0, 1
        for line in pathlib.Path(f"/proc/{self.pid}/smaps").read_text().splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                share = 0.5 if len(words) > 5 and words[5] in files else 1
            elif words[0].startswith("Private_") and words[0] != "Private_Hugetlb:":
                total += int(words[1]) * 1024
            elif words[0] in ("Shared_Clean:", "Shared_Dirty:"):
                total += int(words[1]) * 1024 * share
        return total

    def wakeups(self):
        """How often it waited for something and went on."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(text.split("\nvoluntary_ctxt_switches:")[1].split()[0])

    def idle_wakeups(self, seconds):
        """In that time, without counting that it may be waiting already."""
        before = self.wakeups()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)
        return self.wakeups() - before

    def key_latencies(self, count, pause=(0.008, 0.03), timeout=5.0):
        """Seconds from each of so many keys to its echo. The keys come at random times, so that they
        meet the drawing anywhere in its rhythm."""
        chance = random.Random(1)
        latencies = []
        for number in range(count):
            end = time.monotonic() + chance.uniform(*pause)
            while (left := end - time.monotonic()) > 0:
                self.read(left)
            if number % LINE_KEYS == LINE_KEYS - 1:
                self.type("\x15")  # C-u
                self.read(0.1)
                self.quiet(0.02, 0.2)
            key = KEYS[number % len(KEYS)]
            self.seen.clear()
            self.type(key)
            latencies.append(self.until(key.encode(), timeout))
        return sorted(latencies)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            end = time.monotonic() + 5
            while self.process.poll() is None and time.monotonic() < end:
                self.read(0.02)  # it may still draw
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
