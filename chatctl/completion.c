// SPDX-License-Identifier: MIT
// The completion file for bash, from the table.

#include "command.h"

#include <stdio.h>
#include <string.h>

#include "output.h"

static bool is_file(const struct option *option)
{
    return strcmp(option->value, "FILE") == 0 || strcmp(option->value, "PATH") == 0;
}

// The same word may be an option of several commands.
static bool is_first_of_word(size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (strcmp(options[j].word, options[i].word) == 0) {
            return false;
        }
    }
    return true;
}

// "--a|--b" of the options with a value, those that are files or those that are not.
static void add_values(struct buffer *out, bool wants_files)
{
    bool is_first = true;

    for (size_t i = 0; i < option_count; i++) {
        if (options[i].value != NULL && options[i].choices == NULL && is_first_of_word(i) &&
                is_file(&options[i]) == wants_files) {
            buffer_print(out, "%s%s", is_first ? "" : " | ", options[i].word);
            is_first = false;
        }
    }
}

static bool is_first_with_choices(size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (options[j].choices != NULL && strcmp(options[j].word, options[i].word) == 0) {
            return false;
        }
    }
    return options[i].choices != NULL;
}

// All that the word may be: a value that depends on the command offers the choices of each.
static void add_choices(struct buffer *out)
{
    for (size_t i = 0; i < option_count; i++) {
        if (!is_first_with_choices(i)) {
            continue;
        }
        buffer_print(out, "    %s)\n        words=\"%s", options[i].word, options[i].choices);
        for (size_t j = i + 1; j < option_count; j++) {
            if (options[j].choices != NULL && strcmp(options[j].word, options[i].word) == 0) {
                buffer_print(out, " %s", options[j].choices);
            }
        }
        buffer_add_literal(out, "\" ;;\n");
    }
}

static void add_words_with_choices(struct buffer *out)
{
    for (size_t i = 0; i < option_count; i++) {
        if (is_first_with_choices(i)) {
            buffer_print(out, " | %s", options[i].word);
        }
    }
}

static void add_options(struct buffer *out, const struct command *command)
{
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].use != USE_ALL && command_has_option(command, &options[i])) {
            buffer_print(out, "%s ", options[i].word);
        }
    }
    buffer_add_literal(out, "$always");
}

static bool is_first_of_noun(size_t i)
{
    return i == 0 || strcmp(commands[i - 1].noun, commands[i].noun) != 0;
}

static void add_verbs(struct buffer *out, const char *noun)
{
    buffer_print(out, "        \"%s \")\n            words=\"", noun);
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].noun, noun) == 0) {
            buffer_print(out, "%s ", commands[i].verb);
        }
    }
    buffer_add_literal(out, "--help\" ;;\n");
}

static void add_cases(struct buffer *out)
{
    buffer_add_literal(out, "        \" \")\n            words=\"");
    for (size_t i = 0; i < command_count; i++) {
        if (is_first_of_noun(i)) {
            buffer_print(out, "%s ", commands[i].noun);
        }
    }
    buffer_add_literal(out, "$always --version\" ;;\n");
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i].verb != NULL && is_first_of_noun(i)) {
            add_verbs(out, commands[i].noun);
        }
        buffer_print(out,
                commands[i].verb == NULL ? "        \"%s \"*)\n            words=\""
                                         : "        \"%s %s\")\n            words=\"",
                commands[i].noun, commands[i].verb);
        if (strcmp(commands[i].operands, "SHELL") == 0) {
            buffer_add_literal(out, "bash ");
        }
        add_options(out, &commands[i]);
        buffer_add_literal(out, "\" ;;\n");
    }
}

enum exit_code completion_show(const struct rpc *rpc, const struct arguments *arguments)
{
    struct buffer out = { 0 };

    if (strcmp(arguments->operands[0], "bash") != 0) {
        complain(rpc->is_json, "usage", "there is completion for bash only");
        return EXIT_USAGE;
    }
    buffer_add_literal(&out,
            "# SPDX-License-Identifier: MIT\n# shellcheck shell=bash\n"
            "# Completion for bash, printed by \"chatctl completion bash\": change chatctl's table "
            "instead.\n"
            "_chatctl() {\n"
            "    local word=${COMP_WORDS[COMP_CWORD]} noun='' verb='' words='' i always\n\n"
            "    always=\"");
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].use == USE_ALL && strcmp(options[i].word, "--version") != 0) {
            buffer_print(&out, "%s%s", i == 0 ? "" : " ", options[i].word);
        }
    }
    buffer_add_literal(&out, "\"\n    case ${COMP_WORDS[COMP_CWORD - 1]} in\n    ");
    add_values(&out, true);
    buffer_add_literal(&out,
            ")\n        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n        return ;;\n    ");
    add_values(&out, false);
    buffer_add_literal(&out, ")\n        return ;;\n");
    add_choices(&out);
    buffer_add_literal(&out,
            "    *)\n"
            "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
            "            case ${COMP_WORDS[i]} in\n            ");
    add_values(&out, true);
    buffer_add_literal(&out, " | ");
    add_values(&out, false);
    add_words_with_choices(&out);
    buffer_add_literal(&out,
            ") i=$((i + 1)) ;;\n"
            "            -*) ;;\n"
            "            *) if [ -z \"$noun\" ]; then\n"
            "                noun=${COMP_WORDS[i]}\n"
            "            elif [ -z \"$verb\" ]; then\n"
            "                verb=${COMP_WORDS[i]}\n"
            "            fi ;;\n"
            "            esac\n"
            "        done\n"
            "        case \"$noun $verb\" in\n");
    add_cases(&out);
    buffer_add_literal(&out,
            "        esac ;;\n"
            "    esac\n"
            "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
            "}\n"
            "complete -o default -F _chatctl chatctl\n");
    output_file("completion", &out, rpc->is_json);
    buffer_finish(&out);
    return EXIT_OK;
}
