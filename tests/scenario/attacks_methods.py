#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every method of shared/methods.def, whatever methods there are: in every role (A14), with the
names and numbers of other people (A14), and with every param of every wrong kind (A8)."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import Client, Gone, RpcError, second_token  # noqa: E402
from server import Server  # noqa: E402
from wire import http, methods, rpc  # noqa: E402

SECRET = "what ann wrote to bob and to nobody else"
PASSWORD = "correct horse battery"

# What refuses a role, and nothing else says so.
NO_ROLE = {1: "log in first", 2: "admin.* is for the admin socket"}


def refusal(error):
    """The kind, when it is the role that was refused; None when the request was looked at."""
    code, message = error.get("code"), error.get("message", "")
    return error["data"]["kind"] if message.startswith(NO_ROLE.get(code, "\0")) else None


def expected(access, role):
    if access == "ANYONE":
        return None
    if access == "ADMIN":
        return None if role == "admin" else "forbidden"
    return None if role in ("device", "consumer") else "unauthorized"


class Tables(ScenarioCase):
    async def test_the_tables_are_the_ones_the_server_has(self):
        [ann] = await self.people("ann")
        told = {m["name"] for m in (await ann.call("rpc.discover"))["methods"]}
        read = methods()
        self.assertEqual(told, {m.name for m in read})
        self.assertEqual({m.access for m in read}, {"ANYONE", "DEVICE", "ADMIN"})
        self.assertGreater(len(read), 30)


