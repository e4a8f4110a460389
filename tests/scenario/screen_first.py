#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The first run of chat-tui, what can go wrong in it, and whom it trusts from then on."""

import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from screen_case import ScreenCase  # noqa: E402
from server import Server  # noqa: E402
from tls import make_certificate  # noqa: E402
from tui import Home  # noqa: E402


class Assistant(ScreenCase):
    def answer(self, screen, question, *answers):
        """To each time that it is asked; Enter ends it."""
        asked = screen.__dict__.setdefault("asked", {})
        for answer in answers:
            asked[question] = asked.get(question, 0) + 1
            screen.until(lambda s: sum(line.startswith(question) for line in s.splitlines())
                         >= asked[question])
            screen.type(answer)
            screen.keys("Enter")

    def newcomer(self, name):
        home = Home(self.root.name, f"home-{name}", None, self.server)
        home.user = name
        return home


class FirstRun(Assistant):
    options = ("--registration", "invite")

    def test_the_first_run_asks_a_few_questions_and_gets_in(self):
        ann, = self.people("ann")
        name = f"newcomer{self.number}"
        invite = re.search(r"\S+$", self.server.ctl("user", "invite", name).stdout.strip())[0]
        home = Home(self.root.name, name, None, self.server)
        url, home.url = home.url, "http://127.0.0.1:1"
        screen = self.open(home, has_errors=True)
        screen.until("Server [http://127.0.0.1:1]:")
        screen.keys("Enter")
        screen.until("nobody answers there")
        screen.type(url)
        screen.keys("Enter")
        screen.until("Your name there:")
        screen.type("Not A Name")
        screen.keys("Enter")
        screen.until("a name has 1 to 32")
        screen.type(name)
        screen.keys("Enter")
        screen.until("Your password")
        screen.keys("Enter")
        screen.until("Invite code")
        screen.type(f" {invite} ")
        screen.keys("Enter")
        screen.until("A new password")
        screen.type("correct horse")
        screen.keys("Enter")
        screen.until("Once more")
        screen.type("correct horse")
        screen.keys("Enter")
        screen.until("No conversation is open.")
        self.assertNotIn("horse", screen.screen())
        screen.type(f"/msg {ann.user} I am new here")
        screen.keys("Enter")
        screen.until("✓")
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())
        # No questions any more, and nobody needs to say where.
        home.command = lambda *words: [str(self.server.bin / "chat-tui"), *words]
        screen = self.open(home)
        screen.until("I am new here")

    def test_what_goes_wrong_is_asked_again(self):
        self.fresh("carol")
        home = self.newcomer("carol")
        screen = self.open(home, has_errors=True, rows=50)
        self.answer(screen, "Server", "nonsense://x", self.server.http)
        screen.until("is no server address")
        self.answer(screen, "Your name there", "x" * 40, "carl")
        self.answer(screen, "Your password", "correct horse")
        screen.until("wrong user name or password")
        screen.until("Your name there [carl]")
        self.answer(screen, "Your name there [carl]", "carol")
        self.answer(screen, "Your password", "")
        self.answer(screen, "Invite code", "nonsense")
        self.answer(screen, "A new password", "short", "longer than short")
        screen.until("that is too short")
        self.answer(screen, "Once more", "longer then short")
        screen.until("the two are not the same")
        self.answer(screen, "A new password", "longer than short")
        self.answer(screen, "Once more", "longer than short")
        shown = screen.until("this invite is not for this name")
        self.assertIn("chatctl user invite carol", shown)
        self.answer(screen, "Your name there [carol]", "")
        self.answer(screen, "Your password", "correct horse")
        screen.until("No conversation is open.")

    def test_without_an_invite_it_says_what_to_ask_for_before_a_password_is_made_up(self):
        screen = self.open(self.newcomer("dave"), has_errors=True, rows=50)
        self.answer(screen, "Server", self.server.http)
        self.answer(screen, "Your name there", "dave")
        self.answer(screen, "Your password", "")
        self.answer(screen, "Invite code", "")
        shown = screen.until("Your name there [dave]")
        self.assertIn("registration on this server is by invite", shown)
        self.assertIn("chatctl user add dave --password", shown)
        self.assertIn("chatctl user invite dave", shown)
        self.assertNotIn("A new password", shown)

    def test_a_server_that_goes_away_is_asked_for_again(self):
        gate = self.gate()
        screen = self.open(self.newcomer("erin"), has_errors=True, rows=50)
        self.answer(screen, "Server", gate.url)
        screen.until("Your name there")
        gate.close()
        self.answer(screen, "Your name there", "erin")
        self.answer(screen, "Your password", "whatever it was")
        screen.until("nobody answers there")
        self.answer(screen, f"Server [{gate.url}]", self.server.http)
        screen.until("Your name there [erin]")


class ClosedRegistration(Assistant):
    def test_a_closed_server_is_no_dead_end(self):
        screen = self.open(self.newcomer("fred"), has_errors=True, rows=50)
        self.answer(screen, "Server", self.server.http)
        self.answer(screen, "Your name there", "fred")
        self.answer(screen, "Your password", "")
        self.answer(screen, "Invite code", "")
        shown = screen.until("Your name there [fred]")
        self.assertIn("registration is closed on this server", shown)
        self.assertIn("chatctl user add fred --password", shown)
        self.fresh("fred")  # the admin does it
        self.answer(screen, "Your name there", "")
        self.answer(screen, "Your password", "correct horse")
        screen.until("No conversation is open.")


