#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The description of the wire: the file, the server's own and the manual say the same; the answers
of every method are what they say, and so are the manual's examples.

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
ERRORS = ROOT / "shared" / "err.h"
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


class Description:
    """The document, and whether something is as it says: not a field more, nor of another type."""

    TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}

    def __init__(self):
        self.document = json.loads(FILE.read_text())
        self.shapes = self.document["components"]["schemas"]
        self.results = {m["name"]: m["result"]["schema"] for m in self.document["methods"]}
        self.notifications = {n["name"]: n["params"] for n in self.document["x-notifications"]}

    def fields(self, schema):
        """As fields_of()."""
        return {name: name in schema["required"] for name in schema["properties"]}

    def faults(self, value, schema, path):
        """What is not so, as sentences."""
        if "$ref" in schema:
            schema = self.shapes[schema["$ref"].removeprefix("#/components/schemas/")]
        if "enum" in schema:
            is_one = value in schema["enum"]
            return [] if is_one else [f"{path}: {value!r} is not one of {schema['enum']}"]
        if not isinstance(value, self.TYPES[schema["type"]]) or \
                isinstance(value, bool) != (schema["type"] == "boolean"):
            return [f"{path}: {value!r} is no {schema['type']}"]
        if schema["type"] == "integer":
            return [] if schema["minimum"] <= value <= schema["maximum"] else [f"{path}: {value}"]
        if schema["type"] == "string":
            pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z" if "format" in schema \
                else schema.get("pattern", "(?s).*")
            return [] if re.fullmatch(pattern, value) else [f"{path}: {value!r}"]
        if schema["type"] == "array":
            return [fault for i, item in enumerate(value)
                    for fault in self.faults(item, schema["items"], f"{path}[{i}]")]
        if "properties" not in schema:
            return []
        faults = [f"{path}.{name} is missing" for name in schema["required"] if name not in value]
        for name, field in value.items():
            if name in schema["properties"]:
                faults += self.faults(field, schema["properties"][name], f"{path}.{name}")
            else:
                faults.append(f"{path}.{name} is not described")
        return faults


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
    server_options = ("--registration", "invite")

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
            self.assertIn("properties", method["result"]["schema"])
            for param in method["params"]:
                self.assertIn(param["schema"]["type"], ("string", "integer", "boolean", "array"))
                self.assertIsInstance(param["required"], bool)
        for name in re.findall(r'"\$ref": "([^"]*)"', FILE.read_text()):
            self.assertIn(name.removeprefix("#/components/schemas/"),
                          document["components"]["schemas"])

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
            for name in names if match else []:
                yield name, fields_of(match[1])

    def test_the_manual_promises_the_fields_that_are_described(self):
        described = Description()
        promised = dict(self.results())
        self.assertGreater(len(promised), 20)
        for name, fields in promised.items():
            self.assertEqual(fields, described.fields(described.results[name]), name)
        text = MANUAL.read_text()
        for shape in ("message", "head"):
            match = re.search(rf"\.Em {shape} :\n\.Ql {{(.*)}}", text)
            self.assertEqual(fields_of(match[1]), described.fields(described.shapes[shape]))

    def test_the_manual_has_the_table_of_errors(self):
        rows = re.findall(r'X\(\w+, "(\w+)", (\d+), (\d+), (true|false)\)', ERRORS.read_text())
        self.assertGreater(len(rows), 10)
        table = {int(code): (kind, int(http), retryable == "true")
                 for kind, code, http, retryable in rows}
        told = {}
        for kind, codes, http, retryable in re.findall(
                r"^\.It (\w+) Ta ([\d, ]+) Ta (\d+)(, retryable)?$", MANUAL.read_text(), re.M):
            told |= {int(code): (kind, int(http), bool(retryable)) for code in codes.split(",")}
        self.assertEqual(told, table)

    def as_described(self, name, result):
        described = Description()
        self.assertEqual(described.faults(result, described.results[name], name), [])

    def notified_as_described(self, events):
        described = Description()
        for event in events:
            name = event["method"]
            self.assertEqual(described.faults(event["params"], described.notifications[name], name),
                             [])
        return {event["method"] for event in events}

    async def test_every_method_answers_as_described(self):
        ann, bob = await self.people("ann", "bob")
        [new, invited] = self.names("new", "invited")
        password = "correct horse"
        await self.busy(ann, bob)
        second = (await ann.call("device.create", label="x"))
        admin_asked = {
            "admin.status": {}, "admin.partition.list": {}, "admin.partition.show": {"partition": 5},
            "admin.presence.count": {}, "admin.presence.get": {"users": [bob.user, "nobody.here"]},
            "admin.presence.list": {}, "admin.user.add": {"user": new + "a", "tokens": True},
            "admin.user.import": {"users": [{"user": new + "b"}, {"user": ann.user}]},
            "admin.user.invite": {"user": invited}, "admin.user.list": {},
            "admin.user.passwd": {"user": new + "a", "password": password},
            "admin.user.show": {"user": ann.user}, "admin.user.devices": {"user": ann.user},
            "admin.user.revoke": {"user": ann.user, "device": second["device"]},
            "admin.user.disable": {"user": new + "a"}, "admin.user.enable": {"user": new + "a"},
            "admin.user.delete": {"user": new + "a"},
            "admin.backup.create": {"path": str(self.server.root / "backups")},
            "admin.partition.verify": {"partition": 5},
            "admin.partition.move": {"partition": 5, "path": str(self.server.data)},
            "admin.job.show": {}, "admin.job.cancel": {},
            "admin.retention.show": {}, "admin.retention.run": {},
            "admin.user.retention": {"user": ann.user, "keep": "90d"},
            "admin.trace": {"user": ann.user, "peer": bob.user, "seq": 1},
            "admin.history.conversations": {"user": ann.user},
            "admin.history.entries": {"user": ann.user, "peer": bob.user},
            "admin.history.verify": {"user": ann.user, "peer": bob.user},
            "admin.history.import": {
                "user": ann.user, "peer": new + "b", "seq": 1, "digest": "0" * 16, "entries": [
                    {"seq": 1, "ts": "2026-01-01T00:00:00.000Z", "from": ann.user,
                     "device": "0123456789ab", "hash": "0123456789abcdef", "deleted": True}]},
        }
        invite = self.server.admin_rpc("admin.user.invite", user=new)["result"]["invite"]
        asked = {
            "ping": {}, "rpc.discover": {},
            "device.create": {"label": "y"}, "device.list": {},
            "device.revoke": {"device": second["device"]},
            "history.get": {"peer": bob.user}, "history.search": {"query": "text"},
            "conversation.list": {"limit": 1}, "subscribe": {"from": "now"},
            "message.send": {"to": bob.user, "text": "x", "counter": 90},
            "message.edit": {"peer": bob.user, "seq": 5, "text": "y"},
            "message.delete": {"peer": bob.user, "seq": 5},
            "receipt.read": {"peer": bob.user, "seq": 2}, "ack": {"cursor": ann.cursor},
            "contact.block": {"user": bob.user}, "contact.list": {},
            "contact.unblock": {"user": bob.user},
            "presence.get": {"users": [bob.user, "nobody.here"]},
            "presence.watch": {"users": [bob.user]}, "presence.unwatch": {"users": [bob.user]},
            "presence.set": {"state": "away"}, "typing": {"peer": bob.user, "on": True},
            "account.register": {"user": new, "password": password, "invite": invite},
            "session.login": {"user": new, "password": password},
            "account.password": {"old": password, "new": "other horse"},
            "session.resume": {"token": ann.token}, "session.logout": {},
        }
        self.assertEqual({*asked, *admin_asked}, set(Description().results))
        for name, params in admin_asked.items():
            self.as_described(name, self.server.admin_rpc(name, **params)["result"])
            while self.server.admin_rpc("admin.job.show")["result"]["state"] == "running":
                await asyncio.sleep(0.02)
        for name, params in asked.items():
            self.as_described(name, await ann.call(name, **params))
        self.as_described("message.send", await bob.send(ann.user, "text", counter=90))
        self.as_described("message.send", await bob.send(ann.user, "text", counter=90))
        self.as_described("subscribe", await bob.subscribe("99.1"))

    async def busy(self, ann, bob):
        """Something of every kind happens, and is told as described."""
        await ann.send(bob.user, "text")
        await bob.send(ann.user, "text")
        await bob.call("presence.watch", users=[ann.user])
        await ann.call("presence.set", state="away")
        await ann.call("typing", peer=bob.user, on=True)
        await ann.call("message.edit", peer=bob.user, seq=1, text="new text", counter=7)
        await ann.call("message.delete", peer=bob.user, seq=1, counter=8)
        await ann.wait_events(1, "message")
        await ann.ack()
        await ann.call("receipt.read", peer=bob.user, seq=2)
        await ann.call("contact.block", user=bob.user)
        await ann.call("contact.unblock", user=bob.user)
        phone = await self.second_device(bob)
        await self.connect(phone.token)  # takes the subscription over
        await phone.wait_events(1, "server")
        await ann.wait_events(2, "conversation")
        self.as_described("history.get", await ann.history(bob.user))
        self.assertEqual(self.notified_as_described(ann.events + bob.events + phone.events),
                         set(Description().notifications))

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
        methods = {}  # by the id of the request
        for arrow, text in self.dialogue():
            count += 1
            if arrow == "-->":
                if text.get("method") == "session.resume":
                    text["params"]["token"] = ann.token
                methods[text.get("id")] = text["method"]
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
            found = heard.pop(0)
            self.same(found, text, "")
            if "result" in found:
                self.as_described(methods[found["id"]], found["result"])
            elif "method" in found:
                self.notified_as_described([found])
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
