#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chat-tui --json and its outbox, as scripts use them: each promise of chat-tui(1)."""

import json
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from tui_case import NOWHERE, TuiCase  # noqa: E402


class Json(TuiCase):
    def test_empty_input_is_the_end_at_once_and_connects_to_nobody(self):
        ann, = self.people("ann")
        ann.url = NOWHERE
        for text in ("",):
            done = ann.run("--json", text=text, timeout=5)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_first_line_says_who_and_how(self):
        ann, = self.people("ann")
        script = self.script(ann)
        script.call("ping")
        ready = script.lines[0]
        self.assertEqual(ready["method"], "ready")
        self.assertEqual(ready["params"]["user"], ann.user)
        self.assertEqual(ready["params"]["transport"], "ws")
        self.assertEqual(ready["params"]["protocol"], "1")
        self.assertTrue(ready["params"]["device"] and ready["params"]["version"])
        self.assertEqual(script.finish(), 0)

    def test_ids_come_back_as_they_were_and_notifications_get_nothing(self):
        ann, bob = self.people("ann", "bob")
        script = self.script(ann)
        for text in ('"a b"', "7", '"7"', '"ü\\"\\\\"', "null"):
            script.write(f'{{"jsonrpc":"2.0","id":{text},"method":"ping"}}\n')
            answer = script.until(lambda v: "id" in v)[-1]
            self.assertEqual(json.dumps(answer["id"]), json.dumps(json.loads(text)))
        script.tell("message.send", to=bob.user, text="nobody asks")
        script.tell("typing", peer=bob.user, on=True)
        script.tell("no.such.method")
        self.assertEqual(script.finish(), 0)
        self.assertEqual([line for line in script.lines if "result" not in line],
                         script.lines[:1])
        self.assertEqual(self.history(ann, bob), ["nobody asks"])

    def test_wrong_lines_are_answered_and_change_nothing(self):
        ann, bob = self.people("ann", "bob")
        script = self.script(ann)
        for line, code in (("{", -32700), ("[]", -32600), ("7", -32600), ('{"id":1}', -32600),
                           ('{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600),
                           ('{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602),
                           ('{"jsonrpc":"2.0","id":1,"method":"x' + "y" * 300000 + '"}', 6)):
            script.write(line + "\n")
            answer = script.until(lambda v: "error" in v)[-1]
            self.assertEqual(answer["error"]["code"], code, line[:80])
            self.assertTrue(answer["error"]["message"])
        script.write("\n  \n\r\n")
        wrong = [("message.send", {"to": bob.user, "text": "x", "counter": 5}, -32602),
                 ("message.send", {"to": bob.user, "text": "x", "after": 5}, -32602),
                 ("message.send", {"to": "No Body", "text": "x"}, -32602),
                 ("message.send", {"to": bob.user}, -32602),
                 ("message.send", {"to": bob.user, "text": "x" * 16385}, 6),
                 ("message.send", {"to": "nobody", "text": "x"}, 3),
                 ("message.edit", {"peer": bob.user, "seq": 9, "text": "x"}, 3),
                 ("session.login", {"user": ann.user, "password": "x"}, 5),
                 ("session.resume", {"token": "x"}, 5),
                 ("subscribe", {"from": "yesterday"}, -32602),
                 ("subscribe", {}, -32602),
                 ("ack", {}, -32602),
                 ("ack", {"cursor": "1.999"}, 5),
                 ("no.such.method", {}, -32601)]
        for method, params, code in wrong:
            answer = script.call(method, **params)
            self.assertEqual(answer["error"]["code"], code, str((method, params, answer))[:300])
        self.assertEqual(self.result(script.call("ping")), {})
        self.result(script.call("message.send", to=bob.user, text="still here"))
        self.assertEqual(script.finish(), 0)
        self.assertEqual(self.history(ann, bob), ["still here"])

    def test_nothing_comes_before_subscribe_and_everything_again_until_ack(self):
        ann, bob = self.people("ann", "bob")
        for i in range(5):
            self.assertEqual(ann.run("send", bob.user, f"m{i}").returncode, 0)
        script = self.script(bob)
        script.call("ping")
        time.sleep(0.3)
        script.call("ping")
        self.assertEqual(script.events("message"), [])
        script.call("subscribe", **{"from": "unread"})
        events = script.until(lambda v: v.get("params", {}).get("text") == "m4")
        texts = [e["params"]["text"] for e in events if e.get("method") == "message"]
        self.assertEqual(texts, [f"m{i}" for i in range(5)])
        self.result(script.call("ack", cursor=script.events("message")[2]["cursor"]))
        script.kill()
        again = self.script(bob)
        again.call("subscribe", **{"from": "unread"})
        again.until(lambda v: v.get("params", {}).get("text") == "m4")
        self.assertEqual([m["text"] for m in again.events("message")], ["m3", "m4"])
        again.finish()

    def test_own_messages_are_told_by_their_answers_only(self):
        ann, bob = self.people("ann", "bob")
        gate = self.gate(ann)
        script = self.script(ann)
        script.call("subscribe", **{"from": "now"})
        for i in range(300):  # more than a window
            self.result(script.call("message.send", to=bob.user, text=f"m{i}"))
            if i % 100 == 50:
                gate.cut()
        self.assertEqual(bob.run("send", ann.user, "and you?").returncode, 0)
        script.until(lambda v: v.get("params", {}).get("text") == "and you?")
        self.assertEqual([m["text"] for m in script.events("message")], ["and you?"])
        script.finish()

    def test_a_consumer_has_its_own_place_and_delivers_nothing(self):
        ann, bob = self.people("ann", "bob")
        watcher = self.script(ann, "--follow")
        watcher.call("subscribe", **{"from": "now"})
        watcher.call("message.send", to=bob.user, text="for the archive")
        consumer = self.script(bob, "--consumer", "archive")
        consumer.call("subscribe", **{"from": "0"})
        consumer.until(lambda v: v.get("method") == "message")
        self.result(consumer.call("ack", cursor=consumer.events("message")[-1]["cursor"]))
        self.assertEqual(consumer.finish(), 0)
        token = list(bob.directory.rglob("consumer-archive/token"))
        self.assertEqual(len(token), 1)
        self.assertEqual(token[0].stat().st_mode & 0o777, 0o600)
        self.assertEqual(watcher.events("receipt"), [])
        again = self.script(bob, "--consumer", "archive")  # the same one
        devices = self.result(again.call("device.list"))["devices"]
        self.assertEqual([d["label"] for d in devices if d["consumer"]], ["archive"])
        again.call("subscribe", **{"from": "unread"})
        time.sleep(0.3)
        again.call("ping")
        self.assertEqual(again.events("message"), [])
        again.finish()
        self.assertEqual(bob.run("listen", "--count", "1", "--timeout", "20").returncode, 0)
        watcher.until(lambda v: v.get("method") == "receipt")
        watcher.kill()

    def test_the_end_of_input_finishes_what_was_asked_for(self):
        ann, bob = self.people("ann", "bob")
        lines = "".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": "message.send",
                                    "params": {"to": bob.user, "text": f"m{i}"}}) + "\n"
                        for i in range(1000))
        done = ann.run("--json", text=lines.rstrip("\n"))  # the last line needs no end
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()][1:]
        self.assertEqual([(a["id"], a["result"]["seq"]) for a in answers],
                         [(i, i + 1) for i in range(1000)])

    def test_follow_goes_on_until_it_is_told_to_end(self):
        ann, bob = self.people("ann", "bob")
        for end in ("signal", "reader"):
            script = self.script(bob, "--follow")
            script.call("subscribe", **{"from": "now"})
            script.process.stdin.close()
            time.sleep(0.3)
            self.assertEqual(ann.run("send", bob.user, "late").returncode, 0)
            message = script.until(lambda v: v.get("method") == "message")[-1]
            self.assertEqual(message["params"]["text"], "late")
            if end == "signal":
                script.process.send_signal(signal.SIGTERM)
                self.assertEqual(script.process.wait(10), 0)
            else:
                script.process.send_signal(signal.SIGINT)
                self.assertEqual(script.process.wait(10), 0)

    def test_nobody_reads_any_more_is_the_end(self):
        ann, = self.people("ann")
        process = subprocess.Popen(ann.command("--json", "--follow"), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=ann.environment())
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        self.assertIsNotNone(process.wait(10))
        process.stdin.close()
        process.stderr.close()

    def test_a_slow_reader_loses_nothing_and_costs_no_memory(self):
        ann, bob = self.people("ann", "bob")
        script = self.script(ann)
        for i in range(300):
            script.ask("message.send", to=bob.user, text=f"{i:4} " + "x" * 16000)
        while script.last_id > len([x for x in script.lines if "id" in x]):
            script.next()
        # Nobody reads; then 300 pages of history are asked for, 500 KB each.
        process = subprocess.Popen(bob.command("--json"), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=bob.environment())

        def ask():
            for i in range(300):
                request = {"jsonrpc": "2.0", "id": i, "method": "history.get",
                           "params": {"peer": ann.user, "limit": 30}}
                process.stdin.write((json.dumps(request) + "\n").encode())
            process.stdin.close()
        writer = threading.Thread(target=ask)
        writer.start()
        time.sleep(4)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        peak = int(next(x.split()[1] for x in status.splitlines() if x.startswith("VmHWM")))
        ids = [json.loads(line).get("id") for line in process.stdout]
        writer.join(60)
        self.assertEqual(process.wait(30), 0)
        self.assertEqual([i for i in ids if i is not None], list(range(300)))
        # 300 answers are 145 MB; what is open at once may be there (a sanitizer build is large).
        self.assertLess(peak, 400_000, "VmHWM in kB")
        process.stdout.close()
        process.stderr.close()
        script.finish()

    def test_presence_is_watched_on_over_a_new_connection(self):
        ann, bob = self.people("ann", "bob")
        self.assertEqual(bob.run("send", ann.user, "so that she may see him").returncode, 0)
        gate = self.gate(ann)
        script = self.script(ann)
        script.call("subscribe", **{"from": "now"})
        state = self.result(script.call("presence.watch", users=[bob.user]))["presence"][0]
        self.assertEqual(state["state"], "offline")
        gate.cut()
        script.until(lambda v: v.get("params", {}).get("transport") in ("ws", "poll"))
        script.until(lambda v: v.get("method") == "presence")
        other = self.script(bob)
        other.call("ping")
        script.until(lambda v: v.get("method") == "presence"
                     and v["params"]["state"] == "online")
        other.finish()
        script.finish()


