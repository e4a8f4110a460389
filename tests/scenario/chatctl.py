#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chatctl: every command's help, JSON, exit codes, dry runs and confirmations, the checks, and
administration from elsewhere."""

import asyncio
import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import Client  # noqa: E402
from server import Server, bin_directory  # noqa: E402
from tls import make_certificate  # noqa: E402

PASSWORD = "correct horse battery"
ROOT = pathlib.Path(__file__).resolve().parents[2]
# Words that make each command's operands complete.
OPERANDS = {"NAME": ["{name}"], "FILE": ["{file}"], "NUMBER": ["0"], "SHELL": ["bash"],
            "USER...": ["{name}"], "DIR": ["{backups}"], "KEEP": ["forever"], "BACKUP": ["{backup}"],
            "USER|FILE": ["{name}"], "USER": ["{name}"]}
# Options without which a command is not complete.
NEEDED = {"move": ["--to", "{data}"], "restore": ["--to", "{restored}"]}
CHANGING = {"add", "invite", "import", "passwd", "disable", "enable", "delete", "devices", "move",
            "rebalance", "create", "restore", "cancel", "setup", "retention"}
OFFLINE = {("capacity", "plan"), ("backup", "list"), ("backup", "verify"), ("backup", "restore")}


class Ctl(ScenarioCase):
    def ctl(self, *words, stdin="", code=0, socket_path=None, environment=None):
        """Runs it; asserts the exit code. Returns (stdout, stderr)."""
        target = ["--admin-socket", str(socket_path or self.server.admin)]
        done = subprocess.run([str(bin_directory() / "chatctl"), *target, *words], input=stdin,
                              capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, **(environment or {})})
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout, done.stderr

    def error_of(self, *words, code, **more):
        """The error's kind; it must be JSON alone on stdout."""
        out, err = self.ctl(*words, "--json", code=code, **more)
        self.assertEqual(err, "")
        error = json.loads(out)["error"]
        self.assertTrue(error["message"])
        return error["kind"]


