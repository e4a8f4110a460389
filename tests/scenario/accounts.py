#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Registration, login, devices, revoked tokens; who may use the data directory."""

import asyncio
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import Client, second_token  # noqa: E402
from server import Server, ServerFailed  # noqa: E402

PASSWORD = "correct horse battery"


class Strangers(ScenarioCase):
    async def stranger(self):
        client = await Client(self.server.url).open()
        self.clients.append(client)
        return client


class Open(Strangers):
    server_options = ("--registration", "open")

    async def registered(self):
        [name] = self.names("reg")
        client = await self.stranger()
        self.assertEqual((await client.call("account.register", user=name, password=PASSWORD))
                         ["user"], name)
        return name, client

    async def test_register_login_talk(self):
        name, client = await self.registered()
        login = await client.call("session.login", user=name, password=PASSWORD, device="laptop")
        self.assertEqual(login["user"], name)
        await client.subscribe("now")  # the login has authenticated this connection
        [ann] = await self.people("ann")
        await ann.send(name, "welcome")
        await client.wait_events(1, "message")
        again = await self.connect(login["token"], None)
        self.assertEqual((again.user, again.device), (name, login["device"]))

    async def test_a_new_password_revokes_the_other_devices(self):
        name, client = await self.registered()
        first = await client.call("session.login", user=name, password=PASSWORD)
        other = await self.stranger()
        await other.call("session.login", user=name, password=PASSWORD)
        await self.refused(client.call("account.password", old="wrong wrong", new="x" * 12),
                           "unauthorized")
        await self.refused(client.call("account.password", old=PASSWORD, new="short"), "invalid")
        await client.call("account.password", old=PASSWORD, new="another password")
        await other.wait_for(lambda: other.closed)
        await self.connect(first["token"], None)
        fresh = await self.stranger()
        await self.refused(fresh.call("session.login", user=name, password=PASSWORD),
                           "unauthorized")
        await fresh.call("session.login", user=name, password="another password")

    async def test_guessing_is_slowed_down_for_names_that_exist_and_others_alike(self):
        name, client = await self.registered()
        stranger = await self.stranger()
        for user in (name, *self.names("nobody")):
            for _ in range(5):
                await self.refused(stranger.call("session.login", user=user, password="wrong pass"),
                                   "unauthorized")
            error = await self.refused(
                stranger.call("session.login", user=user, password=PASSWORD), "rate_limited")
            self.assertTrue(error.data["retryable"])
            self.assertLessEqual(error.data["retry_after_ms"], 1000)
        await asyncio.sleep(1.1)
        await stranger.call("session.login", user=name, password=PASSWORD)

    async def test_a_name_is_given_once(self):
        name, client = await self.registered()
        await self.refused(client.call("account.register", user=name, password=PASSWORD), "exists")

    async def test_names_have_a_form(self):
        client = await self.stranger()
        for name in ("", "Ann", "a b", ".ann", "-a", "a" * 33, "ann\n", "änn", "a/b", 7, None):
            await self.refused(client.call("account.register", user=name, password=PASSWORD),
                               "invalid", -32602)

    async def test_a_wrong_password_looks_like_an_unknown_user(self):
        name, client = await self.registered()
        errors, times = [], []
        for user in (name, self.names("nobody")[0]):
            start = time.monotonic()
            errors.append(await self.refused(client.call("session.login", user=user,
                                                         password="wrong"), "unauthorized"))
            times.append(time.monotonic() - start)
        self.assertEqual((errors[0].code, errors[0].message), (errors[1].code, errors[1].message))
        self.assertLess(max(times), 5 * min(times) + 0.05, "about the same time")

    async def test_it_survives_kill_9(self):
        name, client = await self.registered()
        login = await client.call("session.login", user=name, password=PASSWORD)
        await client.close()
        self.server.restart()
        await self.connect(login["token"], None)
        client = await self.stranger()
        await client.call("session.login", user=name, password=PASSWORD)


