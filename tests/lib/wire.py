# SPDX-License-Identifier: MIT
"""What shared/methods.def and shared/params.h say, for tests that go over all of it; and requests by
HTTP, from any loopback address or over the admin socket."""

import asyncio
import dataclasses
import json
import pathlib
import re

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"


@dataclasses.dataclass
class Param:
    name: str
    type: str  # NAME STRING INTEGER FLAG ARRAY
    least: int
    most: int


@dataclasses.dataclass
class Method:
    name: str
    access: str  # ANYONE DEVICE ADMIN
    required: list
    optional: list


def _limits():
    text = (SHARED / "limits.h").read_text()
    found = {}
    for name, value in re.findall(r"^#define (\w+) \(?([\d *]+)(?:ULL|L)?\)?(?:\s*//.*)?$", text, re.M):
        product = 1
        for factor in value.split("*"):
            product *= int(factor)
        found[name] = product
    return found


def params():
    """By the name of their bit."""
    limits = _limits()

    def number(text):
        base, _, less = text.partition(" - ")
        return (int(base) if base.isdigit() else limits[base]) - int(less or 0)

    text = (SHARED / "params.h").read_text()
    rows = re.findall(r'PARAM\(\d+, (P_\w+), \w+, "(\w+)",\s+(?:\\\s+)?(\w+), ([^,]+), ([^)]+)\)', text)
    assert len(rows) == len(re.findall(r"PARAM\(\d", text)), "a row is of another form"
    return {bit: Param(name, kind, number(least), number(most))
            for bit, name, kind, least, most in rows}


def methods():
    table = params()
    text = (SHARED / "methods.def").read_text()
    rows = re.findall(r'^METHOD\(\w+, "([\w.]+)", (\w+),\s*([^,]+),\s*([^)]+)\)', text, re.M)
    assert len(rows) == len(re.findall(r"^METHOD\(", text, re.M)), "a row is of another form"

    def fields(expression):
        return [table[bit.strip()] for bit in expression.split("|") if bit.strip() != "0"]

    return [Method(name, access, fields(required), fields(optional))
            for name, access, required, optional in rows]


async def exchange(server, data, source="127.0.0.1", admin=False, timeout=20):
    """Writes the bytes and reads to the end; b"" when it is cut without an answer."""
    if admin:
        reader, writer = await asyncio.open_unix_connection(str(server.admin))
    else:
        reader, writer = await asyncio.open_connection(*server.address, local_addr=(source, 0))
    got = b""
    try:
        writer.write(data)
        while piece := await asyncio.wait_for(reader.read(65536), timeout):
            got += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
    return got


async def http(server, head, body=b"", **more):
    """(status, body) of a request of these head lines; (None, b"") when it is cut."""
    got = await exchange(server, "\r\n".join([*head, "Host: x", "", ""]).encode() + body, **more)
    if not got.startswith(b"HTTP/"):
        return None, b""
    return int(got.split()[1]), got.split(b"\r\n\r\n", 1)[1]


async def rpc(server, method, token=None, args=None, **more):
    """(status, the answer's object) of POST /rpc."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": args or {}}).encode()
    head = ["POST /rpc HTTP/1.1", f"Content-Length: {len(body)}"]
    if token is not None:
        head.append(f"Authorization: Bearer {token}")
    status, answer = await http(server, head, body, **more)
    return status, json.loads(answer) if answer else {}