class Table(Ctl):
    """What follows from the table of commands, for every one of them."""

    def commands(self):
        return json.loads(self.ctl("help", "--json")[0])["commands"]

    def words_of(self, command):
        return [word for word in (command["noun"], command.get("verb")) if word]

    def test_help_at_each_level_names_what_is_below_it(self):
        everything = self.ctl("--help")[0]
        for command in self.commands():
            words = self.words_of(command)
            self.assertIn(f"\n  {command['synopsis']}\n      {command['sentence']}\n", everything)
            self.assertIn(" ".join(words), self.ctl(command["noun"], "--help")[0])
            shown = self.ctl(*words, "--help")[0]
            self.assertEqual(shown, self.ctl("help", *words)[0])
            self.assertTrue(shown.startswith(f"usage: chatctl {command['synopsis']}\n"), shown)
            for option in re.findall(r"--[a-z-]+", command["synopsis"]):
                self.assertRegex(shown, f"\n  {option} ")
        self.ctl("help", "nonsense", code=2)
        self.ctl("help", "user", "nonsense", code=2)

    def test_every_command_answers_in_json_and_fails_in_json(self):
        [name, kept] = self.names("json", "kept")
        self.ctl("user", "add", name)
        self.ctl("user", "add", kept)
        users = self.server.root / "more"
        users.write_text(json.dumps({"user": name + "x"}) + "\n")
        self.ctl("history", "export", kept, "--output", str(self.server.root / "history"))
        for command in self.commands():
            words = self.words_of(command)
            if words in (["presence", "watch"], ["trace"], ["setup"]):
                # no end; there is no message; it has a test of its own
                continue
            more = [w for word in command["synopsis"].split() for w in OPERANDS.get(word, [])]
            is_history = words[0] == "history"
            for word in more + NEEDED.get(command.get("verb"), []):
                words.append(word.format(
                    name=kept if is_history else name,
                    file=self.server.root / "history" if is_history else users,
                    data=self.server.data, backups=self.server.root / "backups",
                    backup=next((self.server.root / "backups").glob("*Z"), ""),
                    restored=self.server.root / "restored"))
            out, _ = self.ctl(*words, "--json", "--yes" if "delete" in words else "--json",
                              stdin=PASSWORD + "\n", code=6 if {"add", "invite"} & set(words) else 0)
            for line in out.splitlines():
                json.loads(line)
            self.assertTrue(out or "import" in words or "list" in words, words)
            self.assertEqual(self.error_of(*words, "--nonsense", code=2), "usage")
            needs_server = command["noun"] not in ("help", "completion", "check") and \
                (command["noun"], command.get("verb")) not in OFFLINE and \
                words[:2] != ["history", "import"]  # it looks at the file first
            if needs_server:
                kind = self.error_of(*words, "--yes" if "delete" in words else "--json",
                                     stdin=PASSWORD + "\n", code=3, socket_path="/nonexistent")
                self.assertEqual(kind, "unreachable")

    def test_every_change_can_be_tried_without_being_made(self):
        changing = {c.get("verb", c["noun"]) for c in self.commands() if "--dry-run" in c["options"]}
        self.assertEqual(changing, CHANGING)
        [name, fresh] = self.names("dry", "fresh")
        self.ctl("user", "add", name, "--token")
        before = self.server.admin_rpc("admin.status")["result"]["log"]["records"]
        users = self.server.root / "dry"
        users.write_text(json.dumps({"user": fresh}) + "\n")
        device = json.loads(self.ctl("user", "devices", name, "--json")[0])["devices"][0]["device"]
        for words in (("add", fresh), ("invite", fresh), ("import", str(users)),
                      ("add", name, "--token"), ("passwd", name), ("disable", name),
                      ("enable", name), ("delete", name), ("devices", name, "--revoke", device)):
            self.assertRegex(self.ctl("user", *words, "--dry-run")[0], "would|is good")
            self.assertTrue(json.loads(self.ctl("user", *words, "--dry-run", "--json")[0])["dry_run"])
        for words in (("partition", "move", "1", "--to", str(self.server.data)),
                      ("partition", "rebalance"), ("backup", "create", "/nowhere"), ("job", "cancel")):
            self.ctl(*words, "--dry-run")
            self.assertEqual(self.server.admin_rpc("admin.job.show")["result"]["state"], "none")
        history = self.server.root / "dry-history"
        self.ctl("history", "export", name, "--output", str(history))
        self.assertIn("would", self.ctl("history", "import", str(history), "--dry-run")[0])
        for words, code in ((("add", name), 6), (("invite", name), 6), (("passwd", fresh), 5),
                            (("disable", fresh), 5), (("delete", fresh), 5),
                            (("devices", name, "--revoke", "abc"), 5)):
            self.ctl("user", *words, "--dry-run", code=code)
        after = self.server.admin_rpc("admin.status")["result"]["log"]["records"]
        self.assertEqual(after, before)

    def test_the_completion_knows_each_command_and_its_options(self):
        script = ROOT / "packaging" / "completion" / "chatctl.bash"

        def complete(*words):
            words = ["chatctl", *words]
            quoted = " ".join(f"'{word}'" for word in words)
            done = subprocess.run(
                ["bash", "-c", f"source {script}; COMP_WORDS=({quoted}); "
                 f"COMP_CWORD={len(words) - 1}; _chatctl; printf '%s\\n' \"${{COMPREPLY[@]}}\""],
                capture_output=True, text=True, timeout=20, check=True)
            return set(done.stdout.split())

        commands = self.commands()
        self.assertLessEqual({c["noun"] for c in commands}, complete(""))
        self.assertEqual(complete("--admin-socket", "/x", "us"), {"user"})
        for noun in {c["noun"] for c in commands if c.get("verb")}:
            self.assertEqual(complete(noun, "") - {"--help"},
                             {c["verb"] for c in commands if c["noun"] == noun})
        for command in commands:
            offered = complete(*self.words_of(command), "--")
            self.assertEqual(offered, set(command["options"]) - {"--version"}, command)
        self.assertIn("disabled", complete("user", "list", "--state", "d"))

    def test_a_wrong_command_line_says_what_is_wrong(self):
        for words, said in (((), "--help"), (("user",), "verb"), (("user", "paint"), "verb"),
                            (("paint",), "no command"), (("status", "--token"), "no option of"),
                            (("user", "add", "--token"), "usage: chatctl user add NAME"),
                            (("status", "--timeout"), "SECS"),
                            (("status", "--timeout", "soon"), "seconds"),
                            (("status", "--timeout=-1"), "seconds"),
                            (("status", "--json=yes"), "no option"),
                            (("user", "list", "--state", "online"), "active disabled"),
                            (("status", "--server", "https://x"), "not both"),
                            (("partition", "show", "x"), "NUMBER"),
                            (("partition", "verify", "--rate", "fast"), "megabytes"),
                            (("user", "add", "Not A Name"), "a user name"),
                            (("user", "add", "--", "--token"), "a user name")):
            self.assertIn(said, self.ctl(*words, code=2)[1], words)