class Outbox(TuiCase):
    def test_what_could_not_be_sent_goes_out_with_the_next_start_once_and_in_order(self):
        ann, bob = self.people("ann", "bob")
        texts = [f"m{i}" for i in range(50)]
        self.send_while_down(ann, bob, texts)
        script = self.script(ann)
        # Settled before the first request is taken.
        page = self.result(script.call("history.get", peer=bob.user))
        self.assertEqual([m["text"] for m in page["messages"]], texts)
        self.assertEqual(script.finish(), 0)
        self.assertEqual(self.history(ann, bob), texts)

    def test_the_same_request_again_is_the_one_that_was_left_behind(self):
        ann, bob = self.people("ann", "bob")
        self.send_while_down(ann, bob, ["one", "two"])
        script = self.script(ann)
        again = [script.call("message.send", to=bob.user, text=text) for text in ("one", "two")]
        self.assertEqual([self.result(a)["seq"] for a in again], [1, 2])
        # Once: the next one of that name is another message.
        script.last_id = 0
        self.assertEqual(self.result(script.call("message.send", to=bob.user, text="one"))["seq"], 3)
        self.assertEqual(script.finish(), 0)
        self.assertEqual(self.history(ann, bob), ["one", "two", "one"])
        script = self.script(ann)
        self.assertEqual(self.result(script.call("message.send", to=bob.user, text="one"))["seq"], 4)
        self.assertEqual(script.finish(), 0)

    def test_a_second_script_waits_and_says_so(self):
        ann, bob = self.people("ann", "bob")
        first = self.script(ann)
        first.call("ping")
        second = self.script(ann)
        second.ask("message.send", to=bob.user, text="second")
        time.sleep(0.5)
        self.assertIn("another chat-tui sends for this device", second.said)
        third = ann.run("--json", "--timeout", "1", text='{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        self.assertEqual((third.returncode, third.stdout), (124, ""))
        self.result(first.call("message.send", to=bob.user, text="first"))
        self.assertEqual(first.finish(), 0)
        second.until(lambda v: v.get("id") == 1)
        self.assertEqual(second.finish(), 0)
        self.assertEqual(self.history(ann, bob), ["first", "second"])

    def test_send_hands_over_to_the_script_that_runs(self):
        ann, bob = self.people("ann", "bob")
        script = self.script(ann)
        script.call("ping")
        for i in range(3):
            done = ann.run("send", bob.user, f"m{i}", timeout=20)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = ann.run("send", "nobody", "x", timeout=20)
        self.assertEqual(done.returncode, 5)
        self.assertIn("no such user", done.stderr)
        self.assertEqual(script.finish(), 0)
        self.assertEqual(self.history(ann, bob), ["m0", "m1", "m2"])

    def test_send_takes_over_when_the_script_is_killed(self):
        ann, bob = self.people("ann", "bob")
        script = self.script(ann)
        script.call("ping")
        script.process.send_signal(signal.SIGSTOP)
        sender = subprocess.Popen(ann.command("send", bob.user, "over to me"),
                                  env=ann.environment())
        time.sleep(0.5)
        self.assertIsNone(sender.poll())
        script.kill()
        self.assertEqual(sender.wait(30), 0)
        self.assertEqual(self.history(ann, bob), ["over to me"])

    def test_out_of_time_says_what_became_of_it(self):
        ann, bob = self.people("ann", "bob")
        url, ann.url = ann.url, NOWHERE
        done = ann.run("send", "--timeout", "1", bob.user, "never")
        self.assertEqual(done.returncode, 124)
        self.assertIn("nothing is kept", done.stderr)
        gate = self.gate(ann)
        done = None
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            done = ann.run("send", "--timeout", "1", bob.user, "not reached")
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        self.assertEqual(done.returncode, 124)
        self.assertIn("nothing is kept", done.stderr)
        gate.close()
        ann.url = url
        self.assertEqual(ann.run("send", bob.user, "now").returncode, 0)
        self.assertEqual(self.history(ann, bob), ["now"])

    def test_a_disk_that_fills_up_ends_the_script_and_loses_nothing_acknowledged(self):
        ann, bob = self.people("ann", "bob")

        def fill_up():  # a file can't grow beyond this, as on a disk that is full
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        script = self.script(ann, preexec=fill_up)
        texts = [f"{i} " + "x" * 4000 for i in range(200)]
        stored = []
        try:
            for text in texts:
                script.ask("message.send", to=bob.user, text=text)
            while (value := script.next(30)) is not None:
                stored += [value["result"]["seq"]] if "result" in value else []
        except BrokenPipeError:
            while (value := script.next(30)) is not None:
                stored += [value["result"]["seq"]] if "result" in value else []
        self.assertEqual(script.process.wait(30), 1)
        self.assertIn("outbox.db", script.said)
        self.assertLess(len(stored), 200)
        self.assertEqual(stored, list(range(1, len(stored) + 1)))
        # The disk has room again: what was left behind goes out, once, and the rest is asked anew.
        script = self.script(ann)
        head = self.result(script.call("history.get", peer=bob.user, limit=1))["head_seq"]
        self.assertGreaterEqual(head, len(stored))
        for text in texts[head:]:
            self.result(script.call("message.send", to=bob.user, text=text))
        self.assertEqual(script.finish(), 0)
        self.assertEqual(self.history(ann, bob), texts)

    def test_a_file_in_the_way_is_an_error_and_not_a_lie(self):
        ann, bob = self.people("ann", "bob")
        ann.run("send", bob.user, "one")
        home = next(ann.directory.rglob("outbox.db")).parent
        for path in home.glob("outbox.db*"):
            path.unlink()
        (home / "outbox.db").mkdir()
        done = ann.run("send", bob.user, "two")
        self.assertEqual(done.returncode, 1)
        self.assertIn("outbox.db", done.stderr)
        self.assertEqual(ann.run("--json", text='{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
                         .returncode, 1)


class Transports(TuiCase):
    def test_long_poll_where_no_websocket_gets_through_and_back(self):
        ann, bob = self.people("ann", "bob")
        gate = self.gate(ann, bob)
        gate.block_ws()
        script = self.script(bob)
        script.call("subscribe", **{"from": "now"})
        self.assertEqual(script.lines[0]["params"]["transport"], "poll")
        self.assertEqual(ann.run("send", bob.user, "over poll").returncode, 0)
        script.until(lambda v: v.get("method") == "message")
        self.result(script.call("message.send", to=ann.user, text="answer"))
        self.assertEqual(self.result(script.call("presence.watch", users=[ann.user]))["presence"]
                         [0]["state"], "offline")
        gate.open_ws()
        script.until(lambda v: v.get("params", {}).get("transport") == "ws", 90)
        self.assertEqual(ann.run("send", bob.user, "over ws").returncode, 0)
        script.until(lambda v: v.get("params", {}).get("text") == "over ws")
        self.result(script.call("ack", cursor=script.events("message")[-1]["cursor"]))
        gate.block_ws()
        script.until(lambda v: v.get("params", {}).get("transport") == "poll")
        self.assertEqual(ann.run("send", bob.user, "poll again").returncode, 0)
        script.until(lambda v: v.get("params", {}).get("text") == "poll again")
        self.assertEqual(script.finish(), 0)
        self.assertEqual([m["text"] for m in script.events("message")],
                         ["over poll", "over ws", "poll again"])

    def test_a_server_that_stops_is_waited_for(self):
        ann, bob = self.people("ann", "bob")
        script = self.script(ann)
        script.call("message.send", to=bob.user, text="before")
        self.server.terminate()
        script.until(lambda v: v.get("params", {}).get("transport") == "offline")
        offline = script.events("transport")[-1]
        self.assertTrue(offline["reason"])
        self.assertGreaterEqual(offline["retry_in_ms"], 0)
        wanted = script.ask("message.send", to=bob.user, text="meanwhile")
        time.sleep(0.5)
        self.server.start()
        script.until(lambda v: v.get("id") == wanted, 60)
        self.assertEqual(script.finish(), 0)
        self.assertEqual(self.history(ann, bob), ["before", "meanwhile"])

    def test_what_twice_would_harm_is_not_asked_again(self):
        ann, = self.people("ann")
        gate = self.gate(ann)
        script = self.script(ann)
        script.call("ping")
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            wanted = script.ask("device.create", label="second")
            time.sleep(0.3)
            gate.cut()
            time.sleep(0.3)
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        answer = script.until(lambda v: v.get("id") == wanted)[-1]
        self.assertEqual(self.kind(answer), "unavailable")
        self.assertEqual(answer["error"]["data"]["outcome"], "unknown")
        self.assertEqual(script.finish(), 0)

    def test_two_processes_of_one_device_take_turns_and_say_so(self):
        ann, bob = self.people("ann", "bob")
        first = subprocess.Popen(bob.command("listen"), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=bob.environment())
        time.sleep(0.5)
        second = self.script(bob)
        second.call("subscribe", **{"from": "unread"})
        self.assertEqual(first.wait(10), 6)
        self.assertIn(b"another program of this device listens now", first.stderr.read())
        first.stdout.close()
        first.stderr.close()
        self.assertEqual(ann.run("send", bob.user, "hello").returncode, 0)
        second.until(lambda v: v.get("method") == "message")
        second.finish()

    def test_idle_costs_nothing(self):
        ann, bob = self.people("ann", "bob")
        gate = self.gate(bob)
        gate.block_ws()
        for home in (ann, bob):
            script = self.script(home, "--follow")
            script.call("subscribe", **{"from": "now"})
            time.sleep(0.5)

            def ticks():
                fields = pathlib.Path(f"/proc/{script.process.pid}/stat").read_text().split()
                return int(fields[13]) + int(fields[14])
            before = ticks()
            time.sleep(3)
            self.assertLessEqual(ticks() - before, 1, "of 300 hundredths of a second")
            script.kill()


if __name__ == "__main__":
    unittest.main(verbosity=1)