class Roles(ScenarioCase):
    """Each method in each role, over both transports, with params that can be read. A boss is an
    admin by the configuration, as long as it is a user in good standing: one for each test."""

    bosses = ["boss1", "boss2"]

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        path = cls.server.root / "chatd.conf"
        path.write_text(f"admin_users = {' '.join(cls.bosses)}\nregistration = open\n")
        cls.server.options = ["--config", str(path)]
        cls.server.start()

    def good(self, method, user):
        """Params of the right form; they need not mean anything."""
        values = {"NAME": "nobody.here", "INTEGER": None, "FLAG": False, "ARRAY": [], "STRING": "x"}
        special = {"state": "online", "from": "now", "cursor": "0", "password": PASSWORD,
                   "old": PASSWORD, "new": PASSWORD, "device": "0123456789abcdef", "text": "x"}
        params = {p.name: special.get(p.name, values[p.type]) for p in method.required}
        for param in method.required:
            if param.type == "INTEGER":
                params[param.name] = param.least
            elif param.type == "ARRAY":
                params[param.name] = [{}] * param.least
            elif param.type == "STRING" and param.name not in special:
                params[param.name] = "x" * param.least
        return params

    async def roles(self):
        """role -> token, or None: of those whose requests are looked at."""
        [ann] = await self.people("ann")
        consumer = (await ann.call("device.create", label="robot", consumer=True))["token"]
        return {"none": None, "device": ann.token, "consumer": consumer}

    async def outcasts(self):
        """role -> token: of those who were somebody, and are refused whatever they ask for. Also
        the connections that they had."""
        [ann] = await self.people("ann")
        revoked = await self.connect(await second_token(ann), None)
        await ann.call("device.revoke", device=revoked.device)
        disabled, deleted = await self.people("disabled", "deleted")
        name = self.bosses.pop()
        boss = await self.connect(self.server.import_users([name])[name])
        status, _ = await rpc(self.server, "admin.status", boss.token)
        self.assertEqual(status, 200, "an admin until now")
        for user in (disabled.user, boss.user):
            self.server.ctl("user", "disable", user)
        self.server.admin_rpc("admin.user.delete", user=deleted.user)
        clients = {"revoked device": revoked, "disabled user": disabled, "deleted user": deleted,
                   "disabled admin": boss}
        return {role: client.token for role, client in clients.items()}, clients

    def ends_itself(self, method):
        return method.name in ("session.logout", "account.password")

    def check(self, method, role, error):
        self.assertEqual(refusal(error) if error else None, expected(method.access, role),
                         (method.name, role, error))

    async def test_over_http(self):
        tokens, (outcasts, _) = await self.roles(), await self.outcasts()
        for method in methods():
            params = self.good(method, None)
            for role, token in tokens.items():
                if token is not None and self.ends_itself(method):
                    token = (await self.people("own"))[0].token
                _, answer = await rpc(self.server, method.name, token, params)
                self.check(method, role, answer.get("error"))
            for role, token in outcasts.items():
                status, answer = await rpc(self.server, method.name, token, params)
                self.assertEqual((status, answer.get("error", {}).get("data", {}).get("kind")),
                                 (401, "unauthorized"), (method.name, role))
        for role, token in outcasts.items():
            status, _ = await http(self.server, ["GET /events?cursor=0&wait=0 HTTP/1.1",
                                                 f"Authorization: Bearer {token}"])
            self.assertEqual(status, 401, role)

    async def test_over_websockets(self):
        tokens, (outcasts, had) = await self.roles(), await self.outcasts()
        for method in methods():
            for role, token in tokens.items():
                if token is not None and self.ends_itself(method):
                    token = (await self.people("own"))[0].token
                client = await Client(self.server.url).open()
                self.clients.append(client)
                if token:
                    await client.resume(token)
                error = await self.error_of(client, method)
                self.check(method, role, error)
        for role, token in outcasts.items():
            with self.subTest(role):
                self.assertEqual(had[role].closed and had[role].closed[0], 1008, "at once")
                client = await Client(self.server.url).open()
                self.clients.append(client)
                await self.refused(client.resume(token), "unauthorized")
                for method in methods():
                    if method.name != "session.resume":
                        self.check(method, "none", await self.error_of(client, method))

    async def test_a_disabled_user_has_no_way_in_with_a_password_either(self):
        [name] = self.names("reg")
        who = {"user": name, "password": PASSWORD}
        await rpc(self.server, "account.register", args=who)
        [ann] = await self.people("ann")
        self.server.ctl("user", "disable", name)
        status, answer = await rpc(self.server, "session.login", args=who)
        self.assertEqual((status, answer["error"]["data"]["kind"]), (401, "unauthorized"))
        unknown = await rpc(self.server, "session.login", args={**who, "user": "nobody.here"})
        self.assertEqual(unknown, (status, answer), "the same as for who is unknown")
        await self.refused(ann.call("session.login", **who), "unauthorized")
        await self.refused(ann.call("account.register", **who), "exists")
        self.server.ctl("user", "enable", name)
        self.assertEqual((await rpc(self.server, "session.login", args=who))[0], 200)

    async def error_of(self, client, method):
        try:
            await client.call(method.name, **self.good(method, None))
        except RpcError as error:
            return {"code": error.code, "message": error.message, "data": error.data}
        except Gone:
            self.assertEqual(method.name, "session.logout")
        return None

    async def test_over_the_admin_socket(self):
        tokens = await self.roles()
        for method in methods():
            _, answer = await rpc(self.server, method.name, None, self.good(method, None),
                                  admin=True)
            self.check(method, "admin", answer.get("error"))
        # A token does not make a device's methods of an admin's, but is one.
        status, _ = await rpc(self.server, "device.list", tokens["device"], admin=True)
        self.assertEqual(status, 200)

    async def test_an_admins_method_needs_the_admin_socket_whoever_asks(self):
        tokens = await self.roles()
        for method in methods():
            if method.access == "ADMIN":
                for token in tokens.values():
                    status, _ = await rpc(self.server, method.name, token, self.good(method, None))
                    self.assertEqual(status, 403, method.name)


