#!/bin/sh
# A short run of chat-load on the release build: lost, doubled and misordered must be 0, and held long polls
# are each answered once and not before their time.
# usage: smoke.sh BIN_DIRECTORY
set -eu
bin=$1
data=$(mktemp -d)
"$bin/chatd" --data "$data/chatd" --listen 127.0.0.1:0 --log-tail 20000000 >"$data/ready" 2>"$data/log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in $(seq 100); do
    grep -q '^ready ' "$data/ready" && break
    sleep 0.1
done
address=$(sed -n 's/^ready listen=\([^ ]*\).*/\1/p' "$data/ready")
seq -f '{"user":"user%g"}' 1 200 |
    "$bin/chatctl" --admin-socket "$data/chatd/admin.sock" user import - --tokens >"$data/tokens"
"$bin/chat-load" polls --server "$address" --tokens "$data/tokens" --seconds 2 --pid $server
"$bin/chat-load" pairs --server "$address" --tokens "$data/tokens" --pairs 100 --window 32 \
    --seconds 3 --pid $server >"$data/result"
cat "$data/result"
sed 's/.*"msgs":\([0-9]*\).*"server_us_per_msg":\([0-9.]*\).*/note: \1 messages, \2 us of server CPU each/' \
    "$data/result"
