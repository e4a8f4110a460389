#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What an admin and other people's programs ask of a running server: metrics, health, discovery."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from case import ScenarioCase  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Operate(ScenarioCase):
    def curl(self, *words):
        done = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", *words], check=False,
                              stdout=subprocess.PIPE, text=True, timeout=20)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def admin(self, path):
        return self.curl("--unix-socket", str(self.server.admin), f"http://localhost{path}")

    async def test_metrics_are_prometheus_text_and_count(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "text")
        status, body = self.admin("/metrics")
        self.assertEqual(status, 200)
        values = dict(re.findall(r"^(chatd_[a-z_]+) (\d+)$", body, re.M))
        self.assertEqual(set(values), set(re.findall(r"^# TYPE (\S+) (?:gauge|counter)$", body, re.M)))
        self.assertEqual(values["chatd_connections_authenticated"], "2")
        self.assertEqual(values["chatd_users_present"], "2")
        self.assertGreater(int(values["chatd_log_records_total"]), 2)

    async def test_metrics_are_for_loopback_but_not_through_a_proxy(self):
        url = self.server.url.replace("ws://", "http://").replace("/ws", "/metrics")
        self.assertEqual(self.curl(url)[0], 200)
        self.assertEqual(self.curl(url, "-H", "X-Forwarded-For: 192.0.2.7")[0], 404)

    async def test_health_is_public(self):
        for path in ("/healthz", "/readyz"):
            status, body = self.curl(self.server.url.replace("ws://", "http://").replace("/ws", path))
            self.assertEqual(status, 200)
            json.loads(body)

    async def test_discovery_shows_every_method_and_its_required_params(self):
        [ann] = await self.people("ann")
        document = await ann.call("rpc.discover")
        shown = {m["name"]: {p["name"] for p in m["params"] if p["required"]}
                 for m in document["methods"]}
        table = (ROOT / "shared" / "methods.def").read_text(encoding="utf-8")
        names = re.findall(r'^METHOD\(\w+, "([^"]+)"', table, re.M)
        self.assertEqual(sorted(shown), sorted(names))
        self.assertEqual(shown["message.send"], {"to", "text"})
        self.assertEqual(shown["history.get"], {"peer"})

    async def test_chatctl_tells_who_is_there(self):
        ann, bob = await self.people("ann", "bob")
        await bob.close()
        count = json.loads(self.server.ctl("presence", "count", "--json").stdout)
        self.assertGreaterEqual(count["online"], 1)
        shown = self.server.ctl("presence", "list", "--state", "online").stdout
        self.assertIn(ann.user, shown.split())
        shown = json.loads(self.server.ctl("presence", "get", ann.user, bob.user, "--json").stdout)
        self.assertEqual([entry["state"] for entry in shown["presence"]], ["online", "offline"])

    async def test_chatctl_says_plainly_what_is_wrong(self):
        for words, code in ((("user", "add", "Not A Name"), 2), (("nonsense",), 2),
                            (("partition", "show", "4097"), 2), (("partition", "show", "x"), 2),
                            (("user", "add"), 2)):
            done = self.server.ctl(*words, check=False)
            self.assertEqual(done.returncode, code, words)
            self.assertTrue(done.stderr.strip(), words)


class RemoteAdmin(ScenarioCase):
    """admin.* over TCP: who may, who may not, and what keeps the server from starting."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.settings = pathlib.Path(cls.folder.name) / "chatd.conf"
        cls.settings.write_text("admin_users = root  alice\n")
        cls.server_options = ("--config", str(cls.settings))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def ask(self, token, method="admin.status"):
        """The HTTP status and the error's kind."""
        url = self.server.url.replace("ws://", "http://").replace("/ws", "/rpc")
        request = urllib.request.Request(url, method="POST", data=json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}).encode())
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer).get("error")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)["error"]["data"]["kind"]

    async def test_the_named_users_may_and_nobody_else(self):
        tokens = self.server.import_users(["alice", "ali", "root.alice", "bob"])
        self.assertEqual(self.ask(tokens["alice"]), (200, None))
        for token in (tokens["ali"], tokens["root.alice"], tokens["bob"], None):
            self.assertEqual(self.ask(token), (403, "forbidden"))
        self.assertEqual(self.ask(tokens["alice"][:-1] + "!"), (401, "unauthorized"))
        alice = await self.connect(tokens["alice"], None)
        await self.refused(alice.call("admin.status"), "forbidden")
        consumer = (await alice.call("device.create", label="robot", consumer=True))["token"]
        self.assertEqual(self.ask(consumer), (403, "forbidden"))
        self.server.admin_rpc("admin.user.disable", user="alice")
        self.assertEqual(self.ask(tokens["alice"]), (401, "unauthorized"))

    def test_it_starts_only_where_the_token_is_safe_and_the_names_are_names(self):
        for text, listen, word in (
                ("admin_users = alice\nplain_text_remote = yes\n", "0.0.0.0:0", "plain text"),
                ("admin_users = alice,bob\n", "127.0.0.1:0", "alice,bob")):
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as settings:
                settings.write(text)
                settings.flush()
                done = subprocess.run([self.server.bin / "chatd", "--config", settings.name,
                                       "--listen", listen, "--check"], capture_output=True,
                                      text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
