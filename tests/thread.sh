#!/bin/sh
# chatd built with TSan under load, flushing all the time, then stopped; then chatd and chat-tui in a
# storm of kills, cuts and changes between WebSocket and long poll; then backups and moves of partitions:
# no data race may be reported.
# usage: thread.sh TSAN_BIN_DIRECTORY RELEASE_BIN_DIRECTORY
set -eu
bin=$1 release=$2
"$bin/worker_test"
data=$(mktemp -d)
"$bin/chatd" --data "$data/chatd" --listen 127.0.0.1:0 --log-tail 1000000 >"$data/ready" 2>"$data/log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in $(seq 300); do
    grep -q '^ready ' "$data/ready" && break
    sleep 0.1
done
address=$(sed -n 's/^ready listen=\([^ ]*\).*/\1/p' "$data/ready")
seq -f '{"user":"user%g"}' 1 40 |
    "$release/chatctl" --admin-socket "$data/chatd/admin.sock" user import - --tokens >"$data/tokens"
for mode in "fill --pairs 4 --messages 3000" "pairs --pairs 20 --seconds 4" "history --seconds 2"; do
    # shellcheck disable=SC2086
    "$release/chat-load" $mode --server "$address" --tokens "$data/tokens" --pid $server
    "$release/chatctl" --admin-socket "$data/chatd/admin.sock" partition list >/dev/null
done
kill -TERM $server
status=0
wait $server || status=$?
if [ $status -ne 0 ] || grep -q 'WARNING: ThreadSanitizer' "$data/log"; then
    cat "$data/log"
    exit 1
fi
CHAT_BIN=$bin PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$(dirname "$0")/scenario/script_storm.py" \
    --seconds 15 --fortunes 500
for scenario in backups disks; do # what the job's thread does
    CHAT_BIN=$bin PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$(dirname "$0")/scenario/$scenario.py"
done
echo "note: no data race reported"
