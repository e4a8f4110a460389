#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""HTTP, the way in, deadlines and listening of net/ from outside: see net_probe.py."""
import base64
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

from net_probe import (ECHO, ORIGIN, RawSocket, Server, frame, get, main, open_until_head, post,
                       read_all, status_of, test, upgrade)


@test()
def foreign_origins_get_403_before_the_upgrade(server):
    good = [ORIGIN, "http://two.example"]
    bad = ["http://evil.example", "null", "http://good.example", "http://good.example:80",
           ORIGIN + "0", ORIGIN + ".evil.example", "https://good.example:8080",
           "http://evil.example/" + ORIGIN, "http://sub.good.example:8080", ORIGIN + "/",
           ORIGIN.upper(), ORIGIN + ", http://two.example", "http://good.example:8080@evil.example",
           "x" * 400, "http://good.exampl", "two.example", "http://good.example:8080 "
           "http://two.example", "file://"]
    for origin in good:
        assert b" 101 " in open_until_head(server, upgrade(Origin=origin)), origin
        assert status_of(server.raw(post("/echo", b"x", f"Origin: {origin}"))) == 200
        assert status_of(server.raw(get("/stat", f"Origin: {origin}"))) == 200
    for origin in bad:
        for request in (upgrade(Origin=origin), post("/echo", b"x", f"Origin: {origin}"),
                        get("/hold", f"Origin: {origin}")):
            assert status_of(server.raw(request)) == 403, origin
    twice = upgrade("/ws", f"Origin: {ORIGIN}", Origin=ORIGIN)
    assert status_of(server.raw(twice)) == 400
    assert server.stat()["ws_opened"] == len(good)


@test()
def tokens_in_urls_are_refused(server):
    for path in ("/ws?token=abc", "/ws?user=bob&token=abc", "/ws?access_token=abc", "/ws?TOKEN=a",
                 "/ws?%74oken=abc", "/ws?x=1&access%5Ftoken=abc", "/ws?token", "/ws?a;token=1"):
        assert status_of(server.raw(upgrade(path))) == 400, path
        assert status_of(server.raw(get(path.replace("/ws", "/hold")))) == 400, path
        assert status_of(server.raw(post(path.replace("/ws", "/echo"), b"x"))) == 400, path
    for path in ("/ws", "/ws?user=bob", "/ws?tokens=1", "/ws?user=token"):
        assert b" 101 " in open_until_head(server, upgrade(path)), path
    assert status_of(server.raw(get("/hold?" + "a" * 3000 + "&token=x"))) in (400, 414)


@test()
def odd_upgrades_are_refused(server):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
    key = base64.b64encode(b"0123456789abcdef").decode()
    table = [
        upgrade(Upgrade="h2c", HTTP2_Settings="AAMAAABkAAQAAP__", Connection="Upgrade, "
                "HTTP2-Settings"),
        upgrade("/x", Upgrade="h2c", HTTP2_Settings="AAMAAABkAAQAAP__"),
        upgrade(Upgrade="TLS/1.0"), upgrade(Upgrade="websocket, h2c"), upgrade(Upgrade="websockets"),
        upgrade(Upgrade="web socket"), upgrade("/ws", "Upgrade: h2c"),
        upgrade("/other"), upgrade("/ws/"), upgrade("/wsx"), upgrade("/"),
        upgrade(Sec_WebSocket_Version="12"), upgrade(Sec_WebSocket_Version=None),
        upgrade(Sec_WebSocket_Key="short"), upgrade(Sec_WebSocket_Key=None),
        upgrade(Sec_WebSocket_Key="x" * 200), upgrade(Connection="close"),
        upgrade(Connection=None), upgrade(Host=None),
        upgrade(Sec_WebSocket_Protocol="other"), upgrade(Sec_WebSocket_Protocol="chat.v2, x"),
        upgrade(Sec_WebSocket_Protocol="a" * 300),
        upgrade(Content_Length="5") + b"hello", upgrade(Transfer_Encoding="chunked"),
        upgrade().replace(b"GET ", b"POST ", 1), upgrade().replace(b"HTTP/1.1", b"HTTP/1.0", 1),
        upgrade().replace(b"GET ", b"OPTIONS ", 1),
        b"CONNECT example.com:80 HTTP/1.1\r\nHost: x\r\n\r\n" + b"raw bytes",
        b"CONNECT /ws HTTP/1.1\r\nHost: x\r\n\r\n",
        preface, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 100,
        b"GET /ws HTTP/2.0\r\nHost: x\r\n\r\n", b"GET /x HTTP/0.9\r\nHost: x\r\n\r\n",
        b"GET /x\r\nHost: x\r\n\r\n", b"GET http://x/ws HTTP/1.1\r\n\r\n",
        f"GET /ws HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode(),
    ]
    for request in table:
        answer = server.raw(request)
        assert b" 101 " not in answer and b" 200 " not in answer, (request, answer)
        assert answer in (b"", b"<RESET>") or 400 <= status_of(answer) <= 505, (request, answer)
    assert server.stat()["ws_opened"] == 0
    assert server.cpu_of_a_second() < 0.2