class Capacity(Ctl):
    def test_the_plan_is_the_original_sizing(self):
        plan = json.loads(self.ctl("capacity", "plan", "--json")[0])
        self.assertEqual([plan["rounded"][key] for key in (
            "servers", "bytes_per_day", "bytes_per_second_each_way", "bytes", "shards")],
            [10000, 2e12, 25e6, 3.6e15, 900])
        self.assertEqual(plan["exact"]["bytes"], 3.65e15)
        out, _ = self.ctl("capacity", "plan")
        for figure in ("10000", "2 TB", "25 MB", "3.6 PB", "900", "3.65 PB"):
            self.assertIn(f" {figure} ", out)
        small = json.loads(self.ctl("capacity", "plan", "--connections", "10K", "--per-server=5k",
                                    "--json", code=2)[0])
        self.assertEqual(small["error"]["kind"], "usage")
        small = json.loads(self.ctl("capacity", "plan", "--connections", "10K", "--per-server=3K",
                                    "--years", "0.5", "--json")[0])
        self.assertEqual(small["exact"]["servers"], 4)
        self.assertEqual(small["exact"]["bytes"], 3.65e14)

    def test_measured_figures_are_those_of_the_measurements(self):
        """Each is a number of the row that it names."""
        rows = (ROOT / "decisions" / "measurements.md").read_text().replace(",", "")
        out, _ = self.ctl("capacity", "plan")
        named = re.findall(r"^  (\w+) +([\d.]+) .*\(measurement (P\d)\)$", out, re.M)
        self.assertGreater(len(named), 4)
        for name, number, row in named:
            text = "\n".join(re.findall(rf"^\| {row} .*$", rows, re.M))
            number = f"{float(number) / 1000:g}" if "connection" in name else number
            self.assertRegex(text, rf"(?<![\d.]){re.escape(number)}(?!\d)", name)

    async def test_what_the_server_holds_and_how_it_grows(self):
        out, _ = self.ctl("capacity", "show")
        self.assertIn("free disk", out)
        ann, bob = await self.people("ann", "bob")
        before = json.loads(self.ctl("capacity", "show", "--json")[0])["entries"]
        for _ in range(30):
            await ann.send(bob.user, "x")
        time.sleep(1.2)  # a rate needs a second
        shown = json.loads(self.ctl("capacity", "show", "--json")[0])
        self.assertEqual(shown["entries"], before + 30)
        self.assertGreater(shown["messages_per_day"], 0)
        self.assertGreater(shown["days_left"], 0)
        self.assertIn("a guess", self.ctl("capacity", "show")[0])


