#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real input through chat-tui --json while everything around it fails: fortunes in several languages
and every line of Unicode's emoji-test from ann's script to bob's two devices and a named consumer,
while chatd is killed and refuses one message in 23 for a moment, the WebSocket path is blocked and opened,
connections are cut in the middle of an answer, and the scripts themselves are killed and started
again. Byte for byte, once, in order.

A script that was killed knows what it needs: how far it came, from the history (chat-tui first
settles what the one before left in the outbox); what it has not acknowledged comes again.

usage: script_storm.py [--fortunes N] [--seed N] [--seconds N] [--plants]

--plants: chat-tui with each of some deliberate faults; each must be found."""

import argparse
import pathlib
import queue
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from gate import Gate  # noqa: E402
from real_input import texts_to_send  # noqa: E402
from server import Server, ServerFailed  # noqa: E402
from tui import Home  # noqa: E402

PIPELINED = 48
PLANTS = ["sends_without_after", "resubscribes_now", "forgets_seen", "renumbers_attempted"]


class Worker(threading.Thread):
    """A program around chat-tui --json that starts it again whenever it was killed."""

    def __init__(self, run, name, home, *words):
        super().__init__(name=name, daemon=True)
        self.run_ = run
        self.home = home
        self.words = words
        self.script = None
        self.starts = 0
        self.transports = set()
        self.wrong = []
        self.is_done = False
        self.complaints = []

    def run(self):
        while not self.is_done and not self.wrong:
            self.starts += 1
            self.script = self.home.script(*self.words)
            try:
                self.work(self.script)
            except (BrokenPipeError, EOFError, queue.Empty, TimeoutError) as failure:
                if isinstance(failure, (queue.Empty, TimeoutError)):
                    self.wrong.append(f"stuck: {type(failure).__name__}: {str(failure)[:300]}")
                    self.script.process.kill()
                code = self.script.process.wait(30)
                if code != -9:
                    self.wrong.append(f"chat-tui ended with {code}: {self.script.said[-600:]}")
            if self.script.process.poll() is None:
                self.script.kill()
            for line in self.script.said.splitlines():
                if "Sanitizer" in line or "runtime error" in line or "CHECK(" in line:
                    self.wrong.append(f"chat-tui: {line}")

    def note(self, value):
        if value.get("method") in ("ready", "transport"):
            self.transports.add(value["params"]["transport"])

    def kill(self):
        script = self.script
        if script is not None and script.process.poll() is None:
            script.process.kill()


class Sender(Worker):
    def __init__(self, run, name, home):
        super().__init__(run, name, home)
        self.answered = 0
        self.again = 0

    def send(self, script, index):
        script.last_id = index
        script.ask("message.send", to="bob", text=self.run_.texts[index])

    def work(self, script):
        texts = self.run_.texts
        page = script.call("history.get", timeout=120, peer="bob", limit=1)
        for line in script.lines:
            self.note(line)
        if "result" not in page and page["error"]["data"]["kind"] != "not_found":
            self.wrong.append(f"history.get: {page}")
            return
        done = page.get("result", {}).get("head_seq", 0)
        if done < self.answered:
            self.wrong.append(f"{self.answered} were acknowledged, {done} are stored")
            return
        self.again += done - self.answered  # stored, but their answers died with the script
        self.answered = done
        asked, early = done, set()
        while self.answered < len(texts):
            while asked == self.answered and asked >= self.run_.due():
                time.sleep(0.01)
            while asked < min(len(texts), self.run_.due()) and asked - self.answered < PIPELINED:
                self.send(script, asked)
                asked += 1
            value = script.next(120)
            if value is None:
                raise EOFError
            self.note(value)
            if "id" not in value:
                continue
            if value["id"] in early or value.get("result", {}).get("seq") != value["id"]:
                self.wrong.append(f"answer {value}, {self.answered} were answered before")
                return
            # One that was stored and is asked again after a break may be refused for a moment, and
            # is then answered behind the next ones. Messages keep their order, answers need not.
            early.add(value["id"])
            while self.answered + 1 in early:
                self.answered += 1
                early.remove(self.answered)
        code = script.finish(60)
        if code != 0:
            self.wrong.append(f"exit code {code} at the end of input: {script.said[-300:]}")
        self.is_done = True


class Receiver(Worker):
    def __init__(self, run, name, home, *words):
        super().__init__(run, name, home, "--follow", *words)
        self.texts = []      # by seq - 1
        self.acknowledged = 0
        self.repeated = 0
        self.every = 1 + run.random.randrange(40)

    def take(self, script, message, last):
        """The seq of a message; in one life each comes once, and none is left out."""
        seq, text = message["seq"], message["text"]
        if last is not None and seq != last + 1:
            self.wrong.append(f"seq {seq} behind {last}")
        if seq <= len(self.texts):
            self.repeated += 1
            if self.texts[seq - 1] != text:
                self.wrong.append(f"seq {seq} has another text than before")
            if seq <= self.acknowledged:
                self.wrong.append(f"seq {seq} came again, {self.acknowledged} was acknowledged")
        elif seq == len(self.texts) + 1:
            self.texts.append(text)
        else:
            self.wrong.append(f"seq {seq} behind {len(self.texts)}: something was left out")
        return seq

    def work(self, script):
        # One that was asked for when the script was killed may or may not have been done.
        asked = {}
        last = None
        script.ask("subscribe", **{"from": "unread"})
        while True:
            value = script.next(120)
            if value is None:
                raise EOFError
            self.note(value)
            if value.get("method") == "message":
                message = value["params"]
                last = self.take(script, message, last)
                if last % self.every == 0 or last >= len(self.run_.texts):
                    asked[script.ask("ack", cursor=message["cursor"])] = last
            elif value.get("method") == "reset":
                self.wrong.append(f"reset: {value}")
            elif value.get("id") in asked:
                if "result" not in value:
                    self.wrong.append(f"ack: {value}")
                self.acknowledged = max(self.acknowledged, asked.pop(value["id"]))
                if self.acknowledged == len(self.run_.texts):
                    break
            elif "error" in value:
                self.wrong.append(f"{value}")
            if self.wrong:
                return
        self.is_done = True
        script.process.terminate()
        code = script.process.wait(30)
        if code != 0:
            self.wrong.append(f"exit code {code} after SIGTERM: {script.said[-300:]}")


class Run:
    def __init__(self, options, plant):
        self.plant = plant
        self.random = random.Random(options.seed)
        self.texts = texts_to_send(options.fortunes, self.random)
        # More than PIPELINED: of 23 or 46 on their way every 23rd would be the first, time and again.
        self.server = Server(environment={"CHAT_FAILPOINT": "call.too_fast:error:*53"})
        self.seconds = options.seconds
        self.counts = {}
        self.plan = []
        self.began = 0

    def due(self):
        """How many texts may be sent by now: they are spread over the storm."""
        passed = (time.monotonic() - self.began) / self.seconds
        return int(passed * len(self.texts))

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def disturb(self, chance, workers):
        if not self.plan:  # each kind as often as the others, and often enough
            self.plan = ["chatd", "block", "open", "cut", "sender", "receiver", "answers"]
            chance.shuffle(self.plan)
        what = self.plan.pop()
        self.count(what)
        if what == "chatd":
            self.server.kill()
            time.sleep(chance.uniform(0, 0.3))
            self.server.start()
        elif what == "block":
            self.gate.block_ws()
        elif what == "open":
            self.gate.open_ws()
        elif what == "cut":
            self.gate.cut()
        elif what == "answers":
            self.gate.cut_after = None if self.gate.cut_after else 1200
        elif what == "sender":
            workers[0].kill()
        else:
            chance.choice(workers[1:]).kill()

    def storm(self, workers):
        chance = random.Random(self.random.random())
        end = time.monotonic() + self.seconds
        pauses = 0.5
        while not all(worker.is_done for worker in workers):
            if any(worker.wrong for worker in workers):
                return
            if time.monotonic() > end:  # the weather clears; what is left must come
                self.gate.open_ws()
                self.gate.cut_after = None
                if time.monotonic() > end + 150:
                    raise TimeoutError("not done: " + ", ".join(
                        f"{w.name} {w.answered if isinstance(w, Sender) else len(w.texts)}"
                        for w in workers))
                time.sleep(0.2)
                continue
            time.sleep(chance.uniform(0.05, 2 * pauses))
            self.disturb(chance, workers)

    def judge(self, workers):
        wrong = []
        for worker in workers[1:]:
            if [t.encode() for t in worker.texts] != [t.encode() for t in self.texts]:
                wrong.append(f"{worker.name} has {len(worker.texts)} texts, not the "
                             f"{len(self.texts)} that were sent")
        digests = {}
        for name, peer in (("ann", "bob"), ("bob", "ann"), ("bob-2", "ann")):
            script = self.homes[name].script()
            page = script.call("history.get", peer=peer, limit=1)["result"]
            digests[name] = (page["head_seq"], page["digest"])
            script.finish()
        if len(set(digests.values())) != 1:
            wrong.append(f"the digests differ: {digests}")
        if next(iter(digests.values()))[0] != len(self.texts):
            wrong.append(f"{digests} are stored, {len(self.texts)} were sent")
        return wrong

    def go(self):
        self.server.start()
        self.gate = Gate(self.server.address)
        tokens = self.server.import_users(["ann", "bob"])
        self.homes = {name: Home(self.server.root, name, tokens[name], self.server)
                      for name in ("ann", "bob")}
        for home in self.homes.values():
            home.url = self.gate.url
        script = self.homes["bob"].script()
        second = script.call("device.create", label="second")["result"]["token"]
        script.finish()
        self.homes["bob-2"] = Home(self.server.root, "bob-2", second, self.server)
        self.homes["bob-2"].url = self.gate.url
        for home in self.homes.values():
            home.more = {"CHAT_PLANT": self.plant} if self.plant else {}
        workers = [Sender(self, "ann", self.homes["ann"]),
                   Receiver(self, "bob", self.homes["bob"]),
                   Receiver(self, "bob-2", self.homes["bob-2"]),
                   Receiver(self, "consumer", self.homes["bob"], "--consumer", "archive")]
        self.began = time.monotonic()
        for worker in workers:
            worker.start()
        self.storm(workers)
        wrong = [f"{worker.name}: {line}" for worker in workers for line in worker.wrong]
        for worker in workers:
            worker.is_done |= bool(wrong)
            if wrong:
                worker.kill()
            worker.join(60)
        wrong = wrong or self.judge(workers)
        if wrong:
            return wrong + self.server.complaints()
        print(f"script storm: {len(self.texts)} texts, disturbed by "
              + ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
              + f"; scripts started {[w.starts for w in workers]} times; "
              f"{[w.repeated for w in workers[1:]]} events came again, {workers[0].again} answers "
              f"were found in the history; transports {[sorted(w.transports) for w in workers]}")
        for worker in workers:
            if not {"ws", "poll"} <= worker.transports and self.seconds >= 20:
                wrong.append(f"{worker.name} used only {worker.transports}")
        return wrong + self.server.complaints()


def weather(options, plant):
    """What went wrong."""
    run = Run(options, plant)
    try:
        return run.go()
    except (ServerFailed, TimeoutError, EOFError) as failure:
        return [f"{type(failure).__name__}: {failure}"]
    finally:
        run.server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fortunes", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=int, default=40, help="of storm")
    parser.add_argument("--plants", action="store_true", help="deliberate faults must be found")
    options = parser.parse_args()
    print(f"script storm: seed {options.seed}")
    if options.plants:
        missed = []
        for plant in PLANTS:
            wrong = weather(options, plant)
            print(f"script storm: planted {plant}: {wrong[0] if wrong else 'NOT FOUND'}", flush=True)
            missed += [] if wrong else [plant]
        print("script storm: " + (f"FAILED: {missed} not found" if missed else "plants ok"))
        return 1 if missed else 0
    wrong = weather(options, None)
    for line in wrong:
        print(f"script storm: WRONG: {line}")
    print("script storm: " + ("FAILED" if wrong else "ok"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
