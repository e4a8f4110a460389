#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""kill -9 at every named fail point (reliability.md, section 1), and what must hold after the
restart. A point that is never reached is red.

For each point chatd (check build) is started with CHAT_FAILPOINT=NAME:kill:N, driven until it dies,
started again and compared with what the clients know:

- each acknowledged text is there once, under its number and time; each unanswered one, sent again
  under its counter, is there once too, and was (not) there before as the table says;
- both users have the same history, 1..n without a hole, with equal digests;
- each device, going on from the last cursor it was shown, gets exactly the rest, in order;
- nothing is delivered that nobody acknowledged; what was durable is told.

The points whose names begin with "tokens:" (C17) die while tokens are issued and revoked and passwords
change (tokens.py): a revoked token stays refused, an issued one works, an old password is refused.

usage: crash_points.py [POINT...] [--long]
"""

import argparse
import asyncio
import contextlib
import dataclasses
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from client import Client, Gone, RpcError, device, second_token  # noqa: E402
from server import Server, ServerFailed  # noqa: E402
from tokens import Account, Wrong, churn_all  # noqa: E402

TRAFFIC_SECONDS = 25.0
SMALL_LOG = ["--log-tail", "65536"]
SMALL_SEGMENTS = ["--log-segment", "65536"]


@dataclasses.dataclass
class Point:
    case: str  # of reliability.md
    traffic: str  # one, acks, bulk, recovery, drain; tokens, tokens and bulk, tokens and recovery
    nth: int
    stored: str = "either"  # the send that was under way: yes, no, either
    more: tuple = ()  # further values of nth, with --long


POINTS = {
    "ws.received": Point("C1", "one", 31, "no", (20, 40)),
    "pipeline.gathered": Point("C2", "one", 15, "no", (5, 30)),
    "journal.before_sync": Point("C3", "one", 15, "either", (5, 30)),
    "pipeline.durable": Point("C4", "one", 15, "yes", (5, 30)),
    "session.answer_half": Point("C5", "one", 60, "either", (40, 90)),
    "session.answered": Point("C6", "one", 30, "yes", (20, 40)),
    "session.pushed_one": Point("C7", "one", 33, "either", (32, 34)),
    "session.acked": Point("C8", "acks", 10, "either", (1, 20)),
    "session.receipt_durable": Point("C9", "acks", 10, "either", (1, 20)),
    "flush.before": Point("C10", "bulk", 3, more=(1, 10)),
    "flush.during": Point("C10", "bulk", 3, more=(1, 10)),
    "flush.before_commit": Point("C10", "bulk", 3, more=(1, 10)),
    "flush.committed": Point("C11", "bulk", 3, more=(1, 10)),
    "flush.done": Point("C11", "bulk", 3, more=(1, 10)),
    "journal.rotated": Point("C12", "bulk", 3, more=(1, 10)),
    "trim.half": Point("C12", "bulk", 2, more=(1, 5)),
    "checkpoint.before": Point("C13", "bulk", 3, more=(1, 10)),
    "checkpoint.during": Point("C13", "bulk", 5, more=(1, 50)),
    "file.created": Point("C14", "bulk", 3, more=(1, 5)),
    "recovery.batch": Point("C16", "recovery", 1),
    "recovery.flushed": Point("C16", "recovery", 1),
    "drain.half": Point("C21", "drain", 1),
    **{f"tokens:{name}": Point("C17", "tokens", nth, more=more) for name, nth, more in (
        ("ws.received", 40, (25, 90)),
        ("pipeline.gathered", 20, (7, 45)),
        ("journal.before_sync", 20, (7, 45)),
        ("pipeline.durable", 20, (7, 45)),
        ("session.answer_half", 40, (25, 90)),
        ("session.answered", 40, (25, 90)))},
    **{f"tokens:{name}": Point("C17", "tokens and bulk", nth, more=more) for name, nth, more in (
        ("flush.before", 3, (1, 10)),
        ("flush.during", 3, (1, 10)),
        ("flush.before_commit", 3, (1, 10)),
        ("flush.committed", 3, (1, 10)),
        ("flush.done", 3, (1, 10)),
        ("journal.rotated", 3, (1, 10)),
        ("trim.half", 2, (1, 5)),
        ("checkpoint.before", 3, (1, 10)),
        ("checkpoint.during", 5, (1, 50)))},
    "tokens:recovery.batch": Point("C17", "tokens and recovery", 1),
    "tokens:recovery.flushed": Point("C17", "tokens and recovery", 1),
}


class Red(Exception):
    """What must hold did not."""


def claim(truth, text):
    if not truth:
        raise Red(text)


class Person:
    """One device and all it knows: kept over the crash like a client's disk."""

    def __init__(self, user, token):
        self.user = user
        self.token = token
        self.counter = 0
        self.unanswered = []  # in order: [peer, counter, text]
        self.answered = {}  # (peer, seq) -> (text, ts)
        self.shown = []  # params of all durable events, over all connections
        self.cursor = "0"
        self.client = None

    async def connect(self, server, start):
        self.client = await device(server, self.token)
        self.client.on_event = self.note
        await self.client.subscribe(start)
        self.cursor = self.client.cursor if start == "now" else self.cursor

    def note(self, event):
        if "cursor" in event["params"]:
            self.shown.append((event["method"], event["params"]))
            self.cursor = event["params"]["cursor"]

    async def start_send(self, peer, text):
        self.counter += 1
        entry = [peer, self.counter, text]
        self.unanswered.append(entry)
        return entry, await self.client.start_send(peer, text, counter=self.counter)

    async def settle(self, entry, future):
        answer = await asyncio.wait_for(future, 30)
        self.unanswered.remove(entry)
        self.answered[(entry[0], answer["seq"])] = (entry[2], answer["ts"])
        return answer

    async def send(self, peer, text):
        return await self.settle(*await self.start_send(peer, text))

    async def resend(self):
        answers = []
        for peer, counter, text in list(self.unanswered):
            future = await self.client.start_send(peer, text, counter=counter)
            answers.append(await self.settle([peer, counter, text], future))
        return answers

    def texts_shown(self):
        return [(p["peer"], p["seq"], p["text"]) for m, p in self.shown if m == "message"]

    def told_delivered(self):
        return max((p.get("delivered_seq") or 0 for m, p in self.shown if m == "receipt"),
                   default=0)

    def newest_acknowledgeable(self):
        return max((p["seq"] for m, p in self.shown if m == "message" and p["from"] != self.user),
                   default=0)


