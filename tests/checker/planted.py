#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The checker must catch deliberate mistakes: runs the recorder against a check build of chatd with
each planted bug ($CHAT_PLANT) and expects "violated", and without any and expects "ok".

usage: planted.py [NAME...] [--seed N] [--long] [--keep DIR]
"""

import argparse
import pathlib
import sys
import tempfile
import time

import recorder
import verify

# name -> (what it does, recorder options, invariants of which at least one must be violated)
PLANTED = {
    "none": ("no mistake", ["--seconds", "8", "--kills", "6"], ()),
    "answer_before_durable": (
        "answers before the batch is written: kills lose what was acknowledged",
        ["--seconds", "8", "--kills", "12"], ("I1", "I2", "I3", "I4", "I5", "I7")),
    "dedupe_in_memory": (
        # Without polls: their many retries within one process are stored twice by the next replay, and
        # by one copy only where the other was flushed; chatd notices that by itself and stops.
        "forgets counters at a restart: a retry is stored twice",
        ["--seconds", "8", "--kills", "6", "--polls", "0"], ("I3",)),
    "catchup_by_conversation": (
        "catches up conversation by conversation: cursors jump, messages are missed",
        ["--seconds", "8", "--kills", "3"], ("I6", "I9")),
    "applied_index_apart": (
        "writes applied_index in a second transaction: a replay applies twice",
        ["--seconds", "8", "--kills", "0", "--point", "flush.between:kill:3",
         "--log-tail", "100000"], ("I1", "I2", "I3", "I4", "I6", "I7", "faults")),
    "poll_answers_once": (
        "a poll session forgets what it has answered: a cut connection loses it",
        ["--seconds", "8", "--kills", "2"], ("polls",)),
    "revoke_not_broadcast": (
        "a revoked device's connections stay",
        ["--seconds", "2", "--kills", "0", "--users", "2", "--polls", "0"], ("I14",)),
    "presence_untold": (
        "that somebody has left is not told to those who watch",
        ["--seconds", "1", "--kills", "0", "--users", "2", "--polls", "0"], ("I10",)),
    "none_with_flushes": (
        "no mistake, killed between flushes",
        ["--seconds", "6", "--kills", "0", "--point", "flush.before_commit:kill:4",
         "--log-tail", "100000"], ()),
}

LONG = ["--seconds", "120", "--kills", "60", "--users", "8"]


def judge(name, directory, seed, is_long):
    """Returns (passed, one line)."""
    _, options, wanted = PLANTED[name]
    if is_long and not wanted:
        options = [*options, *LONG]
    path = pathlib.Path(directory) / f"{name}.jsonl"
    plant = [] if name.startswith("none") else ["--env", f"CHAT_PLANT={name}"]
    words = [str(path), *options, *plant] + (["--seed", str(seed)] if seed else [])
    complaints = recorder.record(recorder.parse(words))
    report = verify.verify(verify.load(path))
    violated = [i for i, entry in report.items() if i != "all" and entry["verdict"] == "violated"]
    unknown = [i for i, entry in report.items() if i != "all" and entry["verdict"] == "unknown"]
    if wanted:
        passed = bool(set(violated) & set(wanted))
    else:
        passed = report["all"] == "ok" and not complaints
    if not passed or wanted == ():
        for entry in report.values():
            for detail in entry["details"] if isinstance(entry, dict) else []:
                print(f"    {detail}")
        for line in complaints[:10]:
            print(f"    chatd: {line}")
    return passed, (f"{report['all']}: violated {','.join(violated) or '-'}"
                    f" unknown {','.join(unknown) or '-'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(PLANTED))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--long", action="store_true", help="the runs without a mistake: minutes")
    parser.add_argument("--keep", help="leave the histories in this directory")
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory(prefix="chat-planted-") as directory:
        for name in options.names or PLANTED:
            start = time.monotonic()
            passed, line = judge(name, options.keep or directory, options.seed,
                                 options.long)
            took = time.monotonic() - start
            print(f"{'ok  ' if passed else 'FAIL'} {name} ({took:.0f} s): {line}", flush=True)
            if not passed:
                failed.append(name)
    print(f"planted: {len(failed)} failed" + (f": {' '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