@test()
def other_methods_get_405(server):
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"):
        answer = server.raw(post("/echo", b"x").replace(b"POST", method.encode(), 1))
        assert status_of(answer) == 405, (method, answer)
        assert b"Allow: GET, POST" in answer
    for method in ("TRACE", "BREW"):
        answer = server.raw(get("/stat").replace(b"GET", method.encode(), 1))
        assert answer == b"" or 400 <= status_of(answer) < 500, (method, answer)


@test()
def smuggling_is_refused(server):
    host = "Host: x\r\n"
    hello = "5\r\nhello\r\n0\r\n\r\n"
    table = [
        f"POST /echo HTTP/1.1\r\n{host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        f"POST /echo HTTP/1.1\r\n{host}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        f"POST /echo HTTP/1.1\r\n{host}Content-Length: 5, 5\r\n\r\nhello",
        f"POST /echo HTTP/1.1\r\n{host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        + hello,
        f"POST /echo HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
        + hello,
        f"POST /echo HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n" + hello,
        f"POST /echo HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n"
        "hello",
        f"POST /echo HTTP/1.1\r\n{host}Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello",
        f"POST /echo HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n"
        "hello",
        f"POST /echo HTTP/1.1\r\n{host}Transfer-Encoding: {'x' * 500}\r\nContent-Length: 5\r\n\r\n"
        "hello",
        f"POST /echo HTTP/1.1\r\n{host}Content-Length : 5\r\n\r\nhello",
        f"POST /echo HTTP/1.1\r\n{host}\r\nhello",
        f"GET /echo HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n" + hello,
        f"GET /echo HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nhello",
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        f"POST /echo HTTP/1.1\r\n{host}Host: y\r\nContent-Length: 5\r\n\r\nhello",
    ] + [f"POST /echo HTTP/1.1\r\n{host}Content-Length: {value}\r\n\r\nhello"
         for value in ("+5", "-5", "0x5", "5 5", "5x", "", "99999999999999999999",
                       "18446744073709551616", "4294967301")]
    for request in table:
        answer = server.raw(request.encode())
        assert answer in (b"", b"<RESET>") or status_of(answer) in (400, 411, 413), (request, answer)
    assert server.stat()["http_begun"] == 1, "none was handed up but this one"


# ---- HTTP ----


@test()
def requests_are_handed_up_with_path_query_and_authorization(server):
    answer = server.raw(get("/a/b?cursor=1%262%3d&wait=2&user=b+c", "Authorization: Bearer abc"))
    assert answer.endswith(b"public GET/a/b?cursor=1%262=&wait=2&user=b%20c Bearer abc"), answer
    assert b"Connection: close" in answer
    assert server.raw(post("/echo", b"hello")).endswith(b"\r\n\r\nhello")
    assert server.raw(post("/echo", b"")).endswith(b"Content-Length: 0\r\nCache-Control: no-store"
                                                   b"\r\nConnection: close\r\nX-Echo: yes\r\n\r\n")
    assert server.raw(get("/empty")).endswith(b"\r\n\r\n")
    with server.connect() as sock:
        for byte in post("/echo", b"byte by byte"):
            sock.sendall(bytes([byte]))
            time.sleep(0.001)
        assert read_all(sock).endswith(b"\r\n\r\nbyte by byte")
    for size in (1, 4000, 4096, 70000, 256 * 1024):
        body = os.urandom(size)
        assert server.raw(post("/echo", body)).split(b"\r\n\r\n", 1)[1] == body, size


@test()
def large_answers_arrive_whole_also_at_a_slow_reader(server):
    answer = server.raw(get("/big?5000000"))
    assert answer.split(b"\r\n\r\n", 1)[1] == b"y" * 5000000
    with server.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sock.sendall(get("/big?9000000"))
        time.sleep(0.3)
        assert server.cpu_of_a_second() < 0.2, "no spin while the answer waits"
        assert read_all(sock).endswith(b"y" * 100000)


@test()
def bodies_over_the_limit_get_413(server):
    for size in (256 * 1024 + 1, 800 * 1024):
        assert status_of(server.raw(post("/echo", b"x" * size))) == 413, size
    declared = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\nx"
    assert status_of(server.raw(declared)) == 413


