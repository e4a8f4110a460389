# SPDX-License-Identifier: MIT
"""What must have happened within a time: presence (I10), service after faults (I13), revoked tokens
(I14). For verify.py, of which it is a part.

Moments are the lines' "at", in seconds of the recorder's monotonic clock. Where the recorder itself
did not run for a while it says so (stall), and every bound is longer by that.
"""

from collections import defaultdict

PRESENCE_SECONDS = 2.0
SERVICE_SECONDS = 15.0
REVOKE_SECONDS = 1.0
CLOSED_BY_POLICY = 1008


class Bounds:
    def __init__(self, lines, findings):
        self.lines = lines
        self.presence, self.service, self.revoked = (findings[i] for i in ("I10", "I13", "I14"))
        self.stalls = [(line["at"], line["seconds"]) for line in lines if line["k"] == "stall"]
        self.end = max((line["at"] for line in lines if "at" in line), default=0.0)

    def run(self):
        self.check_presence()
        self.check_service()
        self.check_revoked()

    def of(self, kind):
        return [line for line in self.lines if line["k"] == kind]

    def limit(self, start, seconds):
        """start + seconds, and as long as the recorder stood still meanwhile."""
        limit = start + seconds
        for at, stalled in self.stalls:
            if start <= at <= limit + stalled:
                limit += stalled
        return limit

    # I10: the last word is the truth, within the bound of each change.

    def check_presence(self):
        changes, words = self.of("change"), self.of("word")
        for i, change in enumerate(changes):
            limit = self.limit(change["at"], PRESENCE_SECONDS)
            until = changes[i + 1]["began"] if i + 1 < len(changes) else self.end
            known = [self.check_words(change, limit, until, how,
                                      [word for word in words if word["how"] == how])
                     for how in ("push", "get")]
            self.presence.saw(all(known))

    def check_words(self, change, limit, until, how, words):
        """True when the word came in time; not every False is a violation."""
        where = f"{change['user']} was {change['state']} from {change['at']:.2f} on"
        in_time = [word for word in words if word["at"] <= min(limit, until)]
        is_known = bool(in_time) and in_time[-1]["state"] == change["state"]
        late = [word for word in words if word["began"] > limit and word["at"] < until and
                word["state"] != change["state"]]
        if late:
            self.presence.violated(f"{where}: {how} says {late[0]['state']} at {late[0]['at']:.2f}")
        elif how == "push" and not is_known and until > limit:
            last = in_time[-1]["state"] if in_time else "nothing"
            self.presence.violated(f"{where}: its watcher's last word at {limit:.2f} is {last}")
        return is_known

    # I13: somebody is answered soon after each start, and everybody once there are no more faults.

    def check_service(self):
        asked_by = {}  # op -> dev
        waiting = None  # the start that nobody was answered after
        healed = None
        unanswered = {}  # dev -> line, after the faults
        for number, line in enumerate(self.lines):
            kind = line["k"]
            if kind == "invoke":
                asked_by[line["op"]] = line["dev"]
            elif kind == "device":
                unanswered[line["dev"]] = number
            elif kind == "fault":
                self.check_start(waiting, line.get("at", self.end))
                waiting = line if line["what"] == "start" and "began" in line else None
            elif kind == "healed" and "at" in line:
                healed = line["at"]
            elif kind == "answer" and "result" in line and "at" in line:
                if waiting is not None:
                    self.service.saw()
                    self.check_start(waiting, line["at"])
                    waiting = None
                dev = asked_by[line["op"]]
                if healed is not None and unanswered.pop(dev, None) is not None:
                    self.service.saw()
                    self.check_device(dev, healed, line["at"])
        self.check_start(waiting, self.end)
        for dev in unanswered if healed is not None else ():
            self.check_device(dev, healed, self.end)

    def check_start(self, start, at):
        if start is not None and at > self.limit(start["began"], SERVICE_SECONDS):
            self.service.violated(f"started at {start['began']:.2f}: nobody was answered before "
                                  f"{at:.2f}")

    def check_device(self, dev, healed, at):
        if at > self.limit(healed, SERVICE_SECONDS):
            self.service.violated(f"{dev} was not answered before {at:.2f}, the faults had ended at "
                                  f"{healed:.2f}")

    # I14: a revoked token opens nothing, and what it had opened is closed.

    def check_revoked(self):
        limits = {line["dev"]: self.limit(line["at"], REVOKE_SECONDS)
                  for line in self.of("revoke")}
        closed_count = self.check_connections(limits)
        refused = defaultdict(int)
        for use in self.of("use"):
            limit = limits.get(use["dev"])
            if limit is None or use["began"] <= limit or use["outcome"] == "lost":
                continue
            refused[use["how"]] += 1
            if use["outcome"] != "unauthorized":
                self.revoked.violated(f"{use['dev']} was revoked, and at {use['began']:.2f}, "
                                      f"{use['began'] - limit:.2f} s after the bound, {use['how']} "
                                      f"gives {use['outcome']}")
        # Each way must have been tried, and a connection closed by chatd's own doing.
        if closed_count > 0 and refused["resume"] > 0 and refused["rpc"] > 0:
            self.revoked.saw(sum(refused.values()))

    def check_connections(self, limits):
        """Returns how many were closed as they should."""
        count = 0
        for line in self.of("gone"):
            limit = limits.get(line["dev"])
            if limit is None:
                continue
            if line["at"] > limit:
                self.revoked.violated(f"{line['dev']} was revoked and connected until "
                                      f"{line['at']:.2f}, {line['at'] - limit:.2f} s too long")
            count += line["code"] == CLOSED_BY_POLICY
        return count