class Administered(Strangers):
    """What an admin does to an account, from the user's side."""

    server_options = ("--registration", "invite")

    def admin(self, method, **params):
        answer = self.server.admin_rpc("admin.user." + method, **params)
        self.assertIn("result", answer)
        return answer["result"]

    def admin_refused(self, kind, method, **params):
        answer = self.server.admin_rpc("admin.user." + method, **params)
        self.assertEqual(answer["error"]["data"]["kind"], kind)

    async def user(self, stem):
        """A user with a password, and one subscribed device."""
        [name] = self.names(stem)
        token = self.admin("add", user=name, password=PASSWORD, tokens=True)["token"]
        return name, await self.connect(token)

    async def login(self, name, password=PASSWORD):
        return await (await self.stranger()).call("session.login", user=name, password=password)

    async def refused_login(self, name, password=PASSWORD):
        return await self.refused(self.login(name, password), "unauthorized")

    async def test_a_disabled_user_is_out_within_a_second_and_cannot_come_back(self):
        name, client = await self.user("dan")
        [ann] = await self.people("ann")
        token = client.token
        self.assertEqual(self.admin("disable", user=name)["state"], "disabled")
        await client.wait_for(lambda: client.closed, timeout=1.0)
        self.assertEqual(client.closed[0], 1008)
        error = await self.refused_login(name)
        wrong = await self.refused_login(self.names("nobody")[0])
        self.assertEqual((error.code, error.message, error.data),
                         (wrong.code, wrong.message, wrong.data))
        await self.refused((await self.stranger()).resume(token), "unauthorized")
        await ann.send(name, "for later")
        self.assertEqual(self.admin("show", user=name)["login"]["reasons"][0]["kind"], "disabled")
        self.assertEqual(self.admin("disable", user=name)["state"], "disabled", "again is no error")
        await ann.close()
        self.server.restart()
        await self.refused_login(name)
        self.assertEqual(self.admin("enable", user=name)["state"], "active")
        await self.login(name)
        client = await self.connect(token, "unread")
        await client.wait_events(1, "message")

    async def test_a_long_poll_of_a_disabled_user_ends(self):
        name, client = await self.user("pam")
        await client.close()
        poll = subprocess.Popen(["curl", "-s", "-H", f"Authorization: Bearer {client.token}",
                                 self.server.url.replace("ws:", "http:").replace("/ws", "/events") +
                                 "?cursor=0&wait=20"], stdout=subprocess.PIPE)
        await asyncio.sleep(0.3)
        self.assertIsNone(poll.poll())
        self.admin("disable", user=name)
        start = time.monotonic()
        out, _ = await asyncio.to_thread(poll.communicate)
        self.assertLess(time.monotonic() - start, 1.0, out)

    async def test_a_deleted_user_is_gone_and_its_peers_keep_what_was_said(self):
        name, client = await self.user("eve")
        [ann] = await self.people("ann")
        await client.send(ann.user, "remember me")
        await ann.send(name, "I will")
        self.assertEqual(self.admin("delete", user=name)["state"], "deleted")
        await client.wait_for(lambda: client.closed, timeout=1.0)
        for _ in range(2):
            await self.refused_login(name)
            await self.refused((await self.stranger()).resume(client.token), "unauthorized")
            await self.refused(ann.send(name, "are you there"), "not_found")
            page = await ann.history(name)
            self.assertEqual([m["text"] for m in page["messages"]], ["remember me", "I will"])
            shown = self.admin("show", user=name)
            self.assertEqual((shown["state"], shown["has_password"], shown["devices"]),
                             ("deleted", False, 0))
            self.admin_refused("exists", "add", user=name)
            self.admin_refused("exists", "invite", user=name)
            for method, more in (("enable", {}), ("disable", {}), ("delete", {}),
                                 ("passwd", {"password": PASSWORD})):
                self.admin_refused("not_found", method, user=name, **more)
            await ann.close()
            self.server.restart()
            ann = await self.connect(ann.token, None)

    async def test_a_deletion_cut_in_half_leaves_nothing_usable_and_is_finished_by_the_next(self):
        name, client = await self.user("max")
        self.server.restart(environment={"CHAT_FAILPOINT": "accounts.half_deleted:kill:1"})
        with self.assertRaises(subprocess.CalledProcessError):
            self.admin("delete", user=name)
        if not self.server.wait_death(5):
            self.skipTest("this build has no fail points")
        self.server.start()
        await self.refused_login(name)
        await self.refused((await self.stranger()).resume(client.token), "unauthorized")
        self.assertEqual(self.admin("show", user=name)["state"], "active")
        self.admin("delete", user=name)
        self.assertEqual(self.admin("show", user=name)["state"], "deleted")

    async def test_a_new_password_by_the_admin_revokes_every_device_and_forgives(self):
        name, client = await self.user("pat")
        # A server that was just restarted allows fewer wrong ones than the usual four.
        for _ in range(5):
            if not self.admin("show", user=name)["login"]["possible"]:
                break
            await self.refused_login(name, "wrong pass")
        shown = self.admin("show", user=name)
        self.assertFalse(shown["login"]["possible"])
        self.assertEqual([r["kind"] for r in shown["login"]["reasons"]], ["rate_limited"])
        self.admin_refused("invalid", "passwd", user=name, password="short")
        self.admin("passwd", user=name, password="another password")
        await client.wait_for(lambda: client.closed, timeout=1.0)
        await self.login(name, "another password")
        await self.refused_login(name)
        self.assertTrue(self.admin("show", user=name)["login"]["possible"])

    async def test_an_invited_name_is_not_switched_but_can_be_deleted(self):
        [name] = self.names("ivy")
        code = self.admin("invite", user=name)["invite"]
        for method, more in (("enable", {}), ("disable", {}), ("passwd", {"password": PASSWORD})):
            self.admin_refused("invalid", method, user=name, **more)
        self.admin("delete", user=name)
        stranger = await self.stranger()
        await self.refused(stranger.call("account.register", user=name, password=PASSWORD,
                                         invite=code), "forbidden")

    async def test_devices_are_shown_and_one_is_revoked(self):
        name, client = await self.user("dot")
        token = await second_token(client, "phone")
        phone = await self.connect(token)
        devices = {d["label"]: d for d in self.admin("devices", user=name)["devices"]}
        self.assertEqual(devices["phone"]["device"], phone.device)
        self.assertTrue(devices["phone"]["connected"])
        self.admin("revoke", user=name, device=phone.device)
        await phone.wait_for(lambda: phone.closed, timeout=1.0)
        devices = {d["label"]: d for d in self.admin("devices", user=name)["devices"]}
        self.assertEqual((devices["phone"]["revoked"], devices["phone"]["connected"]), (True, False))
        self.admin_refused("not_found", "revoke", user=name, device="123456789abc")
        self.admin_refused("not_found", "revoke", user=name, device="nonsense")
        self.assertIsNone(client.closed)

    async def test_nobody_is_shown_as_such(self):
        for method in ("show", "devices", "disable", "enable", "delete"):
            self.admin_refused("not_found", method, user=self.names("nobody")[0])


