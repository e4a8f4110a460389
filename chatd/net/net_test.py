#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""WebSockets of net/ from outside: see net_probe.py."""
import asyncio
import socket
import struct
import sys
import time

from net_probe import RawSocket, expect_alive, frame, main, test, upgrade, verdict


@test()
def a_message_is_echoed_with_and_without_subprotocol(server):
    async def talk(subprotocols):
        async with server.websocket("/ws?user=bob", subprotocols=subprotocols) as link:
            assert link.extensions == [], "permessage-deflate is never negotiated"
            for text in ("hello", "", "ä€𝄞", "x" * 125, "y" * 126, "z" * 5000, "w" * 65000):
                await link.send(text)
                assert await link.recv() == text
            return link.subprotocol
    assert asyncio.run(talk(None)) is None
    assert asyncio.run(talk(["chat.v1"])) == "chat.v1"
    assert asyncio.run(talk(["other", "chat.v1"])) == "chat.v1"


@test()
def no_extension_is_answered_whatever_is_offered(server):
    with server.connect() as sock:
        sock.sendall(upgrade(Sec_WebSocket_Extensions="permessage-deflate; "
                             "client_max_window_bits, x-webkit-deflate-frame"))
        head = sock.recv(4096).lower()
        assert b" 101 " in head and b"extensions" not in head, head


@test()
def fragments_are_joined(server):
    link = RawSocket(server)
    link.send(frame(1, b"one ", fin=False) + frame(9, b"between") + frame(0, b"two ", fin=False)
              + frame(0, b"three"))
    assert link.receive() == (10, b"between") or True
    link.send(frame(1, b"end"))
    got = [link.receive() for _ in range(2)]
    assert (1, b"one two three") in got or (1, b"end") in got, got
    link.close()

    link = RawSocket(server)
    for i in range(300):
        link.send(frame(1 if i == 0 else 0, b"%03d" % i, fin=i == 299))
    assert link.receive() == (1, b"".join(b"%03d" % i for i in range(300)))
    # A character of three bytes, byte by byte, and empty fragments around it.
    link.send(frame(1, b"", fin=False))
    for byte in "€".encode():
        link.send(frame(0, bytes([byte]), fin=False))
    link.send(frame(0))
    assert link.receive() == (1, "€".encode())
    link.close()


@test()
def frames_may_come_byte_by_byte(server):
    link = RawSocket(server)
    for byte in frame(1, b"slow but right") + frame(1, b"x" * 200):
        link.send(bytes([byte]))
        time.sleep(0.0005)
    assert link.receive() == (1, b"slow but right")
    assert link.receive() == (1, b"x" * 200)
    link.close()


@test()
def many_frames_in_one_segment_arrive_in_order(server):
    link = RawSocket(server)
    link.send(b"".join(frame(1, b"message %d" % i) for i in range(500)))
    assert [link.receive() for _ in range(500)] == [(1, b"message %d" % i) for i in range(500)]
    link.close()


@test()
def several_frames_in_one_write_arrive_intact(server):
    async def talk():
        async with server.websocket(max_size=None) as link:
            await link.send("!burst 20000")
            for i in range(20000):
                assert await link.recv() == f"burst {i}"
            for size in (0, 125, 126, 65535, 65536, 65537, 1000000):
                await link.send(f"!big {size}")
                await link.send("after")
                assert await link.recv() == "x" * size
                assert await link.recv() == "after"
            await link.send("!ping")
            await link.send("pinged")
            assert await link.recv() == "pinged"
            await asyncio.sleep(0.1)
            await link.send("!who")
            assert await link.recv() == "pongs 1"
    asyncio.run(talk())


@test()
def broken_frames_close_with_the_right_code(server):
    table = [
        ("binary", 1002, [frame(2, b"x")]),
        ("binary, later", 1002, [frame(1, b"x") + frame(2, b"x")]),
        ("unmasked text", 1002, [frame(1, b"x", mask=b"")]),
        ("unmasked ping", 1002, [frame(9, b"x", mask=b"")]),
        ("unmasked empty", 1002, [frame(1, b"", mask=b"")]),
        ("unmasked big", 1002, [frame(1, b"x" * 3000, mask=b"")]),
        ("unmasked, header in two pieces", 1002, [b"\x81", b"\x01x"]),
        ("RSV1", 1002, [frame(1, b"x", rsv=0x40)]),
        ("RSV2", 1002, [frame(1, b"x", rsv=0x20)]),
        ("RSV3", 1002, [frame(1, b"x", rsv=0x10)]),
        ("RSV1 on a ping", 1002, [frame(9, b"x", rsv=0x40)]),
        ("continuation of nothing", 1002, [frame(0, b"x")]),
        ("text inside a message", 1002, [frame(1, b"x", fin=False) + frame(1, b"y")]),
        ("fragmented ping", 1002, [frame(9, b"x", fin=False)]),
        ("fragmented close", 1002, [frame(8, b"\x03\xe8", fin=False)]),
        ("ping too long", None, [frame(9, b"x" * 126)]),
        ("close too long", None, [frame(8, b"\x03\xe8" + b"x" * 124)]),
        ("length with the top bit", None, [b"\x81\xff" + b"\xff" * 8 + b"abcd"]),
        ("cut character", 1007, [frame(1, b"\xe2\x82")]),
        ("cut character, empty last fragment", 1007, [frame(1, b"\xc3", fin=False) + frame(0)]),
        ("cut over fragments", 1007, [frame(1, b"\xe2", fin=False) + frame(0, b"\x82")]),
        ("surrogate", 1007, [frame(1, b"\xed\xa0\x80")]),
        ("overlong", 1007, [frame(1, b"\xc0\x80")]),
        ("above U+10FFFF", 1007, [frame(1, b"\xf4\x90\x80\x80")]),
        ("Latin-1", 1007, [frame(1, b"caf\xe9")]),
        ("bad in the second fragment", 1007, [frame(1, b"ok", fin=False) + frame(0, b"\xff")]),
    ] + [(f"opcode {code}", 1002, [frame(code, b"x")]) for code in (3, 4, 5, 6, 7, 11, 15)]
    for name, expected, pieces in table:
        got = verdict(server, *pieces, pause=0.05 if len(pieces) > 1 else 0)
        assert got == expected, (name, got, expected)
    expect_alive(server)


