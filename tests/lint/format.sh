#!/bin/sh
# SPDX-License-Identifier: MIT
# Fail when clang-format would change any source file.
cd "$1" || exit 2
find . \( -path ./build -o -path ./.git \) -prune -o -name '*.[ch]' -print0 |
    xargs -0 -r clang-format --dry-run --Werror
