# SPDX-License-Identifier: MIT
"""The base of the scenarios: one chatd for each class, fresh users for each test."""

import itertools
import sys
import unittest

from client import RpcError, device, second_token
from server import Server

names = itertools.count(1)


class ScenarioCase(unittest.IsolatedAsyncioTestCase):
    server_options = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(options=cls.server_options).start()

    @classmethod
    def tearDownClass(cls):
        complaints = cls.server.complaints()
        died = not cls.server.is_running()
        if complaints or died:
            print(cls.server.log_tail(), file=sys.stderr)
        cls.server.close()
        if complaints or died:
            raise AssertionError(f"chatd complained or died: {complaints[:3]}")

    async def asyncSetUp(self):
        self.clients = []

    async def asyncTearDown(self):
        for client in self.clients:
            await client.close()

    def names(self, *stems):
        """User names that no other test has."""
        return [f"{stem}{next(names)}" for stem in stems]

    async def people(self, *stems, start="now"):
        """One connected, subscribed device for each new user (start None: not subscribed)."""
        users = self.names(*stems)
        tokens = self.server.import_users(users)
        return [await self.connect(tokens[user], start) for user in users]

    async def connect(self, token, start="now"):
        client = await device(self.server, token, start)
        self.clients.append(client)
        return client

    async def second_device(self, client, start="now"):
        return await self.connect(await second_token(client), start)

    async def reconnect(self, client, start):
        """The same device again, on a new connection."""
        await client.close()
        again = await self.connect(client.token, start)
        again.counter = max(again.counter, client.counter)
        return again

    async def built(self, call):
        """The answer of a method that a server of this version may not have yet: then skipped."""
        try:
            return await call
        except RpcError as error:
            if error.code == -32601:
                self.skipTest(f"not built yet: {error}")
            raise

    async def refused(self, call, *kinds):
        """The call must fail; kinds are words of the error table or JSON-RPC codes."""
        with self.assertRaises(RpcError) as caught:
            await call
        error = caught.exception
        if kinds:
            self.assertTrue(error.kind in kinds or error.code in kinds,
                            f"{error} is not one of {kinds}")
        self.assertTrue(error.message, "an error says what was wrong")
        return error


def main():
    unittest.main(module="__main__", verbosity=1)
