# SPDX-License-Identifier: MIT
"""The recorder's guests: devices that a sibling makes, uses for a moment and revokes (I14).

  revoke   dev, user                     the revoke was acknowledged: the line's "at" is the moment
  gone     dev, code                     the guest's live connection ended; 1008: chatd closed it
  use      dev, how, began, outcome      a try with the guest's token
                                         how: live (its old connection), resume, rpc (POST /rpc)
                                         outcome: ok, open (live: not even closed), lost (no answer),
                                         or the kind of the refusal
"""

import asyncio
import json
import random
import time

from client import Client, Gone, RpcError
from polling import Lost, Refused, exchange

GRACE_SECONDS = 1.0
OLD_MAX = 20  # revoked tokens of one user that are tried again after the faults


def outcome_of(error):
    """A refusal that says "try again" says nothing about the token."""
    return "lost" if error["data"].get("retryable") else error["data"]["kind"]


class Host:
    """A user's device that lets guests in and puts them out again."""

    def __init__(self, run, user, token):
        self.run = run
        self.user = user
        self.token = token
        self.random = random.Random(f"{run.seed}/{user}/host")
        self.count = 0
        self.revoked = []  # (dev, token)

    async def live(self):
        while self.run.is_working:
            try:
                await self.receive()
                await self.try_token(*self.random.choice(self.revoked))
            except (Gone, Lost, OSError, asyncio.TimeoutError):
                await asyncio.sleep(0.1)
            except RpcError as error:
                if not error.data.get("retryable"):
                    self.run.complain(f"{self.user}'s host: {error}")
            await asyncio.sleep(self.random.uniform(0, 0.5))

    async def finish(self):
        """One more guest in peace, and everybody who was revoked before the last restarts."""
        for dev, token in self.random.sample(self.revoked, min(OLD_MAX, len(self.revoked))):
            await self.try_token(dev, token)
        await self.receive()

    async def receive(self):
        """A guest's whole stay."""
        self.count += 1
        dev = f"{self.user}/guest{self.count}"
        host, guest = Client(self.run.server.url, self.token), None
        try:
            await host.open()
            await host.resume()
            made = await host.call("device.create", label=f"guest {self.count}")
            guest = Client(self.run.server.url, made["token"])
            await self.enter(dev, guest)
            await host.call("device.revoke", device=made["device"])
            revoked = self.run.history.write("revoke", dev=dev, user=self.user)
            self.revoked.append((dev, made["token"]))
            await asyncio.sleep(revoked + GRACE_SECONDS + 0.02 - time.monotonic())
            await self.knock(dev, guest)
            await self.try_token(dev, made["token"])
        finally:
            for client in (host, guest):
                if client is not None:
                    await client.close()

    async def enter(self, dev, guest):
        await guest.open()
        guest.reader.add_done_callback(
            lambda _: self.run.history.write("gone", dev=dev, code=guest.closed[0]))
        await guest.resume()
        await guest.call("device.list")
        return guest

    async def knock(self, dev, guest):
        """On the connection that should be closed by now."""
        if guest.closed is not None:
            return
        began = time.monotonic()
        try:
            await asyncio.wait_for(guest.call("device.list"), 1.0)
            outcome = "ok"
        except RpcError as error:
            outcome = error.kind
        except asyncio.TimeoutError:
            outcome = "open"
        except Gone:
            outcome = "lost"
        self.note(dev, "live", began, outcome)

    async def try_token(self, dev, token):
        """In both ways that a token opens something. It may be tried too soon, after a revoke whose
        rest was cut off: the verifier sees by the times what may be expected."""
        began = time.monotonic()
        self.note(dev, "resume", began, await self.resume(token))
        began = time.monotonic()
        self.note(dev, "rpc", began, await self.post(token))

    def note(self, dev, how, began, outcome):
        self.run.history.write("use", dev=dev, how=how, began=began, outcome=outcome)

    async def resume(self, token):
        client = Client(self.run.server.url, token)
        try:
            await client.open()
            await client.resume()
        except RpcError as error:
            return outcome_of({"data": error.data})
        except (Gone, OSError, asyncio.TimeoutError):
            return "lost"
        finally:
            await client.close()
        return "ok"

    async def post(self, token):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "device.list", "params": {}})
        try:
            answer = await exchange(self.run.server.url, token, "POST", "/rpc", body)
        except Refused as refused:
            return outcome_of(refused.error)
        except (Lost, OSError):
            return "lost"
        return outcome_of(answer["error"]) if "error" in answer else "ok"
