#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Judges a history that recorder.py wrote, against the invariants of the design (architecture.md,
section 8): I1 to I10 and I13 to I15; "polls" is I6 of the devices that poll. Shares no code with the recorder
or with any client.

For each invariant the verdict is ok, violated, or unknown: too few operations to say anything, or
a fault that did not bite. Unknown fails like violated does.

usage: verify.py HISTORY [--least FACTOR] [--json]     exit 0 ok, 1 violated, 2 unknown

Everything is one pass or a sort: values are unique and the server numbers them, so no search over
orders is needed. The line number in the file is the time.
"""

import argparse
import json
import sys
from collections import defaultdict

from bounds import Bounds
from walks import FOREVER, Walks, conversation, numeric

SENDS = ("message.send", "message.edit", "message.delete")
DETAILS_MAX = 5

# How much must have happened for "ok" to mean something (times --least).
LEAST = {
    "I1": 200,  # acknowledged sends
    "I2": 200,  # messages seen
    "I3": 10,  # sends that were tried more than once
    "I4": 200,  # entries
    "I5": 100,  # sends that began after another was acknowledged
    "I6": 10,  # subscriptions that went on where another had ended
    "I7": 20,  # reads
    "I8": 20,  # delivered receipts
    "I9": 10,  # resumes of a device that had acknowledged
    "I10": 4,  # changes that the watcher knew of in time
    "I13": 5,  # starts and devices that were answered after the faults
    "I14": 10,  # tries with a revoked token
    "I15": 200,  # entries
    "polls": 10,  # questions asked again after a cut
    "faults": 1,  # kills with requests under way
}


def key_of(operation):
    """What names a logical send: operations without a counter stand for themselves."""
    return operation["dev"], operation["params"].get("counter", f"op{operation['op']}")


class Sent:
    """One logical send, edit or delete: all tries with one (device, counter); without a counter
    there is one try only."""

    def __init__(self, dev, user, operation):
        params = operation["params"]
        self.dev, self.user = dev, user
        self.counter = params.get("counter", "none")
        self.method = operation["method"]
        self.peer = params.get("to") or params.get("peer")
        self.text = params.get("text", "")
        self.target = params.get("seq")
        self.first_line = operation["line"]
        self.conn = operation["conn"]
        self.tries = 0
        self.answers = []  # (line, seq, ts)
        self.refused_line = None

    conv = property(lambda self: conversation(self.user, self.peer))
    answered_line = property(lambda self: self.answers[0][0] if self.answers else FOREVER)
    seq = property(lambda self: self.answers[0][1] if self.answers else None)

    def __str__(self):
        return f"{self.method} {self.dev} counter {self.counter} to {self.peer}"


class Subscription:
    def __init__(self, operation):
        self.conn, self.dev = operation["conn"], operation["dev"]
        self.start = operation["params"].get("from")
        self.invoke_line = operation["line"]
        self.answer_line = operation["answer_line"]
        self.cursor = operation["result"].get("cursor")
        self.steps = []  # (line, "event", method, params) or (line, "ack", cursor)


class Question:
    """GET /events: a subscription for the length of one answer, from what the device has seen."""

    def __init__(self, operation):
        params = operation["params"]
        self.conn, self.dev = operation["conn"], operation["dev"]
        self.start = params.get("seen", params["cursor"])
        self.acknowledged = params["cursor"]
        self.invoke_line = operation["line"]
        self.cursor = self.start
        self.upto = None  # the answer's cursor
        self.is_reset = False
        self.steps = []  # as of a subscription; no acks


class Read:
    def __init__(self, operation, user):
        self.dev = operation["dev"]
        self.user = user
        self.peer = operation["params"]["peer"]
        self.conv = conversation(user, self.peer)
        self.params = operation["params"]
        self.invoke_line, self.answer_line = operation["line"], operation["answer_line"]
        self.result = operation["result"]


class History:
    """The lines, sorted out."""

    def __init__(self, lines):
        self.user_of = {}
        self.pollers = set()  # devices
        self.questions = []  # answered ones
        self.poll_acks = []  # (line, dev, cursor)
        self.repeats = 0  # questions asked again from the place of one that was cut
        self.cut_at = {}  # dev -> the place of its last question, which was cut
        self.full_walk = {}  # dev -> its questions since the last one from "0"
        self.operations = {}
        self.sent = {}  # (dev, counter) -> Sent
        self.subscriptions = []
        self.reads = []
        self.resumes = defaultdict(list)  # dev -> (line, cursor)
        self.ack_answers = defaultdict(list)  # dev -> (line, cursor)
        self.sightings = []  # (line, dev, message, read or None)
        self.strays = []  # durable events outside a subscription
        self.faults = []  # (line, what)
        self.unknown_lines = []
        self.final_line = {}
        self.plan = {}
        self.is_whole = False
        self.open_subscription = {}  # conn -> Subscription
        for number, line in enumerate(lines):
            getattr(self, "on_" + line["k"], self.on_other)(number, line)

    def on_other(self, number, line):
        pass

    def on_plan(self, number, line):
        self.plan = line

    def on_end(self, number, line):
        self.is_whole = True

    def on_device(self, number, line):
        self.user_of[line["dev"]] = line["user"]
        if line.get("polls"):
            self.pollers.add(line["dev"])

    def on_fault(self, number, line):
        self.faults.append((number, line["what"]))

    def on_final(self, number, line):
        self.final_line[line["dev"]] = number

    def on_invoke(self, number, line):
        operation = dict(line, line=number)
        self.operations[line["op"]] = operation
        if line["method"] in SENDS:
            key = key_of(line)
            if key not in self.sent:
                self.sent[key] = Sent(line["dev"], self.user_of[line["dev"]], operation)
            self.sent[key].tries += 1
        if line["method"] == "events":
            self.on_question(operation)
        elif line["method"] == "ack" and line["dev"] in self.pollers:
            self.poll_acks.append((number, line["dev"], line["params"]["cursor"]))
        elif line["method"] == "ack" and line["conn"] in self.open_subscription:
            self.open_subscription[line["conn"]].steps.append(
                (number, "ack", line["params"]["cursor"], None))

    def on_question(self, operation):
        question = Question(operation)
        operation["question"] = question
        self.open_subscription[question.conn] = question
        self.poll_acks.append((question.invoke_line, question.dev, question.acknowledged))
        self.repeats += self.cut_at.pop(question.dev, None) == question.start

    def on_cut(self, number, line):
        question = self.operations[line["op"]].get("question")
        if question is not None:
            self.cut_at[question.dev] = question.start

    def on_unknown(self, number, line):
        self.unknown_lines.append(number)

    def on_answer(self, number, line):
        operation = self.operations[line["op"]]
        operation["answer_line"] = number
        method = operation["method"]
        if "error" in line:
            outcome = (line["error"].get("data") or {}).get("outcome")
            if method in SENDS and outcome != "unknown":
                self.sent[key_of(operation)].refused_line = number
            return
        operation["result"] = result = line["result"]
        if method in SENDS:
            self.sent[key_of(operation)].answers.append((number, result["seq"], result["ts"]))
        elif method == "subscribe":
            subscription = Subscription(operation)
            self.subscriptions.append(subscription)
            self.open_subscription[operation["conn"]] = subscription
        elif method == "events":
            question = operation["question"]
            question.upto, question.is_reset = result["cursor"], result.get("reset", False)
            question.answer_line = number
            self.questions.append(question)
            if question.start == "0":
                self.full_walk[question.dev] = []
            self.full_walk.setdefault(question.dev, []).append(question)
        elif method == "history.get":
            read = Read(operation, self.user_of[operation["dev"]])
            self.reads.append(read)
            for message in result["messages"]:
                self.sightings.append((number, operation["dev"], message, read))
        elif method == "session.resume":
            self.resumes[operation["dev"]].append((number, result.get("cursor")))
        elif method == "ack":
            self.ack_answers[operation["dev"]].append((number, operation["params"]["cursor"]))

    def on_event(self, number, line):
        params = line["params"]
        if line["method"] == "message":
            self.sightings.append((number, line["dev"], params, None))
        if "cursor" not in params:
            return
        subscription = self.open_subscription.get(line["conn"])
        if subscription is None:
            self.strays.append((number, line))
        else:
            subscription.steps.append((number, "event", line["method"], params))

    def last_full_reads(self):
        """dev -> (line, steps) of the subscription, or the questions, from "0" that came after its
        final line."""
        full = {s.dev: (s.invoke_line, s.steps) for s in self.subscriptions
                if s.start == "0" and s.invoke_line > self.final_line.get(s.dev, FOREVER)}
        for dev, questions in self.full_walk.items():
            first = questions[0]
            if first.start == "0" and first.invoke_line > self.final_line.get(dev, FOREVER):
                full[dev] = (first.invoke_line, [step for q in questions for step in q.steps])
        return full


class Finding:
    """The verdict on one invariant, in the making."""

    def __init__(self, name):
        self.name = name
        self.count = 0
        self.violations = 0
        self.details = []

    def saw(self, count=1):
        self.count += count

    def violated(self, text):
        self.violations += 1
        if len(self.details) < DETAILS_MAX:
            self.details.append(text)

    def verdict(self, least):
        if self.violations:
            return "violated"
        return "ok" if self.count >= LEAST[self.name] * least else "unknown"


class Verifier:
    def __init__(self, lines):
        self.lines = lines
        self.history = History(lines)
        self.findings = {name: Finding(name) for name in LEAST}
        self.by_text = {}
        self.deletes = {}
        self.changes = defaultdict(list)  # (conv, seq) -> edits and deletes aimed at it
        self.owner = {}  # (conv, seq) -> Sent
        self.mailboxes = {}  # user -> [(peer, seq)]
        self.places = {}  # user -> {(peer, seq): index}
        self.final_entries = defaultdict(dict)  # (dev, conv) -> {seq: message}

    def run(self):
        self.index_sends()
        self.check_sightings()  # I2, and who owns which seq
        self.collect_finals()
        self.check_acknowledged()  # I1
        self.check_one_to_one()  # I3
        self.check_total_order()  # I4, I15
        self.check_real_time()  # I5
        self.check_reads()  # I7
        self.check_mailboxes()  # I6, I8 and cursors of I9
        self.check_resumes()  # I9
        self.check_faults()
        Bounds(self.lines, self.findings).run()  # I10, I13, I14
        return self.findings

    # Who sent what.

    def index_sends(self):
        for sent in self.history.sent.values():
            if sent.method == "message.delete":
                self.deletes[(sent.conv, sent.user, sent.target)] = sent
            else:
                self.by_text[(sent.user, sent.peer, sent.text)] = sent
            if sent.target is not None:
                self.changes[(sent.conv, sent.target)].append(sent)

    def sender_of(self, user, message):
        """The Sent behind a message that a user was shown, None when nobody sent it."""
        author, peer = message["from"], message["peer"]
        conv, seq = conversation(user, peer), message["seq"]
        to = peer if author == user else user
        if message.get("target") is not None and message.get("kind") == "delete":
            return self.deletes.get((conv, author, message["target"]))
        sent = self.by_text.get((author, to, message["text"]))
        if message.get("target") is not None:
            return sent if sent and sent.target == message["target"] else None
        if sent is not None and sent.target is None:
            return sent
        # An edited text shows the edit's words, a deleted one none: the owner is known otherwise.
        for change in self.changes[(conv, seq)]:
            is_shown = message.get("deleted") if change.method == "message.delete" else \
                change.text == message["text"]
            if is_shown and change.user == author:
                return self.original_of(conv, seq)
        return None

    def original_of(self, conv, seq):
        return self.owner.get((conv, seq)) or self.answered_as.get((conv, seq))

    def check_sightings(self):
        finding = self.findings["I2"]
        self.answered_as = {(sent.conv, answer[1]): sent for sent in self.history.sent.values()
                            for answer in sent.answers}
        later = []
        for sighting in self.history.sightings:
            # Texts as first sent say who owns the number; the changed ones then follow.
            if sighting[2].get("edited") or sighting[2].get("deleted"):
                later.append(sighting)
            else:
                self.check_sighting(finding, *sighting)
        for sighting in later:
            self.check_sighting(finding, *sighting)

    def check_sighting(self, finding, line, dev, message, read):
        user = self.history.user_of[dev]
        finding.saw()
        sent = self.sender_of(user, message)
        where = f"line {line}: {dev} was shown {message['peer']} {message['seq']}"
        if sent is None:
            finding.violated(f"{where}, which nobody sent: {message!r:.200}")
            return
        if sent.first_line > line:
            finding.violated(f"{where} before {sent} was sent")
        if sent.refused_line is not None and not sent.answers:
            finding.violated(f"{where}, but {sent} was refused (line {sent.refused_line})")
        key = (sent.conv, message["seq"])
        owner = self.owner.setdefault(key, sent)
        if owner is not sent:
            self.findings["I4"].violated(f"{where}: {sent}, but it was {owner} before")
        if read is not None:
            self.check_no_return(finding, where, key, message, read)

    def check_no_return(self, finding, where, key, message, read):
        """After a change was acknowledged, no read brings the old text back."""
        if message.get("target") is not None:
            return
        for change in self.changes[key]:
            if change.answered_line < read.invoke_line:
                shown = message["text"]
                if change.method == "message.delete" and shown != "":
                    finding.violated(f"{where} with its text, after {change} was acknowledged")
                elif change.method == "message.edit" and shown == self.owner[key].text:
                    finding.violated(f"{where} unedited, after {change} was acknowledged")

    def order_of(self, dev):
        return self.findings["polls" if dev in self.history.pollers else "I6"]

    # What everybody has in the end.

    def collect_finals(self):
        for read in self.history.reads:
            if read.invoke_line > self.history.final_line.get(read.dev, FOREVER):
                entries = self.final_entries[(read.dev, read.conv)]
                entries.update((m["seq"], m) for m in read.result["messages"])
        for dev, (_, steps) in self.history.last_full_reads().items():
            finding = self.order_of(dev)
            user = self.history.user_of[dev]
            mailbox = [(p["peer"], p["seq"], p["cursor"])
                       for _, kind, method, p in steps
                       if kind == "event" and method == "message"]
            if user not in self.mailboxes:
                self.mailboxes[user] = mailbox
                self.places[user] = {m[:2]: i for i, m in enumerate(mailbox)}
                if len(self.places[user]) < len(mailbox):
                    finding.violated(f"{dev}: its mailbox from 0 has a message twice")
            elif mailbox != self.mailboxes[user]:
                first = next((i for i, (a, b) in enumerate(zip(mailbox, self.mailboxes[user]))
                              if a != b), min(len(mailbox), len(self.mailboxes[user])))
                finding.violated(
                    f"{dev}: its mailbox from 0 ({len(mailbox)} messages) is not that of the "
                    f"user's other device ({len(self.mailboxes[user])}), from the {first + 1}th on: "
                    f"{mailbox[first:first + 2]} / {self.mailboxes[user][first:first + 2]}")

    def check_acknowledged(self):
        finding = self.findings["I1"]
        devices = defaultdict(list)
        for dev, user in self.history.user_of.items():
            if dev in self.history.final_line:
                devices[user].append(dev)
        for sent in self.history.sent.values():
            if not sent.answers:
                continue
            finding.saw()
            for user in sent.conv:
                peer = sent.conv[1] if user == sent.conv[0] else sent.conv[0]
                for dev in devices[user]:
                    message = self.final_entries[(dev, sent.conv)].get(sent.seq)
                    if message is None or self.sender_of(user, message) is not sent:
                        finding.violated(f"{sent} was acknowledged as {sent.seq} (line "
                                         f"{sent.answered_line}), {dev} has {message!r:.200}")
                if user in self.places and (peer, sent.seq) not in self.places[user]:
                    finding.violated(f"{sent} was acknowledged as {sent.seq} (line "
                                     f"{sent.answered_line}) and is not in {user}'s mailbox")
        if not devices or not self.history.is_whole:
            finding.violated("the history has no end: nothing was read after the faults")

    def check_one_to_one(self):
        finding = self.findings["I3"]
        numbers = {}
        for (conv, seq), sent in self.owner.items():
            if numbers.setdefault(sent, seq) != seq:
                finding.violated(f"{sent} is in the history twice: {numbers[sent]} and {seq}")
        for sent in self.history.sent.values():
            finding.saw(sent.tries > 1)
            if len({answer[1:] for answer in sent.answers}) > 1:
                finding.violated(f"{sent} was answered differently: {sent.answers[:3]}")
            if sent.answers and numbers.get(sent, sent.seq) != sent.seq:
                finding.violated(f"{sent} was answered {sent.seq} but stands at {numbers[sent]}")
            owner = self.owner.get((sent.conv, sent.seq))
            if sent.answers and owner is not None and owner is not sent:
                finding.violated(f"{sent} was answered {sent.seq}, which is {owner}")

    # One order.

    def check_total_order(self):
        finding = self.findings["I4"]
        entries = {}
        for line, dev, message, _ in self.history.sightings:
            conv = conversation(self.history.user_of[dev], message["peer"])
            fixed = (message["from"], message["ts"], message.get("kind") or "text",
                     message.get("target"))
            known = entries.setdefault((conv, message["seq"]), fixed)
            if known != fixed:
                finding.violated(f"line {line}: {dev} was shown {conv} {message['seq']} as {fixed},"
                                 f" others as {known}")
        for sent in self.history.sent.values():
            for line, seq, ts in sent.answers:
                known = entries.get((sent.conv, seq))
                if known is not None and known[:2] != (sent.user, ts):
                    finding.violated(f"line {line}: {sent} was answered {seq} {ts}, others see "
                                     f"{known}")
        self.check_dense(finding)
        self.check_digests(finding)
        self.check_time_stamps(entries)

    def check_dense(self, finding):
        counts = {}
        for (dev, conv), messages in self.final_entries.items():
            finding.saw(len(messages))
            if sorted(messages) != list(range(1, len(messages) + 1)):
                missing = sorted(set(range(1, max(messages) + 1)) - set(messages))
                finding.violated(f"{dev}: the final history of {conv} has holes at {missing[:5]}")
            if counts.setdefault(conv, len(messages)) != len(messages):
                finding.violated(f"{dev}: {len(messages)} messages in {conv}, others have "
                                 f"{counts[conv]}")

    def check_digests(self, finding):
        digests = {}
        for read in self.history.reads:
            key = (read.conv, read.result["head_seq"])
            digest = read.result["digest"]
            if digests.setdefault(key, digest) != digest:
                finding.violated(f"line {read.answer_line}: {read.dev} reads digest {digest} of "
                                 f"{key}, others {digests[key]}")

    def check_time_stamps(self, entries):
        finding = self.findings["I15"]
        newest = {}
        for (conv, seq), fixed in sorted(entries.items()):
            finding.saw()
            if fixed[1] < newest.get(conv, ""):
                finding.violated(f"{conv} {seq} has the time {fixed[1]}, the one before "
                                 f"{newest[conv]}")
            newest[conv] = fixed[1]

    def check_real_time(self):
        finding = self.findings["I5"]
        moments = []
        for sent in self.history.sent.values():
            if sent.answers:
                moments.append((sent.first_line, 1, sent))
                moments.append((sent.answered_line, 0, sent))
        newest = {}  # conv -> the highest seq acknowledged so far
        newest_of = {}  # (dev, conv) -> the seq of its last begun send
        for line, is_start, sent in sorted(moments, key=lambda moment: moment[:2]):
            if not is_start:
                newest[sent.conv] = max(newest.get(sent.conv, 0), sent.seq)
                continue
            finding.saw(sent.conv in newest)
            if sent.seq <= newest.get(sent.conv, 0):
                finding.violated(f"{sent} began at line {line}, after {newest[sent.conv]} was "
                                 f"acknowledged, and became {sent.seq}")
            before = newest_of.get((sent.dev, sent.conv), 0)
            if sent.seq <= before:
                finding.violated(f"{sent} became {sent.seq}, the device's send before it {before}")
            newest_of[(sent.dev, sent.conv)] = sent.seq

    # Reads.

    def check_reads(self):
        finding = self.findings["I7"]
        moments = [(sent.answered_line, 0, sent.conv, sent.seq)
                   for sent in self.history.sent.values() if sent.answers]
        moments += [(line, 0, conversation(self.history.user_of[dev], m["peer"]), m["seq"])
                    for line, dev, m, _ in self.history.sightings]
        moments += [(read.invoke_line, 1, read.conv, read) for read in self.history.reads]
        moments += [(read.answer_line, 0, read.conv, read.result["head_seq"])
                    for read in self.history.reads]
        known = defaultdict(int)
        for _, is_read, conv, what in sorted(moments, key=lambda moment: moment[:2]):
            if is_read:
                self.check_read(finding, what, known[conv])
            else:
                known[conv] = max(known[conv], what)

    def check_read(self, finding, read, known):
        finding.saw()
        head = read.result["head_seq"]
        seqs = [m["seq"] for m in read.result["messages"]]
        limit = read.params.get("limit", 50)
        where = f"line {read.answer_line}: {read.dev} reads {read.conv} {read.params}"
        if head < known:
            finding.violated(f"{where}: head {head}, but {known} was known before it asked")
        if "after" in read.params:
            first = read.params["after"] + 1
            last = min(head, first + limit - 1)
        else:
            last = min(head, read.params.get("before", head + 1) - 1)
            first = max(1, last - limit + 1)
        if seqs != list(range(first, last + 1)):
            finding.violated(f"{where} at head {head} and gets {seqs[:3]}...{seqs[-3:]} "
                             f"({len(seqs)}), not {first} to {last}")

    # Mailboxes: what a device is shown, what it acknowledges, what others are told of it.

    def check_mailboxes(self):
        finding = self.findings["I6"]
        for line, event in self.history.strays[:DETAILS_MAX]:
            finding.violated(f"line {line}: {event['dev']} was shown something before it subscribed")
        polls = self.findings["polls"]
        polls.saw(self.history.repeats if self.history.pollers else LEAST["polls"])
        walks = Walks(self)
        steps = []
        for subscription in self.history.subscriptions:
            steps.append((subscription.answer_line, walks.begin, subscription, None))
            for line, kind, what, params in subscription.steps:
                handler = walks.acknowledge if kind == "ack" else walks.show
                steps.append((line, handler, subscription, (what, params)))
        for question in self.history.questions:
            steps.append((question.invoke_line, walks.begin, question, None))
            for line, _, method, params in question.steps:
                steps.append((line, walks.show, question, (method, params)))
            steps.append((question.answer_line, walks.close, question, None))
        for line, dev, cursor in self.history.poll_acks:
            steps.append((line, walks.acknowledge_poll, dev, cursor))
        for line, handler, subscription, what in sorted(steps, key=lambda step: step[0]):
            handler(line, subscription, what)
        walks.end()

    def check_resumes(self):
        finding = self.findings["I9"]
        faults = [line for line, what in self.history.faults if what in ("kill", "died")]
        for dev, resumes in self.history.resumes.items():
            acks = self.history.ack_answers[dev]
            last = None
            for line, cursor in resumes:
                told = numeric(cursor)
                if told is None:
                    continue
                finding.saw(any(ack[0] < line for ack in acks[:1]))
                if last is not None and told < last[1]:
                    finding.violated(f"line {line}: {dev} resumes at {cursor}, after it had resumed "
                                     f"at {last[0]}")
                last = (cursor, told)
                since = max((fault for fault in faults if fault < line), default=-1)
                for ack_line, acked in reversed(acks):
                    if ack_line < since:
                        break
                    if ack_line < line and (numeric(acked) or (0, 0)) > told:
                        finding.violated(f"line {line}: {dev} resumes at {cursor}, but {acked} was "
                                         f"acknowledged (line {ack_line}), with no fault between")

    def check_faults(self):
        finding = self.findings["faults"]
        faults = [line for line, what in self.history.faults if what in ("kill", "died")]
        for line, what in self.history.faults:
            if what == "failed":
                finding.violated(f"line {line}: chatd did not start or serve")
        unknown = self.history.unknown_lines
        for i, line in enumerate(faults):
            until = faults[i + 1] if i + 1 < len(faults) else FOREVER
            finding.saw(any(line < moment < until for moment in unknown))
        if not self.history.plan.get("kills") and not self.history.plan.get("point"):
            finding.saw(LEAST["faults"])
        if self.history.plan.get("point") and not any(w == "died" for _, w in self.history.faults):
            finding.count = 0  # the point was never reached


def verify(lines, least=1.0):
    """name -> {verdict, count, violations, details}, and "all" -> the verdict."""
    findings = Verifier(lines).run()
    report = {name: {"verdict": finding.verdict(least), "count": finding.count,
                     "violations": finding.violations, "details": finding.details}
              for name, finding in findings.items()}
    verdicts = {entry["verdict"] for entry in report.values()}
    report["all"] = next(v for v in ("violated", "unknown", "ok") if v in verdicts)
    return report


def load(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def show(report):
    for name, entry in report.items():
        if name != "all":
            print(f"{name:7} {entry['verdict']:9} {entry['count']:8} seen"
                  + (f" {entry['violations']:6} violations" if entry["violations"] else ""))
            for detail in entry["details"]:
                print(f"          {detail}")
    print(f"verdict: {report['all']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("history")
    parser.add_argument("--least", type=float, default=1.0,
                        help="how much must have happened, as a factor (0: anything will do)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report = verify(load(options.history), options.least)
    if options.json:
        print(json.dumps(report))
    else:
        show(report)
    return {"ok": 0, "violated": 1, "unknown": 2}[report["all"]]


if __name__ == "__main__":
    sys.exit(main())