class Users(Ctl):
    async def refused_login(self, name, password):
        client = await Client(self.server.url).open()
        self.clients.append(client)
        await self.refused(client.call("session.login", user=name, password=password),
                           "unauthorized")

    async def login(self, name, password):
        client = await Client(self.server.url).open()
        self.clients.append(client)
        return await client.call("session.login", user=name, password=password)

    async def test_the_first_five_minutes_of_an_admin(self):
        """Who is here, why can bob not log in, and what mends it: each answer names the next."""
        [name] = self.names("bob")
        self.assertIn("passwd", self.ctl("user", "add", name)[1])
        self.assertIn(f"chatctl user passwd {name}", self.ctl("user", "show", name)[0])
        self.ctl("user", "passwd", name, stdin=PASSWORD + "\n")
        self.assertIn("login          works", self.ctl("user", "show", name)[0])
        await self.login(name, PASSWORD)
        self.assertRegex(self.ctl("presence", "list")[0], f"(?m)^{name} +online")
        self.assertRegex(self.ctl("user", "show", name)[0], "presence +online, 1 session\n")
        self.ctl("user", "disable", name)
        await self.refused_login(name, PASSWORD)
        shown = self.ctl("user", "show", name)[0]
        self.assertIn("login fails    the account is disabled", shown)
        self.assertIn(f"to mend: chatctl user enable {name}", shown)
        self.assertIn(name, self.ctl("user", "list", "--state", "disabled")[0])
        self.ctl("user", "enable", name)
        for _ in range(5):
            await self.refused_login(name, "wrong pass")
        self.assertRegex(self.ctl("user", "show", name)[0],
                         "login fails    too many wrong passwords.*, another 1 s\n")
        self.ctl("user", "passwd", name, stdin="another password\n")
        await self.login(name, "another password")

    def test_a_password_is_never_an_argument_and_is_asked_for_twice(self):
        [name] = self.names("pat")
        self.ctl("user", "add", name)
        self.ctl("user", "passwd", name, PASSWORD, code=2)
        self.ctl("user", "passwd", name, stdin="short\n", code=2)
        self.ctl("user", "passwd", name, stdin="", code=2)
        self.ctl("user", "passwd", "nobody.here", stdin=PASSWORD + "\n", code=5)
        for second, code in ((PASSWORD, 0), ("something else", 2)):
            shown, status = self.at_terminal(["user", "passwd", name], [PASSWORD, second])
            self.assertEqual(status, code, shown)
            self.assertNotIn(PASSWORD, shown)

    def at_terminal(self, words, lines):
        """Runs it on a terminal; types a line at each prompt. Returns what was shown, exit code."""
        program = str(bin_directory() / "chatctl")
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(program, [program, "--admin-socket", str(self.server.admin), *words])
        shown = b""
        with open(terminal, "r+b", buffering=0) as stream:
            for line in [*lines, None]:
                while True:
                    try:
                        part = stream.read(1000)
                    except OSError:  # it has ended
                        part = b""
                    shown += part or b""
                    if not part or (line is not None and shown.endswith(b": ")):
                        break
                if line is not None:
                    time.sleep(0.05)
                    stream.write(line.encode() + b"\n")
        return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_deleting_needs_the_name_or_yes(self):
        [name] = self.names("del")
        self.ctl("user", "add", name)
        for stdin in ("", "yes\n", name[:-1] + "\n", name + "x\n"):
            _, err = self.ctl("user", "delete", name, stdin=stdin, code=6)
            self.assertIn("for ever", err)
            self.assertIn("peers keep", err)
        self.assertRegex(self.ctl("user", "show", name)[0], "state +active")
        self.ctl("user", "delete", name, stdin=name + "\n")
        self.ctl("user", "delete", name, "--yes", code=5)
        self.ctl("user", "add", name, code=6)
        self.assertIn(name, self.ctl("user", "list", "--state", "deleted")[0])

    async def test_a_device_is_revoked_by_its_number(self):
        [ann] = await self.people("ann")
        self.assertRegex(self.ctl("user", "devices", ann.user)[0], f"(?m)^{ann.device} +connected")
        self.ctl("user", "devices", ann.user, "--revoke", "nonsense", code=5)
        self.ctl("user", "devices", ann.user, "--revoke", ann.device)
        await ann.wait_for(lambda: ann.closed, timeout=1.0)
        self.assertRegex(self.ctl("user", "devices", ann.user)[0], f"(?m)^{ann.device} +revoked")

    async def test_a_label_cannot_move_the_cursor(self):
        [name] = self.names("lab")
        self.ctl("user", "add", name, "--password", stdin=PASSWORD + "\n")
        client = await Client(self.server.url).open()
        self.clients.append(client)
        await client.call("session.login", user=name, password=PASSWORD,
                          device="a\x1b[2Jb\u009b2Jc\nd é")
        out = self.ctl("user", "devices", name)[0]
        self.assertIn("a?[2Jb?2Jc d é", out)

    def test_an_import_names_its_bad_lines(self):
        [name] = self.names("imp")
        for text in ('{"user":"Big"}', '{"user":"x","password":"short"}', '{"name":"x"}', "nonsense",
                     '["x"]'):
            _, err = self.ctl("user", "import", "-", stdin=f'{{"user":"{name}"}}\n{text}\n', code=2)
            self.assertIn("line 2", err)
        self.ctl("user", "show", name, code=5)
        self.ctl("user", "import", "-", stdin=f'{{"user":"{name}"}}\n')
        _, err = self.ctl("user", "import", "-", code=7,
                          stdin=f'{{"user":"{name}"}}\n{{"user":"{name}x"}}\n')
        self.assertIn(f"{name}: exists", err)

    async def test_watching_shows_what_changes(self):
        [ann] = await self.people("ann")
        for words, early, late in ((("presence", "get", ann.user, "--watch"), "online", "offline"),
                                   (("presence", "watch", ann.user), "online", "offline"),
                                   (("presence", "count", "--watch"), "online", "online"),
                                   (("status", "--watch"), "connections", "in a second")):
            watcher = subprocess.Popen([str(bin_directory() / "chatctl"), "--admin-socket",
                                        str(self.server.admin), *words], stdout=subprocess.PIPE,
                                       text=True)
            await asyncio.sleep(0.5)
            if late == "offline":
                await ann.close()
            await asyncio.sleep(2.5)
            watcher.send_signal(signal.SIGTERM)
            out, _ = watcher.communicate(timeout=10)
            self.assertIn(early, out, words)
            self.assertIn(late, out[out.index(early) + len(early):], words)
            if late == "offline":
                ann = await self.connect(ann.token)


