#!/bin/sh
# SPDX-License-Identifier: MIT
# Build the fuzz targets with clang and run each for $1 seconds (5 unless told). A crash leaves its
# input in build/fuzz/crashes/ and makes the run fail; add that input to corpus/ with the fix.
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:-5}
targets="record batch request cursor token frame grapheme manifest config"
bad=0
total=0

cmake --preset fuzz >/dev/null || exit 2
for target in $targets; do
    cmake --build build/fuzz --target "fuzz_$target" >build/fuzz/build.txt || {
        cat build/fuzz/build.txt
        exit 2
    }
done
mkdir -p build/fuzz/crashes
for target in $targets; do
    found=build/fuzz/found/$target
    mkdir -p "$found"
    if build/fuzz/bin/fuzz_"$target" -max_total_time="$seconds" -timeout=5 -max_len=4096 \
        -artifact_prefix=build/fuzz/crashes/"$target"- -print_final_stats=1 \
        "$found" tests/fuzz/corpus/"$target" 2>build/fuzz/"$target".txt; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/"$target".txt)
        total=$((total + runs))
        echo "fuzz $target: $runs inputs in $seconds s"
    else
        tail -n 40 build/fuzz/"$target".txt
        echo "fuzz $target: FAILED, see build/fuzz/$target.txt"
        bad=1
    fi
done
echo "note: $total inputs"
exit $bad
