#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""TLS of net/ from outside: see net_probe.py. First comes all that net_test.py claims of WebSockets,
over TLS; then what there is only with TLS."""
import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import warnings

os.environ["NET_TLS"] = "1"

from net_probe import (CERTIFICATE, ECHO, FOLDER, KEY, ORIGIN, RawSocket, certificate,
                       client_context, expect_alive, frame, get, main, post, read_all, status_of,
                       test, upgrade)
import net_test


def say_goodbye(sock, direction=None):
    """Sends close_notify and waits for nothing; then closes this direction of the socket."""
    sock.settimeout(0)
    try:
        sock.unwrap()
    except OSError:
        pass
    try:
        if direction is not None:
            socket.socket.shutdown(sock, direction)
    except OSError:
        pass


def name_of(sock):
    """The common name in the certificate of the other side."""
    der = sock.getpeercert(binary_form=True)
    text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"], input=der,
                          capture_output=True, check=True).stdout.decode()
    return text.split("CN = ")[1].strip()


@test()
def requests_are_answered_and_the_end_is_announced(server):
    # read_all() marks an end without close_notify as <RESET>.
    for size in (0, 1, 4096, 16384, 70000, 256 * 1024):
        body = os.urandom(size)
        answer = server.raw(post("/echo", body))
        assert status_of(answer) == 200 and answer.split(b"\r\n\r\n", 1)[1] == body, size
    answer = server.raw(get("/big?5000000"))
    assert answer.split(b"\r\n\r\n", 1)[1] == b"y" * 5000000
    assert status_of(server.raw(get("/x"))) == 404
    assert server.cpu_of_a_second() < 0.2


@test()
def a_slow_reader_gets_a_large_answer_whole(server):
    with server.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sock.sendall(get("/big?9000000"))
        time.sleep(0.3)
        assert server.cpu_of_a_second() < 0.2, "no spin while the answer waits"
        assert read_all(sock).endswith(b"y" * 100000)


@test()
def large_frames_go_both_ways(server):
    async def talk():
        async with server.websocket(max_size=None) as link:
            await link.send("!trust")
            for i in range(10):
                text = chr(ord("a") + i) * 200 * 1024
                await link.send(text)
                assert await link.recv() == text
            await asyncio.gather(*[link.send("z" * 200 * 1024) for _ in range(10)])
            for _ in range(10):
                assert await link.recv() == "z" * 200 * 1024
    asyncio.run(talk())


@test()
def a_held_request_is_answered_later(server):
    with server.connect() as sock:
        begin = time.monotonic()
        sock.sendall(get("/hold?ms=1000") + post("/echo", b"x" * 9000))
        assert server.cpu_of_a_second() < 0.2
        answer = read_all(sock)
        assert answer.endswith(b"held") and answer.count(b"HTTP/1.1") == 1, answer
        assert 0.9 < time.monotonic() - begin < 3


@test()
def a_client_that_leaves_a_held_request_is_noticed(server):
    held = [server.connect() for _ in range(20)]
    for i, sock in enumerate(held):
        # The last byte of a record, and more than libwebsockets reads at once.
        sock.sendall(get("/hold") + b"x" * (0, 5000, 20000)[i % 3])
    time.sleep(0.3)
    assert server.stat()["links"] == 21
    assert server.cpu_of_a_second() < 0.2
    for i, sock in enumerate(held):
        if i % 2:
            say_goodbye(sock)
        if i % 4 < 2:
            sock.close()
    time.sleep(0.3)
    now = server.stat()
    # The others have said goodbye, or are still there: 2 of 4, 3 of 4.
    assert now["links"] == 1 + sum(i % 4 == 2 for i in range(20)), now
    assert server.cpu_of_a_second() < 0.2
    for sock in held:
        sock.close()
    time.sleep(0.3)
    assert server.stat()["links"] == 1


@test()
def a_client_that_leaves_a_large_answer_is_noticed(server):
    for say in (lambda sock: None, say_goodbye, lambda sock: say_goodbye(sock, socket.SHUT_WR)):
        sock = server.connect()
        sock.sendall(get("/big?9000000"))
        time.sleep(0.3)
        say(sock)
        assert server.cpu_of_a_second() < 0.2
        sock.close()
        time.sleep(0.3)
        assert server.stat()["links"] == 1
    assert server.cpu_of_a_second() < 0.2


@test()
def a_websocket_that_leaves_is_gone_at_once_also_with_much_to_read(server):
    leave = [say_goodbye, lambda sock: sock.shutdown(socket.SHUT_WR), lambda sock: sock.close(),
             lambda sock: say_goodbye(sock, socket.SHUT_WR)]
    links = []
    for command in (b"hello", b"!big 9000000"):
        for way in leave:
            link = RawSocket(server)
            link.send(frame(1, command))
            links.append((link, way))
    time.sleep(0.5)
    for link, way in links:
        way(link.sock)
    time.sleep(0.5)
    now = server.stat()
    assert now["links"] == 1 and now["ws_closed"] == len(links), now
    assert server.cpu_of_a_second() < 0.2
    for link, _ in links:
        link.close()


@test()
def a_close_frame_with_a_goodbye_behind_it_is_no_spin(server):
    for command in (b"hello", b"!big 9000000", b"!close 1000"):
        link = RawSocket(server)
        link.send(frame(1, command))
        time.sleep(0.2)
        link.send(frame(8, b"\x03\xe8"))
        say_goodbye(link.sock, socket.SHUT_WR)
        assert server.cpu_of_a_second() < 0.2, command
        link.close()
    time.sleep(0.3)
    assert server.stat()["links"] == 1


@test("--deadline-ms", "1500")
def a_handshake_that_never_ends_is_cut(server):
    hello = ssl.MemoryBIO()
    try:
        client_context().wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = hello.read()
    begin = time.monotonic()
    socks = [server.connect_plain() for _ in range(4)]
    socks[1].sendall(hello[:1])
    socks[2].sendall(hello[:100])
    socks[3].sendall(hello)
    assert server.cpu_of_a_second() < 0.2
    for sock in socks:
        try:
            while sock.recv(65536):
                pass
        except ConnectionError:
            pass
        assert 1.0 < time.monotonic() - begin < 4, time.monotonic() - begin
        sock.close()
    # One that goes on byte by byte as well; and one with TLS but without a request.
    for connect, piece in ((server.connect_plain, hello), (server.connect, get("/x" * 200))):
        begin = time.monotonic()
        sock = connect()
        try:
            for byte in piece[:200]:
                sock.sendall(bytes([byte]))
                time.sleep(0.05)
                assert time.monotonic() - begin < 5
        except OSError:
            pass
        assert 1.0 < time.monotonic() - begin < 4, time.monotonic() - begin
        sock.close()
    expect_alive(server)
    assert server.stat()["links"] == 1


@test()
def old_versions_are_refused(server):
    for version, is_good in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
                             (ssl.TLSVersion.TLSv1_3, True)):
        warnings.simplefilter("ignore", DeprecationWarning)
        context = client_context()
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
        if is_good:
            context.minimum_version = version
        try:
            with context.wrap_socket(server.connect_plain()) as sock:
                sock.sendall(get("/empty"))
                assert is_good and status_of(read_all(sock)) == 200, version
                assert sock.version() == version.name.replace("_", "."), sock.version()
        except ssl.SSLError as error:
            assert not is_good, (version, error)
            assert "protocol version" in str(error).lower().replace("_", " "), error


@test()
def plain_text_is_closed(server):
    for request in (get("/stat"), upgrade(), b"\0" * 500, b"\x16\x03\x01\x00\x05hello", b"x"):
        with server.connect_plain() as sock:
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
            answer = read_all(sock)
            assert b"HTTP" not in answer, (request, answer)
    assert server.cpu_of_a_second() < 0.2
    assert server.stat()["links"] == 1


@test()
def foreign_origins_are_refused(server):
    assert status_of(server.raw(upgrade(Origin="https://evil.example"))) == 403
    assert status_of(server.raw(post("/echo", b"x", "Origin: https://evil.example"))) == 403
    assert status_of(server.raw(post("/echo", b"x", f"Origin: {ORIGIN}"))) == 200
    assert status_of(server.raw(upgrade(Upgrade="h2c"))) == 400


@test()
def names_of_clients_choose_nothing(server):
    for name in ("admin", "public", "nobody.example"):
        with client_context().wrap_socket(server.connect_plain(), server_hostname=name) as sock:
            sock.sendall(get("/x"))
            assert b"public GET/x" in read_all(sock)


@test()
def no_session_is_kept(server):
    with server.connect() as sock:
        sock.sendall(get("/empty"))
        read_all(sock)
        assert not sock.session or not sock.session.has_ticket
    context = client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(server.connect_plain()) as sock:
        session = sock.session
    with context.wrap_socket(server.connect_plain(), session=session) as sock:
        assert not sock.session_reused


LIVE = os.path.join(FOLDER, "live.crt"), os.path.join(FOLDER, "live.key")


def put_live(certificate_path, key_path):
    shutil.copy(certificate_path, LIVE[0])
    shutil.copy(key_path, LIVE[1])


put_live(CERTIFICATE, KEY)


@test("--certificate", LIVE[0], "--key", LIVE[1])
def a_new_certificate_is_for_new_connections(server):
    def reload():
        server.process.send_signal(signal.SIGHUP)
        return server.process.stdout.readline().strip()

    old = RawSocket(server)
    begun = server.connect_plain()
    assert name_of(old.sock) == "first"
    second, other = certificate("second", "rsa"), certificate("third")
    put_live(*second)
    assert reload() == "reloaded"
    new = RawSocket(server)
    # Of another kind, and offered alone: nobody gets the old one any more.
    assert name_of(new.sock) == "second"
    for link in (old, new):
        link.send(frame(1, b"!trust") + frame(1, b"x" * 200000))
        assert link.receive() == (1, b"x" * 200000)
    assert name_of(client_context().wrap_socket(begun)) == "second"

    # What can't be used changes nothing.
    put_live(second[0], other[1])
    assert reload() == f"the key {LIVE[1]} does not belong to the certificate {LIVE[0]}"
    os.unlink(LIVE[1])
    assert reload() == f"cannot read {LIVE[1]}: no such file or directory"
    assert name_of(server.connect()) == "second"
    put_live(*other)
    for _ in range(3):
        assert reload() == "reloaded"
    assert name_of(server.connect()) == "third"
    for link in (old, new):
        link.send(frame(1, b"still here"))
        assert link.receive() == (1, b"still here")
        link.close()
    put_live(CERTIFICATE, KEY)


@test()
def certificates_that_cannot_be_used_are_refused_with_a_sentence(_server):
    def sentence(certificate_path, key_path):
        result = subprocess.run([ECHO, "--certificate", certificate_path, "--key", key_path],
                                capture_output=True, text=True, timeout=20, check=False)
        assert result.returncode == 2 and result.stderr.count("\n") == 1, result
        return result.stderr.strip()

    garbage = os.path.join(FOLDER, "garbage")
    with open(garbage, "w") as file:
        file.write("this is no certificate\n")
    locked = os.path.join(FOLDER, "locked.key")
    subprocess.run(["openssl", "pkey", "-in", KEY, "-aes128", "-passout", "pass:secret", "-out",
                    locked], check=True, capture_output=True)
    other, rsa, weak = certificate("other"), certificate("rsa", "rsa"), certificate("weak", "weak")
    for key in (other[1], rsa[1]):
        assert sentence(CERTIFICATE, key) == \
            f"the key {key} does not belong to the certificate {CERTIFICATE}"
    assert sentence("/nowhere.crt", KEY) == "cannot read /nowhere.crt: no such file or directory"
    assert sentence(FOLDER, KEY) == f"cannot read {FOLDER}: is a directory"
    assert sentence(garbage, KEY) == \
        f"cannot use the certificate {garbage}: there is none in PEM format in it"
    for key in (garbage, CERTIFICATE):
        assert sentence(CERTIFICATE, key) == \
            f"cannot use the key {key}: there is none in PEM format in it"
    assert sentence(CERTIFICATE, locked) == \
        f"cannot use the key {locked}: it is protected by a passphrase"
    assert "key too small" in sentence(*weak)


@test()
def an_expired_certificate_is_used_with_a_warning(_server):
    path = os.path.join(FOLDER, "expired.crt")
    subprocess.run(["openssl", "x509", "-in", CERTIFICATE, "-signkey", KEY, "-days", "-1", "-out",
                    path], check=True, capture_output=True)
    process = subprocess.Popen([ECHO, "--certificate", path, "--key", KEY],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("ready ")
    process.send_signal(signal.SIGTERM)
    assert f"tls_certificate_expired file={path}" in process.communicate(timeout=20)[1]


@test()
def an_end_with_open_links_releases_everything(server):
    links = [RawSocket(server) for _ in range(10)]
    links[0].send(frame(1, b"half a mess", fin=False))
    links[1].send(frame(1, b"!close 1000"))
    links[2].send(frame(1, b"!big 3000000"))
    links[3].send(frame(1, b"!pause 100000"))
    socks = [server.connect() for _ in range(3)] + [server.connect_plain() for _ in range(2)]
    socks[0].sendall(get("/hold"))
    socks[1].sendall(get("/big?3000000"))
    socks[2].sendall(get("/hold")[:20])
    socks[3].sendall(b"\x16\x03\x01\x02")
    time.sleep(0.3)
    server.end()
    for sock in socks + [link.sock for link in links]:
        sock.close()


if __name__ == "__main__":
    sys.exit(main())
