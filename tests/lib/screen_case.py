# SPDX-License-Identifier: MIT
"""The base of scenarios with chat-tui's screen, in a real tmux."""

import json
import time
import urllib.request

from tmux import Terminal
from tui_case import TuiCase


class ScreenCase(TuiCase):
    def open(self, home, *words, **more):
        terminal = Terminal(home, *words, **more)

        def end():
            said = terminal.said()
            terminal.close()
            self.assertNotIn("Sanitizer", said)
            self.assertNotIn("runtime error", said)
        self.addCleanup(end)
        return terminal

    def fill(self, home, peer, count, words="text"):
        script = self.script(home)
        for i in range(count):
            script.ask("message.send", to=peer.user, text=f"{words} {i}")
            if i % 200 == 199:
                script.until(lambda v, i=i: v.get("id") == i + 1)
        if count % 200 != 0:
            script.until(lambda v: v.get("id") == count)
        script.finish()

    def unread_of(self, home):
        """How much is new in the newest conversation, as the server knows it."""
        return self.http(home.token, "conversation.list")["conversations"][0]["unread"]

    def http(self, token, method, **params):
        """Beside the screen, which has the device's outbox."""
        request = urllib.request.Request(
            self.server.http + "/rpc", headers={"Authorization": "Bearer " + token},
            data=json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["result"]

    def until_read(self, home, timeout=20):
        end = time.monotonic() + timeout
        while self.unread_of(home) > 0:
            self.assertLess(time.monotonic(), end, "still unread")
            time.sleep(0.1)