@test()
def pipelined_posts_are_answered_once(server):
    one = post("/echo", b"first")
    two = post("/echo", b"second")
    for request in (one + two, one + get("/stat"), get("/empty") + one, one + two * 50,
                    one + b"garbage", one + two[:30]):
        answer = server.raw(request)
        assert answer.count(b"HTTP/1.1") == 1 and status_of(answer) == 200, (request, answer)
        assert b"RESET" not in answer, answer
    # A second request while the first is held.
    with server.connect() as sock:
        sock.sendall(get("/hold?ms=1500") + two)
        time.sleep(0.1)
        sock.sendall(two)
        assert server.cpu_of_a_second() < 0.2
        answer = read_all(sock)
        assert answer.count(b"HTTP/1.1") == 1 and answer.endswith(b"held"), answer
    assert server.cpu_of_a_second() < 0.2
    assert server.stat()["links"] == 1


@test()
def a_held_request_is_answered_later(server):
    with server.connect() as sock:
        begin = time.monotonic()
        sock.sendall(get("/hold?ms=1000"))
        assert read_all(sock).endswith(b"held")
        assert 0.9 < time.monotonic() - begin < 3


@test()
def a_client_that_leaves_a_held_request_is_noticed(server):
    held = [server.connect() for _ in range(20)]
    for sock in held:
        sock.sendall(get("/hold"))
    with server.connect() as sock:
        sock.sendall(get("/hold") + post("/echo", b"pipelined"))
        time.sleep(0.2)
    time.sleep(0.1)
    assert server.cpu_of_a_second() < 0.2
    now = server.stat()
    assert now["links"] == 21, now
    for i, sock in enumerate(held):
        if i % 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    time.sleep(0.3)
    now = server.stat()
    # This stat request itself is begun and not yet gone.
    assert now["links"] == 1 and now["http_begun"] == now["http_gone"] + 1, now
    assert server.cpu_of_a_second() < 0.2
    # One that floods a held request is cut.
    with server.connect() as sock:
        sock.sendall(get("/hold"))
        try:
            for _ in range(100):
                sock.sendall(b"x" * 65536)
        except ConnectionError:
            pass
    time.sleep(0.2)
    assert server.stat()["links"] == 1


@test()
def a_client_may_close_its_half_after_the_request(server):
    with server.connect() as sock:
        sock.sendall(get("/big?3000000"))
        sock.shutdown(socket.SHUT_WR)
        assert len(read_all(sock)) > 3000000


# ---- time ----


