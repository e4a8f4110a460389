# SPDX-License-Identifier: MIT
"""One chatd under test: starts it, kills it, starts it again on the same data, makes users.

The programs come from $CHAT_BIN, else from the build that is asked for, else from build/check/bin,
else from build/release/bin. Whoever
starts a Server ends it (it is a context manager); only the process it started is ever signalled.
"""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


class ServerFailed(Exception):
    """chatd did not start, or did not end as it should; the text has what it wrote."""


def bin_directory(build=None):
    if os.environ.get("CHAT_BIN"):
        return pathlib.Path(os.environ["CHAT_BIN"])
    builds = [build] if build else ["check", "release"]
    for name in builds:
        directory = ROOT / "build" / name / "bin"
        if (directory / "chatd").exists():
            return directory
    raise ServerFailed(f"no chatd in build/{'|'.join(builds)}/bin and no $CHAT_BIN")


class Server:
    def __init__(self, data=None, build=None, listen="127.0.0.1:0", options=(), environment=None):
        self.bin = bin_directory(build)
        self.own_data = data is None
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chat-test-"))
        self.data = pathlib.Path(data) if data else self.root / "data"
        self.admin = self.root / "admin"
        self.listen = listen
        self.options = list(options)
        self.environment = dict(environment or {})
        self.process = None
        self.address = None
        self.starts = 0
        self.log = self.root / "log"
        self.program = self._keep_program()

    def _keep_program(self):
        """A link of our own: a build that goes on beside us must not change the program between
        two starts."""
        program = self.root / "chatd"
        try:
            os.link(self.bin / "chatd", program)
        except OSError:
            shutil.copy2(self.bin / "chatd", program)
        return program

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self, timeout=30.0, environment=None):
        """Starts and waits for the ready line. environment is for this start only."""
        assert self.process is None
        command = [str(self.program), "--data", str(self.data), "--listen", self.listen,
                   "--admin-socket", str(self.admin), *self.options]
        environment = {**os.environ, **self.environment, **(environment or {})}
        self.starts += 1
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
                                            stdin=subprocess.DEVNULL, env=environment)
        line = self._first_line(timeout)
        match = re.match(r"ready listen=(\S+):(\d+) admin=(\S+) pid=(\d+)", line)
        if not match:
            code = self.process.poll()
            self.kill()
            raise ServerFailed(f"no ready line but {line!r}, exit code {code}: {self.log_tail()}")
        self.address = (match[1], int(match[2]))
        # Restarts come back at the same place, so that clients find it again.
        self.listen = f"{match[1]}:{match[2]}"
        return self

    def _first_line(self, timeout):
        until = time.monotonic() + timeout
        line = b""
        descriptor = self.process.stdout.fileno()
        while not line.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                break
            byte = os.read(descriptor, 1)
            if not byte:
                break
            line += byte
        if not line:
            try:
                self.process.wait(max(0.1, min(5.0, until - time.monotonic())))
            except subprocess.TimeoutExpired:
                pass
        return line.decode(errors="replace")

    @property
    def pid(self):
        return self.process.pid

    @property
    def http(self):
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def url(self):
        return f"ws://{self.address[0]}:{self.address[1]}/ws"

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9, as a power cut would look to the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def wait_death(self, timeout):
        """True when it ended by itself (a fail point) within the time."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        self.process.stdout.close()
        self.process = None
        return True

    def terminate(self, timeout=20.0):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"SIGTERM did not end it: {self.log_tail()}") from None
        self.process.stdout.close()
        self.process = None
        return code

    def restart(self, **more):
        self.kill()
        return self.start(**more)

    def close(self):
        self.kill()
        if os.environ.get("CHAT_KEEP"):
            print(f"kept {self.root}")
            return
        shutil.rmtree(self.root, ignore_errors=True)

    def log_text(self):
        try:
            return self.log.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def log_tail(self, characters=2000):
        return self.log_text()[-characters:]

    def complaints(self):
        """What a sanitizer or a CHECK() wrote: must be empty."""
        return [line for line in self.log_text().splitlines()
                if re.search(r"(ERROR|WARNING): \w*Sanitizer|runtime error:|CHECK\(.*failed|Assertion", line)]

    def ctl(self, *words, check=True, stdin=""):
        done = subprocess.run([str(self.bin / "chatctl"), "--admin-socket", str(self.admin), *words],
                              input=stdin, capture_output=True, text=True, timeout=300, check=False)
        if check and done.returncode != 0:
            raise ServerFailed(f"chatctl {' '.join(words)}: exit {done.returncode}: "
                               f"{done.stdout[-500:]}{done.stderr[-500:]}")
        return done

    def admin_rpc(self, method, **params):
        """The whole answer of a method on the admin socket, without chatctl."""
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        done = subprocess.run(["curl", "-s", "--unix-socket", str(self.admin), "-d", "@-",
                               "http://localhost/rpc"], input=request, capture_output=True,
                              text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def import_users(self, names, path=None):
        """Makes the users; returns name -> token. path keeps the user<TAB>token file."""
        users = self.root / "users"
        users.write_text("".join(json.dumps({"user": name}) + "\n" for name in names))
        text = self.ctl("user", "import", str(users), "--tokens").stdout
        tokens = dict(line.split("\t") for line in text.splitlines() if "\t" in line)
        missing = [name for name in names if name not in tokens]
        if missing:
            raise ServerFailed(f"user import gave no token for {missing[:5]}: {text[:500]}")
        if path:
            pathlib.Path(path).write_text(text)
        return tokens
