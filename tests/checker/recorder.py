#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Drives many devices against a chatd that is killed and restarted, and writes down all of it.

Each line of the history is one JSON object; the order of lines is the order in which things
happened here (one thread), so a line's number is its time; "at" is its moment in seconds, too:

  plan     what this run intends: users, devices, kills, seconds, point
  device   dev, user, polls                a device of the run, by the recorder's own name
  open     conn, dev                       a connection
  closed   conn, dev, how                  how: cut, closed (by us), lost (by the other side)
  invoke   op, conn, dev, method, params   written before the request leaves
  answer   op, result | error
  unknown  op                              the connection ended before an answer
  event    conn, dev, method, params
  fault    what: kill | died | start | failed   chatd was killed, died at a fail point, serves again
                                           (began: when it was started), did not start or serve when
                                           it should
  stall    seconds                         the recorder itself did not run for so long
  healed                                   no faults from here on
  final    dev                             from here this device only reads everything
  end

Devices that poll write questions, too: polling.py; guests.py has devices that are revoked, comet.py
one who is watched. verify.py judges such a file; it shares no code
with this one.

usage: recorder.py OUT [--seconds S] [--kills N] [--seed N] [--users N] [--polls N]
                       [--point NAME:kill:N]
"""

import argparse
import asyncio
import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from client import Client, Gone, RpcError, second_token  # noqa: E402
from comet import COMET, WATCHER, Comet  # noqa: E402
from guests import Host  # noqa: E402
from polling import Lost, PollDevice, Refused  # noqa: E402
from server import Server, ServerFailed  # noqa: E402

RECONNECT_SECONDS = 20.0
STALLED_SECONDS = 6.0  # without anything new: it will not come
PULSE_SECONDS = 0.1


class History:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.operations = 0
        self.connections = 0

    def write(self, kind, **fields):
        """Returns the line's moment."""
        at = round(time.monotonic(), 4)
        self.file.write(json.dumps({"k": kind, "at": at, **fields}, ensure_ascii=False) + "\n")
        return at

    def close(self):
        self.file.close()


class Recorded(Client):
    """A connection that writes down everything that passes."""

    def __init__(self, history, dev, url, token):
        super().__init__(url, token, on_event=self._event)
        self.record = history
        history.connections += 1
        self.conn = history.connections
        self.dev = dev
        self.how = "lost"
        self.on_start = self._started
        self.on_settle = self._answered

    async def open(self, **more):
        await super().open(**more)
        self.record.write("open", conn=self.conn, dev=self.dev)
        self.reader.add_done_callback(self._closed)
        return self

    def _closed(self, _):
        self.record.write("closed", conn=self.conn, dev=self.dev, how=self.how)

    def _event(self, message):
        self.record.write("event", conn=self.conn, dev=self.dev, method=message["method"],
                          params=message.get("params") or {})

    def _started(self, future, method, params):
        self.record.operations += 1
        future.op = self.record.operations
        self.record.write("invoke", op=future.op, conn=self.conn, dev=self.dev, method=method,
                          params={k: v for k, v in params.items() if k != "token"})

    def _answered(self, future, result, exception):
        if isinstance(exception, RpcError):
            self.record.write("answer", op=future.op, error={
                "code": exception.code, "data": exception.data, "message": exception.message})
        elif exception is not None:
            self.record.write("unknown", op=future.op)
        else:
            self.record.write("answer", op=future.op, result=result)


