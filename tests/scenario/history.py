#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pages of history in both directions, and that all of it is there after kill -9."""

import asyncio
import contextlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from case import ScenarioCase, main  # noqa: E402
from client import RpcError  # noqa: E402


class Pages(ScenarioCase):
    server_options = ("--log-tail", "100000")  # so that pages come from disk, buffer and cache

    async def conversation(self, count):
        ann, bob = await self.people("ann", "bob")
        for i in range(0, count, 200):
            await asyncio.gather(*[await ann.start_send(bob.user, f"text {j}" + "." * 60)
                                   for j in range(i, min(i + 200, count))])
        return ann, bob

    async def test_the_newest_page_is_the_default(self):
        ann, bob = await self.conversation(120)
        page = await bob.history(ann.user)
        self.assertEqual([m["seq"] for m in page["messages"]], list(range(71, 121)))
        self.assertEqual((page["head_seq"], page["more"]), (120, True))
        self.assertTrue(page["digest"])

    async def test_pages_join_in_both_directions(self):
        ann, bob = await self.conversation(1234)
        for limit in (1, 7, 50, 500):
            if limit == 1:
                seqs = [(await bob.history(ann.user, after=i, limit=1))["messages"][0]["seq"]
                        for i in range(0, 1234, 100)]
                self.assertEqual(seqs, list(range(1, 1235, 100)))
                continue
            backward, before = [], 1235
            while True:
                page = await bob.history(ann.user, before=before, limit=limit)
                backward = [m["seq"] for m in page["messages"]] + backward
                self.assertEqual(page["more"], page["messages"][0]["seq"] > 1)
                if not page["more"]:
                    break
                before = page["messages"][0]["seq"]
            self.assertEqual(backward, list(range(1, 1235)), f"limit {limit}")
            forward, after = [], 0
            while True:
                page = await ann.history(bob.user, after=after, limit=limit)
                forward += [m["seq"] for m in page["messages"]]
                self.assertEqual(page["more"], page["messages"][-1]["seq"] < 1234)
                if not page["more"]:
                    break
                after = page["messages"][-1]["seq"]
            self.assertEqual(forward, list(range(1, 1235)), f"limit {limit}")

    async def test_the_edges(self):
        ann, bob = await self.conversation(10)
        cases = [({"before": 1}, [], False), ({"before": 2}, [1], False),
                 ({"before": 11, "limit": 3}, [8, 9, 10], True),
                 ({"before": 99, "limit": 2}, [9, 10], True), ({"after": 10}, [], False),
                 ({"after": 9}, [10], False), ({"after": 0, "limit": 3}, [1, 2, 3], True),
                 ({"after": 99}, [], False)]
        for params, seqs, more in cases:
            page = await bob.history(ann.user, **params)
            self.assertEqual(([m["seq"] for m in page["messages"]], page["more"]), (seqs, more),
                             params)
            self.assertEqual(page["head_seq"], 10)

    async def test_limits_are_kept(self):
        ann, bob = await self.conversation(700)
        page = await bob.history(ann.user, limit=500)
        self.assertEqual(len(page["messages"]), 500)
        for limit in (0, -1, 501, 1.5, "7", 2**53):
            await self.refused(bob.history(ann.user, limit=limit), "invalid", -32602)
        await self.refused(bob.history(ann.user, before=5, after=1), "invalid", -32602)
        await self.refused(bob.history(ann.user, before=-1), "invalid", -32602)

    async def test_large_texts_make_large_pages(self):
        ann, bob = await self.people("ann", "bob")
        for i in range(100):
            await ann.send(bob.user, chr(ord("a") + i % 26) * 16384)
        page = await bob.history(ann.user, limit=100)
        self.assertTrue(page["messages"])
        self.assertEqual(page["messages"][-1]["seq"], 100)
        messages, _ = await bob.whole_history(ann.user)
        self.assertEqual([(m["seq"], m["text"][0], len(m["text"])) for m in messages],
                         [(i + 1, chr(ord("a") + i % 26), 16384) for i in range(100)])

    async def test_an_empty_conversation_and_a_stranger(self):
        ann, bob = await self.people("ann", "bob")
        page = await ann.history(bob.user)
        self.assertEqual((page["messages"], page["more"], page["head_seq"]), ([], False, 0))
        with contextlib.suppress(RpcError):  # nothing or not_found: both say the same
            self.assertEqual((await ann.history("nobody.at.all"))["messages"], [])

    async def test_everything_is_there_after_kill_9(self):
        ann, bob = await self.conversation(900)
        await ann.call("message.edit", peer=bob.user, seq=5, text="edited")
        await ann.call("message.delete", peer=bob.user, seq=6)
        await bob.call("receipt.read", peer=ann.user, seq=7)
        await bob.call("contact.block", user=ann.user)
        before, page = await bob.whole_history(ann.user)
        heads = (await bob.call("conversation.list"))["conversations"]
        await ann.close()
        await bob.close()
        for _ in range(3):
            self.server.restart()
            ann, bob = await self.connect(ann.token, None), await self.connect(bob.token, None)
            after, again = await bob.whole_history(ann.user)
            self.assertEqual(after, before)
            self.assertEqual((again["head_seq"], again["digest"]),
                             (page["head_seq"], page["digest"]))
            self.assertEqual((await ann.history(bob.user))["digest"], page["digest"])
            self.assertEqual((await bob.call("conversation.list"))["conversations"], heads)
            self.assertEqual((await bob.call("contact.list"))["blocked"], [ann.user])
            await self.refused(ann.send(bob.user, "x"), "forbidden")
            again = await ann.send(bob.user, "text 3" + "." * 60, counter=4)
            self.assertEqual((again["seq"], again.get("duplicate")), (4, True))


class Lists(ScenarioCase):
    async def test_conversations_newest_first_and_in_pieces(self):
        [ann] = await self.people("ann")
        others = await self.people(*["peer"] * 7)
        for other in others:
            await other.send(ann.user, f"from {other.user}")
        expected = [other.user for other in reversed(others)]
        whole = await ann.call("conversation.list")
        self.assertEqual([h["peer"] for h in whole["conversations"]], expected)
        seen, more = [], {}
        while True:
            part = await ann.call("conversation.list", limit=3, **more)
            seen += [h["peer"] for h in part["conversations"]]
            if not part["more"]:
                break
            more = {"continue": part["continue"]}
        self.assertEqual(seen, expected)

    async def test_search_finds_the_newest_first(self):
        ann, bob = await self.people("ann", "bob")
        for i in range(30):
            await ann.send(bob.user, f"text {i} " + ("needle" if i % 10 == 0 else "hay"))
        found = await self.built(bob.call("history.search", query="needle"))
        self.assertEqual([m["seq"] for m in found["messages"]], [21, 11, 1])


if __name__ == "__main__":
    main()
