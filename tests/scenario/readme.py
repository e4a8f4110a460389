#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What README.md says that one can type: the commands run as they are written there, on the default
port or, if that is taken, on another one; and the answers shown below them are the answers."""

import asyncio
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import websockets  # noqa: E402

from case import main  # noqa: E402
from server import ROOT, Server  # noqa: E402

ADDRESS = "127.0.0.1:7480"
README = (ROOT / "README.md").read_text()

# Writes down the arguments that everybody on the machine could have read.
SPY = "#!/bin/sh\nprintf '%s\\n' \"$@\" >>{log}\nexec {curl} \"$@\"\n"


def block(heading, language):
    """The one code block of a section."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    [code] = re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return code


def is_free(address):
    host, port = address.split(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return False
    return True


def like(shown, real):
    """Whether they are the same, but for the strings that README.md shows as three dots."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(like(shown[k], real[k]) for k in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return len(shown) == len(real) and all(map(like, shown, real))
    return shown == real or (shown == "..." and isinstance(real, str) and real != "")


def json_texts(text):
    """JSON texts one behind the other."""
    found, decoder = [], json.JSONDecoder()
    text = text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


class Readme(unittest.TestCase):
    def setUp(self):
        self.server = Server(listen=ADDRESS if is_free(ADDRESS) else "127.0.0.1:0").start()
        self.addCleanup(self.server.close)
        self.place = self.server.root / "place"
        self.place.mkdir()
        password = re.search(r'"password":"([^"]*)"', README)[1]
        self.secrets = [password]
        self.server.ctl("user", "add", "alice", "--password", stdin=password + "\n")
        token = self.server.ctl("user", "add", "bob", "--token").stdout
        self.secrets.append(token.strip())
        (self.place / "bob.token").write_text(token)

    def at_this_address(self, code):
        host, port = self.server.address
        return code.replace(ADDRESS, f"{host}:{port}")

    def shell(self, code):
        """Runs it with curl watched; returns what it prints."""
        spy = self.server.root / "spy"
        spy.mkdir()
        self.arguments = spy / "arguments"
        (spy / "curl").write_text(SPY.format(log=shlex.quote(str(self.arguments)),
                                             curl=shutil.which("curl")))
        (spy / "curl").chmod(0o755)
        done = subprocess.run(["sh", "-eu", "-c", code], cwd=self.place, text=True, timeout=60,
                              env={**os.environ, "PATH": f"{spy}:{os.environ['PATH']}"},
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def test_curl_alone_logs_in_sends_polls_and_reads(self):
        code = block("With curl alone", "sh")
        answers = json_texts(self.shell(self.at_this_address(code)))
        shown = [json.loads(line[2:]) for line in code.splitlines() if line.startswith("# {")]
        self.assertEqual(len(answers), len(shown), answers)
        for expected, answer in zip(shown, answers):
            self.assertTrue(like(expected, answer), f"README.md: {expected}\nchatd: {answer}")
        methods = re.findall(r'"method":"([a-z.]+)","params":\{"(?:user|to|peer)"', code)
        self.assertEqual(methods[:2] + methods[-1:], ["session.login", "message.send", "history.get"])
        self.assertEqual(code.count("/events?cursor="), 2)

        login = json.loads((self.place / "alice.login").read_text())
        self.secrets.append(login["result"]["token"])
        seen = self.arguments.read_text()
        self.assertIn("/events?cursor=0&wait=25", seen, "curl was watched")
        for secret in self.secrets:
            self.assertNotIn(secret, seen, "a secret is in an argument or a URL")
        for name in ("alice.login", "alice.header", "bob.header"):
            self.assertEqual((self.place / name).stat().st_mode & 0o077, 0, name)

    def test_the_python_lines_send_a_message(self):
        code = self.at_this_address(block("With a WebSocket library", "python"))
        answers = []
        names = {"websockets": websockets, "token": self.server.import_users(["carol"])["carol"],
                 "print": lambda *words: answers.extend(json.loads(word) for word in words)}
        exec("async def lines():\n" + textwrap.indent(code, "    "), names)
        asyncio.run(asyncio.wait_for(names["lines"](), 20))
        self.assertEqual([answer["result"].get("user", answer["result"].get("peer"))
                          for answer in answers], ["carol", "bob"])


if __name__ == "__main__":
    main()