class Invited(Strangers):
    server_options = ("--registration", "invite")

    async def test_an_invite_registers_its_name_once(self):
        name, other = self.names("dan", "eve")
        code = self.server.ctl("user", "invite", name).stdout.strip()
        [ann] = await self.people("ann")
        stranger = await self.stranger()
        await self.refused(stranger.call("account.register", user=name, password=PASSWORD),
                           "forbidden")
        await self.refused(ann.send(name, "too early"), "not_found")
        await self.refused(stranger.call("account.register", user=other, password=PASSWORD,
                                         invite=code), "forbidden")
        await self.refused(stranger.call("account.register", user=name, password=PASSWORD,
                                         invite="x" + code[1:]), "forbidden")
        await self.refused(stranger.call("session.login", user=name, password=code),
                           "unauthorized")
        self.server.kill()
        self.server.start()
        stranger = await self.stranger()
        await stranger.call("account.register", user=name, password=PASSWORD, invite=code)
        await self.refused(stranger.call("account.register", user=name, password=PASSWORD,
                                         invite=code), "forbidden")
        await stranger.call("session.login", user=name, password=PASSWORD)
        ann = await self.reconnect(ann, "now")
        await ann.send(name, "welcome")


class Closed(ScenarioCase):
    async def test_closed_registration_is_refused(self):
        client = await Client(self.server.url).open()
        self.clients.append(client)
        await self.refused(client.call("account.register", user=self.names("reg")[0],
                                       password=PASSWORD), "forbidden")

    async def test_nothing_works_before_authentication(self):
        client = await Client(self.server.url).open()
        self.clients.append(client)
        for method, params in (("message.send", {"to": "x", "text": "x"}),
                               ("subscribe", {"from": "now"}), ("history.get", {"peer": "x"}),
                               ("ack", {"cursor": "0"}), ("device.list", {}),
                               ("conversation.list", {}), ("contact.block", {"user": "x"})):
            await self.refused(client.call(method, **params), "unauthorized")
        await self.refused(client.call("session.resume", token="A" * 43), "unauthorized")
        await self.refused(client.call("session.resume", token=""), "unauthorized", -32602,
                           "invalid")

    async def test_devices_are_listed_and_revoked(self):
        [ann] = await self.people("ann")
        token = await second_token(ann, "phone")
        phone = await self.connect(token, "now")
        devices = (await ann.call("device.list"))["devices"]
        self.assertEqual({d["device"] for d in devices}, {ann.device, phone.device})
        self.assertEqual([d["label"] for d in devices if d["device"] == phone.device], ["phone"])
        self.assertEqual([d["device"] for d in devices if d["current"]], [ann.device])
        await ann.call("device.revoke", device=phone.device)
        await self.refused_everywhere(phone, token)

    async def refused_everywhere(self, old, token):
        """I14: a revoked token works nowhere one second later."""
        await old.quiet(1.0)
        if old.closed is None:
            await self.refused(old.call("history.get", peer="x"), "unauthorized")
        client = await Client(self.server.url).open()
        self.clients.append(client)
        await self.refused(client.resume(token), "unauthorized")

    async def test_logout_ends_the_token(self):
        [ann] = await self.people("ann")
        token = ann.token
        await ann.call("session.logout")
        await self.refused_everywhere(ann, token)

    async def test_a_revoke_survives_kill_9(self):
        [ann] = await self.people("ann")
        phone = await self.connect(await second_token(ann), None)
        await ann.call("device.revoke", device=phone.device)
        await ann.close()
        self.server.restart()
        client = await Client(self.server.url).open()
        self.clients.append(client)
        await self.refused(client.resume(phone.token), "unauthorized")
        await self.connect(ann.token, None)

    async def test_one_may_not_write_to_oneself_or_nobody(self):
        [ann] = await self.people("ann")
        await self.refused(ann.send(ann.user, "me"), "invalid", "forbidden", -32602)
        await self.refused(ann.send("nobody.at.all", "you"), "not_found")


