#!/bin/sh
# SPDX-License-Identifier: MIT
# Fail when an option, command, method or setting of the programs is missing in its manual page, or
# when mandoc finds fault with a page. $1 is the project's root, $2 the build directory.
cd "$1" || exit 2
bin=$2/bin
text=$(mktemp -d) || exit 2
trap 'rm -r "$text"' EXIT
bad=0

for page in chat-tui.1 chatd.8 chatd.conf.5 chatctl.8 chat-protocol.7; do
    if [ ! -f "man/$page" ]; then
        echo "man/$page:1: there is no such page"
        exit 1
    fi
    # Overstruck bold and underlined letters become plain; wide lines keep words whole.
    mandoc -T ascii -O width=1000 "man/$page" | sed 's/.\x08//g' >"$text/$page"
    mandoc -T lint -W warning "man/$page" || bad=1
done

# expect PAGE KIND: each line of the input is a word that the page must contain as a whole.
expect() {
    while read -r word; do
        if ! grep -qE -- "(^|[^a-z0-9_.-])$(echo "$word" | sed 's/\./\\./g')([^a-z0-9_-]|\$)" \
            "$text/$1"; then
            echo "man/$1:1: the $2 \"$word\" is not described"
            bad=1
        fi
    done <"$text/words"
}

options() {
    "$@" --help | grep -oE -- '--[a-z][a-z-]*' | sort -u >"$text/words"
    [ -s "$text/words" ] || { echo "$1 --help: shows no options"; bad=1; }
}

options "$bin/chatd"
expect chatd.8 option
options "$bin/chat-tui"
expect chat-tui.1 option
"$bin/chat-tui" --help | sed -nE 's/^  chat-tui \[OPTIONS\] ([a-z-]+).*/\1/p' >"$text/words"
expect chat-tui.1 command
sed -nE 's/^        \{ "([a-z_]+)", profile->.*/\1/p' chat-tui/profile.c >"$text/words"
expect chat-tui.1 setting
sed -nE 's/^    \{ "([a-z_]+)", offsetof.*/\1/p' chat-tui/settings.c >"$text/words"
expect chat-tui.1 setting
sed -nE 's/^ +LOOK\([A-Z]+, "([a-z]+)"\).*/\1/p' chat-tui/theme.h >"$text/words"
expect chat-tui.1 look
sed -nE 's/^ +COMMAND\([A-Z_]+, "([a-z-]+)".*/\1/p' chat-tui/screen/typed.h >"$text/words"
expect chat-tui.1 "typed command"
sed -nE 's/^ +ACTION\([A-Z_]+, "([a-z-]+)".*/\1/p' chat-tui/screen/keys.h >"$text/words"
expect chat-tui.1 key
options "$bin/chatctl"
expect chatctl.8 option
# A command stands at two columns; its first words in lower case are its name.
"$bin/chatctl" --help | sed -nE 's/^  ([a-z]+( [a-z]+)?)( .*)?$/\1/p' >"$text/words"
expect chatctl.8 command
# In the source, a command's options stand on its own line, and no others.
"$bin/chatctl" --help | sed -nE 's/^  ([a-z].*)$/\1/p' >"$text/synopses"
while read -r synopsis; do
    name=$(echo "$synopsis" | sed -nE 's/^([a-z]+( [a-z]+)?).*/\1/p')
    wanted=$(echo "$synopsis" | grep -oE -- '--[a-z-]+' | sort | tr '\n' ' ')
    shown=$(grep -E "^\.It Cm $name( |\$)" man/chatctl.8 | grep -oE -- 'Fl -[a-z-]+' |
        sed 's/Fl /-/' | sort | tr '\n' ' ')
    if [ "$wanted" != "$shown" ]; then
        echo "man/chatctl.8:1: \"$name\" has the options \"$wanted\", not \"$shown\""
        bad=1
    fi
done <"$text/synopses"
"$bin/chatctl" completion bash | cmp - packaging/completion/chatctl.bash || {
    echo "packaging/completion/chatctl.bash:1: write it again: chatctl completion bash"
    bad=1
}
"$bin/chatd" --print-config | sed -nE 's/^([a-z_]+) = .*/\1/p' >"$text/words"
expect chatd.conf.5 setting
sed -nE 's/^METHOD\([A-Z_]+, "([a-z._]+)".*/\1/p' shared/methods.def >"$text/words"
expect chat-protocol.7 method
exit $bad
