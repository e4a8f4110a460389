#!/bin/sh
# SPDX-License-Identifier: MIT
# Fail on file names that say nothing, files that are too long, and a few words that do not belong
# into the tree.
cd "$1" || exit 2
bad=0

say() {
    echo "$1"
    bad=1
}

# Prints its input, each line with a sentence behind it; true when there was any.
with() {
    sed "s|\$|  <- $1|" | grep .
}

files=$(find . \( -name .git -o -path ./build -o -path ./data -o -name __pycache__ \) -prune -o \
    -type f -print | sed 's|^\./||' | sort)
code=$(echo "$files" | grep -E '\.(c|h)$')

for file in $files; do
    name=${file##*/}
    case ${name%%.*} in
    util | utils | misc | common | helper | helpers | manager)
        say "$file:1: a file is named after what is inside" ;;
    esac
done

for file in $(echo "$files" | grep -E '\.(c|h|py|sh)$'); do
    lines=$(wc -l <"$file")
    if [ "$lines" -gt 800 ]; then
        say "$file:800: $lines lines; 800 are the limit: look for the second noun"
    elif [ "$lines" -gt 600 ]; then
        echo "$file:600: warning: $lines lines; at 600 look for the second noun"
    fi
done

for file in $code; do
    [ "$(head -n 1 "$file")" = "// SPDX-License-Identifier: MIT" ] ||
        say "$file:1: the first line must be \"// SPDX-License-Identifier: MIT\""
done

echo "$code" | xargs grep -nE '\btypedef +(struct|enum|union)\b' |
    with "write the struct or enum, not a typedef" && bad=1
# The marker is spelled in two parts here so that this file does not find itself.
echo "$files" | grep -E '\.(c|h|py|sh|txt)$' | xargs grep -nE "\b(TO""DO|FIX""ME)\b" |
    grep -vE "TO""DO \(#[0-9]+\)" |
    with "needs an issue: TO""DO (#123)" && bad=1
echo "$files" | xargs grep -nIE 'https?://[a-z.]*(debian|npmjs|pypi)' |
    with "package registries are configured on the machine, not in the tree" && bad=1
exit $bad