class Directory(ScenarioCase):
    async def test_a_second_chatd_on_the_same_directory_refuses(self):
        [ann, bob] = await self.people("ann", "bob")
        other = Server(data=self.server.data)
        try:
            with self.assertRaises(ServerFailed) as caught:
                other.start(timeout=10)
            self.assertIn("exit code", str(caught.exception))
            self.assertNotIn("exit code None", str(caught.exception), "it must exit by itself")
            self.assertNotIn("exit code 0", str(caught.exception))
            self.assertTrue(other.log_text().strip(), "it says why")
        finally:
            other.close()
        await ann.send(bob.user, "undisturbed")
        await bob.wait_events(1, "message")

    async def test_after_kill_9_the_directory_is_free(self):
        [ann] = await self.people("ann")
        self.server.restart()
        await self.connect(ann.token, None)

    async def test_sigterm_drains_and_exits_0(self):
        with Server() as server:
            tokens = server.import_users(["ann", "bob"])
            ann, bob = [await Client(server.url, tokens[n]).open() for n in ("ann", "bob")]
            for client in (ann, bob):
                await client.resume()
                await client.subscribe("now")
            await ann.send("bob", "hello")
            self.assertEqual(server.terminate(), 0)
            await ann.quiet(0.2)
            self.assertTrue(any(e["params"].get("event") == "draining"
                                for e in ann.events if e["method"] == "server"))
            self.assertIsNotNone(ann.closed)
            await ann.close()
            await bob.close()
            server.start()
            bob = await Client(server.url, tokens["bob"]).open()
            await bob.resume()
            page = await bob.history("ann")
            self.assertEqual([m["text"] for m in page["messages"]], ["hello"])
            await bob.close()

    async def test_a_bad_command_line_is_refused_with_its_reason(self):
        for words in (["--listen", "nonsense"], ["--registration", "maybe"], ["--no-such-option"],
                      ["--config", "/nonexistent/chatd.conf"]):
            done = subprocess.run([str(self.server.bin / "chatd"), "--data", str(self.server.root),
                                   *words], capture_output=True, text=True, timeout=20,
                                  stdin=subprocess.DEVNULL, check=False, env=dict(os.environ))
            self.assertNotEqual(done.returncode, 0, words)
            self.assertGreater(done.returncode, 0, f"{words}: it died: {done.stderr}")
            self.assertIn(words[-1].lstrip("-"), done.stderr, words)


if __name__ == "__main__":
    main()
