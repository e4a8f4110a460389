#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chatd with a certificate: who gets in, what a renewal does, and what keeps it from starting. The
connections themselves are tested in chatd/net/net_tls_test.py."""

import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from server import Server, bin_directory  # noqa: E402


def make_certificate(folder, name="server"):
    """Both paths; a later call with the same name renews."""
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-days", "30", "-out", paths[0],
                    "-keyout", paths[1]], check=True, capture_output=True)
    return paths


class Tls(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def sentence(self, *options):
        done = subprocess.run([bin_directory(None) / "chatd", "--data", self.folder / "data",
                               *options], capture_output=True, text=True, timeout=30, check=False)
        self.assertNotEqual(done.returncode, 0, done)
        complaints = [line for line in done.stderr.split("\n") if line.startswith("chatd: ")]
        self.assertEqual(len(complaints), 1, done)
        return complaints[0]

    def test_plain_text_stays_on_this_machine_unless_told_otherwise(self):
        for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0", "chat.example.org:7480"):
            said = self.sentence("--listen", listen)
            for word in (listen, "plain text", "tls_certificate", "plain_text_remote = yes"):
                self.assertIn(word, said)
            self.assertEqual(said, self.sentence("--listen", listen, "--check"))
        settings = self.folder / "chatd.conf"
        settings.write_text("plain_text_remote = yes\n")
        with Server(listen="0.0.0.0:0", options=["--config", str(settings), "--partitions", "4"]):
            pass

    def test_a_half_or_a_wrong_pair_keeps_it_from_starting(self):
        certificate, key = make_certificate(self.folder)
        _, other = make_certificate(self.folder, "other")
        self.assertIn("TLS needs both", self.sentence("--tls-key", key))
        self.assertIn("TLS needs both", self.sentence("--tls-certificate", certificate))
        for more in ([], ["--check"]):
            self.assertIn("does not belong to",
                          self.sentence("--tls-certificate", certificate, "--tls-key", other, *more))

    def test_a_renewed_certificate_is_taken_and_a_bad_one_is_not(self):
        certificate, key = make_certificate(self.folder)

        def peer(sock):
            return ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True)).split()

        def connect():
            context = ssl.create_default_context(cafile=certificate)
            sock = context.wrap_socket(socket.create_connection(server.address),
                                       server_hostname="127.0.0.1")
            self.addCleanup(sock.close)
            return sock

        def reload(event):
            server.process.send_signal(signal.SIGHUP)
            until = time.monotonic() + 10
            while event not in server.log.read_text():
                self.assertLess(time.monotonic(), until, event)
                time.sleep(0.05)

        options = ["--tls-certificate", str(certificate), "--tls-key", str(key),
                   "--partitions", "4"]
        with Server(options=options) as server:
            url = f"https://127.0.0.1:{server.address[1]}/healthz"
            context = ssl.create_default_context(cafile=certificate)
            with urllib.request.urlopen(url, context=context) as answer:
                self.assertEqual(answer.status, 200)
            old = connect()
            first = certificate.read_text().split()
            self.assertEqual(peer(old), first)
            make_certificate(self.folder)
            reload(" tls_reloaded ")
            second = certificate.read_text().split()
            self.assertNotEqual(first, second)
            self.assertEqual(peer(connect()), second)
            key.write_text("nonsense\n")
            reload(" tls_not_reloaded ")
            self.assertEqual(peer(connect()), second)
            old.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b" 200 ", old.recv(1000))


if __name__ == "__main__":
    unittest.main()
