#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""bounds.py, through verify.py: small hand-made histories that are ok, violated and unknown."""

import unittest

import verify


class BoundsTest(unittest.TestCase):
    """I10, I13 and I14: only the lines with their moments; the rest of a history is left out."""

    def verdict(self, name, *lines, least=0.0):
        lines = [{"k": kind, "at": at, **fields} for at, kind, fields in lines]
        return verify.verify([{"k": "plan", "kills": 0}, *lines], least)[name]["verdict"]

    # I10. The watcher's first word is at 0; a change takes a hundredth of a second.

    def change(self, at, state):
        return at, "change", {"user": "comet", "state": state, "began": at - 0.01}

    def word(self, at, state, how="push"):
        return at, "word", {"user": "comet", "state": state, "how": how, "began": at - 0.01}

    def words(self, at, state):
        return [self.word(at, state), self.word(at, state, "get")]

    def flight(self):
        lines = self.words(0.0, "offline")
        for i, state in enumerate(["online", "away", "online", "offline"]):
            at = 1.0 + 2.0 * i
            lines += [self.change(at, state), *self.words(at + 1.5, state)]
        return [*lines, (20.0, "end", {})]

    def test_i10_four_changes_known_in_time(self):
        self.assertEqual(self.verdict("I10", *self.flight(), least=1), "ok")

    def test_i10_three_changes_are_too_little(self):
        lines = [line for line in self.flight() if line[0] < 7.0]
        self.assertEqual(self.verdict("I10", *lines, (7.0, "end", {}), least=1), "unknown")

    def test_i10_a_change_that_was_passed_over_is_no_violation_and_does_not_count(self):
        lines = [*self.words(0.0, "offline"), self.change(1.0, "online"), self.change(1.5, "away"),
                 *self.words(2.0, "away"), (20.0, "end", {})]
        self.assertEqual(self.verdict("I10", *lines, least=0.25), "ok")
        self.assertEqual(self.verdict("I10", *lines, least=0.5), "unknown")

    def test_i10_the_notification_does_not_come(self):
        lines = [line for line in self.flight() if line[:2] != (8.5, "word")]
        self.assertEqual(
            self.verdict("I10", *lines, self.word(8.5, "offline", "get")), "violated")

    def test_i10_the_notification_comes_too_late(self):
        lines = [*self.words(0.0, "offline"), self.change(1.0, "online"),
                 self.word(1.1, "online", "get"), self.word(3.2, "online"), (20.0, "end", {})]
        self.assertEqual(self.verdict("I10", *lines), "violated")

    def test_i10_late_by_the_recorders_own_stall_is_no_violation(self):
        lines = [*self.words(0.0, "offline"), self.change(1.0, "online"),
                 (2.9, "stall", {"seconds": 1.5}), *self.words(3.2, "online"), (20.0, "end", {})]
        self.assertEqual(self.verdict("I10", *lines), "ok")

    def test_i10_presence_get_says_what_was(self):
        lines = [*self.words(0.0, "offline"), self.change(1.0, "online"), self.word(1.1, "online"),
                 self.word(3.2, "offline", "get"), (20.0, "end", {})]
        self.assertEqual(self.verdict("I10", *lines), "violated")

    def test_i10_the_last_word_is_taken_back(self):
        lines = [*self.flight()[:-1], self.word(15.0, "online"), (20.0, "end", {})]
        self.assertEqual(self.verdict("I10", *lines), "violated")

    # I13.

    def answered(self, at, dev, op):
        return [(at, "invoke", {"op": op, "conn": 1, "dev": dev, "method": "ping", "params": {}}),
                (at, "answer", {"op": op, "result": {}})]

    def restart(self, began, first, healed=100.0, last=(101.0, 101.0)):
        """One start, whose first answer is at first; then the faults end, and both devices are
        answered at last; None: not at all."""
        lines = [(0.0, "device", {"dev": dev, "user": dev[:3]}) for dev in ("ann/0", "bob/0")]
        lines += [(began - 1, "fault", {"what": "kill"}),
                  (began, "fault", {"what": "start", "began": began})]
        lines += self.answered(first, "ann/0", 1) if first is not None else []
        lines += [(healed, "healed", {})]
        for op, dev, at in ((2, "ann/0", last[0]), (3, "bob/0", last[1])):
            lines += self.answered(at, dev, op) if at is not None else []
        return [*lines, (200.0, "end", {})]

    def test_i13_back_in_time(self):
        self.assertEqual(self.verdict("I13", *self.restart(10.0, 24.0), least=0.6), "ok")

    def test_i13_nothing_was_asked(self):
        self.assertEqual(self.verdict("I13", (0.0, "end", {}), least=1), "unknown")
        self.assertEqual(self.verdict("I13", *self.restart(10.0, 24.0), least=1), "unknown")

    def test_i13_the_first_answer_after_a_start_is_late(self):
        self.assertEqual(self.verdict("I13", *self.restart(10.0, 25.5)), "violated")

    def test_i13_a_slow_start_counts_from_its_beginning(self):
        lines = [line if line[1] != "fault" or line[2]["what"] != "start" else
                 (24.0, *line[1:]) for line in self.restart(10.0, 25.5)]
        self.assertEqual(self.verdict("I13", *lines), "violated")

    def test_i13_a_refusal_is_no_answer(self):
        lines = [line if line[1] != "answer" or line[2]["op"] != 1 else
                 (*line[:2], {"op": 1, "error": {}}) for line in self.restart(10.0, 11.0)]
        self.assertEqual(self.verdict("I13", *lines), "violated")

    def test_i13_a_kill_soon_after_the_start_excuses_a_later_one_does_not(self):
        early, late = ([(10.0, "fault", {"what": "start", "began": 10.0}),
                        (at, "fault", {"what": "kill"})] for at in (20.0, 26.0))
        self.assertEqual(self.verdict("I13", *early), "ok")
        self.assertEqual(self.verdict("I13", *late), "violated")

    def test_i13_one_device_is_answered_late_or_never(self):
        for last in ((101.0, 115.5), (None, 101.0)):
            lines = self.restart(10.0, 11.0, last=last)
            self.assertEqual(self.verdict("I13", *lines), "violated", last)

    # I14. A guest that is revoked at 10.

    def guest(self, *uses, gone=10.1, code=1008):
        """uses: (began, how, outcome)"""
        return [(10.0, "revoke", {"dev": "ann/guest", "user": "ann"}),
                (gone, "gone", {"dev": "ann/guest", "code": code}),
                *((began + 0.01, "use", {"dev": "ann/guest", "began": began, "how": how,
                                         "outcome": outcome}) for began, how, outcome in uses)]

    REFUSED = [(11.1, "resume", "unauthorized"), (11.2, "rpc", "unauthorized")]

    def test_i14_refused_and_closed(self):
        self.assertEqual(self.verdict("I14", *self.guest(*5 * self.REFUSED), least=1), "ok")

    def test_i14_what_comes_within_the_second_is_free(self):
        lines = self.guest((10.9, "resume", "ok"), (10.9, "rpc", "ok"), *self.REFUSED, gone=10.95)
        self.assertEqual(self.verdict("I14", *lines, least=0.2), "ok")
        self.assertEqual(self.verdict("I14", *lines, least=0.3), "unknown")

    def test_i14_no_answer_says_nothing(self):
        lines = self.guest(*5 * [(11.1, "resume", "lost"), (11.2, "rpc", "lost")])
        self.assertEqual(self.verdict("I14", *lines, least=0.1), "unknown")

    def test_i14_a_way_that_was_not_tried_is_unknown(self):
        for way in (0, 1):
            lines = self.guest(*20 * [self.REFUSED[way]])
            self.assertEqual(self.verdict("I14", *lines, least=1), "unknown", way)

    def test_i14_a_connection_that_only_a_kill_has_closed_is_unknown(self):
        lines = self.guest(*5 * self.REFUSED, code=1006)
        self.assertEqual(self.verdict("I14", *lines, least=1), "unknown")

    def test_i14_the_token_still_opens_something(self):
        for how in ("resume", "rpc"):
            lines = self.guest((11.1, how, "ok"), *5 * self.REFUSED)
            self.assertEqual(self.verdict("I14", *lines), "violated", how)

    def test_i14_a_revoke_is_undone_by_a_restart(self):
        lines = [*self.guest(*self.REFUSED), (12.0, "fault", {"what": "kill"}),
                 (12.1, "fault", {"what": "start", "began": 12.0}),
                 (12.5, "use", {"dev": "ann/guest", "began": 12.4, "how": "rpc", "outcome": "ok"})]
        self.assertEqual(self.verdict("I14", *lines), "violated")

    def test_i14_refused_with_another_word(self):
        self.assertEqual(self.verdict("I14", *self.guest((11.1, "rpc", "internal"))), "violated")

    def test_i14_the_live_connection_stays(self):
        for outcome in ("ok", "open"):
            lines = [line for line in self.guest((11.1, "live", outcome), *self.REFUSED)
                     if line[1] != "gone"]
            self.assertEqual(self.verdict("I14", *lines), "violated", outcome)

    def test_i14_the_live_connection_is_closed_late(self):
        self.assertEqual(self.verdict("I14", *self.guest(*self.REFUSED, gone=11.3)), "violated")


if __name__ == "__main__":
    unittest.main()