class Device:
    """What a good client keeps on disk: its counter, its unsent sends, the place it has read to."""

    def __init__(self, run, user, name, token):
        self.run = run
        self.user = user
        self.dev = name
        self.token = token
        self.random = random.Random(f"{run.seed}/{name}")
        self.counter = 0
        self.outbox = []  # in order: {"method", "params"} whose outcome is not known
        self.answered = []  # (method, params) of sends that were answered, newest last
        self.own = []  # (peer, seq) of own texts that may still be edited
        self.last_to = {}  # peer -> counter of the last send, None behind an edit
        self.cursor = "0"
        self.client = None
        self.seen = {}  # peer -> highest seq shown

    def number(self):
        self.counter += 1
        return self.counter

    # A visit: connect, catch up, do some work, leave in some way.

    async def visit(self):
        self.client = client = Recorded(self.run.history, self.dev, self.run.server.url, self.token)
        try:
            await client.open()
            await client.resume()
            await self.subscribe()
            await self.resend()
            until = time.monotonic() + self.random.uniform(0.2, 2.0)
            while time.monotonic() < until and self.run.is_working:
                await self.work()
            await self.leave()
        except (Gone, OSError, asyncio.TimeoutError):
            await client.close()
        except RpcError as error:
            self.run.complain(f"{self.dev}: {error}")
            await client.close()
        finally:
            self.note_events()

    async def subscribe(self):
        start = self.random.choices([self.cursor, "unread", "now", "0"], [60, 30, 5, 5])[0]
        await self.client.subscribe(start)

    async def resend(self):
        """What is unsent goes out again first, in order, under the same counters; now and then
        also something that was answered long ago: it must be found to be there already."""
        for method, params in self.random.sample(self.answered[-50:], min(2, len(self.answered))):
            await self.client.start(method, **params)
        self.outbox = [entry for entry in self.outbox if "counter" in entry["params"]]
        futures = [(entry, await self.client.start(entry["method"], **entry["params"]))
                   for entry in list(self.outbox)]
        await self.settle(futures)

    async def settle(self, futures):
        """Waits for answers; what is answered leaves the outbox."""
        for entry, future in futures:
            try:
                result = await asyncio.wait_for(asyncio.shield(future), RECONNECT_SECONDS)
            except RpcError as error:
                if error.data.get("outcome") != "unknown":
                    self.outbox.remove(entry)
                    self.last_to[entry["params"].get("to")] = None
                continue
            self.outbox.remove(entry)
            if entry["method"] == "message.send" and "counter" in entry["params"]:
                self.answered.append((entry["method"], entry["params"]))
            if entry["method"] == "message.send":
                self.own.append((result["peer"], result["seq"]))
            self.seen[result["peer"]] = max(self.seen.get(result["peer"], 0), result["seq"])

    async def submit(self, method, **params):
        entry = {"method": method, "params": params}
        self.outbox.append(entry)
        return entry, await self.client.start(method, **params)

    async def work(self):
        self.note_events()
        action = self.random.choices(
            [self.send_burst, self.acknowledge, self.read_receipt, self.read_history, self.change,
             self.pause], [50, 20, 8, 10, 7, 5])[0]
        await action()
        if self.unacknowledged() > 120:
            await self.acknowledge()

    async def send_burst(self):
        futures = []
        for _ in range(self.random.choice([1, 1, 2, 5, 20])):
            peer = self.random.choice(self.run.peers[self.user])
            counter = self.number()
            params = {"to": peer, "text": f"{self.dev} {counter} {self.random.choice(TAILS)}"}
            if self.random.random() < 0.15:
                self.last_to[peer] = None  # without a counter: sent once, and never again
            else:
                params["counter"] = counter
                if self.last_to.get(peer) is not None and self.random.random() < 0.4:
                    params["after"] = self.last_to[peer]
                self.last_to[peer] = counter
            futures.append(await self.submit("message.send", **params))
        await self.settle(futures)

    async def change(self):
        """An edit or a delete of an own text; each text is changed by one try only."""
        if not self.own:
            return
        peer, seq = self.own.pop(self.random.randrange(len(self.own)))
        counter = self.number()
        self.last_to[peer] = None
        if self.random.random() < 0.5:
            future = await self.submit("message.edit", peer=peer, seq=seq, counter=counter,
                                       text=f"{self.dev} {counter} edited")
        else:
            future = await self.submit("message.delete", peer=peer, seq=seq, counter=counter)
        await self.settle([future])

    async def acknowledge(self):
        if self.client.cursor is not None:
            if self.random.random() < 0.3:
                await self.client.ack()
            else:
                self.run.history.operations += 1
                self.run.history.write("invoke", op=self.run.history.operations,
                                       conn=self.client.conn, dev=self.dev, method="ack",
                                       params={"cursor": self.client.cursor})
                await self.client.notify("ack", cursor=self.client.cursor)
            self.acked_events = len(self.client.events)

    async def read_receipt(self):
        if self.seen:
            peer = self.random.choice(list(self.seen))
            await self.client.call("receipt.read", peer=peer, seq=self.seen[peer])

    async def read_history(self):
        peer = self.random.choice(self.run.peers[self.user])
        params = {"limit": self.random.choice([1, 10, 50])}
        if self.random.random() < 0.5:
            params[self.random.choice(["before", "after"])] = self.random.randrange(1, 400)
        await self.client.call("history.get", peer=peer, **params)

    async def pause(self):
        await asyncio.sleep(self.random.uniform(0, 0.1))

    def unacknowledged(self):
        return len(self.client.events) - getattr(self, "acked_events", 0)

    def note_events(self):
        """Takes over what the connection was shown."""
        client = self.client
        if client.cursor is not None:
            self.cursor = client.cursor
        for params in client.of("message"):
            self.seen[params["peer"]] = max(self.seen.get(params["peer"], 0), params["seq"])
        if self.seen and len(client.events) > 2000:
            del client.events[:]
            self.acked_events = 0

    async def leave(self):
        how = self.random.choices(["cut", "close", "acknowledged"], [60, 20, 20])[0]
        if how == "acknowledged":
            await self.client.ack()
        self.client.how = "cut" if how == "cut" else "closed"
        await (self.client.cut() if how == "cut" else self.client.close())

    async def live(self):
        while self.run.is_working:
            self.acked_events = 0
            await self.visit()
            await asyncio.sleep(self.random.choice([0, 0.02, 0.1, 0.5, 1.5]))

    # After the faults: resend the rest, then read everything there is.

    async def finish(self):
        self.client = Recorded(self.run.history, self.dev, self.run.server.url, self.token)
        await self.client.open()
        await self.client.resume()
        await self.client.subscribe(self.cursor)
        await self.resend()

    async def read_everything(self):
        client = self.client
        self.run.history.write("final", dev=self.dev)
        await self.drain(client, lambda: self.newest_shown(client))
        client.how = "closed"
        await client.close()
        again = Recorded(self.run.history, self.dev, self.run.server.url, self.token)
        await again.open()
        await again.resume()
        await again.subscribe("0")
        await self.drain(again, lambda: len({(m["peer"], m["seq"]) for m in again.of("message")}))
        for peer in self.run.peers[self.user]:
            after, more = 0, True
            while more:
                page = await again.call("history.get", peer=peer, after=after, limit=500)
                more = page["more"] and page["messages"]
                after = page["messages"][-1]["seq"] if page["messages"] else after
        again.how = "closed"
        await again.close()

    def newest_shown(self, client):
        """The sum over the conversations of the newest seq that this device knows of."""
        newest = dict(self.seen)
        for params in client.of("message"):
            newest[params["peer"]] = max(newest.get(params["peer"], 0), params["seq"])
        return sum(newest.values())

    async def head_of(self, client, peer):
        page = await client.call("history.get", peer=peer, limit=1)
        if page["messages"] and page["messages"][-1]["from"] == self.user:
            # An own one: its answer may have been lost with a connection, and with no counter it
            # was not asked for again.
            self.seen[peer] = page["head_seq"]
        return page["head_seq"]

    async def drain(self, client, progress):
        """Acknowledges until everything came: progress() is then the sum of all heads."""
        acked, seen, last_change = None, -1, time.monotonic()
        while len(client.events) != seen or time.monotonic() < last_change + STALLED_SECONDS:
            if len(client.events) != seen:
                seen, last_change = len(client.events), time.monotonic()
            await asyncio.sleep(0.1)
            if client.cursor != acked:
                acked = client.cursor
                await client.ack()
                last_change = time.monotonic()
            elif len(client.events) == seen:
                heads = [await self.head_of(client, peer) for peer in self.run.peers[self.user]]
                if progress() >= sum(heads):
                    return
        self.run.note_unfinished(self.dev)