class Impostor:
    """Something with a certificate of its own in the server's place: what reaches it in clear?"""

    def __init__(self, address, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(address)
        self.connections = 0
        self.heard = b""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(10)
            try:
                with self.context.wrap_socket(connection, server_side=True) as stream:
                    self.heard += stream.recv(65536)
            except OSError:
                connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(15)


class Certificates(Assistant):
    """Every test has a server of its own, whose certificate changes."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.certificate, self.key = make_certificate(self.folder)
        self.old = self.digest(self.certificate)
        self.tls = Server(options=["--tls-certificate", str(self.certificate), "--tls-key",
                                   str(self.key), "--partitions", "4"]).start()
        self.addCleanup(self.tls.close)
        self.url = f"https://127.0.0.1:{self.tls.address[1]}"

    @staticmethod
    def digest(certificate):
        done = subprocess.run(["openssl", "x509", "-in", str(certificate), "-noout",
                               "-fingerprint", "-sha256"], capture_output=True, text=True,
                              check=True)
        return done.stdout.split("=")[1].strip().replace(":", "").lower()

    def renew(self):
        make_certificate(self.folder)
        self.new = self.digest(self.certificate)
        self.assertNotEqual(self.old, self.new)

    def log_in(self, **more):
        """Through the assistant, which remembers the certificate; the screen is open then."""
        name = f"gina{self.tls.address[1]}"
        subprocess.run([str(self.tls.bin / "chatctl"), "--admin-socket", str(self.tls.admin),
                        "user", "add", name, "--password"], input="correct horse\n", text=True,
                       check=True, capture_output=True)
        home = Home(self.root.name, name, None, self.tls)
        home.user = name
        home.command = lambda *words: [str(self.tls.bin / "chat-tui"), *words]
        screen = self.open(home, has_errors=True, rows=50, **more)
        self.answer(screen, "Server", self.url)
        shown = screen.until("Is it the same?")
        self.assertIn(self.old, shown)
        self.answer(screen, "Is it the same?", "y")
        screen.until("please type yes or no")
        self.answer(screen, "Is it the same?", "yes")
        self.answer(screen, "Your name there", name)
        self.answer(screen, "Your password", "correct horse")
        screen.until("No conversation is open.")
        return home, screen

    def leave(self, screen):
        screen.keys("C-q")
        screen.until(lambda _: not screen.is_running())

    def joined(self, shown):
        """As one text, whatever the rows; without the list."""
        return "".join(line.split("│")[-1].strip() for line in shown.splitlines())

    def check_explained(self, text):
        for wanted in (self.url, "not the one that is remembered", self.old, self.new,
                       "to read along", "nothing was sent", "Ask the admin",
                       f"fingerprint = {self.new}", "chat-tui/default/login"):
            self.assertIn("".join(wanted.split()), "".join(text.split()))

    def test_a_certificate_that_is_not_known_is_not_remembered_unasked(self):
        name = f"hugo{self.tls.address[1]}"
        home = Home(self.root.name, name, None, self.tls)
        screen = self.open(home, has_errors=True, rows=50)
        self.answer(screen, "Server", self.url)
        self.answer(screen, "Is it the same?", "no")
        screen.until(f"Server [{self.url}]")
        self.assertEqual(list(home.directory.glob("**/login")), [])

    def test_another_certificate_is_refused_and_explained_at_the_start(self):
        home, screen = self.log_in()
        self.leave(screen)
        self.renew()
        self.tls.restart()
        screen = self.open(home, columns=100)
        self.check_explained(self.joined(screen.until("start chat-tui again")))
        screen.until("[offline: its certificate is not the one")
        screen.keys("Escape")
        screen.until("No conversation is open.")
        self.leave(screen)
        self.check_explained(screen.said())
        for words in (("--timeout", "2", "send", "bob", "x"), ("login",)):
            done = home.run(*words, text="correct horse\n")
            self.assertIn(done.returncode, (3, 124), done)
            self.check_explained(done.stderr)
        # It was changed on purpose: what it says to do lets one in.
        login = next(home.directory.glob("**/default/login"))
        login.write_text(login.read_text().replace(self.old, self.new))
        screen = self.open(home)
        screen.until("[ws]")
        self.leave(screen)
        self.assertEqual(screen.said(), "")

    def test_another_certificate_is_refused_and_explained_while_the_screen_is_open(self):
        _, screen = self.log_in(columns=100)
        screen.until("[ws]")
        self.renew()
        self.tls.restart()
        screen.keys("C-r")
        self.check_explained(self.joined(screen.until("start chat-tui again")))
        screen.keys("Escape")
        screen.until("No conversation is open.")
        screen.resize(30, 6)
        screen.until("[offline: its certificate")

    def test_when_the_right_one_is_back_it_goes_on(self):
        _, screen = self.log_in(columns=100)
        screen.until("[ws]")
        keep = self.certificate.read_bytes(), self.key.read_bytes()
        self.renew()
        self.tls.restart()
        screen.keys("C-r")
        screen.until("start chat-tui again")
        self.certificate.write_bytes(keep[0])
        self.key.write_bytes(keep[1])
        self.tls.restart()
        screen.keys("C-r")
        screen.until("[ws]")
        screen.until("No conversation is open.")

    def test_an_impostor_hears_nothing(self):
        home, screen = self.log_in(columns=100)
        screen.until("[ws]")
        self.renew()
        address = self.tls.address
        self.tls.kill()
        impostor = Impostor(address, self.certificate, self.key)
        self.addCleanup(impostor.close)
        screen.keys("C-r")
        screen.until("start chat-tui again")
        self.leave(screen)
        for words in (("--timeout", "3", "send", "bob", "x"), ("login",),
                      ("--transport", "poll", "--timeout", "3", "send", "bob", "x")):
            home.run(*words, text="correct horse\n")
        self.assertGreaterEqual(impostor.connections, 4)
        self.assertEqual(impostor.heard, b"")


if __name__ == "__main__":
    unittest.main(verbosity=1)
