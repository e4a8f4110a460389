# SPDX-License-Identifier: MIT
"""C17: a user whose tokens are issued and revoked and whose password changes, and what the answers
said of them. What was acknowledged holds after a crash; what was not is one or the other, for good.
"""

import asyncio
import random

from client import Client, Gone, RpcError, device

LIVE, REVOKED, UNSURE = "live", "revoked", "unsure"
CHECKED_MAX = 60  # of the newest tokens in each state


class Wrong(Exception):
    pass


def claim(truth, text):
    if not truth:
        raise Wrong(text)


async def is_accepted(server, token):
    client = await Client(server.url).open()
    try:
        await client.resume(token)
    except RpcError as error:
        claim(error.kind == "unauthorized", f"a token was answered with {error}")
        return False
    finally:
        await client.close()
    return True


async def login(server, user, password):
    """The result, or None when the password is refused."""
    client = await Client(server.url).open()
    try:
        return await client.call("session.login", user=user, password=password, device="other")
    except RpcError as error:
        claim(error.kind == "unauthorized", f"a login of {user} was answered with {error}")
        return None
    finally:
        await client.close()


class Account:
    def __init__(self, server, user, restless):
        self.restless = restless  # how often its password changes, of 100
        self.server = server
        self.user = user
        self.random = random.Random(user)
        self.password = f"the first of {user}"
        self.old_password = None
        self.next_password = None  # a change that was not answered
        self.states = {}  # token -> LIVE, REVOKED or UNSURE; of all devices but the main one
        self.devices = {}  # token -> device
        added = server.admin_rpc("admin.user.add", user=user, password=self.password, tokens=True)
        self.token = added["result"]["token"]
        self.main = None

    def issue(self, result):
        self.states[result["token"]] = LIVE
        self.devices[result["token"]] = result["device"]

    def live(self):
        return [token for token, state in self.states.items() if state == LIVE]

    # Traffic: one thing after the other, until the server is gone. A state is unsure from before
    # the request until its answer.

    async def churn(self, rounds=10000):
        self.main = await device(self.server, self.token)
        try:
            for _ in range(rounds):
                action = self.random.choices(
                    [self.create, self.log_in, self.revoke, self.log_out, self.change_password],
                    [45, 5, 35, 10, self.restless])[0]
                await action()
        finally:
            await self.main.close()

    async def warm_up(self):
        """Some of each, before there is a fail point."""
        self.main = await device(self.server, self.token)
        await self.create()
        await self.change_password()
        for action in (self.create, self.create, self.log_in, self.revoke, self.log_out):
            await action()
        await self.main.close()

    async def create(self):
        self.issue(await self.main.call("device.create", label="made"))

    async def log_in(self):
        result = await login(self.server, self.user, self.password)
        claim(result is not None, f"{self.user}: the password is refused")
        self.issue(result)

    async def revoke(self):
        if self.live():
            token = self.random.choice(self.live())
            self.states[token] = UNSURE
            await self.main.call("device.revoke", device=self.devices[token])
            self.states[token] = REVOKED

    async def log_out(self):
        if self.live():
            token = self.random.choice(self.live())
            client = await device(self.server, token)
            self.states[token] = UNSURE
            try:
                await client.call("session.logout")
                self.states[token] = REVOKED
            finally:
                await client.close()

    async def change_password(self):
        self.next_password = f"number {self.random.randrange(10 ** 9)} of {self.user}"
        await self.main.call("account.password", old=self.password, new=self.next_password)
        self.take_password()

    def take_password(self):
        self.old_password, self.password, self.next_password = \
            self.password, self.next_password, None
        self.states = dict.fromkeys(self.states, REVOKED)

    # Afterwards.

    async def check(self):
        await self.check_password()
        for state in (LIVE, REVOKED, UNSURE):
            tokens = [token for token, is_now in self.states.items() if is_now == state]
            for token in tokens[-CHECKED_MAX:]:
                accepted = await is_accepted(self.server, token)
                if state == UNSURE:
                    self.states[token] = LIVE if accepted else REVOKED
                claim(accepted or state != LIVE,
                      f"{self.user}: the token of {self.devices[token]} was issued and is refused")
                claim(not accepted or state != REVOKED,
                      f"{self.user}: the token of {self.devices[token]} was revoked and works")
        await self.check_list()

    async def check_password(self):
        if self.next_password is not None:
            result = await login(self.server, self.user, self.next_password)
            if result is not None:
                self.take_password()  # ... and with it every other device was revoked
                self.issue(result)
                return
            self.next_password = None
        elif self.old_password is not None:
            claim(await login(self.server, self.user, self.old_password) is None,
                  f"{self.user}: the old password is accepted")
        await self.log_in()

    async def check_list(self):
        main = await device(self.server, self.token)
        listed = {entry["device"] for entry in (await main.call("device.list"))["devices"]}
        await main.close()
        for token, state in self.states.items():
            if state != UNSURE:
                claim((self.devices[token] in listed) == (state == LIVE),
                      f"{self.user}: {self.devices[token]} is {state}; listed: {listed}")


async def churn_all(accounts):
    """Until the server is gone for all of them: an answer that came was taken."""
    done = await asyncio.gather(*(account.churn() for account in accounts),
                                return_exceptions=True)
    for error in done:
        if not isinstance(error, (Gone, OSError)):
            raise error
    raise done[0]