TAILS = ["hello", "ünï¢ödé 🙂👍🏽", "a\"b\\c/\n\ttab", "x" * 200, "привет", "﷽"]


class Run:
    def __init__(self, options):
        self.options = options
        self.seed = options.seed
        self.random = random.Random(options.seed)
        self.history = History(options.out)
        self.server = Server(
            options=["--log-tail", str(options.log_tail), "--log-segment", "100000"],
            environment=dict(pair.split("=", 1) for pair in options.env))
        self.is_working = True
        self.is_armed = True  # the next start's fail point is set, or there is none to set
        self.complaints = 0
        self.users = [f"user{i}" for i in range(options.users)]
        self.peers = {user: [other for other in self.users if other != user]
                      for user in self.users}
        self.devices = []
        self.hosts = []
        self.comet = None

    def complain(self, text):
        self.complaints += 1
        if self.complaints <= 5:
            print(f"recorder: refused: {text}", file=sys.stderr)

    def note_unfinished(self, dev):
        print(f"recorder: {dev} is not shown everything", file=sys.stderr)

    def add(self, device, polls):
        self.history.write("device", dev=device.dev, user=device.user, polls=polls)
        self.devices.append(device)

    async def make_devices(self):
        tokens = self.server.import_users([*self.users, COMET, WATCHER])
        self.comet = Comet(self, tokens)
        await self.comet.meet()
        for user in self.users:
            client = await Client(self.server.url, tokens[user]).open()
            await client.resume()
            both = [tokens[user], await second_token(client)]
            polling = [await second_token(client) for _ in range(self.options.polls)]
            self.hosts.append(Host(self, user, await second_token(client)))
            await client.close()
            for i, token in enumerate(both):
                self.add(Device(self, user, f"{user}/{i}", token), False)
            for i, token in enumerate(polling):
                self.add(PollDevice(self, user, f"{user}/poll{i}", token, i % 2 == 1), True)

    async def disturb(self):
        """Kills chatd at random moments and starts it again; with a point it dies by itself."""
        kills = 0
        until = time.monotonic() + self.options.seconds
        pace = self.options.seconds / max(1, self.options.kills or 8)
        next_kill = time.monotonic() + pace * self.random.uniform(0.5, 1.0)
        while time.monotonic() < until:
            await asyncio.sleep(0.02)
            died = not self.server.is_running()
            is_due = time.monotonic() >= next_kill
            wants_kill = is_due and (kills < self.options.kills or not self.is_armed)
            if not died and not wants_kill:
                continue
            self.history.write("fault", what="died" if died else "kill")
            self.server.kill()
            kills += 1
            next_kill = time.monotonic() + pace * self.random.uniform(0.5, 1.3)
            await self.start_again(bool(self.options.point))

    async def start_again(self, wants_point):
        """With the point it may die while it starts: then it is started without."""
        environment = {"CHAT_FAILPOINT": self.options.point} if wants_point else {}
        began = time.monotonic()
        try:
            await asyncio.get_running_loop().run_in_executor(
                None, lambda: self.server.start(environment=environment))
        except ServerFailed as failure:
            if wants_point and "exit code -9" in str(failure):
                self.history.write("fault", what="died")
                await self.start_again(False)
                return
            raise
        self.is_armed = wants_point or not self.options.point
        self.history.write("fault", what="start", began=began)

    async def feel_pulse(self):
        """What could not be noticed in time because we did not run is nobody else's fault."""
        while True:
            due = time.monotonic() + PULSE_SECONDS
            await asyncio.sleep(PULSE_SECONDS)
            late = time.monotonic() - due
            if late > PULSE_SECONDS:
                self.history.write("stall", seconds=round(late, 4))

    async def record(self):
        pulse = asyncio.ensure_future(self.feel_pulse())
        try:
            await self.record_all()
        finally:
            pulse.cancel()

    async def record_all(self):
        options = self.options
        self.history.write("plan", users=options.users, devices=(2 + options.polls) * options.users,
                           kills=options.kills, seconds=options.seconds, seed=options.seed,
                           point=options.point)
        self.server.start()
        await self.make_devices()
        if options.point:
            self.server.kill()
            await self.start_again(True)
        lives = [asyncio.ensure_future(one.live()) for one in [*self.devices, *self.hosts]]
        try:
            await self.disturb()
        finally:
            self.is_working = False
        if options.point or not self.server.is_running():
            # Whatever the point did to the data shows once the log is read again.
            self.history.write("fault", what="kill" if self.server.is_running() else "died")
            self.server.kill()
            await self.start_again(False)
        self.history.write("healed")
        await asyncio.gather(self.comet.fly(), self.finish(lives))
        self.history.write("end")

    async def finish(self, lives):
        await asyncio.gather(*lives)
        await asyncio.gather(self.finish_devices(), *(host.finish() for host in self.hosts))

    async def finish_devices(self):
        await asyncio.gather(*(device.finish() for device in self.devices))
        await asyncio.gather(*(device.read_everything() for device in self.devices))


