#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real input through kill -9: fortunes in several languages and every line of Unicode's emoji-test
go from one user to another while chatd is killed and restarted at random. The receiver's history
is byte for byte what was sent, once, in order, on two devices, with equal digests.

usage: real_input.py [--fortunes N] [--kills N] [--seed N] [--long]
"""

import argparse
import asyncio
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from client import Client, Gone, device, second_token  # noqa: E402
from server import Server, ServerFailed  # noqa: E402

FORTUNES = pathlib.Path("/usr/share/games/fortunes")
EMOJI = pathlib.Path("/usr/share/unicode/emoji/emoji-test.txt")
TEXT_BYTES_MAX = 16384
PIPELINED = 16


def fortunes():
    """language or file -> its texts."""
    found = {}
    for path in sorted(FORTUNES.rglob("*")):
        if path.suffix in (".dat", ".u8") or not path.is_file():
            continue
        try:
            whole = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        texts = [text.strip("\n") for text in whole.split("\n%\n")]
        group = path.parent.name if path.parent != FORTUNES else "en"
        found.setdefault(group, []).extend(
            text for text in texts if text and text != "%" and "\0" not in text
            and len(text.encode()) <= TEXT_BYTES_MAX)
    return found


def texts_to_send(count, chance):
    """count fortunes, of each language as many, and all lines of emoji-test that are not empty."""
    groups = fortunes()
    texts = []
    for i, (_, group) in enumerate(sorted(groups.items(), key=lambda item: len(item[1]))):
        share = (count - len(texts)) // (len(groups) - i)
        texts += chance.sample(group, min(share, len(group)))
    said = f"real input: {len(texts)} fortunes of {', '.join(sorted(groups))}"
    chance.shuffle(texts)
    lines = [line for line in EMOJI.read_text(encoding="utf-8").split("\n") if line]
    print(f"{said} and {len(lines)} lines of emoji-test", flush=True)
    return texts + lines


class Sender:
    """Sends all texts in order: pipelined, each again under its counter until it is answered."""

    def __init__(self, run, token):
        self.run, self.token = run, token
        self.answered = 0
        self.tries = 0

    async def session(self):
        client = await device(self.run.server, self.token)
        try:
            while self.answered < len(self.run.texts):
                numbers = range(self.answered, min(self.answered + PIPELINED, len(self.run.texts)))
                futures = []
                for i in numbers:
                    self.tries += 1
                    # The text's place is its counter, each is applied only behind the one before.
                    after = {"after": i} if i > 0 else {}
                    futures.append(await client.start("message.send", to="bob", counter=i + 1,
                                                      text=self.run.texts[i], **after))
                for i, future in zip(numbers, futures):
                    answer = await asyncio.wait_for(future, 30)
                    if answer["seq"] != i + 1:
                        raise AssertionError(f"text {i + 1} was stored as {answer['seq']}")
                    self.answered = i + 1
        finally:
            await client.close()

    async def work(self):
        while self.answered < len(self.run.texts):
            try:
                await self.session()
            except (Gone, OSError):
                await asyncio.sleep(0.02)


class Receiver:
    """One device: keeps its cursor and what it was shown, over all connections."""

    def __init__(self, run, token):
        self.run, self.token = run, token
        self.cursor = "0"
        self.texts = {}  # seq -> text
        self.doubled = 0
        self.newest = 0
        self.misordered = 0

    def note(self, event):
        params = event.get("params") or {}
        if event["method"] == "message":
            self.doubled += params["seq"] in self.texts
            self.misordered += params["seq"] <= self.newest
            self.newest = params["seq"]
            self.texts[params["seq"]] = params["text"]
        if "cursor" in params:
            self.cursor = params["cursor"]

    async def work(self):
        while len(self.texts) < len(self.run.texts) and time.monotonic() < self.run.deadline:
            client = Client(self.run.server.url, self.token, on_event=self.note)
            try:
                await client.open()
                await client.resume()
                await client.subscribe(self.cursor)
                while len(self.texts) < len(self.run.texts):
                    count = len(client.events)
                    await client.wait_for(lambda n=count: len(client.events) >= n + 32
                                          or len(self.texts) == len(self.run.texts)
                                          or client.closed, 1.0 if count else 5.0)
                    await client.ack()
            except (Gone, OSError):
                await asyncio.sleep(0.02)
            except TimeoutError:
                if client.closed is None and client.cursor:
                    try:
                        await client.ack()
                    except Gone:
                        pass
            finally:
                await client.close()


class Run:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.texts = texts_to_send(options.fortunes, self.random)
        self.server = Server(options=["--log-tail", "300000", "--log-segment", "200000"])
        self.kills = 0
        self.deadline = time.monotonic() + options.seconds_max

    async def disturb(self, sender):
        """Kills at random places of the way, spread over all of it."""
        places = sorted(self.random.sample(range(1, len(self.texts)), self.options.kills))
        for place in places:
            while sender.answered < place:
                await asyncio.sleep(0.001)
            await asyncio.sleep(self.random.uniform(0, 0.02))
            self.server.kill()
            self.kills += 1
            await asyncio.sleep(self.random.uniform(0, 0.1))
            await asyncio.get_running_loop().run_in_executor(None, self.server.start)

    async def go(self):
        self.server.start()
        tokens = self.server.import_users(["ann", "bob"])
        bob = await device(self.server, tokens["bob"])
        tokens["bob/1"] = await second_token(bob)
        await bob.close()
        sender = Sender(self, tokens["ann"])
        receivers = [Receiver(self, tokens["bob"]), Receiver(self, tokens["bob/1"])]
        works = [self.disturb(sender), sender.work(), *(r.work() for r in receivers)]
        tasks = [asyncio.ensure_future(work) for work in works]
        done, left = await asyncio.wait(tasks, timeout=self.options.seconds_max,
                                        return_when=asyncio.FIRST_EXCEPTION)
        for task in left:
            task.cancel()
        for task in done:
            task.result()  # raises what went wrong, first of all a chatd that did not come back
        if left:
            raise TimeoutError(f"not done after {self.options.seconds_max} s: {sender.answered} "
                               f"sent, {[len(r.texts) for r in receivers]} received")
        self.server.restart()
        return await self.judge(tokens, sender, receivers)

    async def judge(self, tokens, sender, receivers):
        wrong = []
        for i, receiver in enumerate(receivers):
            shown = [receiver.texts.get(seq) for seq in range(1, len(self.texts) + 1)]
            if shown != self.texts or receiver.doubled or receiver.misordered:
                first = next((n for n, (a, b) in enumerate(zip(shown, self.texts)) if a != b), None)
                wrong.append(f"bob/{i} was shown {len(receiver.texts)}, {receiver.doubled} twice, "
                             f"{receiver.misordered} out of order, the first difference at {first}")
        digests = set()
        for name, peer in (("ann", "bob"), ("bob", "ann"), ("bob/1", "ann")):
            client = await device(self.server, tokens[name])
            messages, page = await client.whole_history(peer, 500)
            texts = [m["text"] for m in messages]
            if [t.encode() for t in texts] != [t.encode() for t in self.texts]:
                wrong.append(f"the history of {name} has {len(texts)} texts, not the "
                             f"{len(self.texts)} that were sent")
            digests.add((page["head_seq"], page["digest"]))
            await client.close()
        if len(digests) != 1:
            wrong.append(f"the digests differ: {digests}")
        print(f"real input: {len(self.texts)} texts, {sum(len(t.encode()) for t in self.texts)} "
              f"bytes, {sender.tries - len(self.texts)} sent again, {self.kills} kills, head and "
              f"digest {digests}")
        return wrong + self.server.complaints()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fortunes", type=int, default=8000)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--long", action="store_true", help="all fortunes, 150 kills")
    options = parser.parse_args()
    if options.long:
        options.fortunes, options.kills = 10**6, 150
    options.seconds_max = 900 if options.long else 180
    print(f"real input: seed {options.seed}")
    run = Run(options)
    try:
        wrong = asyncio.run(run.go())
    except (ServerFailed, TimeoutError, AssertionError) as failure:
        wrong = [f"{type(failure).__name__}: {failure}"]
    finally:
        run.server.close()
    for line in wrong:
        print(f"real input: WRONG: {line}")
    print("real input: " + ("FAILED" if wrong else "ok"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
