#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs every black-box test: scenarios, real input, crash points, the checker's own test, the
checker on a history, and the planted bugs. Less than six minutes; --long takes longer.

usage: run_all.py [--long] [NAME...]
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]

# name -> (program, its words, its words with --long)
PROGRAMS = {
    "verify_test": ("checker/verify_test.py", [], []),
    "bounds_test": ("checker/bounds_test.py", [], []),
    "readme": ("scenario/readme.py", [], []),
    "messages": ("scenario/messages.py", [], []),
    "receipts": ("scenario/receipts.py", [], []),
    "subscriptions": ("scenario/subscriptions.py", [], []),
    "history": ("scenario/history.py", [], []),
    "accounts": ("scenario/accounts.py", [], []),
    "presence": ("scenario/presence.py", [], []),
    "operate": ("scenario/operate.py", [], []),
    "openrpc": ("scenario/openrpc.py", [], []),
    "chatctl": ("scenario/chatctl.py", [], []),
    "damage": ("scenario/damage.py", [], []),
    "long_poll": ("scenario/long_poll.py", [], []),
    "tls": ("scenario/tls.py", [], []),
    "attacks_sources": ("scenario/attacks_sources.py", [], []),
    "attacks_floods": ("scenario/attacks_floods.py", [], []),
    "attacks_methods": ("scenario/attacks_methods.py", [], []),
    "attacks_secrets": ("scenario/attacks_secrets.py", [], []),
    "attacks_http": ("scenario/attacks_http.py", [], []),
    "quotas": ("scenario/quotas.py", [], []),
    "bad_input": ("scenario/bad_input.py", [], []),
    "scripts": ("scenario/scripts.py", [], []),
    "commands": ("scenario/commands.py", [], []),
    "screen": ("scenario/screen.py", [], []),
    "screen_picture": ("scenario/screen_picture.py", [], []),
    "screen_fluent": ("scenario/screen_fluent.py", [], []),
    "script_storm": ("scenario/script_storm.py", [], ["--seconds", "600", "--fortunes", "40000"]),
    "script_plants": ("scenario/script_storm.py", ["--plants"], ["--plants"]),
    "real_input": ("scenario/real_input.py", [], ["--long"]),
    "crash_points": ("crash/crash_points.py", [], ["--long"]),
    "planted": ("checker/planted.py", [], ["--long"]),
}


def run(name, is_long):
    program, words, long_words = PROGRAMS[name]
    command = ["/usr/bin/python3", str(TESTS / program), *(long_words if is_long else words)]
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, env=dict(os.environ, PYTHONUNBUFFERED="1"),
                          check=False, errors="replace")
    lines = done.stdout.strip().splitlines()
    is_good = done.returncode == 0
    print(f"{'ok  ' if is_good else 'FAIL'} {name} ({time.monotonic() - start:.0f} s) "
          f"{lines[-1] if lines else ''}", flush=True)
    if not is_good:
        print("\n".join("     " + line for line in lines[-60:]), flush=True)
    return is_good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(PROGRAMS))
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    failed = [name for name in options.names or PROGRAMS if not run(name, options.long)]
    print(f"black box: {len(failed)} failed" + (f": {' '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