def parse(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=None, help="default: by the clock, printed")
    parser.add_argument("--users", type=int, default=5)
    parser.add_argument("--polls", type=int, default=2, help="long-poll devices of each user")
    parser.add_argument("--log-tail", type=int, default=200000)
    parser.add_argument("--point", help="fail point NAME:kill:N of each start")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for chatd")
    options = parser.parse_args(words)
    if options.seed is None:
        options.seed = int(time.time())
    return options


def record(options):
    """Returns what chatd complained about (sanitizers, CHECK): should be nothing."""
    run = Run(options)
    print(f"recorder: seed {options.seed}, {options.users} users, {options.seconds:g} s, "
          f"{options.kills} kills" + (f", point {options.point}" if options.point else ""))
    try:
        asyncio.run(run.record())
        print(f"recorder: {run.history.operations} operations, {run.history.connections} "
              f"connections, {run.server.starts} starts")
    except (ServerFailed, Gone, Lost, Refused, RpcError, OSError, asyncio.TimeoutError) as failure:
        # It did not start again, or it died or refused after everything had healed.
        what = f"{type(failure).__name__}: {failure}"
        print(f"recorder: {what}", file=sys.stderr)
        run.history.write("fault", what="failed", text=what[-1000:])
        return [f"it failed: {what[:200]}", *run.server.complaints()]
    else:
        return run.server.complaints()
    finally:
        run.history.close()
        run.server.close()


if __name__ == "__main__":
    complaints = record(parse())
    for line in complaints[:20]:
        print(f"recorder: chatd: {line}", file=sys.stderr)
    sys.exit(1 if complaints else 0)
