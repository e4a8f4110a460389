#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""HTTP that is not what it seems (A15): other protocols, odd upgrades, two lengths, requests hidden
in requests, clients that leave. Refused or closed; no core spins, others are undisturbed."""

import asyncio
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from wire import exchange  # noqa: E402

PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
HIDDEN = '{"jsonrpc":"2.0","id":"hidden","method":"ping"}'
UPGRADE = ("GET /ws HTTP/1.1\nHost: x\nConnection: Upgrade\nSec-WebSocket-Version: 13\n"
           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\n")


def post(body, *headers, path="/rpc", version="HTTP/1.1"):
    lines = [f"POST {path} {version}", "Host: x", *headers]
    return "\n".join(lines) + "\n\n" + body


# What each gets: a status of 400 and above, or a plain close.
REFUSED = {
    "HTTP/2 with prior knowledge": "PRI * HTTP/2.0\n\nSM\n\n",
    "h2c": "GET /ws HTTP/1.1\nHost: x\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\n"
           "HTTP2-Settings: AAMAAABkAAQAAP__\n\n",
    "CONNECT": "CONNECT 127.0.0.1:22 HTTP/1.1\nHost: x\n\n",
    "an absolute URL of elsewhere": "GET http://192.0.2.1/rpc HTTP/1.1\nHost: x\n\n",
    "TRACE": "TRACE / HTTP/1.1\nHost: x\n\n",
    "OPTIONS": "OPTIONS * HTTP/1.1\nHost: x\n\n",
    "HTTP/0.9": "GET /healthz\n\n",
    "HTTP/3.0": "GET /healthz HTTP/3.0\nHost: x\n\n",
    "Upgrade: TLS": UPGRADE + "Upgrade: TLS/1.0\n\n",
    "Upgrade: raw": UPGRADE + "Upgrade: raw\n\n",
    "Upgrade: two": UPGRADE + "Upgrade: websocket, h2c\n\n",
    "Upgrade twice": UPGRADE + "Upgrade: websocket\nUpgrade: h2c\n\n",
    "Upgrade of another path": UPGRADE.replace("/ws", "/rpc") + "Upgrade: websocket\n\n",
    "Upgrade with POST": UPGRADE.replace("GET", "POST")
    + "Upgrade: websocket\nContent-Length: 0\n\n",
    "Upgrade of version 8": UPGRADE.replace("13", "8") + "Upgrade: websocket\n\n",
    "Upgrade with a short key": UPGRADE.replace("AAAA==", "==") + "Upgrade: websocket\n\n",
    "another subprotocol": UPGRADE + "Upgrade: websocket\nSec-WebSocket-Protocol: mqtt\n\n",
    "two lengths": post(PING, f"Content-Length: {len(PING)}", "Content-Length: 2"),
    "two lengths in one": post(PING, f"Content-Length: {len(PING)}, {len(PING)}"),
    "length and chunks": post(f"0\n\n{HIDDEN}", f"Content-Length: {len(PING)}",
                              "Transfer-Encoding: chunked"),
    "chunks": post(f"{len(PING):x}\n{PING}\n0\n\n", "Transfer-Encoding: chunked"),
    "chunks, spelt oddly": post(f"0\n\n{HIDDEN}", f"Content-Length: {len(PING)}",
                                "Transfer-Encoding: xchunked"),
    "a space before the colon": post(PING, f"Content-Length : {len(PING)}"),
    "a negative length": post(PING, "Content-Length: -1"),
    "a length with a plus": post(PING, f"Content-Length: +{len(PING)}"),
    "a length in hex": post(PING, f"Content-Length: 0x{len(PING):x}"),
    "a length that overflows": post(PING, "Content-Length: 18446744073709551656"),
    "no length": post(PING),
    "no host": f"POST /rpc HTTP/1.1\nContent-Length: {len(PING)}\n\n{PING}",
    "two hosts": post(PING, f"Content-Length: {len(PING)}", "Host: y"),
    "a GET with a body": f"GET /events?cursor=0 HTTP/1.1\nHost: x\nContent-Length: 5\n\n12345",
}


class Http(ScenarioCase):
    async def asyncTearDown(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "undisturbed")
        await bob.wait_events(1, "message")
        await super().asyncTearDown()

    def cpu_seconds(self):
        text = pathlib.Path(f"/proc/{self.server.pid}/stat").read_text()
        fields = text.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    async def assert_no_core_spins(self):
        await asyncio.sleep(0.3)
        before = self.cpu_seconds()
        await asyncio.sleep(1)
        self.assertLess(self.cpu_seconds() - before, 0.2)

    async def test_each_is_refused_or_closed(self):
        for name, text in REFUSED.items():
            got = await exchange(self.server, text.replace("\n", "\r\n").encode(), timeout=15)
            status = int(got.split()[1]) if got.startswith(b"HTTP/") else None
            self.assertTrue(status is None or status >= 400, f"{name}: {got[:300]}")
            self.assertNotIn(b'"id":"hidden"', got, name)
            self.assertLessEqual(got.count(b"\r\nContent-Length: "), 1, f"{name}: {got}")
        await self.assert_no_core_spins()

    async def test_of_two_requests_in_one_segment_one_is_answered(self):
        one = post(PING, f"Content-Length: {len(PING)}")
        two = post(HIDDEN, f"Content-Length: {len(HIDDEN)}")
        for second in (two, "GET /healthz HTTP/1.1\nHost: x\n\n", "\n" * 50, "rubbish" * 1000,
                       UPGRADE + "Upgrade: websocket\n\n"):
            got = await exchange(self.server, (one + second).replace("\n", "\r\n").encode())
            self.assertEqual(got.count(b"\r\nContent-Length: "), 1, got)
            self.assertEqual(json.loads(got.split(b"\r\n\r\n", 1)[1])["id"], 1)
            self.assertIn(b"Connection: close", got)
        await self.assert_no_core_spins()

    async def test_clients_that_leave_a_held_request(self):
        [ann] = await self.people("ann")
        head = (f"GET /events?cursor=0&wait=50 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                f"{ann.token}\r\n\r\n").encode()
        for reset in (False, True):
            writers = []
            for _ in range(20):
                _, writer = await asyncio.open_connection(*self.server.address)
                writer.write(head)
                writers.append(writer)
            await asyncio.sleep(0.3)
            for writer in writers:
                if reset:
                    writer.transport.abort()
                else:
                    writer.close()
            await self.assert_no_core_spins()

    async def test_heads_without_end(self):
        for text in (b"GET /" + b"x" * 200000, b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 50000,
                     b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200000, b"\r\n" * 100000,
                     bytes(range(256)) * 400):
            got = await exchange(self.server, text, timeout=15)
            status = int(got.split()[1]) if got.startswith(b"HTTP/") else None
            self.assertTrue(status is None or status >= 400, got[:200])
        await self.assert_no_core_spins()


if __name__ == "__main__":
    main()
