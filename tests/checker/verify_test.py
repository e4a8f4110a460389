#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""verify.py must catch one violation of each invariant in a small hand-made history, and find
nothing in a clean one. A check that has never failed proves nothing."""

import copy
import pathlib
import subprocess
import sys
import tempfile
import unittest

import json

import verify

ANN, BOB = "ann", "bob"


class Story:
    """Writes a history as the recorder would: two users, ann with two devices, bob with two."""

    def __init__(self):
        self.lines = [{"k": "plan", "kills": 0}]
        self.operations = 0
        self.connections = 0
        self.connection_of = {}
        self.shown = {}  # dev -> the highest seq it was shown
        for dev in ("ann/0", "ann/1", "bob/0", "bob/1"):
            self.add("device", dev=dev, user=dev[:3])

    def add(self, kind, **fields):
        self.lines.append({"k": kind, **fields})
        return len(self.lines) - 1

    def connect(self, dev, start, cursor="1.0", resumed="1.0"):
        self.connections += 1
        self.connection_of[dev] = self.connections
        self.add("open", conn=self.connections, dev=dev)
        self.call(dev, "session.resume", {}, {"user": dev[:3], "cursor": resumed, "counter": 0})
        self.call(dev, "subscribe", {"from": start}, {"cursor": cursor, "window": 256})

    def invoke(self, dev, method, params):
        self.operations += 1
        self.add("invoke", op=self.operations, conn=self.connection_of[dev], dev=dev,
                 method=method, params=params)
        return self.operations

    def answer(self, op, result):
        return self.add("answer", op=op, result=result)

    def call(self, dev, method, params, result):
        return self.answer(self.invoke(dev, method, params), result)

    def begin(self, dev, counter, text):
        to = BOB if dev.startswith(ANN) else ANN
        return self.invoke(dev, "message.send", {"to": to, "text": text, "counter": counter})

    def stored(self, op, seq, ts=None):
        return self.answer(op, {"peer": "?", "seq": seq, "ts": ts or f"t{seq}"})

    def send(self, dev, counter, text, seq):
        return self.stored(self.begin(dev, counter, text), seq)

    def message(self, user, seq, author, text, **more):
        return {"peer": BOB if user == ANN else ANN, "seq": seq, "ts": f"t{seq}", "from": author,
                "text": text, **more}

    def show(self, dev, seq, author, text, **more):
        more.setdefault("cursor", f"1.{10 * seq}")
        self.shown[dev] = max(seq, self.shown.get(dev, 0))
        return self.add("event", conn=self.connection_of[dev], dev=dev, method="message",
                        params=self.message(dev[:3], seq, author, text, **more))

    def ask(self, dev, cursor, shows, seen=None, **more):
        """A question whose answer shows these texts; its cursor is that of the last."""
        self.connections += 1
        self.connection_of[dev] = self.connections
        op = self.invoke(dev, "events", {"cursor": cursor, "wait": 1,
                                         **({"seen": seen} if seen else {})})
        for text in shows:
            self.show(dev, *text)
        upto = f"1.{10 * shows[-1][0]}" if shows else seen or cursor
        return self.answer(op, {"cursor": upto, **more})

    def ask_in_vain(self, dev, cursor, seen=None):
        op = self.invoke(dev, "events", {"cursor": cursor, "wait": 1,
                                         **({"seen": seen} if seen else {})})
        self.add("cut", op=op, how="cut")

    def delivered(self, dev, seq):
        peer = BOB if dev.startswith(ANN) else ANN
        return self.add("event", conn=self.connection_of[dev], dev=dev, method="receipt",
                        params={"peer": peer, "by": peer, "delivered_seq": seq,
                                "cursor": f"1.{10 * seq + 5}"})

    def ack(self, dev, cursor):
        return self.call(dev, "ack", {"cursor": cursor}, {})

    def read(self, dev, messages, head=None, digest=None, **params):
        user = dev[:3]
        head = len(messages) if head is None else head
        params = params or {"after": 0}
        page = [self.message(user, *m[:3], **(m[3] if len(m) > 3 else {})) for m in messages]
        return self.call(dev, "history.get", {"peer": BOB if user == ANN else ANN, **params},
                         {"messages": page, "more": False, "head_seq": head,
                          "digest": digest or f"d{head}"})

    def finish(self, messages, besides=None, drains=True):
        """Every device reads the rest, then everything; besides: dev -> what that one gets
        instead."""
        for dev in ("ann/0", "ann/1", "bob/0", "bob/1"):
            mine = (besides or {}).get(dev, messages)
            self.add("final", dev=dev)
            if drains:
                at = self.shown.get(dev, 0)
                cursor = f"1.{10 * at}" if at else "0"
                self.connect(dev, cursor, cursor=cursor, resumed="1.30")
                for m in (m for m in mine if m[0] > at):
                    self.show(dev, *m[:3], **(m[3] if len(m) > 3 else {}))
            self.connect(dev, "0", resumed="1.30")
            for m in mine:
                self.show(dev, *m[:3], **(m[3] if len(m) > 3 else {}))
            self.read(dev, mine)
        self.add("end")
        return self.lines


TEXTS = [(1, ANN, "a1"), (2, BOB, "b1"), (3, ANN, "a2")]


def clean():
    """ann sends a1, bob answers b1, ann a2 at a second try; bob's devices see and acknowledge."""
    story = Story()
    for dev in ("ann/0", "ann/1", "bob/0", "bob/1"):
        story.connect(dev, "0")
    story.send("ann/0", 1, "a1", 1)
    for dev in ("ann/1", "bob/0", "bob/1"):
        story.show(dev, *TEXTS[0])
    story.ack("bob/0", "1.10")
    story.delivered("ann/0", 1)
    story.send("bob/0", 1, "b1", 2)
    for dev in ("ann/0", "ann/1", "bob/1"):
        story.show(dev, *TEXTS[1])
    first = story.begin("ann/0", 2, "a2")
    story.add("unknown", op=first)
    story.read("bob/1", TEXTS[:2])
    story.stored(story.begin("ann/0", 2, "a2"), 3)
    story.connect("bob/0", "1.10", cursor="1.10", resumed="1.10")
    story.show("bob/0", *TEXTS[2])
    return story


