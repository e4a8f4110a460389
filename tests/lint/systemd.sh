#!/bin/sh
# SPDX-License-Identifier: MIT
# Fail when the installed unit is less hardened than it claims, or when a file for systemd is not
# understood. $1 is the project's root, $2 the build directory. Without systemd's tools: skipped,
# aloud.
cd "$1" || exit 2
bad=0
place=$(mktemp -d) || exit 2
trap 'rm -r "$place"' EXIT
build=$2

DESTDIR=$place cmake --install "$build" --prefix /usr >/dev/null || exit 1
for file in lib/systemd/system/chatd.service lib/sysusers.d/chatd.conf lib/tmpfiles.d/chatd.conf \
    bin/chatd bin/chatctl bin/chat-tui; do
    [ -s "$place/usr/$file" ] || { echo "packaging/CMakeLists.txt:1: $file is not installed"; bad=1; }
done
grep -q '^ExecStart=/.*/chatd --config ' "$place/usr/lib/systemd/system/chatd.service" || {
    echo "packaging/systemd/chatd.service.in:1: ExecStart names no program"
    bad=1
}
if ! command -v systemd-analyze >/dev/null; then
    echo "note: skipped, there is no systemd-analyze"
    exit $bad
fi
# The threshold is in tenths: exposure 2.0 of 10.
if ! systemd-analyze security --offline=true --no-pager --threshold=20 \
    "$place/usr/lib/systemd/system/chatd.service" >"$place/security" 2>&1; then
    grep '✗' "$place/security"
    tail -n 1 "$place/security"
    echo "packaging/systemd/chatd.service.in:1: more exposed than 2.0"
    bad=1
fi
echo "note: $(tail -n 1 "$place/security" | sed 's/^[^A-Za-z]*//')"
if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers --dry-run "$place/usr/lib/sysusers.d/chatd.conf" >"$place/users" 2>&1 || {
        cat "$place/users"
        bad=1
    }
    if grep -q 'Unknown\|Failed\|ignoring' "$place/users"; then
        cat "$place/users"
        bad=1
    fi
fi
exit $bad
