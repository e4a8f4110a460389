# SPDX-License-Identifier: MIT
"""What the tests of net/ share: a server (net_echo) under test, and clients whose bytes are ours.

A test file is run as FILE PATH_OF_NET_ECHO [NAME...]. Each test is a function whose name is the
claim. It gets a fresh server, which must end cleanly (every opened link closed, nothing on stderr,
no leak under ASan) when the test is over. With NET_TLS=1 in the environment the server speaks TLS
and so do the clients."""
import atexit
import base64
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

import websockets

ECHO = sys.argv[1]
ORIGIN = "http://good.example:8080"
TESTS = []
IS_TLS = os.environ.get("NET_TLS") == "1"
FOLDER = tempfile.mkdtemp(prefix="net_probe.")
atexit.register(shutil.rmtree, FOLDER)


def certificate(name, kind="ec"):
    """The paths of a new certificate for this common name, and of its key."""
    paths = os.path.join(FOLDER, name + ".crt"), os.path.join(FOLDER, name + ".key")
    kinds = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], "rsa": ["rsa:2048"],
             "weak": ["rsa:1024"]}
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", *kinds[kind],
                    "-subj", f"/CN={name}", "-days", "30", "-out", paths[0],
                    "-keyout", paths[1]], check=True, stdin=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return paths


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if IS_TLS:
    CERTIFICATE, KEY = certificate("first")


def test(*options):
    def add(function):
        TESTS.append((function, options))
        return function
    return add


class Server:
    def __init__(self, *options):
        if IS_TLS and "--certificate" not in options:
            options = ("--certificate", CERTIFICATE, "--key", KEY, *options)
        self.process = subprocess.Popen([ECHO, "--origins", f"{ORIGIN}, http://two.example",
                                         *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        if not ready:
            raise AssertionError("no server: " + self.process.stderr.read())
        self.port = int(ready.rsplit(":", 1)[1])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, (self.process.returncode, out, err)
        assert err == "", err

    def connect_plain(self):
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.settimeout(10)
        # The last message of a TLS handshake is not answered: a request would wait for it.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def connect(self):
        """With TLS an end that was not announced is an SSLEOFError."""
        if not IS_TLS:
            return self.connect_plain()
        return client_context().wrap_socket(self.connect_plain(), suppress_ragged_eofs=False)

    def raw(self, request):
        """Sends, and returns all that comes until the server closes."""
        with self.connect() as sock:
            try:
                sock.sendall(request)
            except ConnectionError:
                pass
            return read_all(sock)

    def stat(self):
        lines = self.raw(get("/stat")).split(b"\r\n\r\n", 1)[1].decode().split("\n")
        return {name: int(value) for name, value in (line.split() for line in lines if line)}

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cpu_of_a_second(self):
        before = self.cpu()
        time.sleep(1)
        return self.cpu() - before

    def status(self, name):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(rf"^{name}:\s+(\d+)", file.read(), re.M).group(1))

    def websocket(self, path="/ws", **options):
        return websockets.connect(self.url(path), ssl=client_context() if IS_TLS else None,
                                  **options)

    def url(self, path="/ws"):
        return f"{'wss' if IS_TLS else 'ws'}://127.0.0.1:{self.port}{path}"


def read_all(sock):
    received = b""
    try:
        while chunk := sock.recv(65536):
            received += chunk
    except (ConnectionError, ssl.SSLEOFError):
        received += b"<RESET>"
    return received


def get(path, *headers):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def post(path, body, *headers):
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}",
                        *headers, "", ""]).encode() + body


def upgrade(path="/ws", *more, **changed):
    headers = {"Host": "x", "Connection": "Upgrade", "Upgrade": "websocket",
               "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode()}
    for name, value in changed.items():
        headers[name.replace("_", "-")] = value
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, *more, "", ""]).encode()


def status_of(answer):
    return int(answer.split()[1]) if re.match(rb"HTTP/1\.[01] \d", answer) else answer


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"abcd", length=None):
    length = len(payload) if length is None else length
    bit = 0x80 if mask else 0
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    if mask:
        head += mask
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + payload


class RawSocket:
    """A WebSocket whose bytes are under the test's control."""

    def __init__(self, server, path="/ws"):
        self.sock = server.connect()
        self.sock.sendall(upgrade(path))
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            chunk = self.sock.recv(4096)
            assert chunk, self.buffer
            self.buffer += chunk
        self.head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in self.head, self.head

    def send(self, data):
        self.sock.sendall(data)

    def _take(self, count):
        while len(self.buffer) < count:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise EOFError
            self.buffer += chunk
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def receive(self):
        """(opcode, payload); a close is (8, code), a connection just closed is (8, None)."""
        try:
            first, length = self._take(2)
            if length == 126:
                length, = struct.unpack(">H", self._take(2))
            elif length == 127:
                length, = struct.unpack(">Q", self._take(8))
            payload = self._take(length)
        except (EOFError, ConnectionError, ssl.SSLEOFError):
            return 8, None
        assert first & 0xf0 == 0x80, first
        if first & 15 == 8:
            return 8, struct.unpack(">H", payload[:2])[0] if payload else 1005
        return first & 15, payload

    def close(self):
        self.sock.close()


def verdict(server, *pieces, pause=0.0):
    """What a server says in the end to these bytes: the close code."""
    link = RawSocket(server)
    for piece in pieces:
        link.send(piece)
        time.sleep(pause)
    while True:
        opcode, payload = link.receive()
        if opcode == 8:
            link.close()
            return payload


def expect_alive(server):
    link = RawSocket(server)
    link.send(frame(1, b"alive?"))
    assert link.receive() == (1, b"alive?")
    link.close()


def open_until_head(server, request):
    with server.connect() as sock:
        sock.sendall(request)
        return sock.recv(4096)


def main():
    wanted = sys.argv[2:]
    failed = 0
    for function, options in TESTS:
        name = function.__name__
        if wanted and not any(word in name for word in wanted):
            continue
        begin = time.monotonic()
        server = Server(*options)
        try:
            function(server)
            if server.process.poll() is None:
                server.end()
            print(f"ok    {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
            if os.environ.get("NET_TEST_TRACE"):
                raise
        finally:
            if server.process.poll() is None:
                server.process.kill()
                print(server.process.communicate(), flush=True)
            elif server.process.returncode not in (0, -9):
                print(server.process.communicate()[1] if not server.process.stderr.closed else "",
                      flush=True)
    return 1 if failed else 0