class Crash:
    def __init__(self, name, point, nth):
        self.name, self.point, self.nth = name, point, nth
        is_small = point.traffic.endswith(("bulk", "recovery"))
        small = SMALL_LOG if is_small else []
        self.server = Server(build=None, options=[*SMALL_SEGMENTS, *small])
        self.fail_point = name.removeprefix("tokens:")
        self.armed = {"CHAT_FAILPOINT": f"{self.fail_point}:kill:{nth}"}
        self.people = {}
        self.accounts = []
        self.acked = {}  # user -> highest seq of the other that it has acknowledged

    async def prepare(self, users):
        """Users with two devices each; ann/0 alone has one, so that what it is told is clear."""
        if not self.server.is_running():
            self.server.start()
        tokens = self.server.import_users(users) if users else {}
        for user in users:
            client = await device(self.server, tokens[user])
            second = await second_token(client)
            await client.close()
            self.people[f"{user}/0"] = Person(user, tokens[user])
            self.people[f"{user}/1"] = Person(user, second)

    async def connect_all(self, start=None):
        for person in self.people.values():
            await person.connect(self.server, start or person.cursor)

    async def restart_armed(self):
        self.server.kill()
        self.server.start(environment=self.armed)
        await self.connect_all("now")

    def died(self):
        return not self.server.is_running()

    async def until_death(self, traffic):
        """Runs the traffic until chatd dies."""
        task = asyncio.ensure_future(traffic)
        until = time.monotonic() + TRAFFIC_SECONDS
        while not self.died() and time.monotonic() < until and not task.done():
            await asyncio.sleep(0.01)
        # The clients may see their connections go before the process can be seen to be gone.
        until = time.monotonic() + 2
        while not self.died() and task.done() and time.monotonic() < until:
            await asyncio.sleep(0.01)
        died = self.died()
        if died:
            await asyncio.wait([task], timeout=10)
        if not task.done():
            task.cancel()
        error = None if task.cancelled() or not task.done() else task.exception()
        claim(died, f"the point was never reached ({error!r})")
        claim(error is None or isinstance(error, (Gone, OSError)), f"the traffic failed: {error!r}")
        claim(self.server.process.returncode == -9, f"it ended by itself with "
              f"{self.server.process.returncode}: {self.server.log_tail(500)}")
        self.server.wait_death(1)
        for person in self.people.values():
            await person.client.close()

    # Traffic.

    async def one_by_one(self, count=400):
        ann = self.people["ann/0"]
        for i in range(count):
            await ann.send("bob", f"text {i} ünï🙂")

    async def with_acks(self, count=200):
        ann, bob = self.people["ann/0"], self.people["bob/0"]
        for i in range(count):
            await ann.send("bob", f"text {i}")
            await bob.client.wait_for(lambda i=i: len(bob.texts_shown()) > i)
            cursor = [p["cursor"] for m, p in bob.shown if m == "message"][-1]
            self.acked["bob"] = bob.newest_acknowledgeable()
            await bob.client.ack(cursor)
            await asyncio.sleep(0.01)

    async def bulk(self, rounds=400, size=20):
        async def talk(person, peers):
            for i in range(rounds):
                sends = [await person.start_send(peer, f"{person.user} {i} {j} " + "x" * 200)
                         for j in range(size) for peer in peers]
                for entry, future in sends:
                    await person.settle(entry, future)
                person.client.on_event = person.note
                await person.client.ack()

        first = [p for name, p in self.people.items() if name.endswith("/0")]
        users = [p.user for p in first]
        others = [p for name, p in self.people.items() if name.endswith("/1")]

        async def acknowledge():
            with contextlib.suppress(Gone):  # chatd dies: that is what the traffic is for
                while True:
                    await asyncio.sleep(0.05)
                    for person in others:
                        await person.client.ack()

        talks = [talk(p, [u for u in users if u != p.user][:3]) for p in first]
        acks = asyncio.ensure_future(acknowledge())
        try:
            await asyncio.gather(*talks)
        finally:
            acks.cancel()

    # What must hold afterwards.

    async def check_before_retry(self):
        """Whether the one send that was under way is there already."""
        ann = self.people["ann/0"]
        head = (await ann.client.history("bob", limit=1))["head_seq"]
        answered = len(ann.answered)
        under_way = len(ann.unanswered)
        allowed = {"no": [answered], "yes": [answered + under_way],
                   "either": [answered, answered + under_way]}[self.point.stored]
        claim(under_way <= 1 and head in allowed,
              f"head {head} after {answered} answers and {under_way} under way: expected "
              f"{self.point.stored} stored")
        for answer in await ann.resend():
            was_there = head == answered + under_way
            claim(bool(answer.get("duplicate")) == was_there,
                  f"the retry was answered {answer}, it was {'' if was_there else 'not '}there")

    async def check_histories(self):
        heads = {}
        for person in self.people.values():
            for peer in {p.user for p in self.people.values()} - {person.user}:
                messages, page = await person.client.whole_history(peer)
                claim([m["seq"] for m in messages] == list(range(1, len(messages) + 1)),
                      f"{person.user} with {peer}: the numbers are not 1..n")
                texts = [(m["from"], m["text"]) for m in messages]
                claim(len(set(texts)) == len(texts), f"{person.user} with {peer}: a text twice")
                claim([m["ts"] for m in messages] == sorted(m["ts"] for m in messages),
                      f"{person.user} with {peer}: times go back")
                for (to, seq), (text, ts) in person.answered.items():
                    if to == peer:
                        claim(seq <= len(messages) and (messages[seq - 1]["text"],
                                                        messages[seq - 1]["ts"]) == (text, ts),
                              f"{person.user}: {text!r} was acknowledged as {seq} {ts}, there is "
                              f"{messages[seq - 1] if seq <= len(messages) else None}")
                key = tuple(sorted((person.user, peer)))
                whole = (page["head_seq"], page["digest"],
                         [(m["seq"], m["from"], m["ts"], m["text"]) for m in messages])
                claim(heads.setdefault(key, whole) == whole, f"{key}: the two users differ")
        sent = {(p.user, to, text) for p in self.people.values()
                for (to, _), (text, _) in p.answered.items()}
        seen = {(m[1], key[0] if key[1] == m[1] else key[1], m[3])
                for key, whole in heads.items() for m in whole[2]}
        claim(seen == sent, f"sent and stored differ: {list(seen ^ sent)[:3]}")

    async def check_catching_up(self):
        """Each device has been shown everything once, in order, over both connections."""
        for name, person in self.people.items():
            expected = 0
            for peer in {p.user for p in self.people.values()} - {person.user}:
                messages, _ = await person.client.whole_history(peer)
                mine = {seq for to, seq in person.answered if to == peer}
                expected += len([m for m in messages if m["seq"] not in mine])

            def others():
                return {(t[0], t[1]) for t in person.texts_shown()
                        if (t[0], t[1]) not in person.answered}
            until = time.monotonic() + 20
            while len(others()) < expected and time.monotonic() < until:
                await asyncio.sleep(0.02)
                await person.client.ack()
            claim(len(others()) == expected,
                  f"{name} was shown {len(others())} of {expected} messages of others")
            shown = [t for t in person.texts_shown() if (t[0], t[1]) not in person.answered]
            claim(len(shown) == len(set(shown)), f"{name} was shown a message twice")
            for peer in {t[0] for t in shown}:
                seqs = [t[1] for t in shown if t[0] == peer]
                claim(seqs == sorted(seqs), f"{name}: out of order with {peer}: {seqs[:20]}")

    async def check_receipts(self, told_before):
        """C8: redelivered under the same cursor. C9: told once, and never more than acknowledged."""
        ann, bob = self.people["ann/0"], self.people["bob/0"]
        cursors = {p["seq"]: p["cursor"] for m, p in bob.shown if m == "message"}
        await bob.client.close()
        again = await device(self.server, bob.token, "unread")
        await asyncio.sleep(0.3)
        for p in again.of("message"):
            claim(cursors.get(p["seq"]) in (None, p["cursor"]),
                  f"redelivered {p['seq']} under {p['cursor']}, it was {cursors.get(p['seq'])}")
        await asyncio.sleep(0.3)
        claim(ann.told_delivered() <= self.acked["bob"],
              f"ann was told {ann.told_delivered()} delivered, bob acknowledged {self.acked['bob']}")
        if self.point.case == "C9":
            claim(ann.told_delivered() > told_before, "the durable receipt was never told")
        await again.ack()
        await ann.client.wait_for(lambda: ann.told_delivered() >= bob.newest_acknowledgeable())
        await again.close()
        await bob.connect(self.server, bob.cursor)

    async def check_alive(self):
        ann, bob = self.people["ann/0"], self.people["bob/0"]
        await ann.send("bob", "afterwards")
        await bob.client.wait_for(lambda: bob.texts_shown()[-1][2] == "afterwards")

    async def check_all(self):
        await self.connect_all()
        for person in self.people.values():
            await person.resend()
        await self.check_catching_up()
        await self.check_histories()
        await self.check_alive()
        for person in self.people.values():
            await person.client.close()
        # And once more from what is on disk now.
        self.server.restart()
        await self.connect_all()
        await self.check_histories()

    # The runs.

    async def run_one(self):
        await self.prepare(["ann", "bob"])
        await self.restart_armed()
        await self.until_death(self.one_by_one() if self.point.traffic == "one"
                               else self.with_acks())
        told = self.people["ann/0"].told_delivered()
        self.server.start()
        ann = self.people["ann/0"]
        ann.client = await device(self.server, ann.token)
        await self.check_before_retry()
        await ann.client.close()
        if self.point.traffic == "acks":
            await self.connect_all()
            await self.check_receipts(told)
            for person in self.people.values():
                await person.client.close()
        await self.check_all()

    async def run_bulk(self):
        await self.prepare(["ann", "bob", "cat", "dan", "eve", "fay"])
        await self.restart_armed()
        await self.until_death(self.bulk())
        self.server.start()
        await self.check_all()

    async def make_accounts(self):
        self.server.start()
        self.accounts = [Account(self.server, user, restless)
                         for user, restless in (("tom", 0), ("una", 5), ("vic", 40))]
        for account in self.accounts:
            await account.warm_up()

    async def check_accounts(self):
        for account in self.accounts:
            await account.check()
        self.server.kill()
        self.server.start()
        for account in self.accounts:
            await account.check()

    async def run_tokens(self):
        await self.make_accounts()
        is_bulk = self.point.traffic == "tokens and bulk"
        await self.prepare(["ann", "bob", "cat", "dan"] if is_bulk else [])
        await self.restart_armed()
        traffic = [churn_all(self.accounts), *([self.bulk()] if is_bulk else [])]
        await self.until_death(self.both(*traffic))
        self.server.start()
        await self.check_accounts()
        if is_bulk:
            await self.check_all()

    async def both(self, *traffic):
        done = await asyncio.gather(*traffic, return_exceptions=True)
        raise next((e for e in done if not isinstance(e, (Gone, OSError))), done[0])

    async def run_recovery(self):
        """Dies while starting, again and again, each time a little later."""
        if self.point.traffic == "tokens and recovery":
            await self.make_accounts()
        await self.prepare(["ann", "bob", "cat", "dan"])
        self.server.kill()
        self.server.options = [*SMALL_SEGMENTS, "--log-tail", "4000000"]
        self.server.start()
        await self.connect_all("now")
        churning = asyncio.ensure_future(churn_all(self.accounts)) if self.accounts else None
        task = asyncio.ensure_future(self.bulk(rounds=15))
        await asyncio.wait([task], timeout=20)
        await asyncio.sleep(0.1)
        self.server.kill()
        await asyncio.wait([task, *([churning] if churning else [])], timeout=5)
        claim(not churning or isinstance(churning.exception(), (Gone, OSError)),
              f"the tokens failed: {churning and churning.exception()!r}")
        for person in self.people.values():
            await person.client.close()
        self.server.options = [*SMALL_SEGMENTS, *SMALL_LOG]
        deaths = 0
        for nth in (1, 2, 3, 5, 1):
            try:
                self.server.start(environment={"CHAT_FAILPOINT": f"{self.fail_point}:kill:{nth}"})
                self.server.kill()
            except ServerFailed as failure:
                claim("exit code -9" in str(failure), str(failure))
                deaths += 1
        claim(deaths >= 1, "the point was never reached")
        self.server.start()
        if self.accounts:
            await self.check_accounts()
        await self.check_all()

    async def run_drain(self):
        await self.prepare(["ann", "bob", "cat", "dan"])
        await self.restart_armed()
        task = asyncio.ensure_future(self.bulk())
        await asyncio.sleep(1)
        self.server.process.terminate()
        await self.until_death(task)
        self.server.start()
        await self.check_all()

    async def run(self):
        runs = {"one": self.run_one, "acks": self.run_one, "bulk": self.run_bulk,
                "recovery": self.run_recovery, "drain": self.run_drain,
                "tokens": self.run_tokens, "tokens and bulk": self.run_tokens,
                "tokens and recovery": self.run_recovery}
        await runs[self.point.traffic]()
        claim(not self.server.complaints(), f"chatd complained: {self.server.complaints()[:2]}")


def run_point(name, nth):
    crash = Crash(name, POINTS[name], nth)
    start = time.monotonic()
    try:
        asyncio.run(crash.run())
        line = ""
    except (Red, Wrong, ServerFailed, RpcError, Gone, OSError, TimeoutError, asyncio.TimeoutError) as red:
        line = f"{type(red).__name__}: {red}"
    finally:
        crash.server.close()
    case = POINTS[name].case
    print(f"{'RED ' if line else 'ok  '} {case:4} {name}:kill:{nth} "
          f"({time.monotonic() - start:.1f} s) {line}", flush=True)
    return not line


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("points", nargs="*", metavar="POINT", help=" ".join(POINTS))
    parser.add_argument("--long", action="store_true", help="several values of N for each point")
    options = parser.parse_args()
    bad = 0
    for name in options.points or POINTS:
        for nth in (POINTS[name].nth, *(POINTS[name].more if options.long else ())):
            bad += not run_point(name, nth)
    print(f"crash points: {bad} red")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