class VerifyTest(unittest.TestCase):
    def judge(self, lines):
        return verify.verify(lines, least=0)

    def caught(self, lines, *names):
        report = self.judge(lines)
        self.assertEqual(report["all"], "violated")
        for name in names:
            self.assertEqual(report[name]["verdict"], "violated", (name, report))
        return report

    def test_a_clean_history_is_ok(self):
        report = self.judge(clean().finish(TEXTS))
        self.assertEqual(report["all"], "ok", report)

    def test_too_little_is_unknown(self):
        report = verify.verify(clean().finish(TEXTS))
        self.assertEqual(report["all"], "unknown")

    def test_a_kill_that_did_not_bite_is_unknown(self):
        lines = clean().finish(TEXTS)
        lines[0]["kills"] = 1
        lines.insert(-1, {"k": "fault", "what": "kill"})
        report = verify.verify(lines, least=0.01)
        self.assertEqual(report["faults"]["verdict"], "unknown")

    def test_a_point_that_was_never_reached_is_unknown(self):
        lines = clean().finish(TEXTS)
        lines[0]["point"] = "flush.between:kill:1"
        self.assertEqual(verify.verify(lines, least=0.01)["faults"]["verdict"], "unknown")

    def test_a_server_that_does_not_come_back_is_violated(self):
        lines = clean().finish(TEXTS)
        lines.insert(-1, {"k": "fault", "what": "failed"})
        self.caught(lines, "faults")

    def test_i1_an_acknowledged_message_is_lost(self):
        self.caught(clean().finish(TEXTS[:2]), "I1")

    def test_i1_lost_for_one_device_only(self):
        self.caught(clean().finish(TEXTS, {"bob/1": TEXTS[:2]}), "I1")

    def test_i1_nothing_was_read_at_the_end(self):
        self.caught(clean().lines, "I1")

    def test_i2_a_message_that_nobody_sent(self):
        story = clean()
        story.show("ann/1", 4, BOB, "invented")
        self.caught(story.finish(TEXTS), "I2")

    def test_i2_a_message_put_into_another_mouth(self):
        self.caught(clean().finish([TEXTS[0], (2, ANN, "b1"), TEXTS[2]]), "I2")

    def test_i2_a_refused_message_is_shown(self):
        story = clean()
        op = story.begin("bob/0", 2, "b2")
        story.add("answer", op=op, error={"code": 2, "data": {"kind": "forbidden"}})
        self.caught(story.finish(TEXTS + [(4, BOB, "b2")]), "I2")

    def test_i2_a_deleted_text_comes_back(self):
        story = clean()
        story.call("ann/0", "message.delete", {"peer": BOB, "seq": 1, "counter": 3},
                   {"peer": BOB, "seq": 4, "ts": "t4"})
        entry = (4, ANN, "", {"kind": "delete", "target": 1})
        self.caught(story.finish(TEXTS + [entry]), "I2")

    def test_i2_an_edit_that_holds_is_ok(self):
        story = clean()
        story.call("ann/0", "message.edit", {"peer": BOB, "seq": 1, "counter": 3, "text": "new"},
                   {"peer": BOB, "seq": 4, "ts": "t4"})
        entry = (4, ANN, "new", {"kind": "edit", "target": 1})
        edited = (1, ANN, "new", {"edited": True})
        report = self.judge(story.finish([edited, *TEXTS[1:], entry]))
        self.assertEqual(report["all"], "ok", report)

    def test_i3_one_send_stands_twice(self):
        self.caught(clean().finish(TEXTS + [(4, ANN, "a2")]), "I3")

    def test_i3_a_send_without_a_counter_stands_twice(self):
        story = clean()
        story.stored(story.invoke("ann/0", "message.send", {"to": BOB, "text": "a3"}), 4)
        self.caught(story.finish(TEXTS + [(4, ANN, "a3"), (5, ANN, "a3")]), "I3")

    def test_i3_a_retry_is_answered_with_another_number(self):
        story = clean()
        story.stored(story.begin("ann/0", 1, "a1"), 4)
        self.caught(story.finish(TEXTS), "I3")

    def test_i4_two_messages_under_one_number(self):
        story = clean()
        story.begin("bob/1", 1, "b2")
        story.show("ann/1", 3, BOB, "b2")
        self.caught(story.finish(TEXTS), "I4")

    def test_i4_a_hole(self):
        story = Story()
        for dev in ("ann/0", "ann/1", "bob/0", "bob/1"):
            story.connect(dev, "0")
        story.send("ann/0", 1, "a1", 1)
        story.send("ann/0", 2, "a2", 3)
        self.caught(story.finish([TEXTS[0], TEXTS[2]]), "I4")

    def test_i4_digests_differ(self):
        story = clean()
        story.read("bob/1", TEXTS[:2], head=2, digest="another")
        self.caught(story.finish(TEXTS), "I4")

    def test_i5_a_later_send_gets_a_smaller_number(self):
        story = Story()
        for dev in ("ann/0", "ann/1", "bob/0", "bob/1"):
            story.connect(dev, "0")
        story.send("ann/0", 1, "a1", 2)
        story.send("bob/0", 1, "b1", 1)
        self.caught(story.finish([(1, BOB, "b1"), (2, ANN, "a1")]), "I5")

    def test_i5_one_connection_is_overtaken_by_itself(self):
        story = Story()
        for dev in ("ann/0", "ann/1", "bob/0", "bob/1"):
            story.connect(dev, "0")
        first, second = story.begin("ann/0", 1, "a1"), story.begin("ann/0", 2, "a2")
        story.stored(first, 2)
        story.stored(second, 1)
        self.caught(story.finish([(1, ANN, "a2"), (2, ANN, "a1")]), "I5")

    def test_i6_a_message_is_skipped(self):
        story = clean()
        story.connect("ann/1", "1.10", cursor="1.10")
        story.show("ann/1", *TEXTS[2])
        self.caught(story.finish(TEXTS), "I6")

    def test_i6_a_message_is_shown_twice(self):
        story = clean()
        story.show("bob/0", *TEXTS[2])
        self.caught(story.finish(TEXTS), "I6")

    def test_i6_shown_out_of_order(self):
        story = clean()
        story.connect("ann/1", "0")
        story.show("ann/1", *TEXTS[1])
        story.show("ann/1", *TEXTS[0])
        self.caught(story.finish(TEXTS), "I6")

    def test_i6_catching_up_stops_short(self):
        story = clean()
        story.connect("bob/1", "1.20", cursor="1.20")
        self.caught(story.finish(TEXTS, drains=False), "I6")

    def test_i6_unread_begins_behind_what_was_acknowledged(self):
        story = clean()
        story.connect("bob/1", "unread")
        story.show("bob/1", *TEXTS[2])
        self.caught(story.finish(TEXTS), "I6")

    def test_i6_something_comes_before_subscribe(self):
        story = clean()
        story.connection_of["bob/1"] = 99
        story.show("bob/1", *TEXTS[0])
        self.caught(story.finish(TEXTS), "I6")

    def test_i7_a_read_misses_what_was_acknowledged(self):
        story = clean()
        story.read("ann/1", TEXTS[:2], digest="d2")
        self.caught(story.finish(TEXTS), "I7")

    def test_i7_a_page_has_a_hole(self):
        story = clean()
        story.read("ann/1", [TEXTS[0], TEXTS[2]], head=3)
        self.caught(story.finish(TEXTS), "I7")

    def test_i8_delivered_before_anybody_acknowledged(self):
        story = clean()
        story.delivered("ann/0", 3)
        self.caught(story.finish(TEXTS), "I8")

    def test_i9_a_resume_point_goes_back(self):
        story = clean()
        story.connect("bob/0", "1.30", cursor="1.30", resumed="1.0")
        self.caught(story.finish(TEXTS), "I9")

    def test_i9_an_acknowledgement_is_forgotten_without_a_fault(self):
        story = clean()
        story.ack("bob/0", "1.30")
        story.connect("bob/0", "1.30", cursor="1.30", resumed="1.10")
        self.caught(story.finish(TEXTS), "I9")

    def test_i9_a_cursor_is_given_twice(self):
        story = clean()
        story.show("bob/0", *TEXTS[2], cursor="1.10")
        self.caught(story.finish(TEXTS), "I9")

    def test_i15_time_goes_back_along_the_order(self):
        lines = json.loads(json.dumps(clean().finish(TEXTS)).replace('"t3"', '"t0"'))
        self.caught(lines, "I15")

    # A third device of bob, which polls.

    def polling(self, *answers, full=None):
        """answers: (cursor, seen, texts shown); then everything from 0, or what full says."""
        story = clean()
        story.add("device", dev="bob/p", user=BOB, polls=True)
        story.connection_of["bob/p"] = 0
        for cursor, seen, shows in answers:
            story.ask("bob/p", cursor, shows, seen)
        story.add("final", dev="bob/p")
        story.ask("bob/p", "1.30", [])
        for text in TEXTS if full is None else full:
            story.ask("bob/p", "0" if text[0] == 1 else f"1.{10 * text[0] - 10}", [text])
        story.read("bob/p", TEXTS)
        return story

    def test_polls_clean_also_with_repeats_and_reading_ahead(self):
        story = self.polling(("0", None, TEXTS[:1]), ("0", None, TEXTS[:1]),
                             ("0", "1.10", TEXTS[1:2]), ("0", "1.10", TEXTS[1:]),
                             ("1.10", "1.30", []), ("1.30", None, []))
        report = self.judge(story.finish(TEXTS))
        self.assertEqual(report["all"], "ok", report)

    def test_polls_questions_after_a_cut_are_counted(self):
        story = clean()
        story.add("device", dev="bob/p", user=BOB, polls=True)
        story.connection_of["bob/p"] = 0
        story.ask_in_vain("bob/p", "0")
        story.ask("bob/p", "0", TEXTS[:2])
        story.ask_in_vain("bob/p", "1.10", seen="1.20")
        story.ask("bob/p", "1.20", TEXTS[2:])
        report = self.judge(story.finish(TEXTS))
        self.assertEqual((report["all"], report["polls"]["count"]), ("ok", 2), report)

    def test_polls_a_text_is_lost_between_two_answers(self):
        story = self.polling(("0", None, TEXTS[:1]), ("1.10", None, TEXTS[2:]))
        self.caught(story.finish(TEXTS), "polls")

    def test_polls_what_was_seen_is_shown_again(self):
        story = self.polling(("0", None, TEXTS[:2]), ("0", "1.20", TEXTS[1:]))
        self.caught(story.finish(TEXTS), "polls")

    def test_polls_an_answer_is_out_of_order(self):
        story = self.polling(("0", None, [TEXTS[1], TEXTS[0]]), ("1.10", None, TEXTS[2:]))
        self.caught(story.finish(TEXTS), "polls")

    def test_polls_the_end_is_missing(self):
        story = clean()
        story.add("device", dev="bob/p", user=BOB, polls=True)
        story.connection_of["bob/p"] = 0
        story.ask("bob/p", "0", TEXTS[:2])
        story.add("final", dev="bob/p")
        story.ask("bob/p", "1.20", [])
        story.ask("bob/p", "0", TEXTS)
        story.read("bob/p", TEXTS)
        self.caught(story.finish(TEXTS), "polls")

    def test_polls_another_mailbox_than_the_websocket_devices(self):
        self.caught(self.polling(full=TEXTS[:2]).finish(TEXTS), "polls")

    def test_polls_another_digest_than_the_websocket_devices(self):
        story = self.polling(("0", None, TEXTS))
        story.read("bob/p", TEXTS, digest="other")
        self.caught(story.finish(TEXTS), "I4")

    def test_polls_delivered_though_it_was_only_seen(self):
        story = Story()
        story.add("device", dev="bob/p", user=BOB, polls=True)
        for dev in ("ann/0", "ann/1", "bob/0", "bob/1"):
            story.connect(dev, "0")
        story.send("ann/0", 1, "a1", 1)
        story.ask("bob/p", "0", TEXTS[:1])
        story.ask("bob/p", "0", [], seen="1.10")
        story.delivered("ann/0", 1)
        self.caught(story.finish(TEXTS[:1]), "I8")

    def test_the_program_says_it_with_its_exit_code(self):
        program = pathlib.Path(verify.__file__)
        broken = copy.deepcopy(clean().finish(TEXTS[:2]))
        for lines, least, code in ((clean().finish(TEXTS), "0", 0), (broken, "0", 1),
                                   (clean().finish(TEXTS), "1", 2)):
            with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
                file.flush()
                done = subprocess.run([sys.executable, program, file.name, "--least", least],
                                      capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, done.stdout)


if __name__ == "__main__":
    unittest.main()
