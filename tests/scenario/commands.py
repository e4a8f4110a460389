#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chat-tui's commands for people who want no RPC: send, listen and login; tokens and certificates."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from server import ROOT, Server  # noqa: E402
from tls import make_certificate  # noqa: E402
from tui import Home  # noqa: E402
from tui_case import NOWHERE, TuiCase  # noqa: E402


class People(TuiCase):
    def test_listen_prints_what_is_new_and_acknowledges_it(self):
        ann, bob, eve = self.people("ann", "bob", "eve")
        ann.run("send", bob.user, "one\nof two lines")
        eve.run("send", bob.user, "\033[31mevil\u202e\x07")
        bob.run("send", ann.user, "mine")
        done = bob.run("listen", "--count", "2", "--wait", "10")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], rf"^\d{{4}}-\d\d-\d\dT\S+Z {ann.user}: one$")
        self.assertEqual(lines[1], "    of two lines")
        self.assertTrue(lines[2].endswith(f"{eve.user}: ?[31mevil??"), lines[2])
        done = bob.run("listen", "--wait", "0.5")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        ann.run("send", bob.user, "three")
        eve.run("send", bob.user, "four")
        eve.run("send", bob.user, "five")
        done = bob.run("listen", "--json", "--from", eve.user, "--count", "1", "--wait", "10")
        self.assertEqual([json.loads(line)["text"] for line in done.stdout.splitlines()], ["four"])
        done = bob.run("listen", "--json", "--wait", "1")
        self.assertEqual([json.loads(line)["text"] for line in done.stdout.splitlines()], ["five"])
        self.assertEqual(bob.run("listen", "--count", "1", "--wait", "0.5").returncode, 124)

    def test_plain_text_does_not_go_through_a_proxy(self):
        ann, bob = self.people("ann", "bob")
        for name in ("http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"):
            ann.more[name] = "http://127.0.0.1:1"
        for more in ([], ["--transport", "poll"]):
            done = ann.run(*more, "--timeout", "10", "send", bob.user, "straight")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_send_takes_standard_input_as_it_is(self):
        ann, bob = self.people("ann", "bob")
        for text, stored in (("a\n", "a"), ("a\nb\n\n", "a\nb\n"), ("ü 👩‍🚀", "ü 👩‍🚀"),
                             ("x" * 16384, "x" * 16384)):
            done = ann.run("send", bob.user, "-", text=text)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.history(ann, bob)[-1], stored)
        for text in ("", "\n", "x" * 16385):
            self.assertEqual(ann.run("send", bob.user, "-", text=text).returncode, 2)
        done = ann.run("send", "--json", bob.user, "seen")
        self.assertEqual(json.loads(done.stdout)["seq"], 5)

    def test_wrong_words_are_explained(self):
        ann, = self.people("ann")
        for words, said in ((["send"], "usage: chat-tui send"), (["sned", "x"], "no command"),
                            (["send", "No Body", "x"], "user's name"), ([], "--json"),
                            (["--transport", "pigeon", "listen"], "auto or poll"),
                            (["--count", "0", "listen"], "--count"),
                            (["--wait", "x", "listen"], "--wait"),
                            (["send", ann.user, "two", "words"], "quotes"),
                            (["--server", "ftp://x", "listen"], "server address"),
                            (["--server", "http://192.0.2.1:7480", "listen"], "not encrypted"),
                            (["--server", "http://127.evil.example", "listen"], "not encrypted"),
                            (["--config", "/nonexistent", "listen"], "/nonexistent"),
                            (["--profile", "Not A Name", "listen"], "profile")):
            done = ann.run(*words)
            self.assertEqual(done.returncode, 2, (words, done.stderr))
            self.assertIn(said, done.stderr)

    def test_a_token_that_is_not_valid_or_not_private_is_refused(self):
        ann, bob = self.people("ann", "bob")
        ann.token_file.chmod(0o640)
        done = ann.run("send", bob.user, "x")
        self.assertEqual(done.returncode, 4)
        self.assertIn("chmod 600", done.stderr)
        ann.token_file.chmod(0o600)
        ann.token_file.write_text("A" * 43 + "\n")
        for words in (["send", bob.user, "x"], ["listen"],
                      ["--transport", "poll", "listen"]):
            done = ann.run(*words)
            self.assertEqual(done.returncode, 4, words)
            self.assertIn("chat-tui login", done.stderr)
        done = ann.run("--json", text='{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        self.assertEqual(done.returncode, 4)

    def test_a_revoked_device_ends_with_answers(self):
        ann, bob = self.people("ann", "bob")
        script = self.script(ann)
        script.call("session.logout")
        script.ask("message.send", to=bob.user, text="too late")
        value = script.next()
        while value is not None:
            value = script.next()
        self.assertEqual(script.process.wait(20), 4)
        self.assertEqual(self.history(bob, ann) if "too late" in script.said else [], [])


class Login(TuiCase):
    def test_login_keeps_the_token_and_the_server_and_nothing_shows_the_password(self):
        self.fresh("lisa")
        home = self.fresh("lars")
        done = home.run("--user", "lars", "login", "--label", "laptop", text="correct horse\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("horse", done.stdout + done.stderr)
        for path in home.directory.rglob("*"):
            if path.is_file():
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)
                self.assertNotIn(b"horse", path.read_bytes())
        home.command = lambda *words: [str(self.server.bin / "chat-tui"), *words]  # no --server
        self.assertEqual(home.run("send", "lisa", "hello").returncode, 0)
        script = self.script(home)
        devices = self.result(script.call("device.list"))["devices"]
        self.assertEqual([d["label"] for d in devices], ["laptop"])
        script.finish()

    def test_a_wrong_password_and_nobody(self):
        home = self.fresh("lea")
        done = home.run("listen")
        self.assertEqual(done.returncode, 4)
        self.assertIn("chat-tui login", done.stderr)
        done = home.run("--user", "lea", "login", text="wrong password\n")
        self.assertEqual(done.returncode, 4)
        self.assertEqual(list(home.directory.rglob("token")), [])
        self.assertEqual(home.run("login", text="").returncode, 2)
        home.url = NOWHERE
        self.assertEqual(home.run("--user", "lea", "login", text="x\n").returncode, 3)

    def test_a_password_command_and_profiles(self):
        home = self.fresh("lou")
        self.fresh("max")
        config = home.directory / ".config/chat-tui/config"
        config.parent.mkdir(parents=True)
        config.write_text(f"# two accounts\nserver = {home.url}\nuser = lou\n"
                          "password_cmd = printf 'correct horse\\n'\n\n"
                          "[work]\nuser = max\n")
        home.command = lambda *words: [str(self.server.bin / "chat-tui"), *words]
        self.assertEqual(home.run("send", "max", "from lou").returncode, 0)
        done = home.run("--profile", "work", "listen", "--count", "1", "--wait", "10")
        self.assertIn("lou: from lou", done.stdout)
        self.assertIn("no section", home.run("--config", str(config), "--profile", "other",
                                             "listen").stderr)
        config.write_text("colour = red\n")
        done = home.run("listen")
        self.assertEqual(done.returncode, 2)
        self.assertIn(":1:", done.stderr)

    def test_a_new_login_sends_what_the_old_device_could_not(self):
        home = self.fresh("liv")
        other = self.fresh("mia")
        self.assertEqual(home.run("--user", "liv", "login", text="correct horse\n").returncode, 0)
        self.send_while_down(home, other, ["waited for a new login"])
        self.assertEqual(home.run("--user", "liv", "login", text="correct horse\n").returncode, 0)
        done = home.run("--json", text='{"jsonrpc":"2.0","id":9,"method":"history.get",'
                        '"params":{"peer":"mia"}}\n')
        self.assertIn("waited for a new login", done.stdout)
        # Another user's outbox is not sent in this one's name.
        self.send_while_down(home, other, ["of liv"])
        self.fresh("nia")
        self.assertEqual(home.run("--user", "nia", "login", text="correct horse\n").returncode, 0)
        done = home.run("--json", text='{"jsonrpc":"2.0","id":9,"method":"history.get",'
                        '"params":{"peer":"mia"}}\n')
        self.assertNotIn("of liv", done.stdout)
        self.assertIn("another user", done.stderr)


class Documents(TuiCase):
    """What the README and the manual tell people to type."""

    def test_the_three_lines_of_the_readme(self):
        section = (ROOT / "README.md").read_text().split("\n## Scripting in three lines\n")[1]
        section = section.split("\n## ")[0]
        block = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
        commands = re.sub(r"\|\n *", "| ", block).replace("build/release/bin", str(self.server.bin))
        commands = [line.replace("http://127.0.0.1:7480", self.server.http)
                    for line in commands.splitlines() if line]
        self.assertEqual(len(commands), 4, commands)
        alice, bob = self.fresh("alice"), self.fresh("bob")
        self.assertEqual(bob.run("--user", "bob", "login", text="correct horse\n").returncode, 0)
        said = []
        for command in commands:
            if "listen" in command:
                self.assertEqual(bob.run("send", "alice", "got it").returncode, 0)
            done = subprocess.run(["sh", "-c", command], input="correct horse\n", text=True,
                                  capture_output=True, timeout=60, env=alice.environment(),
                                  check=False)
            self.assertEqual(done.returncode, 0, (command, done.stderr))
            said.append(done.stdout)
        self.assertIn("logged in as alice", said[0])
        self.assertIn("bob: got it", said[2])
        self.assertIn('"result":', said[3])
        texts = self.history(alice, bob)
        self.assertIn("Filesystem", texts[0])
        self.assertEqual(texts[-1], "done")

    def test_the_manual_s_echo_program_echoes_once_through_kills(self):
        page = (ROOT / "man/chat-tui.1").read_text()
        program = page.split(".Bd -literal -offset indent\n")[1].split(".Ed\n")[0]
        program = program.replace("\\e", "\\").replace('"chat-tui"',
                                                       f'"{self.server.bin / "chat-tui"}"')
        ann, eve = self.people("ann", "eve")
        home = self.fresh("echo")
        done = home.run("--user", "echo", "login", text="correct horse\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("one", "two", "three"):
            echo = subprocess.Popen([sys.executable, "-c", program], env=home.environment(),
                                    start_new_session=True)
            self.assertEqual(ann.run("send", "echo", word).returncode, 0)
            done = ann.run("listen", "--count", "1", "--wait", "20")
            self.assertTrue(done.stdout.endswith(f"echo: {word}\n"), done)
            os.killpg(echo.pid, signal.SIGKILL)
            echo.wait()


class Tls(unittest.TestCase):
    def test_certificates_by_their_signer_or_by_their_fingerprint(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            certificate, key = make_certificate(folder)
            with Server(options=["--tls-certificate", str(certificate), "--tls-key",
                                 str(key)]) as server:
                tokens = server.import_users(["ann", "bob"])
                ann = Home(name, "ann", tokens["ann"], server)
                ann.url = f"https://127.0.0.1:{server.address[1]}"
                done = ann.run("--timeout", "2", "send", "bob", "x")
                self.assertEqual(done.returncode, 124)
                self.assertIn("certificate", done.stderr)
                for more in ([], ["--transport", "poll"]):
                    done = ann.run("--ca-file", str(certificate), *more, "send", "bob", "trusted")
                    self.assertEqual(done.returncode, 0, done.stderr)
                digest = subprocess.run(["openssl", "x509", "-in", str(certificate), "-noout",
                                         "-fingerprint", "-sha256"], capture_output=True,
                                        text=True, check=True).stdout
                digest = digest.split("=")[1].strip().replace(":", "").lower()
                config = ann.directory / "config"
                for text, code in ((digest, 0), ("0" * 64, 124)):
                    config.write_text(f"fingerprint = {text}\n")
                    for more in ([], ["--transport", "poll"]):
                        done = ann.run("--config", str(config), "--timeout", "3", *more, "send",
                                       "bob", "pinned")
                        self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn("not the one", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
