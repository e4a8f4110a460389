# SPDX-License-Identifier: MIT
"""Follows what each device was shown along its user's mailbox: for verify.py, of which it is a part."""

import re
from collections import defaultdict

FOREVER = float("inf")


def conversation(user, peer):
    return (user, peer) if user < peer else (peer, user)


def numeric(cursor):
    """(generation, number), or None: the wire calls cursors opaque, so this is only used to find
    more, never to excuse anything."""
    match = re.fullmatch(r"(\d+)\.(\d+)", cursor or "")
    return (int(match[1]), int(match[2])) if match else None


class Walks:
    """Follows every subscription along its user's mailbox, in the order of time.

    A place is an index into the mailbox: the last message shown. Where a start is not exactly
    known (unread, now) it is a range (low, high).
    """

    def __init__(self, verifier):
        self.verifier = verifier
        self.history = verifier.history
        self.receipts = verifier.findings["I8"]
        self.cursors = verifier.findings["I9"]
        self.at = {}  # subscription -> [low, high, last cursor, shown indexes, acknowledged count]
        self.cursor_places = defaultdict(dict)  # dev -> cursor -> (low, high)
        self.message_at = defaultdict(dict)  # user -> cursor -> (peer, seq)
        self.acked = defaultdict(lambda: -1)  # dev -> highest place it acknowledged
        self.unsure = {}  # dev -> the subscription from now in which it acknowledged an unknown place
        self.covered = defaultdict(set)  # user -> indexes that a device of it acknowledged
        self.delivered = {}  # (user, peer) -> [list of the peer's messages, how many are covered]
        self.told = {}  # (subscription, peer) -> watermark
        self.last = {}  # dev -> last subscription
        self.shown_by_polls = defaultdict(set)  # dev -> indexes shown, not yet acknowledged

    def begin(self, line, subscription, _):
        user = self.history.user_of[subscription.dev]
        start = subscription.start
        if start == "0":
            low, high = -1, -1
        elif start == "now":
            low, high = -1, FOREVER
        elif start == "unread":
            low, high = -1, self.acked[subscription.dev]
            if self.unsure.get(subscription.dev) is not None:
                high = FOREVER
        else:
            low, high = self.cursor_places[subscription.dev].get(start, (-1, FOREVER))
            self.verifier.findings["I6"].saw(high != FOREVER)
        self.at[subscription] = [low, high, None, [], 0]
        self.cursor_places[subscription.dev].setdefault(subscription.cursor, (low, high))
        self.last[subscription.dev] = subscription

    def show(self, line, subscription, what):
        method, params = what
        state = self.at[subscription]
        user = self.history.user_of[subscription.dev]
        cursor = params["cursor"]
        where = f"line {line}: {subscription.dev} (from {subscription.start})"
        if state[2] is not None and numeric(cursor) and numeric(state[2]) and \
                numeric(cursor) <= numeric(state[2]):
            self.cursors.violated(f"{where} is shown {cursor} after {state[2]}")
        state[2] = cursor
        if method == "message":
            self.show_message(where, subscription, state, user, params)
        elif method == "receipt" and params.get("delivered_seq"):
            self.check_delivered(where, subscription, user, params)
        self.cursor_places[subscription.dev][cursor] = (state[0], state[1])

    def show_message(self, where, subscription, state, user, params):
        order = self.verifier.order_of(subscription.dev)
        key = (params["peer"], params["seq"])
        cursor = params["cursor"]
        if self.message_at[user].setdefault(cursor, key) != key:
            order.violated(f"{where}: cursor {cursor} is {key} and was "
                                f"{self.message_at[user][cursor]}")
        mailbox, places = self.verifier.mailboxes.get(user), self.verifier.places.get(user)
        if mailbox is None:
            return
        place = places.get(key)
        if place is None:
            order.violated(f"{where} is shown {key}, which is not in its mailbox at the end")
            return
        if mailbox[place][2] != cursor:
            order.violated(f"{where} is shown {key} as {cursor}, at the end it is "
                                f"{mailbox[place][2]}")
        low, high = state[0], state[1]
        if place <= low:
            order.violated(f"{where} is shown {key} again or too late: the {place + 1}th of "
                                f"its mailbox behind the {low + 1}th")
        elif high != FOREVER:
            self.check_gap(where, subscription.dev, user, int(high) + 1, place)
        state[0] = state[1] = place
        state[3].append(place)
        if subscription.dev in self.history.pollers:
            self.shown_by_polls[subscription.dev].add(place)

    def check_gap(self, where, dev, user, start, stop):
        """Only the device's own messages may be passed over."""
        for i in range(start, stop):
            peer, seq, _ = self.verifier.mailboxes[user][i]
            sent = self.verifier.original_of(conversation(user, peer), seq)
            if sent is None or sent.dev != dev:
                self.verifier.order_of(dev).violated(
                    f"{where} is not shown {peer} {seq} ({sent}), the {i + 1}th of its mailbox, but "
                    f"the {stop + 1}th")
                return

    def close(self, line, question, _):
        """The answer's cursor: a place to go on from."""
        low, high = self.at[question][:2]
        where = f"line {line}: {question.dev} (from {question.start})"
        if question.is_reset:
            self.verifier.order_of(question.dev).violated(f"{where} is told to begin anew")
        told, asked = numeric(question.upto), numeric(question.start)
        if told and asked and told < asked:
            self.cursors.violated(f"{where} is answered with {question.upto}")
        self.cursor_places[question.dev][question.upto] = (low, high)

    def acknowledge_poll(self, line, dev, cursor):
        """Covers what any answer has shown so far, up to the cursor."""
        place = -1 if cursor == "0" else self.cursor_places[dev].get(cursor, (-1, -1))[1]
        done = {index for index in self.shown_by_polls[dev] if index <= place}
        self.covered[self.history.user_of[dev]] |= done
        self.shown_by_polls[dev] -= done

    def acknowledge(self, line, subscription, what):
        cursor = what[0]
        state = self.at[subscription]
        user = self.history.user_of[subscription.dev]
        place = self.cursor_places[subscription.dev].get(cursor, (-1, FOREVER))[1]
        if place == FOREVER:
            self.unsure[subscription.dev] = subscription
            return
        if self.unsure.get(subscription.dev) is subscription:
            self.unsure[subscription.dev] = None
        self.acked[subscription.dev] = max(self.acked[subscription.dev], place)
        shown = state[3]
        while state[4] < len(shown) and shown[state[4]] <= place:
            self.covered[user].add(shown[state[4]])
            state[4] += 1

    def check_delivered(self, where, subscription, user, params):
        peer, told = params["by"], params["delivered_seq"]
        self.receipts.saw()
        before = self.told.get((subscription, peer), 0)
        if told < before:
            self.receipts.violated(f"{where}: delivered to {peer} went back from {before} to {told}")
        self.told[(subscription, peer)] = told
        if peer not in self.verifier.mailboxes:
            return
        if (peer, user) not in self.delivered:
            self.delivered[(peer, user)] = [[
                (i, seq) for i, (other, seq, _) in enumerate(self.verifier.mailboxes[peer])
                if other == user and self.is_from(user, peer, seq)], 0]
        messages, count = self.delivered[(peer, user)]
        while count < len(messages) and messages[count][0] in self.covered[peer]:
            count += 1
        self.delivered[(peer, user)][1] = count
        if count < len(messages) and messages[count][1] <= told:
            self.receipts.violated(f"{where} is told that {peer} got everything up to {told}, but no "
                                   f"device of {peer} has acknowledged {messages[count][1]}")

    def is_from(self, user, peer, seq):
        sent = self.verifier.original_of(conversation(user, peer), seq)
        return sent is not None and sent.user == user

    def end(self):
        """The subscription that was drained at the end, before the one from 0, got everything."""
        full = self.history.last_full_reads()
        drained = {}
        for subscription in self.history.subscriptions + self.history.questions:
            if subscription.invoke_line < full.get(subscription.dev, (-1,))[0]:
                drained[subscription.dev] = subscription
        for dev, subscription in drained.items():
            user = self.history.user_of[dev]
            high = self.at[subscription][1]
            if high != FOREVER and user in self.verifier.mailboxes:
                where = f"{dev}, drained at the end from {subscription.start},"
                self.check_gap(where, dev, user, int(high) + 1,
                               len(self.verifier.mailboxes[user]))
