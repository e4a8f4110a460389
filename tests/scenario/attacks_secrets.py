#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Canaries (A2): tokens, passwords and invite codes are in no file, log line, metric, argument,
environment or error answer; a token in a URL is refused and not logged."""

import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import Client, RpcError  # noqa: E402
from server import Server  # noqa: E402
from wire import http, methods, rpc  # noqa: E402

PASSWORDS = ["Canary password first", "Canary password second", "Canary password wrong"]


class Canaries(ScenarioCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        path = cls.server.root / "chatd.conf"
        path.write_text("registration = open\nlog_level = debug\nlog_tail_max = 65536\n"
                        "log_segment_bytes = 65536\n")
        cls.server.options = ["--config", str(path)]
        cls.server.start()

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.tokens = []
        self.codes = []
        self.answers = []  # what was said to others than those whom a secret was made for

    async def fails(self, client, method, **params):
        try:
            self.answers.append(await client.call(method, **params))
        except RpcError as error:
            self.answers.append([error.code, error.message, error.data])

    async def live(self):
        """A life with every way a secret goes in or out. chatctl's import gives tokens too."""
        ann, bob = await self.people("ann", "bob")
        self.tokens += [ann.token, bob.token]
        [name, invited] = self.names("reg", "inv")
        await ann.call("account.register", user=name, password=PASSWORDS[0])
        client = await Client(self.server.url).open()
        self.clients.append(client)
        for _ in range(2):
            login = await client.call("session.login", user=name, password=PASSWORDS[0],
                                      device="phone")
            self.tokens.append(login["token"])
        await client.subscribe("now")
        await self.fails(client, "session.login", user=name, password=PASSWORDS[2])
        await self.fails(client, "account.password", old=PASSWORDS[2], new=PASSWORDS[1])
        await client.call("account.password", old=PASSWORDS[0], new=PASSWORDS[1])
        made = await client.call("device.create", label="robot", consumer=True)
        self.tokens.append(made["token"])
        await client.call("device.revoke", device=made["device"])
        self.codes.append(self.server.ctl("user", "invite", invited).stdout.strip())
        await self.fails(client, "account.register", user=invited, password=PASSWORDS[2],
                         invite="A" + self.codes[0][1:])
        await client.call("account.register", user=invited, password=PASSWORDS[1],
                          invite=self.codes[0])
        for token in self.tokens:
            await self.fails(ann, "session.resume", token=token[:-1] + "*")
        for i in range(300):
            await ann.send(bob.user, f"text {i} " + "x" * 1000)
        return login["token"]

    async def misuse(self, token):
        """Secrets where they do not belong: each time as what is wrong with the request."""
        secret = self.tokens[0]
        for head in (f"GET /ws?token={token} HTTP/1.1", f"GET /events?cursor=0&token={token} HTTP/1.1",
                     f"GET /events?access_token={token} HTTP/1.1", f"GET /{token} HTTP/1.1",
                     f"GET /events?cursor={token[:60]} HTTP/1.1"):
            status, body = await http(self.server, [head])
            self.assertTrue(status is None or status >= 400, head)
            self.answers.append(repr(body))
        for scheme in ("Basic ", "bearer  ", "Token "):
            status, body = await http(self.server, ["GET /events?cursor=0 HTTP/1.1",
                                                    f"Authorization: {scheme}{token}"])
            self.assertEqual(status, 401)
            self.answers.append(repr(body))
        _, answer = await rpc(self.server, "device.list", token[:-1] + "*")
        self.answers.append(answer)
        # As every string of every method, by somebody who may and somebody who may not.
        for method in methods():
            if method.access == "ADMIN" or method.name in ("session.logout", "message.send",
                                                           "device.create", "message.edit",
                                                           "session.resume", "history.search"):
                continue  # what keeps, or rightly shows, the text that it is given
            for canary in (token, PASSWORDS[2]):
                params = {p.name: canary[:p.most] if p.type == "STRING" else [canary]
                          if p.type == "ARRAY" else canary
                          for p in method.required + method.optional}
                for who in (None, secret):
                    _, answer = await rpc(self.server, method.name, who, params)
                    self.answers.append(answer)
        for text in (token, json.dumps({"jsonrpc": "2.0", "id": 1, "method": token}),
                     f'{{"{token}"', json.dumps({"jsonrpc": token, "id": 1, "method": "ping"})):
            status, body = await http(self.server, ["POST /rpc HTTP/1.1",
                                                    f"Content-Length: {len(text)}"], text.encode())
            self.answers.append(repr(body))

    def needles(self):
        found = {}
        for token in self.tokens:
            secret = token.rsplit("~", 1)[1]
            self.assertGreaterEqual(len(secret), 43)
            found[f"token {token[:12]}..."] = secret.encode()
            found[f"raw token {token[:12]}..."] = base64.urlsafe_b64decode(secret + "=")
        for code in self.codes:
            found["code"] = code.encode()
        for password in PASSWORDS:
            found[password] = password.encode()
        return found

    def places(self):
        """name -> bytes: everything that chatd leaves behind or shows."""
        found = {str(path): path.read_bytes() for path in self.server.data.rglob("*")
                 if path.is_file() and path.name != "reserve"}
        found["log"] = self.server.log.read_bytes()
        process = pathlib.Path(f"/proc/{self.server.pid}")
        found["argv"] = (process / "cmdline").read_bytes()
        found["environment"] = (process / "environ").read_bytes()
        return found

    async def test_no_secret_is_found_anywhere(self):
        token = await self.live()
        await self.misuse(token)
        places = self.places()
        status, metrics = await http(self.server, ["GET /metrics HTTP/1.1"])
        self.assertEqual(status, 200)
        places["metrics"] = metrics
        places["answers"] = json.dumps(self.answers).encode()
        places["status"] = self.server.ctl("status").stdout.encode()
        self.server.terminate()  # flushes everything into the partitions' files
        places.update({f"after the end: {name}": path.read_bytes()
                       for path in self.server.data.rglob("*")
                       if path.is_file() and path.name != "reserve" for name in [str(path)]})
        self.server.start()
        text = b"text 299 " + b"x" * 900
        self.assertTrue(any(text in content for content in places.values()),
                        "what is looked for in the files can be found there")
        for what, needle in self.needles().items():
            for name, content in places.items():
                self.assertFalse(needle in content, f"{what} is in {name}")


if __name__ == "__main__":
    main()
