#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-tidy over every C file that the build directory $2 knows, two at a time. $1 is the root.
# Called by ./check; says how long it took. One process a file: in clang-tidy 14 the va_list
# checker is confused by a second file.
cd "$1" || exit 2
database=$2/compile_commands.json
started=$(date +%s)

[ -f "$database" ] || { echo "$database: missing; build first"; exit 2; }
# GCC's own warning options mean nothing to clang.
sed -nE 's/^ *"file": "(.*\.c)",?$/\1/p' "$database" | sort -u |
    timeout 900 xargs -P 2 -n 1 clang-tidy -p "$2" --quiet \
        --extra-arg=-Wno-unknown-warning-option >"$2/tidy.txt" 2>"$2/tidy.err"
status=$?
# Every finding once, also when it is in a header that many files include.
grep -E '(error|warning): ' "$2/tidy.txt" | sed "s|^$PWD/||" | sort -u >"$2/tidy.findings"
cat "$2/tidy.findings"
echo "note: $(wc -l <"$2/tidy.findings") findings in $(($(date +%s) - started)) s"
if [ "$status" -ne 0 ] && [ ! -s "$2/tidy.findings" ]; then
    tail -n 20 "$2/tidy.err"
    echo "clang-tidy: did not finish (status $status)"
fi
exit "$status"
