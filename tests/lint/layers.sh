#!/bin/sh
# SPDX-License-Identifier: MIT
# Fail when a file includes what its folder may not see. For chatd/ the rules are chatd/LAYERS; for
# the other folders they are the table below, in the same form: a folder or a file, then what it may
# include besides itself, shared/ and the C and POSIX headers.
cd "$1" || exit 2

rules=$(cat <<'EOF'
shared
shared/json.c jansson.h
shared/fold.c utf8proc.h
shared/history_digest.c xxhash.h
shared/manifest.c xxhash.h
shared/map.c xxhash.h
shared/name.c xxhash.h
shared/client/web.c curl/curl.h openssl/ssl.h openssl/x509.h
shared/client/websocket.c openssl/evp.h openssl/sha.h
shared/client/digest.c openssl/sha.h
shared/client/device_file.c sqlite3.h
shared/client/device_file.h sqlite3.h
chat-tui
chat-tui/grapheme.c utf8proc.h
chat-tui/screen/terminal.c curses.h openssl/evp.h
chat-tui/screen/view.c curses.h
chat-tui/screen/view_line.c curses.h
chat-tui/screen/pen.c curses.h
chatctl
chatctl/rpc.c curl/curl.h
chatctl/backup_files.c xxhash.h
chatctl/certificate.c openssl/pem.h openssl/x509.h
chatctl/history_lines.c openssl/evp.h
chatctl/new_certificate.c openssl/evp.h openssl/pem.h openssl/rand.h openssl/x509.h openssl/x509v3.h
tests/simulation main net session protocol service cluster log partition disk auth thread jansson.h sqlite3.h
tests/load
tests/load/ceilings.c sqlite3.h pthread.h
EOF
)

system='arpa/inet assert ctype dirent errno fcntl ftw getopt glob grp inttypes limits locale malloc math netdb netinet/in
netinet/tcp poll pwd setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib string
strings sys/epoll sys/file sys/inotify sys/ioctl sys/mman sys/queue sys/random sys/resource sys/select sys/signalfd
sys/socket sys/stat
sys/statvfs sys/time sys/timex sys/types sys/uio sys/un sys/wait termios time unistd wchar'

{
    echo "$rules" | sed 's/^/rule /'
    echo "system $system" | tr '\n' ' '
    echo
    grep -Ev '^(#|$)' chatd/LAYERS | sed 's/^/layer /'
    find . \( -path ./build -o -path ./.git -o -path ./tests/fuzz \) -prune -o -name '*.[ch]' -print |
        sed 's|^\./||' | sort | xargs grep -nE '^# *include' | sed 's/^/include /'
} | awk '
    $1 == "system" { for (i = 2; i <= NF; i++) is_system[$i ".h"] = 1 }
    $1 == "rule" { for (i = 3; i <= NF; i++) may[$2, $i] = 1 }
    $1 == "layer" {
        is_layer[$2] = 1
        for (i = 3; i <= NF; i++) {
            may[$2, $i] = 1
            if ($i !~ /\.h$/) named[$i] = 1
        }
    }
    $1 != "include" { next }
    {
        split($2, at, ":")
        file = at[1]
        target = $0
        sub(/^[^<"]*/, "", target)
        is_angle = target ~ /^</
        target = substr(target, 2)
        sub(/[<>"].*$/, "", target)
        count = split(file, part, "/")
        from = part[1] != "chatd" ? part[1] : count == 2 ? "main" : part[2]
        if (part[1] == "tests") from = "tests/" part[2]
        where = file ":" at[2] ": "
        is_test = file ~ /_(test|world)\.c$/
    }
    part[1] == "chatd" && !(from in is_layer) {
        print where "chatd/LAYERS does not name the layer " from; bad = 1; next
    }
    is_angle && target in is_system { next }
    is_angle && target == "cmocka.h" && is_test { next }
    is_angle {
        if (!((from, target) in may) && !((file, target) in may)) {
            print where from " may not include <" target ">"; bad = 1
        }
        next
    }
    {
        split(target, step, "/")
        to = step[2] == "" ? from : step[1] == "tests" ? "tests/" step[2] : step[1]
        is_client = file ~ /^(chat-tui|shared\/client|tests)\// || file == "chatctl/selftest.c"
        if (target ~ /^shared\/client\// && !is_client) {
            print where from " may not include " target ", which is of the clients"; bad = 1; next
        }
        if (target ~ /^shared\/cli\// && !is_client && file !~ /^(chatctl|shared\/cli)\//) {
            print where from " may not include " target ", which is of the command lines"; bad = 1; next
        }
        if (to == "shared" || to == from) next
        if (is_layer[to] && part[1] != "chatd" && !((from, to) in may)) {
            print where part[1] "/ may not include " target ", which is of chatd"; bad = 1
        } else if (!((from, to) in may) && !((file, target) in may)) {
            print where from " may not include " target; bad = 1
        }
    }
    END {
        for (name in named) {
            if (!(name in is_layer)) { print "chatd/LAYERS: there is no layer " name; bad = 1 }
        }
        exit bad
    }
'
