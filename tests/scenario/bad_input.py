#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What bad input gets (protocol.md, the last section): a clear error or the right close code,
nothing lost, nothing else disturbed."""

import asyncio
import json
import os
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import Client  # noqa: E402

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PLAIN_CLOSE = "closed"


class RawSocket:
    """A WebSocket whose every byte the test decides."""

    async def open(self, server, headers=()):
        self.reader, self.writer = await asyncio.open_connection(*server.address)
        lines = ["GET /ws HTTP/1.1", f"Host: {server.address[0]}", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: chat.v1",
                 *headers]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        self.head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        return self

    def frame(self, payload, opcode=TEXT, fin=True, mask=True, rsv=0, length=None):
        length = len(payload) if length is None else length
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        bit = 0x80 if mask else 0
        if length < 126:
            head += bytes([bit | length])
        elif length < 65536:
            head += bytes([bit | 126]) + struct.pack("!H", length)
        else:
            head += bytes([bit | 127]) + struct.pack("!Q", length)
        if mask:
            key = os.urandom(4)
            whole = key * (len(payload) // 4 + 1)
            payload = bytes(a ^ b for a, b in zip(payload, whole))
            head += key
        self.writer.write(head + payload)

    async def next(self):
        """(opcode, payload) of the next frame, or PLAIN_CLOSE."""
        try:
            head = await asyncio.wait_for(self.reader.readexactly(2), 10)
            length = head[1] & 0x7F
            if length == 126:
                length = struct.unpack("!H", await self.reader.readexactly(2))[0]
            elif length == 127:
                length = struct.unpack("!Q", await self.reader.readexactly(8))[0]
            return head[0] & 15, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return PLAIN_CLOSE

    async def call(self, method, **params):
        self.frame(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                               "params": params}).encode())
        opcode, payload = await self.next()
        assert opcode == TEXT, (opcode, payload)
        return json.loads(payload)

    async def how_closed(self):
        """The close code, or PLAIN_CLOSE; anything else that comes is passed over."""
        while True:
            got = await self.next()
            if got == PLAIN_CLOSE:
                return PLAIN_CLOSE
            if got[0] == CLOSE:
                return struct.unpack("!H", got[1][:2])[0] if len(got[1]) >= 2 else PLAIN_CLOSE

    def close(self):
        self.writer.close()


class Frames(ScenarioCase):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.ann, self.bob = await self.people("ann", "bob")
        self.sockets = []

    async def asyncTearDown(self):
        """Whatever the bad client did, others go on talking."""
        await self.ann.send(self.bob.user, "undisturbed")
        await self.bob.wait_for(lambda: "undisturbed" in self.bob.texts())
        for socket in self.sockets:
            socket.close()
        await super().asyncTearDown()

    async def raw(self, authenticated=True):
        socket = await RawSocket().open(self.server)
        self.sockets.append(socket)
        self.assertIn(b" 101 ", socket.head)
        self.assertIn(b"chat.v1", socket.head)
        if authenticated:
            answer = await socket.call("session.resume", token=self.ann.token)
            self.assertIn("result", answer)
        return socket

    async def expect(self, socket, *codes):
        self.assertIn(await socket.how_closed(), codes)

    async def test_a_binary_frame(self):
        socket = await self.raw()
        socket.frame(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', opcode=BINARY)
        await self.expect(socket, 1002, 1003, PLAIN_CLOSE)

    async def test_an_unmasked_frame(self):
        # The library hides the mask; the server sees that a client does not mask at its first frame.
        socket = await self.raw(authenticated=False)
        socket.frame(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', mask=False)
        await self.expect(socket, 1002, PLAIN_CLOSE)

    async def test_reserved_bits(self):
        for rsv in (1, 2, 4):
            socket = await self.raw()
            socket.frame(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', rsv=rsv)
            await self.expect(socket, 1002, PLAIN_CLOSE)

    async def test_reserved_opcodes(self):
        for opcode in (3, 7, 11, 15):
            socket = await self.raw()
            socket.frame(b"x", opcode=opcode)
            await self.expect(socket, 1002, PLAIN_CLOSE)

    async def test_a_continuation_of_nothing(self):
        socket = await self.raw()
        socket.frame(b"x", opcode=0)
        await self.expect(socket, 1002, PLAIN_CLOSE)

    async def test_a_long_or_split_control_frame(self):
        socket = await self.raw()
        socket.frame(b"x" * 126, opcode=PING)
        await self.expect(socket, 1002, PLAIN_CLOSE)
        socket = await self.raw()
        socket.frame(b"x", opcode=PING, fin=False)
        await self.expect(socket, 1002, PLAIN_CLOSE)

    async def test_invalid_utf8(self):
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
            socket = await self.raw()
            socket.frame(b'{"jsonrpc":"2.0","id":1,"method":"message.send","params":{"to":"'
                         + self.bob.user.encode() + b'","text":"' + bad + b'"}}')
            await self.expect(socket, 1007)
        self.assertEqual((await self.bob.history(self.ann.user))["head_seq"], 0)

    async def test_utf8_split_over_fragments_is_good(self):
        socket = await self.raw()
        text = json.dumps({"jsonrpc": "2.0", "id": 5, "method": "message.send", "params": {
            "to": self.bob.user, "text": "🙂é"}}, ensure_ascii=False).encode()
        at = text.index("🙂".encode()) + 2
        socket.frame(text[:at], fin=False)
        socket.frame(b"between", opcode=PING)
        socket.frame(text[at:at + 1], opcode=0, fin=False)
        socket.frame(text[at + 1:], opcode=0)
        opcode, payload = await socket.next()
        self.assertEqual((opcode, payload), (PONG, b"between"))
        opcode, payload = await socket.next()
        self.assertIn("result", json.loads(payload))
        await self.bob.wait_for(lambda: self.bob.texts() == ["🙂é"])

    async def test_the_frame_limit_before_authentication(self):
        socket = await self.raw(authenticated=False)
        socket.frame(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"'
                     + b"x" * 65000 + b'"}}')
        opcode, payload = await socket.next()
        self.assertEqual(opcode, TEXT, payload)
        socket.frame(b" " * (64 * 1024 + 1))
        await self.expect(socket, 1009)

    async def test_the_frame_limit_after_authentication(self):
        socket = await self.raw()
        socket.frame(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"'
                     + b"x" * 260000 + b'"}}')
        opcode, payload = await socket.next()
        self.assertIn("result", json.loads(payload))
        socket.frame(b" " * (256 * 1024 + 1))
        await self.expect(socket, 1009)

    async def test_many_fragments_do_not_pass_the_limit(self):
        socket = await self.raw()
        socket.frame(b" " * 60000, fin=False)
        for _ in range(6):
            socket.frame(b" " * 60000, opcode=0, fin=False)
        await self.expect(socket, 1009, PLAIN_CLOSE)

    async def test_a_length_of_2_to_the_63(self):
        socket = await self.raw()
        socket.frame(b"", length=2**63)
        await self.expect(socket, 1002, 1009, PLAIN_CLOSE)
        socket = await self.raw()
        socket.frame(b" " * 300000, length=2**40)
        await self.expect(socket, 1009, PLAIN_CLOSE)

    async def test_a_half_frame_and_silence_disturb_nobody(self):
        socket = await self.raw()
        socket.writer.write(b"\x81\xfe")
        await self.ann.send(self.bob.user, "meanwhile")

    async def test_a_close_is_answered(self):
        socket = await self.raw()
        socket.frame(struct.pack("!H", 1000), opcode=CLOSE)
        await self.expect(socket, 1000)


class Json(ScenarioCase):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.ann, self.bob = await self.people("ann", "bob")

    async def asyncTearDown(self):
        await self.ann.call("ping")  # the connection stays
        await self.ann.send(self.bob.user, "still here")
        await self.bob.wait_for(lambda: self.bob.texts() == ["still here"])
        await super().asyncTearDown()

    async def answer_to(self, text):
        """The error that a raw text gets."""
        count = len(self.ann.strays)
        await self.ann.raw(text)
        await self.ann.wait_for(lambda: len(self.ann.strays) > count)
        return self.ann.strays[-1]

    async def expect(self, text, *codes):
        answer = await self.answer_to(text)
        self.assertIn("error", answer, text[:100])
        self.assertIn(answer["error"]["code"], codes, (text[:100], answer))
        self.assertEqual(answer["jsonrpc"], "2.0")
        self.assertIsInstance(answer["error"]["message"], str)
        self.assertIn("id", answer)
        return answer

    async def test_what_is_no_json(self):
        for text in ("", " ", "{", "}", "nonsense", '{"a":}', '{"a":1,}', "{'a':1}", "\x00",
                     '{"jsonrpc":"2.0","id":"x","method":"ping"} trailing', "[1,2", "NaN",
                     '{"jsonrpc":"2.0","id":"x","method":"ping","params":{"x":01}}',
                     '{"jsonrpc":"2.0","id":"x","method":"ping","params":{"x":"\x01"}}'):
            await self.expect(text, -32700, -32600)

    async def test_what_is_no_request(self):
        for text in ("1", "null", '"x"', "{}", '{"jsonrpc":"2.0"}',
                     '{"jsonrpc":"1.0","id":"x","method":"ping"}', '{"id":"x","method":"ping"}',
                     '{"jsonrpc":"2.0","id":"x","method":7}',
                     '{"jsonrpc":"2.0","id":{},"method":"ping"}',
                     '{"jsonrpc":"2.0","id":[1],"method":"ping"}',
                     '{"jsonrpc":"2.0","id":"x","method":"ping","params":7}'):
            await self.expect(text, -32600, -32602)

    async def test_batches_are_refused(self):
        await self.expect('[{"jsonrpc":"2.0","id":"x","method":"ping"}]', -32600)
        await self.expect("[]", -32600)

    async def test_depth_is_bounded(self):
        def nested(depth):
            return ('{"jsonrpc":"2.0","id":"deep","method":"ping","params":{"x":'
                    + "[" * depth + "]" * depth + "}}")
        self.assertIn("result", await self.answer_to(nested(8)))
        for depth in (17, 100, 2000, 30000):
            await self.expect(nested(depth), -32700, -32600, -32602)

    async def test_duplicate_keys(self):
        await self.expect('{"jsonrpc":"2.0","id":"x","method":"ping","method":"ping"}',
                          -32700, -32600)
        await self.expect('{"jsonrpc":"2.0","id":"x","method":"message.send","params":{"to":"'
                          + self.bob.user + '","text":"a","text":"b"}}', -32700, -32600, -32602)

    async def test_numbers_that_do_not_fit(self):
        for number in ("9007199254740992", "-1", "1e400", "123456789012345678901234567890", "1.5",
                       "0", '"7"', "true", "null"):
            if number == "null":
                continue
            await self.expect('{"jsonrpc":"2.0","id":"x","method":"message.send","params":{"to":"'
                              + self.bob.user + '","text":"t","counter":' + number + "}}",
                              -32700, -32600, -32602, 5)

    async def test_lone_surrogates(self):
        for escape in (r"\ud800", r"\udc00", r"\ud83d\ud83d", r"\ud83dx", r"\ude00\ud83d"):
            await self.expect('{"jsonrpc":"2.0","id":"x","method":"message.send","params":{"to":"'
                              + self.bob.user + '","text":"' + escape + '"}}',
                              -32700, -32600, -32602, 5)

    async def test_escaped_pairs_are_good(self):
        answer = await self.answer_to(
            '{"jsonrpc":"2.0","id":"x","method":"history.get","params":{"peer":"'
            + self.bob.user + r'","note":"\ud83d\ude42"}}')
        self.assertIn("result", answer)

    async def test_texts_have_limits(self):
        await self.expect('{"jsonrpc":"2.0","id":"x","method":"message.send","params":{"to":"'
                          + self.bob.user + r'","text":"a\u0000b"}}', 5, -32602, -32700)
        for text, kinds in (("", ("invalid", -32602)),
                            ("x" * 16385, ("too_large", "invalid", -32602)),
                            ("é" * 8193, ("too_large", "invalid", -32602))):
            await self.refused(self.ann.send(self.bob.user, text), *kinds)

    async def test_required_params_cannot_be_missing_or_null_or_of_another_type(self):
        good = {"to": self.bob.user, "text": "t"}
        for name in good:
            for value in (None, 7, True, [], {}, ...):
                params = {**good, name: value}
                if value is ...:
                    del params[name]
                await self.refused(self.ann.call("message.send", **params),
                                   "invalid", -32602, "not_found" if name == "to" else "invalid")
        for method, params in (("history.get", {"peer": None}), ("subscribe", {"from": None}),
                               ("receipt.read", {"peer": self.bob.user, "seq": None}),
                               ("ack", {"cursor": None}), ("device.create", {"label": None}),
                               ("session.resume", {"token": None})):
            await self.refused(self.ann.call(method, **params),
                               "invalid", -32602, "not_found", "unauthorized")

    async def test_unknown_fields_are_ignored(self):
        await self.ann.call("ping", surprise=1)
        answer = await self.answer_to(
            '{"jsonrpc":"2.0","id":"x","method":"ping","extra":{"a":[1]}}')
        self.assertIn("result", answer)

    async def test_unknown_methods(self):
        for method in ("nonsense", "", "message.sendx", "MESSAGE.SEND", "a" * 1000, "__proto__"):
            await self.expect(json.dumps({"jsonrpc": "2.0", "id": "x", "method": method}), -32601,
                              -32600)

    async def test_ids_come_back_as_they_were(self):
        for identity in ("text", "", "ünïcode\n", 0, 7, 2**53 - 1):
            answer = await self.answer_to(json.dumps({"jsonrpc": "2.0", "id": identity,
                                                      "method": "ping"}))
            self.assertEqual((type(answer["id"]), answer["id"]), (type(identity), identity))

    async def test_a_notification_gets_no_answer_even_when_wrong(self):
        count = len(self.ann.strays)
        await self.ann.raw('{"jsonrpc":"2.0","method":"ping"}')
        await self.ann.raw('{"jsonrpc":"2.0","method":"nonsense"}')
        await self.ann.raw('{"jsonrpc":"2.0","method":"ack","params":{"cursor":"x"}}')
        await self.ann.call("ping")
        self.assertEqual(self.ann.strays[count:], [])

    async def test_errors_echo_no_secrets(self):
        client = await Client(self.server.url).open()
        self.clients.append(client)
        secret = "S3cretS3cret" * 4
        error = await self.refused(client.resume(secret), "unauthorized")
        self.assertNotIn(secret, str(error))
        self.assertNotIn(secret, self.server.log_text())

    async def test_rubbish_in_a_row_disturbs_nobody(self):
        for i in range(500):
            await self.ann.raw("{" * (i % 40) + "rubbish")
        await self.ann.call("ping")


class Http(ScenarioCase):
    async def status(self, head, body=b""):
        reader, writer = await asyncio.open_connection(*self.server.address)
        writer.write(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        try:
            got = await asyncio.wait_for(reader.read(), 10)
        except ConnectionError:
            got = b""
        writer.close()
        return int(got.split()[1]) if got.startswith(b"HTTP/") else PLAIN_CLOSE

    async def test_origins_that_are_not_on_the_list(self):
        for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
            socket = RawSocket()
            try:
                await socket.open(self.server, [f"Origin: {origin}"])
                self.assertIn(b" 403 ", socket.head)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.fail("closed without an answer")
            finally:
                socket.close()

    async def test_odd_requests_are_refused(self):
        for head in ("GET / HTTP/1.1\nHost: x\n", "GET /nonsense HTTP/1.1\nHost: x\n",
                     "DELETE /ws HTTP/1.1\nHost: x\n", "GET /ws HTTP/1.1\nHost: x\n",
                     "CONNECT x:1 HTTP/1.1\nHost: x\n",
                     "GET /ws HTTP/1.1\nHost: x\nUpgrade: h2c\nConnection: Upgrade\n"):
            status = await self.status(head)
            self.assertTrue(status == PLAIN_CLOSE or 400 <= status < 600, (head, status))

    async def test_rubbish_instead_of_http(self):
        status = await self.status("\x16\x03\x01 nonsense\n\n")
        self.assertTrue(status == PLAIN_CLOSE or 400 <= status < 600, status)
        [ann] = await self.people("ann")
        await ann.call("ping")


if __name__ == "__main__":
    main()
