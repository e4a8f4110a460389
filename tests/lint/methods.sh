#!/bin/sh
# SPDX-License-Identifier: MIT
# Fail when shared/methods.def is not sorted by method name, each once: chatd searches it by halving.
cd "$1" || exit 2
grep -n '^METHOD(' shared/methods.def | LC_ALL=C awk -F: '
    {
        split($2, part, "\"")
        if (part[2] <= last) {
            print "shared/methods.def:" $1 ": \"" part[2] "\" must stand before \"" last "\""
            bad = 1
        }
        last = part[2]
        count++
    }
    END {
        if (count == 0) print "shared/methods.def:1: holds no method"
        exit bad || count == 0
    }
'
