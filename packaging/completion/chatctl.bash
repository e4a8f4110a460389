# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion for bash, printed by "chatctl completion bash": change chatctl's table instead.
_chatctl() {
    local word=${COMP_WORDS[COMP_CWORD]} noun='' verb='' words='' i always

    always="--admin-socket --server --token-file --ca-file --timeout --json --help"
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    --admin-socket | --token-file | --ca-file | --config | --output)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return ;;
    --server | --timeout | --drain | --rate | --to | --revoke | --peer | --data | --listen | --host | --user | --connections | --per-server | --messages-per-day | --bytes | --years | --shard-bytes)
        return ;;
    --registration)
        words="closed invite open" ;;
    --state)
        words="online away offline active disabled deleted invited" ;;
    *)
        for ((i = 1; i < COMP_CWORD; i++)); do
            case ${COMP_WORDS[i]} in
            --admin-socket | --token-file | --ca-file | --config | --output | --server | --timeout | --drain | --rate | --to | --revoke | --peer | --data | --listen | --host | --user | --connections | --per-server | --messages-per-day | --bytes | --years | --shard-bytes | --registration | --state) i=$((i + 1)) ;;
            -*) ;;
            *) if [ -z "$noun" ]; then
                noun=${COMP_WORDS[i]}
            elif [ -z "$verb" ]; then
                verb=${COMP_WORDS[i]}
            fi ;;
            esac
        done
        case "$noun $verb" in
        " ")
            words="setup status check user retention presence partition backup job trace history capacity completion help $always --version" ;;
        "setup "*)
            words="--config --data --listen --host --registration --user --tls --yes --dry-run $always" ;;
        "status "*)
            words="--watch $always" ;;
        "check "*)
            words="--config $always" ;;
        "user ")
            words="add invite import list show passwd retention disable enable delete devices --help" ;;
        "user add")
            words="--password --token --dry-run $always" ;;
        "user invite")
            words="--dry-run $always" ;;
        "user import")
            words="--tokens --dry-run $always" ;;
        "user list")
            words="--state $always" ;;
        "user show")
            words="$always" ;;
        "user passwd")
            words="--dry-run $always" ;;
        "user retention")
            words="--dry-run $always" ;;
        "user disable")
            words="--dry-run $always" ;;
        "user enable")
            words="--dry-run $always" ;;
        "user delete")
            words="--yes --dry-run $always" ;;
        "user devices")
            words="--revoke --dry-run $always" ;;
        "retention ")
            words="show run --help" ;;
        "retention show")
            words="$always" ;;
        "retention run")
            words="$always" ;;
        "presence ")
            words="get list count watch --help" ;;
        "presence get")
            words="--watch $always" ;;
        "presence list")
            words="--state --watch $always" ;;
        "presence count")
            words="--watch $always" ;;
        "presence watch")
            words="$always" ;;
        "partition ")
            words="list show move rebalance verify --help" ;;
        "partition list")
            words="$always" ;;
        "partition show")
            words="$always" ;;
        "partition move")
            words="--rate --to --dry-run $always" ;;
        "partition rebalance")
            words="--drain --rate --dry-run $always" ;;
        "partition verify")
            words="--rate $always" ;;
        "backup ")
            words="create list verify restore --help" ;;
        "backup create")
            words="--rate --dry-run $always" ;;
        "backup list")
            words="$always" ;;
        "backup verify")
            words="$always" ;;
        "backup restore")
            words="--to --dry-run $always" ;;
        "job ")
            words="show cancel --help" ;;
        "job show")
            words="--watch $always" ;;
        "job cancel")
            words="--dry-run $always" ;;
        "trace "*)
            words="--text $always" ;;
        "history ")
            words="export import verify --help" ;;
        "history export")
            words="--output --peer $always" ;;
        "history import")
            words="--dry-run $always" ;;
        "history verify")
            words="$always" ;;
        "capacity ")
            words="show plan --help" ;;
        "capacity show")
            words="$always" ;;
        "capacity plan")
            words="--connections --per-server --messages-per-day --bytes --years --shard-bytes $always" ;;
        "completion "*)
            words="bash $always" ;;
        "help "*)
            words="$always" ;;
        esac ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _chatctl chatctl
