#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The description of the wire: the file, the server's own and the manual say the same, and the
manual's examples are what a server does.

usage: openrpc.py [--write]       --write puts what a server of this build says into the file
"""

import asyncio
import json
import pathlib
import re
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import Client  # noqa: E402
from server import Server  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "shared" / "openrpc.json"
MANUAL = ROOT / "man" / "chat-protocol.7"
# What differs from run to run; everything else in an example is meant literally.
VARYING = {"token", "device", "ts", "digest", "created", "last_seen"}


def discover(server):
    """As a client without a token asks."""
    request = urllib.request.Request(
        server.url.replace("ws://", "http://").replace("/ws", "/rpc"), method="POST",
        data=b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover","params":{}}')
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["result"]


def text_of(document):
    return json.dumps(document, indent=1) + "\n"


def manual_methods():
    """Yields the names of an item of the manual, and its lines."""
    names, lines = [], []
    for line in MANUAL.read_text().splitlines():
        if line.startswith(".It") or line.startswith(".El"):
            if names:
                yield names, lines
            names = [n for n in re.findall(r"Cm (\S+)", line) if re.fullmatch(r"[a-z._]+", n)]
            lines = []
        else:
            lines.append(line)


def fields_of(spec):
    """'a, b? or c?' -> {'a': True, 'b': False, 'c': False}: whether each is required."""
    while re.search(r"\{[^{}]*\}|\[[^\[\]]*\]", spec):
        spec = re.sub(r":?(\{[^{}]*\}|\[[^\[\]]*\])", "", spec)
    fields = re.split(r",| or ", spec)
    return {f.strip(" :?.,"): "?" not in f for f in fields if f.strip(" :?.,")}


def quoted(line):
    """The argument of a .Ql, without the punctuation behind it."""
    match = re.fullmatch(r"\.Ql (.*?)(?: [.,;:])*", line)
    return match[1] if match else ""


class OpenRpc(ScenarioCase):
    def test_the_file_is_what_the_server_says(self):
        self.assertEqual(FILE.read_text(), text_of(discover(self.server)),
                         "write it again: tests/scenario/openrpc.py --write")

    def test_it_is_an_openrpc_document(self):
        document = json.loads(FILE.read_text())
        self.assertRegex(document["openrpc"], r"^1\.")
        self.assertTrue(document["info"]["title"] and document["info"]["version"])
        names = [method["name"] for method in document["methods"]]
        self.assertEqual(names, sorted(set(names)))
        for method in document["methods"]:
            self.assertEqual(method["result"]["schema"]["type"], "object")
            for param in method["params"]:
                self.assertIn(param["schema"]["type"], ("string", "integer", "boolean", "array"))
                self.assertIsInstance(param["required"], bool)

    def test_the_manual_names_the_params_that_are_checked(self):
        checked = {m["name"]: {p["name"]: p["required"] for p in m["params"]}
                   for m in json.loads(FILE.read_text())["methods"]}
        described = set()
        for names, lines in manual_methods():
            spec = quoted(lines[0]) if lines else ""
            params = {} if spec.startswith("{") else fields_of(spec)
            for name in names:
                described.add(name)
                # Methods that share an item share its params, or have none.
                if len(names) == 1 or checked[name]:
                    self.assertEqual(params, checked[name], (name, spec))
        self.assertEqual(described, set(checked))

    def results(self):
        """method -> the fields that the manual promises."""
        for names, lines in manual_methods():
            text = "\n".join(lines)
            match = re.search(r"gives\n\.Ql \{(.*)\}", text)
            if match and len(names) == 1:
                yield names[0], fields_of(match[1])

    async def test_results_have_the_fields_that_the_manual_promises(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "look for me")
        asked = {
            "device.create": {"label": "x"}, "device.list": {}, "contact.list": {},
            "history.get": {"peer": bob.user}, "history.search": {"query": "look"},
            "conversation.list": {}, "subscribe": {"from": "now"},
            "message.send": {"to": bob.user, "text": "x"},
            "message.edit": {"peer": bob.user, "seq": 1, "text": "y"},
            "session.resume": {"token": ann.token}, "presence.get": {"users": [bob.user]},
            "admin.user.add": {"user": ann.user + "a", "tokens": True},
            "admin.user.invite": {"user": ann.user + "i"}, "admin.user.show": {"user": ann.user},
            "admin.user.devices": {"user": ann.user},
            "admin.user.import": {"users": [{"user": ann.user + "b"}]},
        }
        promised = dict(self.results())
        self.assertLessEqual(set(asked), set(promised))
        self.assertLessEqual({name for name in promised if name.startswith("admin.user")} -
                             {"admin.user.delete"}, set(asked))
        for name, params in asked.items():
            result = self.server.admin_rpc(name, **params)["result"] \
                if name.startswith("admin.") else await ann.call(name, **params)
            for field, is_required in promised[name].items():
                self.assertTrue(field in result or not is_required, (name, field, result))
            self.assertLessEqual(set(result), set(promised[name]), name)

    async def test_the_manuals_examples_are_what_a_server_does(self):
        with Server() as server:
            tokens = server.import_users(["ann", "bob"])
            bob = await Client(server.url, tokens["bob"]).open()
            self.clients.append(bob)
            await bob.resume()
            await bob.subscribe("now")
            ann = await Client(server.url, tokens["ann"]).open()
            self.clients.append(ann)
            await self.play(ann, bob)

    async def play(self, ann, bob):
        """Plays the dialogue line by line."""
        heard = []
        ann._take = heard.append  # whole messages, in their order
        count = 0
        for arrow, text in self.dialogue():
            count += 1
            if arrow == "-->":
                if text.get("method") == "session.resume":
                    text["params"]["token"] = ann.token
                await ann.raw(json.dumps(text))
                continue
            if text.get("method") == "receipt":
                await bob.wait_events(1, "message")
                await bob.ack()
            for _ in range(100):
                if heard:
                    break
                await asyncio.sleep(0.05)
            self.assertTrue(heard, text)
            self.same(heard.pop(0), text, "")
        self.assertGreater(count, 10)
        self.assertEqual(heard, [])

    def dialogue(self):
        """The (arrow, object) pairs of the manual."""
        examples = MANUAL.read_text().split(".Sh EXAMPLES", 1)[1]
        block = re.search(r"\.Bd -literal\n(.*?)\.Ed", examples, re.S)[1]
        for part in re.findall(r"^(-->|<--) (.*?)(?=^-->|^<--|\Z)", block, re.M | re.S):
            yield part[0], json.loads(part[1])

    def same(self, found, expected, path):
        self.assertEqual(type(found), type(expected), path)
        if isinstance(expected, dict):
            self.assertEqual(list(found), list(expected), path)
            for key, value in expected.items():
                if key not in VARYING:
                    self.same(found[key], value, f"{path}.{key}")
        elif isinstance(expected, list):
            self.assertEqual(len(found), len(expected), path)
            for i, value in enumerate(expected):
                self.same(found[i], value, f"{path}[{i}]")
        else:
            self.assertEqual(found, expected, path)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        with Server() as fresh:
            FILE.write_text(text_of(discover(fresh)))
    else:
        main()