@test("--deadline-ms", "1500")
def slow_heads_and_bodies_are_cut_at_an_absolute_deadline(server):
    def drip(sock, begin):
        while time.monotonic() - begin < 8:
            try:
                sock.sendall(b"x")
                if sock.recv(1) == b"":
                    return
            except socket.timeout:
                pass
            except ConnectionError:
                return
        assert False, "never cut"

    for start in (b"GET /", b"GET /stat HTTP/1.1\r\nX-Slow: ", upgrade()[:-2] + b"X-Slow: ",
                  b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"):
        sock = server.connect()
        sock.settimeout(0.2)
        begin = time.monotonic()
        sock.sendall(start)
        drip(sock, begin)
        assert 1.0 < time.monotonic() - begin < 4, time.monotonic() - begin
        sock.close()
    # Neither a held request nor a WebSocket has such a deadline.
    link = RawSocket(server)
    with server.connect() as sock:
        sock.sendall(get("/hold?ms=3500"))
        assert read_all(sock).endswith(b"held")
    link.send(frame(1, b"still here"))
    assert link.receive() == (1, b"still here")
    link.close()


@test()
def a_quiet_server_does_not_wake(server):
    time.sleep(0.5)
    before = server.status("voluntary_ctxt_switches")
    time.sleep(3)
    assert server.status("voluntary_ctxt_switches") == before, "before the first connection"

    links = [RawSocket(server) for _ in range(10)]
    for link in links:
        link.send(frame(1, b"x"))
        link.receive()
    assert server.stat()["links"] == 11
    time.sleep(2)  # the tick finds that nothing is left to time
    time.sleep(0.5)
    before = server.status("voluntary_ctxt_switches")
    time.sleep(3)
    assert server.status("voluntary_ctxt_switches") - before <= 1, "with idle WebSockets"
    for link in links:
        link.close()


@test()
def the_tick_works_on_a_quiet_server(server):
    with server.connect() as sock:
        sock.sendall(get("/hold?ms=3000"))
        time.sleep(1)
        before = server.stat()["ticks"]
        assert read_all(sock).endswith(b"held")
    assert 1 <= server.stat()["ticks"] - before <= 4
    time.sleep(3)
    quiet = server.stat()["ticks"]
    time.sleep(2.5)
    assert server.stat()["ticks"] - quiet <= 2, "the tick goes on without need"


# ---- listening ----


@test("--connections", "5")
def connections_too_many_are_closed_at_accept(server):
    links = [RawSocket(server) for _ in range(5)]
    assert server.raw(get("/stat")) in (b"", b"<RESET>")
    links.pop().close()
    time.sleep(0.2)
    assert server.stat()["links"] == 5
    for link in links:
        link.close()


@test("--strangers", "10")
def a_request_that_comes_when_its_link_is_being_pushed_out_is_not_answered(server):
    """All of it within one turn of the server: what was doomed at accept stays doomed, whatever its
    client has sent meanwhile. The turns begin with the one or with the other."""
    def come(newcomers):
        for i in range(10):
            newcomers.append(socket.create_connection(("127.0.0.1", server.port),
                                                      source_address=(f"127.0.1.{i + 1}", 0)))

    for request in (upgrade(), get("/stat"), post("/rpc", b"x")) * 3:
        for is_request_first in (True, False):
            old, newcomers = [server.connect() for _ in range(10)], []
            time.sleep(0.1)
            os.kill(server.process.pid, signal.SIGSTOP)
            if not is_request_first:
                come(newcomers)
            for sock in old:
                sock.sendall(request)
            if is_request_first:
                come(newcomers)
            os.kill(server.process.pid, signal.SIGCONT)
            time.sleep(0.1)
            for sock in old + newcomers:
                sock.close()
    assert server.stat()["links"] == 1


@test("--descriptors", "40")
def a_server_without_descriptors_rests_and_recovers(server):
    socks = [server.connect() for _ in range(60)]
    time.sleep(0.3)
    assert server.cpu_of_a_second() < 0.2
    for sock in socks:
        sock.close()
    time.sleep(1.5)
    assert server.stat()["links"] == 1


def failure(*options):
    done = subprocess.run([ECHO, *options], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2, done
    return done.stderr


@test()
def failures_to_listen_say_why(server):
    assert failure("--port", str(server.port)) == (
        f"cannot listen on 127.0.0.1:{server.port}: address already in use "
        "(another chatd? choose another port with --listen)\n")
    assert "not an address of this machine" in failure("--host", "192.0.2.1")
    assert "cannot listen on no.such.host.invalid" in failure("--host", "no.such.host.invalid")
    assert "longer than" in failure("--admin", "/tmp/" + "x" * 200)
    assert "no such file" in failure("--admin", "/nowhere/admin.sock")


@test("--host", "localhost")
def a_name_is_listened_on(server):
    assert server.stat()["links"] == 1


@test()
def the_admin_socket_is_private_and_not_stolen(server):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "admin.sock")
        admin = Server("--admin", path)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660

        def ask(request):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(10)
                sock.connect(path)
                sock.sendall(request)
                return read_all(sock)

        assert ask(post("/echo", b"hello")).endswith(b"hello")
        assert b"admin GET/x" in ask(get("/x"))
        # The Host header chooses no listener.
        assert b"public GET/x" in admin.raw(get("/x").replace(b"Host: x", b"Host: admin"))
        assert b"admin GET/x" in ask(get("/x").replace(b"Host: x", b"Host: public"))
        assert status_of(ask(upgrade())) == 404
        assert "another server answers there" in failure("--admin", path)
        assert ask(post("/echo", b"still mine")).endswith(b"still mine")

        admin.process.kill()
        admin.process.communicate()
        assert os.path.exists(path), "a dead server leaves its socket"
        admin = Server("--admin", path)
        assert ask(post("/echo", b"again")).endswith(b"again")
        admin.end()
        assert not os.path.exists(path)

        with open(path, "w") as file:
            file.write("precious")
        assert "a file of another kind" in failure("--admin", path)
        with open(path) as file:
            assert file.read() == "precious"


@test()
def after_stop_accepting_open_links_stay(server):
    link = RawSocket(server)
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    try:
        server.connect()
        assert False, "still accepting"
    except ConnectionRefusedError:
        pass
    link.send(frame(1, b"still here"))
    assert link.receive() == (1, b"still here")
    link.close()


@test()
def an_end_with_open_links_releases_everything(server):
    links = [RawSocket(server) for _ in range(20)]
    links[0].send(frame(1, b"half a mess", fin=False))
    links[1].send(frame(1, b"!close 1000"))
    links[2].send(frame(1, b"!big 3000000"))
    links[3].send(frame(1, b"x" * 3000)[:1000])
    links[4].send(frame(1, b"!pause 100000"))
    socks = [server.connect() for _ in range(5)]
    socks[0].sendall(get("/hold"))
    socks[1].sendall(post("/echo", b"x" * 5000)[:1000])
    socks[2].sendall(get("/big?3000000"))
    socks[3].sendall(get("/hold")[:20])
    time.sleep(0.3)
    server.end()
    for link in links:
        while link.receive()[0] != 8:
            pass
        link.close()
    for sock in socks:
        sock.close()


if __name__ == "__main__":
    sys.exit(main())