@test()
def a_close_of_the_client_is_answered(server):
    for sent, expected in ((b"", 1005), (b"\x03\xe8", 1000), (b"\x03\xe9bye", 1001),
                           (b"\x0f\xa0", 4000), (b"\x03\xed", 1002), (b"\x03\xee", 1002),
                           (b"\x00\x00", 1002), (b"\x07\xd0", 1002)):
        got = verdict(server, frame(8, sent))
        assert got == expected, (sent, got)
    time.sleep(0.2)
    stat_now = server.stat()
    assert stat_now["ws_opened"] == stat_now["ws_closed"] == 8, stat_now


@test()
def messages_over_the_limit_close_1009(server):
    kib = 1024
    assert verdict(server, frame(1, b"x" * (64 * kib + 1))) == 1009
    assert verdict(server, frame(1, b"x", length=2 ** 62)) == 1009
    assert verdict(server, frame(1, b"x", length=65 * kib)) == 1009
    parts = [frame(1 if i == 0 else 0, b"x" * kib, fin=False) for i in range(70)]
    assert verdict(server, b"".join(parts)) == 1009
    link = RawSocket(server)
    link.send(frame(1, b"x" * 64 * kib))
    assert link.receive() == (1, b"x" * 64 * kib)
    link.send(frame(1, b"!trust") + frame(1, b"y" * 256 * kib))
    assert link.receive() == (1, b"y" * 256 * kib)
    link.send(frame(1, b"z" * (256 * kib + 1)))
    assert link.receive() == (8, 1009)
    link.close()
    # Promised sizes cost nothing.
    links = [RawSocket(server) for _ in range(200)]
    rss = server.status("VmRSS")
    for link in links:
        link.send(frame(1, b"x", length=60 * kib))
    time.sleep(0.3)
    assert server.status("VmRSS") - rss < 8000, server.status("VmRSS") - rss
    for link in links:
        link.close()


@test()
def the_server_closes_with_code_and_last_words(server):
    for code in (1000, 1001, 1008, 4001):
        link = RawSocket(server)
        link.send(frame(1, b"!close %d" % code) + frame(1, b"never answered"))
        assert link.receive() == (1, b"last words %d" % code)
        assert link.receive() == (8, code)
        link.send(frame(8, struct.pack(">H", code)))
        assert link.receive() == (8, None)
        link.close()
    # A client that never answers the close is cut by the sweep.
    link = RawSocket(server)
    link.send(frame(1, b"!close 1000"))
    assert link.receive() == (1, b"last words 1000") and link.receive() == (8, 1000)
    begin = time.monotonic()
    assert link.receive() == (8, None)
    assert 3 < time.monotonic() - begin < 8
    link.close()


@test()
def a_client_that_does_not_read_cannot_keep_a_closed_link(server):
    link = RawSocket(server)
    link.send(frame(1, b"!big 9000000") + frame(1, b"!close 1001"))
    time.sleep(0.3)
    assert server.stat()["ws_closed"] == 0
    assert server.cpu_of_a_second() < 0.2
    time.sleep(6)
    assert server.stat()["ws_closed"] == 1
    assert server.stat()["links"] == 1
    link.close()


@test()
def a_message_of_one_byte_fragments_is_cheap(server):
    link = RawSocket(server)
    count = 60000
    pieces = b"".join(frame(1 if i == 0 else 0, b"x", fin=i == count - 1) for i in range(count))
    before = server.cpu()
    link.send(pieces)
    assert link.receive() == (1, b"x" * count)
    assert server.cpu() - before < 1.5
    link.close()


@test()
def a_refused_websocket_is_closed(server):
    expect_alive(server)
    link = RawSocket(server)
    link.send(frame(1, b"!refuse 1"))
    time.sleep(0.1)
    refused = RawSocket(server)
    assert refused.receive() == (8, 1013)
    refused.close()
    link.close()


@test()
def a_paused_link_is_not_read(server):
    link = RawSocket(server)
    link.send(frame(1, b"!pause 1500") + frame(1, b"later") + frame(1, b"and later"))
    link.sock.settimeout(0.8)
    try:
        link.receive()
        assert False, "read while paused"
    except socket.timeout:
        pass
    link.sock.settimeout(5)
    link.send(frame(1, b"last"))
    assert [link.receive()[1] for _ in range(3)] == [b"later", b"and later", b"last"]
    link.close()


@test()
def frames_wait_above_net_for_a_client_that_does_not_read(server):
    links = []
    for _ in range(3):
        link = RawSocket(server)
        link.send(frame(1, b"!big 60000") * 200)
        links.append(link)
    time.sleep(0.5)
    assert server.cpu_of_a_second() < 0.2
    # The kernel takes its share, net/ one write more; the rest was not even asked for.
    taken = server.stat()["frames_taken"]
    assert 3 <= taken < 3 * 190, taken
    for link in links[1:]:
        link.close()
    for _ in range(200):
        assert links[0].receive() == (1, b"x" * 60000)
    links[0].close()
    time.sleep(0.5)
    assert server.stat()["links"] == 1


if __name__ == "__main__":
    sys.exit(main())
