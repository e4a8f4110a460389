// SPDX-License-Identifier: MIT
// Help at each level, from the table.

#include "command.h"

#include <stdio.h>
#include <string.h>

#include "output.h"

// "user add NAME [--token]", without "chatctl".
static void add_synopsis(struct buffer *out, const struct command *command)
{
    buffer_print(out, "%s%s%s", command->noun, command->verb == NULL ? "" : " ",
            command->verb == NULL ? "" : command->verb);
    buffer_print(out, "%s%s", command->operands[0] == '\0' ? "" : " ", command->operands);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &options[i];
        if (option->use != USE_ALL && command_has_option(command, option)) {
            buffer_print(out, " [%s%s%s]", option->word, option->value == NULL ? "" : " ",
                    option->value == NULL ? "" : option->value);
        }
    }
}

void help_usage(const struct command *command, char *text, size_t text_bytes)
{
    struct buffer out = { 0 };

    add_synopsis(&out, command);
    snprintf(text, text_bytes, "chatctl %.*s", (int)out.bytes, out.data);
    buffer_finish(&out);
}

static void print_option(const struct option *option)
{
    char word[40];

    snprintf(word, sizeof(word), "%s%s%s", option->word, option->value == NULL ? "" : " ",
            option->value == NULL ? "" : option->value);
    printf("  %-20s %s", word, option->sentence);
    if (option->choices != NULL) {
        printf(": %s", option->choices);
    }
    if (option->environment != NULL) {
        printf("; or $%s", option->environment);
    }
    printf("\n");
}

static void print_options(const struct command *command)
{
    for (size_t i = 0; i < option_count; i++) {
        if (command == NULL
                        ? options[i].use == USE_ALL
                        : options[i].use != USE_ALL && command_has_option(command, &options[i])) {
            print_option(&options[i]);
        }
    }
}

static void print_commands(const char *noun)
{
    for (size_t i = 0; i < command_count; i++) {
        if (noun != NULL && strcmp(commands[i].noun, noun) != 0) {
            continue;
        }
        struct buffer out = { 0 };
        add_synopsis(&out, &commands[i]);
        printf("  %.*s\n      %s\n", (int)out.bytes, out.data, commands[i].sentence);
        buffer_finish(&out);
    }
}

static void add_json_command(struct buffer *out, const struct command *command)
{
    struct buffer synopsis = { 0 };
    bool is_first = true;

    add_synopsis(&synopsis, command);
    buffer_print(out, "{\"noun\":\"%s\"", command->noun);
    if (command->verb != NULL) {
        buffer_print(out, ",\"verb\":\"%s\"", command->verb);
    }
    buffer_add_literal(out, ",\"synopsis\":");
    json_add_string(out, (struct bytes){ synopsis.data, (uint32_t)synopsis.bytes });
    buffer_add_literal(out, ",\"sentence\":");
    json_add_string(out, bytes_of(command->sentence));
    buffer_add_literal(out, ",\"options\":[");
    for (size_t i = 0; i < option_count; i++) {
        if (command_has_option(command, &options[i])) {
            buffer_print(out, "%s\"%s\"", is_first ? "" : ",", options[i].word);
            is_first = false;
        }
    }
    buffer_add_literal(out, "]}");
    buffer_finish(&synopsis);
}

static void print_json(const char *noun, const struct command *command)
{
    struct buffer out = { 0 };
    bool is_first = true;

    buffer_add_literal(&out, "{\"commands\":[");
    for (size_t i = 0; i < command_count; i++) {
        if ((command != NULL && command != &commands[i]) ||
                (noun != NULL && strcmp(commands[i].noun, noun) != 0)) {
            continue;
        }
        if (!is_first) {
            buffer_add_byte(&out, ',');
        }
        is_first = false;
        add_json_command(&out, &commands[i]);
    }
    buffer_add_literal(&out, "]}\n");
    fwrite(out.data, out.bytes, 1, stdout);
    buffer_finish(&out);
}

void help_print(const char *noun, const struct command *command, bool is_json)
{
    char usage[400];

    if (is_json) {
        print_json(noun, command);
    } else if (command != NULL) {
        help_usage(command, usage, sizeof(usage));
        printf("usage: %s\n\n%s\n\n", usage, command->sentence);
        print_options(command);
        printf("  ...                  and those of every command: chatctl --help\n");
    } else if (noun != NULL) {
        printf("usage: chatctl %s VERB [...]\n\n", noun);
        print_commands(noun);
    } else {
        printf("usage: chatctl [OPTION...] NOUN VERB [...]\n\n");
        print_commands(NULL);
        printf("\n");
        print_options(NULL);
        printf("\nexit codes: 0 ok, 1 failed, 2 usage, 3 unreachable, 4 not allowed, 5 not found,\n"
               "            6 refused, 7 partly done, 8 a check failed, 124 time-out\n");
    }
}

enum exit_code help_show(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *noun = arguments->operand_count > 0 ? arguments->operands[0] : NULL;
    const char *verb = arguments->operand_count > 1 ? arguments->operands[1] : NULL;
    const struct command *command = noun == NULL ? NULL : command_find(noun, verb);

    if (noun != NULL && (verb == NULL ? !command_has_noun(noun) : command == NULL)) {
        complain(rpc->is_json, "usage", "there is no command \"%s%s%s\" (chatctl --help lists all)",
                noun, verb == NULL ? "" : " ", verb == NULL ? "" : verb);
        return EXIT_USAGE;
    }
    help_print(noun, command, rpc->is_json);
    return EXIT_OK;
}
