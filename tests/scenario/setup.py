#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chatctl setup: from nothing to a server that has carried a message, and again."""

import json
import os
import pathlib
import pty
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from server import bin_directory  # noqa: E402


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Setup(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chat-setup-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.config = self.root / "etc" / "chatd.conf"
        self.data = self.root / "data"
        self.port = free_port()

    def ctl(self, *words, code=0, program=None, **more):
        done = subprocess.run([str(program or bin_directory() / "chatctl"), *words],
                              capture_output=True, text=True, timeout=60, check=False,
                              **({"stdin": subprocess.DEVNULL} | more))
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout, done.stderr

    def setup_words(self, *more):
        return ("setup", "--config", str(self.config), "--data", str(self.data), "--listen",
                f"127.0.0.1:{self.port}", "--yes", *more)

    def serve(self):
        """As the output says: with the file alone."""
        process = subprocess.Popen([str(bin_directory() / "chatd"), "--config", str(self.config)],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.assertIn("ready", process.stdout.readline())
        return process

    def test_a_trial_writes_nothing(self):
        out, _ = self.ctl(*self.setup_words("--dry-run", "--user", "ann", "--tls"))
        for word in ("would write", "certificate", "the user ann", "long poll"):
            self.assertIn(word, out)
        json.loads(self.ctl(*self.setup_words("--dry-run", "--json"))[0])
        self.assertEqual(list(self.root.iterdir()), [])

    def test_what_it_prints_works(self):
        """The password and the fingerprint let a real client in; another fingerprint does not."""
        result = json.loads(self.ctl(*self.setup_words("--user", "ann", "--tls", "--json"))[0])
        self.assertEqual(stat.S_IMODE(self.config.stat().st_mode), 0o640)
        key = self.root / "etc" / "tls.key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        text = subprocess.run(["openssl", "x509", "-in", self.root / "etc" / "tls.crt", "-noout",
                               "-ext", "subjectAltName", "-fingerprint", "-sha256"],
                              capture_output=True, text=True, check=True).stdout
        self.assertIn("IP Address:127.0.0.1", text)
        printed = re.search(r"Fingerprint=(\S+)", text)[1].replace(":", "").lower()
        self.assertEqual(printed, result["fingerprint"])
        self.serve()
        for fingerprint, code in ((printed, 0), ("0" * 64, None)):
            home = self.root / f"home{code}"
            home.mkdir()
            settings = home / "settings"
            settings.write_text(f"server = {result['url']}\nuser = ann\n"
                                f"fingerprint = {fingerprint}\n")
            done = subprocess.run([str(bin_directory() / "chat-tui"), "--config", str(settings),
                                   "login"], input=result["password"] + "\n", text=True,
                                  capture_output=True, timeout=60, check=False, env={
                                      **os.environ, "HOME": str(home),
                                      "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)})
            self.assertEqual(done.returncode == 0, code == 0, done)

    def test_again_it_keeps_what_is_there(self):
        first = json.loads(self.ctl(*self.setup_words("--user", "ann", "--json"))[0])
        self.assertTrue(first["written"] and first["password"] and not first["running"])
        before = self.config.read_bytes()
        again = json.loads(self.ctl("setup", "--config", str(self.config), "--user", "ann", "--yes",
                                    "--json")[0])
        self.assertFalse(again["written"])
        self.assertNotIn("password", again)
        self.ctl("setup", "--config", str(self.config), "--yes", "--listen", "127.0.0.1:1", code=6)
        self.serve()
        running = json.loads(self.ctl(*self.setup_words("--user", "bob", "--json"))[0])
        self.assertTrue(running["running"] and running["password"])
        self.assertEqual(self.config.read_bytes(), before)
        out, _ = self.ctl("--admin-socket", running["admin_socket"], "user", "list", "--json")
        users = [json.loads(line) for line in out.splitlines()]
        users = users[0].get("users", users)
        states = {user["user"]: user["state"] for user in users}
        self.assertEqual({states.pop("ann"), states.pop("bob")}, {"active"})
        self.assertEqual((len(states), set(states.values())), (6, {"deleted"}))

    def test_questions_on_a_terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        # One answer after the other; the third one means what is usual.
        os.write(ours, f"{self.data}\n127.0.0.1:{self.port}\n\ncyd\n".encode())
        out, err = self.ctl("setup", "--config", str(self.config), stdin=theirs)
        os.close(theirs)
        self.assertEqual(err.count("?") + err.count("]") + err.count(":") > 3, True, err)
        self.assertIn("the user cyd has the password", out)
        self.assertIn("registration = closed\n", self.config.read_text())
        self.assertIn("self-test    a message went over a WebSocket\n", out)
        self.assertIn("self-test    a message went over long poll\n", out)

    def test_what_is_wrong_is_said_and_leaves_nothing_half_done(self):
        self.ctl("setup", "--config", str(self.config), code=2)  # nobody to ask
        for words in (("--listen", "nonsense"), ("--data", "relative"), ("--registration", "all"),
                      ("--user", "Not A Name"), ("--listen", "192.0.2.1:7480", "--host", "a b"),
                      ("--data", "/x\nlisten = 0.0.0.0:1")):
            self.ctl(*self.setup_words(*words), code=2)
        self.assertFalse(self.config.exists())
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port))
            taken.listen()
            _, err = self.ctl(*self.setup_words(), code=1)
            self.assertIn("chatd does not start", err)
        self.ctl(*self.setup_words())  # mended, it goes on

    def test_a_server_that_does_not_serve_clients_fails_the_test(self):
        """The program beside it is one that stops clients: here, one that takes no connection."""
        folder = self.root / "bin"
        folder.mkdir()
        shutil.copy2(bin_directory() / "chatctl", folder)
        script = folder / "chatd"
        script.write_text(f"""#!/usr/bin/python3
import os, signal, subprocess, sys
if "--check" in sys.argv:
    sys.exit(0)
real = subprocess.Popen(["{bin_directory()}/chatd", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
signal.signal(signal.SIGTERM, lambda *_: real.terminate())
for line in real.stdout:
    os.write(1, line.replace("{self.port} admin", "1 admin").encode())
sys.exit(real.wait())
""")
        script.chmod(0o755)
        _, err = self.ctl(*self.setup_words("--timeout", "3"), code=8,
                          program=folder / "chatctl")
        self.assertIn("self-test over WebSocket at http://127.0.0.1:1", err)


if __name__ == "__main__":
    unittest.main()
