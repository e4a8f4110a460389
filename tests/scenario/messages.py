#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sending, receiving, order, edits and deletes, idempotent sends."""

import asyncio
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402


class Sending(ScenarioCase):
    async def test_a_message_reaches_the_other_at_once(self):
        ann, bob = await self.people("ann", "bob")
        answer = await ann.send(bob.user, "hello")
        [message] = await bob.wait_events(1, "message")
        self.assertEqual(answer["seq"], 1)
        self.assertEqual(answer["peer"], bob.user)
        self.assertEqual((message["peer"], message["from"], message["seq"], message["ts"],
                          message["text"]), (ann.user, ann.user, 1, answer["ts"], "hello"))
        self.assertIn("cursor", message)
        self.assertRegex(answer["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    async def test_what_was_sent_is_what_is_stored(self):
        texts = ["a", "Ünïcödé", "👩‍👩‍👧‍👦🏳️‍🌈", "\u202eright to left", "e\u0301 is not \u00e9", " spaces ",
                 "line\nline\r\n\ttab", "\"quotes\\ and / slashes", "\x01\x1b[31mred\x7f", "\ufeffbom",
                 "\U0010ffff", "x" * 16384, "é" * 8192, "\u2028\u2029", "</script>", "%s%n", "'; --"]
        ann, bob = await self.people("ann", "bob")
        for text in texts:
            await ann.send(bob.user, text)
        await bob.wait_events(len(texts), "message")
        self.assertEqual(bob.texts(), texts)
        for client, peer in ((ann, bob), (bob, ann)):
            messages, _ = await client.whole_history(peer.user)
            self.assertEqual([m["text"] for m in messages], texts)

    async def test_pipelined_sends_keep_their_order(self):
        ann, bob = await self.people("ann", "bob")
        futures = [await ann.start_send(bob.user, f"text {i}") for i in range(200)]
        answers = await asyncio.gather(*futures)
        self.assertEqual([a["seq"] for a in answers], list(range(1, 201)))
        messages = await bob.wait_events(200, "message")
        self.assertEqual([m["seq"] for m in messages], list(range(1, 201)))
        self.assertEqual(bob.texts(), [f"text {i}" for i in range(200)])

    async def test_both_directions_share_one_order(self):
        ann, bob = await self.people("ann", "bob")

        async def talk(one, other):
            for i in range(50):
                await one.send(other.user, f"{one.user} {i}")

        await asyncio.gather(talk(ann, bob), talk(bob, ann))
        left, of_ann = await ann.whole_history(bob.user)
        right, of_bob = await bob.whole_history(ann.user)
        self.assertEqual([(m["seq"], m["ts"], m["from"], m["text"]) for m in left],
                         [(m["seq"], m["ts"], m["from"], m["text"]) for m in right])
        self.assertEqual([m["seq"] for m in left], list(range(1, 101)))
        self.assertEqual((of_ann["head_seq"], of_ann["digest"]), (100, of_bob["digest"]))
        self.assertEqual(sorted(m["ts"] for m in left), [m["ts"] for m in left])

    async def test_conversations_do_not_mix(self):
        ann, bob, cat = await self.people("ann", "bob", "cat")
        await ann.send(bob.user, "for bob")
        await ann.send(cat.user, "for cat")
        await bob.wait_events(1, "message")
        await cat.wait_events(1, "message")
        self.assertEqual((bob.texts(), cat.texts()), (["for bob"], ["for cat"]))
        self.assertEqual((await bob.history(cat.user))["messages"], [])

    async def test_all_devices_of_both_users_see_it(self):
        ann, bob = await self.people("ann", "bob")
        ann_too, bob_too = await self.second_device(ann), await self.second_device(bob)
        await ann.send(bob.user, "hello")
        for client in (bob, bob_too, ann_too):
            [message] = await client.wait_events(1, "message")
            self.assertEqual((message["text"], message["from"]), ("hello", ann.user))
        self.assertEqual(ann_too.of("message")[0]["peer"], bob.user)
        await ann.quiet()
        self.assertEqual(ann.of("message"), [], "the sending device has its answer only")


class Changing(ScenarioCase):
    async def test_an_edit_replaces_the_text_for_both(self):
        ann, bob = await self.people("ann", "bob")
        first = await ann.send(bob.user, "teh cat")
        edit = await ann.call("message.edit", peer=bob.user, seq=first["seq"], text="the cat")
        self.assertEqual(edit["seq"], 2)
        [_, entry] = await bob.wait_events(2, "message")
        self.assertEqual((entry["seq"], entry["target"], entry["text"]), (2, 1, "the cat"))
        self.assertTrue(entry.get("kind"))
        for client, peer in ((ann, bob), (bob, ann)):
            [text, change] = (await client.history(peer.user))["messages"]
            self.assertEqual((text["text"], bool(text.get("edited")), text["ts"]),
                             ("the cat", True, first["ts"]))
            self.assertEqual((change["seq"], change["target"]), (2, 1))

    async def test_a_delete_empties_the_text_for_both(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "secret")
        await ann.call("message.delete", peer=bob.user, seq=1)
        [_, entry] = await bob.wait_events(2, "message")
        self.assertEqual((entry["seq"], entry["target"]), (2, 1))
        for client, peer in ((ann, bob), (bob, ann)):
            text = (await client.history(peer.user))["messages"][0]
            self.assertEqual((text["text"], bool(text.get("deleted"))), ("", True))

    async def test_only_the_author_changes_and_only_texts(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "mine")
        await self.refused(bob.call("message.edit", peer=ann.user, seq=1, text="yours"),
                           "forbidden")
        await self.refused(bob.call("message.delete", peer=ann.user, seq=1), "forbidden")
        await self.refused(ann.call("message.edit", peer=bob.user, seq=9, text="x"), "not_found")
        await ann.call("message.delete", peer=bob.user, seq=1)
        await self.refused(ann.call("message.edit", peer=bob.user, seq=1, text="x"))
        await self.refused(ann.call("message.edit", peer=bob.user, seq=2, text="x"))
        page = await bob.history(ann.user)
        self.assertEqual(page["head_seq"], 2)

    async def test_the_digest_stays_equal_through_changes(self):
        ann, bob = await self.people("ann", "bob")
        for i in range(6):
            await ann.send(bob.user, f"text {i}")
        await ann.call("message.edit", peer=bob.user, seq=2, text="other")
        await ann.call("message.delete", peer=bob.user, seq=3)
        left, right = await ann.history(bob.user), await bob.history(ann.user)
        self.assertEqual((left["head_seq"], left["digest"]), (right["head_seq"], right["digest"]))

    async def test_a_repeated_change_is_one_change(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "first", counter=1)
        one = await ann.call("message.edit", peer=bob.user, seq=1, text="second", counter=2)
        two = await ann.call("message.edit", peer=bob.user, seq=1, text="second", counter=2)
        self.assertEqual((one["seq"], one["ts"]), (two["seq"], two["ts"]))
        three = await ann.call("message.delete", peer=bob.user, seq=1, counter=3)
        four = await ann.call("message.delete", peer=bob.user, seq=1, counter=3)
        self.assertEqual((three["seq"], three["ts"]), (four["seq"], four["ts"]))
        self.assertEqual((await bob.history(ann.user))["head_seq"], 3)


class Repeating(ScenarioCase):
    async def test_the_same_counter_is_stored_once(self):
        ann, bob = await self.people("ann", "bob")
        first = await ann.send(bob.user, "once", counter=1)
        again = await ann.send(bob.user, "once", counter=1)
        self.assertEqual((again["seq"], again["ts"]), (first["seq"], first["ts"]))
        self.assertTrue(again.get("duplicate"))
        self.assertFalse(first.get("duplicate"))
        await bob.quiet()
        self.assertEqual(bob.texts(), ["once"])

    async def test_the_same_counter_with_another_text_is_a_conflict(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "one", counter=1)
        error = await self.refused(ann.send(bob.user, "two", counter=1), "conflict")
        self.assertIs(error.data["retryable"], False, "sent again as it is, it is refused again")
        self.assertEqual((await ann.history(bob.user))["head_seq"], 1)

    async def test_a_retry_of_an_edited_text_is_still_a_duplicate(self):
        ann, bob = await self.people("ann", "bob")
        first = await ann.send(bob.user, "one", counter=1)
        await ann.call("message.edit", peer=bob.user, seq=1, text="two", counter=2)
        again = await ann.send(bob.user, "one", counter=1)
        self.assertEqual((again["seq"], again["ts"]), (first["seq"], first["ts"]))

    async def test_a_retry_after_being_blocked_is_still_a_duplicate(self):
        ann, bob = await self.people("ann", "bob")
        first = await ann.send(bob.user, "stored", counter=1)
        await bob.call("contact.block", user=ann.user)
        again = await ann.send(bob.user, "stored", counter=1)
        self.assertEqual(again["seq"], first["seq"])

    async def test_old_counters_are_known_for_ever(self):
        ann, bob = await self.people("ann", "bob")
        futures = [await ann.start_send(bob.user, f"text {i}", counter=i) for i in range(1, 501)]
        answers = await asyncio.gather(*futures)
        for i in (1, 2, 250, 499, 500):
            again = await ann.send(bob.user, f"text {i}", counter=i)
            self.assertEqual((again["seq"], again["ts"]), (answers[i - 1]["seq"],
                                                           answers[i - 1]["ts"]))
        self.assertEqual((await ann.history(bob.user, limit=1))["head_seq"], 500)

    async def test_two_devices_have_counters_of_their_own(self):
        ann, bob = await self.people("ann", "bob")
        ann_too = await self.second_device(ann)
        await ann.send(bob.user, "one", counter=1)
        second = await ann_too.send(bob.user, "two", counter=1)
        self.assertEqual(second["seq"], 2)

    async def test_after_is_applied_only_right_behind(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "one", counter=5)
        await ann.send(bob.user, "two", counter=6, after=5)
        error = await self.refused(ann.send(bob.user, "four", counter=8, after=7), "conflict")
        self.assertIs(error.data["retryable"], False, "first comes what is behind data.last")
        self.assertEqual(error.data.get("last"), 6)
        await ann.send(bob.user, "three", counter=7, after=6)
        await ann.send(bob.user, "four", counter=8, after=7)
        again = await ann.send(bob.user, "two", counter=6, after=5)
        self.assertTrue(again.get("duplicate"))
        await bob.wait_events(4, "message")
        self.assertEqual(bob.texts(), ["one", "two", "three", "four"])

    async def test_a_refused_send_stops_those_pipelined_behind_it(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "one", counter=1)
        refused = await ann.start_send(bob.user, "x" * 16385, counter=2, after=1)
        behind = await ann.start_send(bob.user, "three", counter=3, after=2)
        await self.refused(refused, "too_large")
        error = await self.refused(behind, "conflict")
        self.assertEqual(error.data.get("last"), 1)

    async def test_resume_tells_the_highest_counter(self):
        ann, bob = await self.people("ann", "bob")
        await ann.send(bob.user, "one", counter=41)
        await ann.send(bob.user, "two", counter=1000000007)
        again = await self.reconnect(ann, None)
        self.assertEqual(again.resumed["counter"], 1000000007)

    async def test_without_a_counter_each_send_is_a_new_one(self):
        ann, bob = await self.people("ann", "bob")
        one = await ann.send(bob.user, "same", counter=None)
        two = await ann.send(bob.user, "same", counter=None)
        self.assertEqual((one["seq"], two["seq"]), (1, 2))


if __name__ == "__main__":
    main()