class Codes(Ctl):
    def test_each_exit_code_means_what_the_manual_says(self):
        [name] = self.names("code")
        self.ctl("user", "add", name, code=0)
        self.ctl("user", "import", "/nonexistent", code=1)
        self.ctl("nonsense", code=2)
        self.ctl("status", socket_path="/nonexistent", code=3)
        self.ctl("user", "show", "nobody.here", code=5)
        self.ctl("user", "add", name, code=6)
        self.ctl("user", "import", "-", code=7,
                 stdin=f'{{"user":"{name}"}}\n{{"user":"{name}y"}}\n')
        self.ctl("check", socket_path="/nonexistent", code=8)  # 4: see Remote
        manual = (ROOT / "man" / "chatctl.8").read_text()
        self.assertEqual(re.findall(r"(?m)^\.It (\d+)$", manual),
                         ["0", "1", "2", "3", "4", "5", "6", "7", "8", "124"])

    def test_a_server_that_does_not_answer_is_given_up(self):
        path = self.server.root / "silent"
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(path))
            silent.listen()
            start = time.monotonic()
            _, err = self.ctl("status", "--timeout", "0.5", socket_path=path, code=124)
            self.assertLess(time.monotonic() - start, 3)
            self.assertIn("0.5 s", err)
            self.assertEqual(self.error_of("status", "--timeout=0.2", socket_path=path, code=124),
                             "timeout")

    def test_a_hostile_servers_words_are_only_words(self):
        path = self.server.root / "hostile"
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {
            "code": 1, "message": "no\x1b[2J\x1b]0;owned\x07 \u009b31m \u202eme",
            "data": {"kind": "internal", "retryable": False}}}).encode()

        def answer():
            connection, _ = hostile.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                   b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
                                   + body)

        with socket.socket(socket.AF_UNIX) as hostile:
            hostile.bind(str(path))
            hostile.listen()
            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            _, err = self.ctl("status", socket_path=path, code=1)
            thread.join(10)
        self.assertIn("owned", err)
        self.assertNotRegex(err, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")

    def test_the_environment_is_asked_last(self):
        for environment in ({"CHATCTL_SERVER": "https://nowhere.invalid"},
                            {"CHATCTL_ADMIN_SOCKET": "/nonexistent"}):
            self.ctl("status", environment=environment)


class Check(Ctl):
    def findings(self, *words, code, **more):
        answer = json.loads(self.ctl("check", *words, "--json", code=code, **more)[0])
        self.assertEqual(answer["ok"], code == 0)
        for finding in answer["checks"]:
            if finding["result"] != "ok" and finding["check"] not in ("server", "token file"):
                self.assertTrue(finding["fix"], finding)
        return {finding["check"]: finding for finding in answer["checks"]}

    def test_a_good_server_has_nothing_wrong(self):
        found = self.findings(code=0)
        for check in ("server", "partitions", "versions", "admin socket", "data directory", "disk"):
            self.assertEqual(found[check]["result"], "ok", found[check])
        self.assertNotEqual(found["clock"]["result"], "wrong")

    def test_open_modes_are_wrong_and_the_fix_mends_them(self):
        for path, check in ((self.server.data, "data directory"), (self.server.admin, "admin socket")):
            mode = path.stat().st_mode & 0o777
            path.chmod(mode | 0o006)
            found = self.findings(code=8)[check]
            self.assertEqual(found["result"], "wrong")
            subprocess.run(found["fix"].split(), check=True)
            self.assertEqual(path.stat().st_mode & 0o777, mode)
            self.findings(code=0)

    def test_settings_and_their_certificate_are_looked_at(self):
        settings = self.server.root / "chatd.conf"
        settings.write_text("listn = 127.0.0.1:1\n")
        found = self.findings("--config", str(settings), code=8)["configuration"]
        self.assertIn("line 1", found["says"])
        self.findings("--config", "/nonexistent", code=8)
        certificate, key = make_certificate(self.server.root)
        key.chmod(0o600)
        settings.write_text(f"data = {self.server.data}\ntls_certificate = {certificate}\n"
                            f"tls_key = {key}\n")
        found = self.findings("--config", str(settings), code=0)
        self.assertEqual(found["configuration"]["result"], "ok")
        self.assertRegex(found["certificate"]["says"], "ends in (29|30) days")
        self.renew(key, certificate, 3)
        found = self.findings("--config", str(settings), code=0)["certificate"]
        self.assertEqual(found["result"], "warning")
        self.renew(key, certificate, -3)
        key.chmod(0o644)
        found = self.findings("--config", str(settings), code=8)
        self.assertRegex(found["certificate"]["says"], "ended [23] days ago")
        self.assertEqual(found["tls key"]["result"], "wrong")

    def renew(self, key, certificate, days):
        root = self.server.root
        subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=x", "-out",
                        root / "request"], check=True, capture_output=True)
        (root / "index").write_text("")
        (root / "ca").write_text(f"[ca]\ndefault_ca=c\n[c]\ndatabase={root}/index\n"
                                 f"new_certs_dir={root}\nserial={root}/serial\ndefault_md=sha256\npolicy=p\n"
                                 "[p]\ncommonName=optional\n")
        end = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400 + 30))
        subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", root / "ca", "-keyfile", key,
                        "-in", root / "request", "-out", certificate, "-create_serial", "-startdate",
                        "200101000000Z", "-enddate", end], check=True, capture_output=True)

    def test_a_server_that_is_away_is_wrong_and_the_settings_say_where_it_should_be(self):
        settings = self.server.root / "away.conf"
        settings.write_text(f"data = {self.server.root}/away\n")
        done = subprocess.run([str(bin_directory() / "chatctl"), "check", "--config", settings],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 8)
        self.assertRegex(done.stdout, "(?m)^wrong +server .*/away/admin.sock")


