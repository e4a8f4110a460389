# SPDX-License-Identifier: MIT
"""chat-tui as a script sees it: processes, their lines, their state directories."""

import json
import os
import pathlib
import queue
import subprocess
import threading
import time


class Home:
    """A device's own directory: its token file and the state of its outbox."""

    def __init__(self, root, name, token, server):
        self.directory = pathlib.Path(root) / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.token_file = self.directory / "token-given"
        if token:
            self.token_file.write_text(token + "\n")
            self.token_file.chmod(0o600)
        self.token = token
        self.server = server
        self.more = {}  # of the environment
        self.url = server.http

    def environment(self):
        return {"HOME": str(self.directory), "PATH": os.environ["PATH"],
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", ""), **self.more}

    def command(self, *words):
        given = ["--token-file", str(self.token_file)] if self.token else []
        return [str(self.server.bin / "chat-tui"), "--server", self.url, *given, *words]

    def run(self, *words, text=None, timeout=60):
        return subprocess.run(self.command(*words), input=text, capture_output=True, text=True,
                              timeout=timeout, env=self.environment())

    def script(self, *words, **more):
        return Script(self, *words, **more)


class Script:
    """chat-tui --json under way: send lines, wait for answers and events."""

    def __init__(self, home, *words, preexec=None):
        self.process = subprocess.Popen(home.command("--json", *words), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=home.environment(), preexec_fn=preexec)
        self.lines = []   # everything it said, as objects
        self.said = ""    # on stderr
        self.inbox = queue.Queue()
        self.last_id = 0
        self.waiting = {}
        self.readers = [threading.Thread(target=self._read_out, daemon=True),
                        threading.Thread(target=self._read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()

    def _read_out(self):
        for line in self.process.stdout:
            self.inbox.put(json.loads(line))
        self.inbox.put(None)

    def _read_errors(self):
        for line in self.process.stderr:
            self.said += line.decode(errors="replace")

    def write(self, text):
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        self.process.stdin.flush()

    def ask(self, method, **params):
        """Sends a request; returns its id."""
        self.last_id += 1
        self.write(json.dumps({"jsonrpc": "2.0", "id": self.last_id, "method": method,
                               "params": params}) + "\n")
        return self.last_id

    def tell(self, method, **params):
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}) + "\n")

    def next(self, timeout=30):
        """The next object, or None at the end."""
        value = self.inbox.get(timeout=timeout)
        if value is not None:
            self.lines.append(value)
        else:
            self.inbox.put(None)  # it stays the end
        return value

    def until(self, wanted, timeout=30):
        """Objects up to and with the first that is wanted."""
        seen = []
        end = time.monotonic() + timeout
        while True:
            rest = end - time.monotonic()
            if rest <= 0:
                raise TimeoutError(f"not seen within {timeout} s; last: {seen[-5:]}; {self.said}")
            try:
                value = self.next(rest)
            except queue.Empty:
                continue
            if value is None:
                raise EOFError(f"chat-tui ended: {self.said}")
            seen.append(value)
            if wanted(value):
                return seen

    def call(self, method, timeout=30, **params):
        """The answer; events before it stay in self.lines."""
        wanted = self.ask(method, **params)
        return self.until(lambda value: value.get("id") == wanted, timeout)[-1]

    def events(self, method):
        return [line["params"] for line in self.lines if line.get("method") == method]

    def finish(self, timeout=30):
        """End of input; returns the exit code when it has ended."""
        self.process.stdin.close()
        code = self.process.wait(timeout)
        self._drain()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._drain()

    def _drain(self):
        for reader in self.readers:
            reader.join(10)
        while (value := self.inbox.get(timeout=10)) is not None:
            self.lines.append(value)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
