# SPDX-License-Identifier: MIT
"""The base of scenarios with chat-tui: one chatd for each class, fresh users and homes for each test."""

import itertools
import subprocess
import tempfile
import time
import unittest

from gate import Gate
from server import Server
from tui import Home

NOWHERE = "http://127.0.0.1:1"
numbers = itertools.count(1)


class TuiCase(unittest.TestCase):
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(options=cls.options).start()
        cls.root = tempfile.TemporaryDirectory(prefix="chat-scripts-")

    @classmethod
    def tearDownClass(cls):
        complaints = cls.server.complaints()
        cls.server.close()
        cls.root.cleanup()
        if complaints:
            raise AssertionError(f"chatd complained: {complaints[:3]}")

    def people(self, *stems):
        self.number = next(numbers)
        names = [f"{stem}{self.number}" for stem in stems]
        tokens = self.server.import_users(names)
        homes = [Home(self.root.name, name, tokens[name], self.server) for name in names]
        for home, name in zip(homes, names):
            home.user = name
        return homes

    def fresh(self, name):
        """A user with a password, whose home has no token yet."""
        subprocess.run([str(self.server.bin / "chatctl"), "--admin-socket", str(self.server.admin),
                        "user", "add", name, "--password"], input="correct horse\n", text=True,
                       check=True, capture_output=True)
        home = Home(self.root.name, f"home-{name}", None, self.server)
        home.user = name
        return home

    def gate(self, *homes):
        gate = Gate(self.server.address)
        self.addCleanup(gate.close)
        for home in homes:
            home.url = gate.url
        return gate

    def script(self, home, *words, **more):
        script = home.script(*words, **more)

        def end():
            if script.process.poll() is None:
                script.kill()
            self.assertNotIn("Sanitizer", script.said)
            self.assertNotIn("runtime error", script.said)
        self.addCleanup(end)
        return script

    def result(self, answer):
        self.assertIn("result", answer)
        return answer["result"]

    def kind(self, answer):
        return answer["error"]["data"]["kind"]

    def history(self, home, peer):
        script = self.script(home)
        page = self.result(script.call("history.get", peer=peer.user, limit=500))
        script.finish()
        return [message["text"] for message in page["messages"]]

    def send_while_down(self, home, peer, texts):
        """Leaves them in the outbox of a script that is killed before it could send them."""
        gate = Gate(self.server.address)
        url, home.url = home.url, gate.url
        script = self.script(home)
        script.call("ping")
        script.last_id = 0
        gate.is_deaf = True
        gate.cut()
        script.until(lambda v: v.get("params", {}).get("transport") == "offline")
        for text in texts:
            script.ask("message.send", to=peer.user, text=text)
        time.sleep(0.6)
        script.kill()
        gate.close()
        home.url = url