class Remote(Ctl):
    """From elsewhere, over TLS, with the token of an admin user."""

    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.certificate, key = make_certificate(cls.folder)
        settings = cls.folder / "chatd.conf"
        settings.write_text(f"admin_users = root\ntls_certificate = {cls.certificate}\n"
                            f"tls_key = {key}\n")
        cls.server_options = ("--config", str(settings))
        super().setUpClass()
        tokens = cls.server.import_users(["root", "guest"])
        for name, token in tokens.items():
            (cls.folder / name).write_text(token + "\n")
            (cls.folder / name).chmod(0o600)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.holder.cleanup()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server.address[1]}"

    def remote(self, *words, token="root", ca=True, code=0, url=None, stdin=""):
        trust = ["--ca-file", str(self.certificate)] if ca else []
        done = subprocess.run([str(bin_directory() / "chatctl"), "--server", url or self.url,
                               "--token-file", str(self.folder / token), *trust, *words],
                              capture_output=True, text=True, timeout=60, check=False, input=stdin)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def test_an_admin_user_may_what_the_socket_may(self):
        self.assertIn("connections", self.remote("status"))
        [name] = self.names("far")
        self.remote("user", "add", name, "--password", stdin=PASSWORD + "\n")
        self.remote("user", "disable", name)
        self.assertIn("disabled", self.remote("user", "show", name))
        checks = self.remote("check")
        self.assertRegex(checks, "ok +token file")

    def test_nobody_else_may(self):
        self.assertIn("admin_users", self.remote("status", token="guest", code=4))
        self.assertRegex(self.remote("check", token="guest", code=8), "to mend: name the user")
        bad = self.folder / "bad"
        bad.write_text("x" * 43)
        bad.chmod(0o600)
        self.remote("status", token="bad", code=4)

    def test_a_token_that_others_can_read_is_not_used(self):
        loose = self.folder / "loose"
        loose.write_text((self.folder / "root").read_text())
        for mode in (0o640, 0o604, 0o660, 0o601):
            loose.chmod(mode)
            said = self.remote("status", token="loose", code=6)
            self.assertIn(f"chmod 600 {loose}", said)
        self.assertIn(f"chmod 600 {loose}", self.remote("check", token="loose", code=8))
        loose.chmod(0o400)
        self.remote("status", token="loose")
        loose.chmod(0o600)
        loose.write_text("\n")
        self.remote("status", token="loose", code=1)
        self.remote("status", token="missing", code=5)

    def test_a_certificate_that_is_not_trusted_is_an_error_with_its_remedy(self):
        self.assertIn("--ca-file", self.remote("status", ca=False, code=3))
        self.assertIn("/nonexistent", self.remote("status", "--ca-file", "/nonexistent", code=3))

    def test_a_token_never_leaves_this_machine_in_plain_text(self):
        for url in ("http://192.0.2.1:1", "http://chat.example.org", "http://127.0.0.1@192.0.2.1:1",
                    "http://127.0.0.1.example.org:1", "http://localhost.example.org", "ftp://x", "x",
                    "http://localhost:1@192.0.2.1"):
            self.assertIn("plain text", self.remote("status", url=url, code=2))
        self.remote("status", url="http://127.0.0.1:1", code=3)
        with Server() as plain:
            self.remote("status", url=f"http://127.0.0.1:{plain.address[1]}", code=4)

    def test_the_token_is_needed(self):
        done = subprocess.run([str(bin_directory() / "chatctl"), "--server", self.url, "status"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--token-file", done.stderr)


if __name__ == "__main__":
    main()
