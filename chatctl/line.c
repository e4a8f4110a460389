// SPDX-License-Identifier: MIT
// The command line: words and options in any order.

#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"

struct line {
    struct arguments *arguments;
    const char *words[2 + OPERANDS_MAX];
    int word_count;
    const struct option *given[32];
    int given_count;
};

static void set(struct arguments *arguments, const struct option *option, const char *value)
{
    char *field = (char *)arguments + option->offset;

    if (option->value == NULL) {
        *(bool *)(void *)field = true;
    } else {
        *(const char **)(void *)field = value;
    }
}

// "--word", or "--word=value" when it has one.
static const struct option *find_option(const char *argument, const char **value)
{
    size_t bytes = strcspn(argument, "=");

    *value = argument[bytes] == '=' ? argument + bytes + 1 : NULL;
    for (size_t i = 0; i < option_count; i++) {
        if (strlen(options[i].word) == bytes && strncmp(options[i].word, argument, bytes) == 0 &&
                (options[i].value != NULL || *value == NULL)) {
            return &options[i];
        }
    }
    return NULL;
}

static bool read_option(struct line *line, int argc, char **argv, int *i)
{
    bool is_json = line->arguments->is_json;
    const char *value;
    const struct option *option = find_option(argv[*i], &value);

    if (option == NULL) {
        complain(is_json, "usage", "there is no option %s (chatctl --help lists all)", argv[*i]);
        return false;
    }
    if (option->value != NULL && value == NULL) {
        if (*i + 1 == argc) {
            complain(is_json, "usage", "%s needs a value: %s %s", option->word, option->word,
                    option->value);
            return false;
        }
        value = argv[++*i];
    }
    if (line->given_count == 32) {
        complain(is_json, "usage", "too many options");
        return false;
    }
    line->given[line->given_count++] = option;
    set(line->arguments, option, value);
    return true;
}

static bool read_words(struct line *line, int argc, char **argv)
{
    bool is_end = false;

    for (int i = 1; i < argc; i++) {
        if (!is_end && strcmp(argv[i], "--") == 0) {
            is_end = true;
        } else if (!is_end && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!read_option(line, argc, argv, &i)) {
                return false;
            }
        } else if (line->word_count == 2 + OPERANDS_MAX) {
            complain(line->arguments->is_json, "usage", "more than %d operands", OPERANDS_MAX);
            return false;
        } else {
            line->words[line->word_count++] = argv[i];
        }
    }
    return true;
}

// The same word may be an option of several commands, with other choices.
static const struct option *as_of(const struct command *command, const struct option *given)
{
    for (size_t i = 0; i < option_count; i++) {
        if (strcmp(options[i].word, given->word) == 0 && command_has_option(command, &options[i])) {
            return &options[i];
        }
    }
    return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t bytes = strlen(value);

    while (*choices != '\0') {
        size_t choice_bytes = strcspn(choices, " ");
        if (choice_bytes == bytes && strncmp(choices, value, bytes) == 0) {
            return true;
        }
        choices += choice_bytes + (choices[choice_bytes] == ' ');
    }
    return false;
}

static bool check_options(const struct line *line, const struct command *command)
{
    bool is_json = line->arguments->is_json;
    const char *verb = command->verb == NULL ? "" : command->verb;

    for (int i = 0; i < line->given_count; i++) {
        const struct option *option = as_of(command, line->given[i]);
        if (option == NULL) {
            complain(is_json, "usage", "%s is no option of \"%s%s%s\" (chatctl help %s %s)",
                    line->given[i]->word, command->noun, *verb == '\0' ? "" : " ", verb,
                    command->noun, verb);
            return false;
        }
        const char *value = option->value == NULL
                ? NULL
                : *(const char **)(void *)((char *)line->arguments + option->offset);
        if (option->choices != NULL && !is_choice(option->choices, value)) {
            complain(is_json, "usage", "%s must be one of: %s", option->word, option->choices);
            return false;
        }
    }
    return true;
}

static bool check_operands(const struct line *line, const struct command *command)
{
    char usage[400];

    if (line->arguments->operand_count >= command->operands_min &&
            line->arguments->operand_count <= command->operands_max) {
        return true;
    }
    help_usage(command, usage, sizeof(usage));
    complain(line->arguments->is_json, "usage", "usage: %s", usage);
    return false;
}

static bool resolve(struct line *line, const struct command **command)
{
    const char *noun = line->words[0], *verb = line->word_count > 1 ? line->words[1] : NULL;

    *command = command_find(noun, verb);
    if (*command == NULL && command_has_noun(noun)) {
        complain(line->arguments->is_json, "usage",
                verb == NULL ? "\"%s\" needs a verb (chatctl help %s lists them)"
                             : "\"%s\" has no such verb (chatctl help %s lists them)",
                noun, noun);
        return false;
    }
    if (*command == NULL) {
        complain(line->arguments->is_json, "usage",
                "there is no command \"%s\" (chatctl --help lists all)", noun);
        return false;
    }
    int skip = (*command)->verb == NULL ? 1 : 2;
    line->arguments->operand_count = line->word_count - skip;
    for (int i = 0; i < line->arguments->operand_count; i++) {
        line->arguments->operands[i] = line->words[skip + i];
    }
    return true;
}

// An option given beats the environment: with --admin-socket, CHATCTL_SERVER is not meant.
static void fill_from_environment(struct arguments *arguments)
{
    bool has_target = arguments->admin_socket != NULL || arguments->server != NULL;

    for (size_t i = 0; i < option_count; i++) {
        const char *value = options[i].environment == NULL ? NULL : getenv(options[i].environment);
        bool is_target = options[i].offset == offsetof(struct arguments, admin_socket) ||
                options[i].offset == offsetof(struct arguments, server);
        if (value != NULL && *value != '\0' && !(is_target && has_target) &&
                *(const char **)(void *)((char *)arguments + options[i].offset) == NULL) {
            set(arguments, &options[i], value);
        }
    }
}

bool line_read(int argc, char **argv, struct arguments *arguments, const struct command **command,
        const char **noun)
{
    struct line line = { .arguments = arguments };

    *command = NULL;
    *noun = NULL;
    for (int i = 1; i < argc; i++) {
        arguments->is_json |= strcmp(argv[i], "--json") == 0; // also for errors before it
    }
    if (!read_words(&line, argc, argv)) {
        return false;
    }
    if (arguments->wants_help && line.word_count == 1 && command_has_noun(line.words[0])) {
        *noun = line.words[0];
        *command = command_find(*noun, NULL);
        return true;
    }
    if (line.word_count == 0 || arguments->wants_version) {
        return true;
    }
    if (!resolve(&line, command)) {
        return false;
    }
    *noun = (*command)->noun;
    if (arguments->wants_help) {
        return true;
    }
    fill_from_environment(arguments);
    return check_options(&line, *command) && check_operands(&line, *command);
}
