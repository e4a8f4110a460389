#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chatd under a service manager: readiness and stopping are told, clients are sent away with a time
to come back, and the journal's lines have priorities and no message text."""

import asyncio
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from server import Server, bin_directory  # noqa: E402

SECRET = "words that no log may have"


class Manager:
    """The socket that a service manager would have."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(20)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())


class ServiceManager(ScenarioCase):
    async def test_ready_is_told_when_it_serves_and_stopping_when_it_drains(self):
        with tempfile.TemporaryDirectory() as folder:
            for address, name in ((f"{folder}/notify", f"{folder}/notify"),
                                  (f"\0chatd-test-{os.getpid()}", f"@chatd-test-{os.getpid()}")):
                manager = Manager(address)
                with Server(environment={"NOTIFY_SOCKET": name}) as server:
                    self.assertEqual(manager.next()["READY"], "1")
                    with urllib.request.urlopen(server.http + "/readyz", timeout=20) as answer:
                        self.assertEqual(answer.status, 200)
                    self.assertEqual(server.terminate(), 0)
                    self.assertEqual(manager.next()["STOPPING"], "1")
                manager.socket.close()

    async def test_a_start_that_fails_is_never_ready(self):
        with tempfile.TemporaryDirectory() as folder:
            manager = Manager(f"{folder}/notify")
            manager.socket.settimeout(0.2)
            done = subprocess.run(
                [bin_directory() / "chatd", "--data", "/proc/nowhere", "--listen", "127.0.0.1:0"],
                env={**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"}, capture_output=True,
                timeout=20, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertRaises(TimeoutError, manager.next)
            manager.socket.close()

    async def test_clients_are_sent_away_with_a_time_to_come_back(self):
        with Server() as server:
            tokens = server.import_users(["ann", "bob"])
            from client import Client  # pylint: disable=import-outside-toplevel
            ann = await Client(server.url, tokens["ann"]).open()
            self.clients.append(ann)
            await ann.resume()
            await ann.subscribe("now")
            poll = asyncio.get_running_loop().run_in_executor(
                None, self.long_poll, server, tokens["bob"])
            await asyncio.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            await ann.wait_events(1, "server")
            told = ann.events[-1]["params"]
            self.assertEqual(told["event"], "draining")
            self.assertGreater(told["retry_after_ms"], 0)
            for _ in range(100):
                if ann.closed:
                    break
                await asyncio.sleep(0.05)
            # RFC 6455, section 7.4.1 and IANA's register: going away, or "service restart".
            self.assertIn(ann.closed[0], (1001, 1012))
            status, body = await poll
            self.assertTrue(status == 200 or body["error"]["data"]["retryable"], (status, body))
            self.assertTrue(server.wait_death(20))

    def long_poll(self, server, token):
        request = urllib.request.Request(server.http + "/events?cursor=0&wait=20")
        request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    async def test_lines_for_the_journal(self):
        """stderr is a pipe that $JOURNAL_STREAM names, as systemd does it."""
        ends = os.pipe()
        status = os.fstat(ends[1])
        server = Server(environment={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        # The server's own way writes stderr into a file; here it is the pipe.
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [str(server.program), "--data", folder, "--listen", "127.0.0.1:0",
                 "--admin-socket", str(server.admin)], stdout=subprocess.PIPE, stderr=ends[1],
                env={**os.environ, **server.environment})
            os.close(ends[1])
            port = re.match(r"ready listen=\S+:(\d+) ", process.stdout.readline().decode())[1]
            server.address = ("127.0.0.1", int(port))
            tokens = server.import_users(["ann", "bob"])
            from client import Client  # pylint: disable=import-outside-toplevel
            ann = await Client(server.url, tokens["ann"]).open()
            await ann.resume()
            await ann.send("bob", SECRET)
            await ann.close()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)
            process.stdout.close()
            with os.fdopen(ends[0], "rb") as pipe:
                text = pipe.read().decode()
        server.close()
        self.assertGreater(len(text.splitlines()), 2)
        for line in text.splitlines():
            self.assertRegex(line, r'^<[3467]>[a-z][a-z_]+( [a-z_]+=("[^"]*"|[^ "]*))*$')
        self.assertNotIn(SECRET.split()[0], text)
        self.assertIn("<6>draining connections=", text)


if __name__ == "__main__":
    main()
