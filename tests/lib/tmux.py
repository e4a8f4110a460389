# SPDX-License-Identifier: MIT
"""A real terminal: chat-tui in tmux, on a server of its own."""

import itertools
import os
import shlex
import subprocess
import time

numbers = itertools.count(1)


class Terminal:
    def __init__(self, home, *words, columns=90, rows=24, has_errors=False):
        self.socket = f"chat-test-{os.getpid()}-{next(numbers)}"
        self.errors = home.directory / f"screen-errors-{next(numbers)}"
        environment = {**home.environment(), "TERM": "tmux-256color", "TZ": "UTC",
                       "LC_ALL": "C.UTF-8"}
        words = ["env", "-i", *(f"{k}={v}" for k, v in environment.items()),
                 *home.command(*words)]
        self.command = "exec " + shlex.join(words)  # the pane's process is chat-tui itself
        if not has_errors:  # they would be part of the screen
            self.command += f" 2>{shlex.quote(str(self.errors))}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "-s", "main", self.command)

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-L", self.socket, *words], capture_output=True, text=True,
                              timeout=30, check=False)
        return done.stdout

    def screen(self):
        return self.tmux("capture-pane", "-p", "-t", "main")

    def keys(self, *keys):
        self.tmux("send-keys", "-t", "main", *keys)

    def type(self, text):
        self.tmux("send-keys", "-t", "main", "-l", text)

    def escape(self):
        """Escape by itself: with a key right behind it, it would be Alt."""
        self.keys("Escape")
        time.sleep(0.1)

    def raw(self, text):
        """Bytes as a terminal would send them."""
        self.tmux("send-keys", "-t", "main", "-H", *(f"{byte:02x}" for byte in text.encode()))

    def focus(self):
        self.raw("\x1b[I")

    def blur(self):
        self.raw("\x1b[O")

    def paste(self, text):
        subprocess.run(["tmux", "-L", self.socket, "load-buffer", "-"], input=text, text=True,
                       check=True)
        self.tmux("paste-buffer", "-p", "-t", "main")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-t", "main", "-x", str(columns), "-y", str(rows))

    def until(self, wanted, timeout=20):
        """The screen, when it holds that text, or satisfies the function."""
        check = wanted if callable(wanted) else lambda screen: wanted in screen
        end = time.monotonic() + timeout
        while True:
            screen = self.screen()
            if check(screen):
                return screen
            if time.monotonic() > end:
                raise AssertionError(f"not seen within {timeout} s: {wanted}\n{screen}\n"
                                     f"{self.said()}")
            time.sleep(0.05)

    def settled(self, seconds=0.1):
        """The screen when it stays as it is for that long."""
        screen = self.screen()
        while True:
            time.sleep(seconds)
            before, screen = screen, self.screen()
            if before == screen:
                return screen

    def is_running(self):
        return "main" in self.tmux("ls")

    def pid(self):
        return int(self.tmux("list-panes", "-t", "main", "-F", "#{pane_pid}").strip())

    def said(self):
        try:
            return self.errors.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def close(self):
        self.tmux("kill-server")