class Others(ScenarioCase):
    """Cat tries everything with what belongs to ann and bob."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.ann, self.bob, self.cat = await self.people("ann", "bob", "cat")
        await self.ann.send(self.bob.user, SECRET)
        await self.bob.wait_events(1, "message")
        self.seen = []  # everything that cat gets
        self.cat.on_event = self.seen.append

    async def state(self):
        """All that cat must not change."""
        histories = [await who.whole_history(peer.user)
                     for who, peer in ((self.ann, self.bob), (self.bob, self.ann))]
        return json.dumps([
            [(messages, page["head_seq"], page["digest"]) for messages, page in histories],
            [await who.call("contact.list") for who in (self.ann, self.bob)],
            [[d["device"] for d in (await who.call("device.list"))["devices"]]
             for who in (self.ann, self.bob)],
            [[{k: v for k, v in head.items() if "cursor" not in k and head["peer"] != self.cat.user}
              for head in (await who.call("conversation.list"))["conversations"]
              if head["peer"] != self.cat.user] for who in (self.ann, self.bob)]])

    def variants(self, method):
        """Params that name ann or bob and what they have, with every optional one and without."""
        names = {"NAME": [self.ann.user, self.bob.user], "FLAG": [True, False],
                 "ARRAY": [[self.ann.user, self.bob.user]], "INTEGER": [1, 2]}
        special = {"device": [self.ann.device, self.bob.device], "text": ["planted by cat"],
                   "cursor": [self.ann.cursor, self.bob.cursor], "from": [self.ann.cursor, "unread"],
                   "changed_after": [self.ann.cursor], "continue": [self.ann.cursor, "9"],
                   "query": [SECRET[:12]], "state": ["online"], "events": [["message", "receipt"]],
                   "password": ["wrong password"], "old": ["wrong password"],
                   "new": ["new password"], "token": ["x" * 43, f"{self.ann.user}~1~" + "A" * 43],
                   "label": ["cat's"], "invite": ["A" * 43], "counter": [None]}

        def value(param, which):
            values = special.get(param.name, names.get(param.type, ["x"]))
            return values[which % len(values)]

        for which in (0, 1):
            required = {p.name: value(p, which) for p in method.required}
            yield required
            whole = {**required, **{p.name: value(p, which) for p in method.optional}}
            yield {k: v for k, v in whole.items() if v is not None}
        for wrong in (0, 1):  # each optional one alone
            for param in method.optional:
                if value(param, wrong) is not None:
                    yield {**{p.name: value(p, wrong) for p in method.required},
                           param.name: value(param, wrong)}

    async def test_nothing_of_theirs_is_shown_or_changed(self):
        before = await self.state()
        for method in methods():
            if method.access == "ADMIN" or method.name == "session.logout":
                continue
            for params in self.variants(method):
                if method.name in ("message.send", "contact.block"):
                    continue  # what everybody may do to everybody, and is seen in cat's name
                try:
                    self.seen.append(await self.cat.call(method.name, **params))
                except RpcError as error:
                    self.seen.append([error.code, error.message, error.data])
                except Gone:
                    self.fail(f"{method.name} {params} ended the connection")
                _, answer = await rpc(self.server, method.name, self.cat.token, params)
                self.seen.append(answer)
            self.assertEqual(await self.state(), before, method.name)
        await self.cat.quiet(0.3)
        text = json.dumps(self.seen)
        self.assertNotIn(SECRET, text)
        self.assertNotIn(self.ann.token, text)
        for user in (self.ann, self.bob):
            self.assertNotIn(f'"user": "{user.user}", "state": "online"', text,
                             "a stranger's presence")
            self.assertEqual([m for m in user.events if self.cat.user in json.dumps(m)], [],
                             "cat made itself seen by them")
            await user.call("ping")

    async def test_what_one_may_not_do_to_a_peer(self):
        entry = (await self.bob.history(self.ann.user))["messages"][0]["seq"]
        await self.refused(self.bob.call("message.edit", peer=self.ann.user, seq=entry, text="x"),
                           "forbidden")
        await self.refused(self.bob.call("message.delete", peer=self.ann.user, seq=entry),
                           "forbidden")
        await self.refused(self.bob.call("device.revoke", device=self.ann.device), "not_found")
        await self.bob.call("contact.block", user=self.ann.user)
        await self.refused(self.ann.send(self.bob.user, "blocked"), "forbidden")
        await self.ann.call("contact.unblock", user=self.bob.user)  # her own list, not his
        await self.refused(self.ann.send(self.bob.user, "still blocked"), "forbidden")


class Params(ScenarioCase):
    """Each param of each method, of every wrong kind: an error that names it; nothing else happens."""

    def wrong(self, param):
        anything = [None, True, 7, -1, 1.5, "", "x", [], {}, [[]], "\u0000", 2**53, "x" * 70000]
        right = {
            "NAME": lambda v: v in ("x",),
            "STRING": lambda v: isinstance(v, str) and param.least <= len(v) <= param.most
            and "\0" not in v,
            "INTEGER": lambda v: type(v) is int and param.least <= v <= param.most,
            "FLAG": lambda v: isinstance(v, bool),
            "ARRAY": lambda v: isinstance(v, list),
        }[param.type]
        too_many = param.most + 1 if param.most < 100000 else 0
        more = {"NAME": ["Ann", "ann bob", "ann\n", ".ann", "a" * 33, "änn"],
                "INTEGER": [param.least - 1, param.most + 1, 2**63, 2**64, 10**30],
                "ARRAY": [[0] * too_many], "STRING": ["x" * too_many], "FLAG": [0]}
        return [v for v in anything + more[param.type] if not right(v)]

    async def ask(self, client, method, params):
        """By HTTP: there an answer without an id, as to what is no JSON, is still its own."""
        is_admin = method.access == "ADMIN"
        _, answer = await rpc(self.server, method.name, None if is_admin else client.token, params,
                              admin=is_admin)
        return answer.get("error")

    async def test_every_wrong_kind_of_every_param(self):
        [ann] = await self.people("ann")
        good = Roles.good
        count = 0
        for method in methods():
            if method.name == "session.logout":
                continue
            for param in method.required + method.optional:
                for value in self.wrong(param):
                    if value is None and param in method.optional:
                        continue  # as good as nothing
                    params = {**good(self, method, None), param.name: value}
                    error = await self.ask(ann, method, params)
                    where = (method.name, param.name, str(value)[:40], error)
                    self.assertIsNotNone(error, where)
                    self.assertIn(error["code"], (-32602, -32700, 5, 6), where)
                    if error["code"] != -32700:
                        self.assertIn(f"params.{param.name}", error["message"], where)
                    count += 1
        self.assertGreater(count, 500)
        await ann.call("ping")

    async def test_missing_ones_are_named(self):
        [ann] = await self.people("ann")
        for method in methods():
            for param in method.required:
                params = Roles.good(self, method, None)
                del params[param.name]
                error = await self.ask(ann, method, params)
                self.assertEqual((error["code"], error["message"]),
                                 (-32602, f"params.{param.name} is missing"))

    async def test_names_within_lists_too(self):
        [ann] = await self.people("ann")
        for method in methods():
            if any(p.name == "users" for p in method.required) and method.access == "DEVICE":
                for value in (7, None, "Ann", "", [], {}, "a" * 33):
                    error = await self.refused(ann.call(method.name, users=["bob", value]), -32602)
                    self.assertIn("params.users", error.message, (method.name, value))

    async def test_invalid_names_the_field_and_the_right_form(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "text")
        await ann.call("message.delete", peer=bob.user, seq=1)
        for field, call in (("to", ann.send(ann.user, "me")),
                            ("user", ann.call("contact.block", user=ann.user)),
                            ("peer", ann.call("receipt.read", peer=ann.user, seq=1)),
                            ("seq", ann.call("receipt.read", peer=bob.user, seq=99)),
                            ("seq", ann.call("message.edit", peer=bob.user, seq=1, text="x")),
                            ("cursor", ann.call("ack", cursor="1.999999")),
                            ("continue", ann.call("conversation.list", **{"continue": "junk"})),
                            ("continue", ann.call("history.search", query="x",
                                                  **{"continue": "junk"})),
                            ("new", ann.call("account.password", old=PASSWORD, new="short"))):
            error = await self.refused(call, "invalid", -32602)
            self.assertIn(f"params.{field}", error.message)

    async def test_names_that_nobody_has_leave_no_trace_in_the_log(self):
        [ann] = await self.people("ann")
        for method in methods():
            if method.access == "DEVICE" and method.name not in ("session.logout",
                                                                  "account.password"):
                for params in (Roles.good(self, method, None),
                               {**Roles.good(self, method, None), **{
                                   p.name: 1 for p in method.optional if p.type == "INTEGER"}}):
                    await self.ask(ann, method, params)
        for event in ("apply_without_user", "quarantine", "copies_differ"):
            self.assertNotIn(event, self.server.log_text())


if __name__ == "__main__":
    main()
