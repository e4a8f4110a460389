# SPDX-License-Identifier: MIT
"""The recorder's comet: a user who comes, goes away, comes back and leaves, and one who watches (I10).

Both have nothing else to do and no other device, so that the recorder knows the truth:

  change   user, state, began      the user's state, from a moment between began and this line on
  word     user, state, how        what the watcher knows of it: how: push (a notification, or the
           began                   answer of presence.watch), get (asked for, at began)
"""

import asyncio
import time

from client import Client

PATIENCE_SECONDS = 2.6  # somewhat more than the bound: what is late must show
COMET, WATCHER = "comet", "watcher"


class Comet:
    def __init__(self, run, tokens):
        self.run = run
        self.tokens = tokens
        self.told = None

    async def meet(self):
        """Who has never written to somebody is not shown to them."""
        client = await Client(self.run.server.url, self.tokens[COMET]).open()
        await client.resume()
        await client.send(WATCHER, "look at me")
        await client.close()

    async def fly(self):
        """One word that does not come is enough: then the rest is left out."""
        watcher = await Client(self.run.server.url, self.tokens[WATCHER],
                               on_event=self.note_event).open()
        await watcher.resume()
        began = time.monotonic()
        [entry] = (await watcher.call("presence.watch", users=[COMET]))["presence"]
        self.note("push", entry["state"], began)
        comet = Client(self.run.server.url, self.tokens[COMET])
        for change, state in ((lambda: self.arrive(comet), "online"),
                              (lambda: comet.call("presence.set", state="away"), "away"),
                              (lambda: comet.call("presence.set", state="online"), "online"),
                              (comet.close, "offline")):
            began = time.monotonic()
            await change()
            self.run.history.write("change", user=COMET, state=state, began=began)
            if not await self.is_known(watcher, state):
                break
        await comet.close()
        await watcher.close()

    async def arrive(self, comet):
        await comet.open()
        await comet.resume()

    async def is_known(self, watcher, state):
        """Asks until the watcher knows it in both ways; False when that takes too long."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            began = time.monotonic()
            [entry] = (await watcher.call("presence.get", users=[COMET]))["presence"]
            self.note("get", entry["state"], began)
            if entry["state"] == state and self.told == state:
                return True
            await asyncio.sleep(0.05)
        return False

    def note_event(self, message):
        if message["method"] == "presence" and message["params"]["user"] == COMET:
            self.note("push", message["params"]["state"], time.monotonic())

    def note(self, how, state, began):
        if how == "push":
            self.told = state
        self.run.history.write("word", user=COMET, state=state, how=how, began=began)
