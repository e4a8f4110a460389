// SPDX-License-Identifier: MIT
// CHECK() is for bugs in this program, never for bad input. It stays on in release builds:
// a crash loses one node, a wrong write loses a conversation.

#pragma once

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: CHECK(%s) failed\n", __FILE__, __LINE__, __func__,         \
                    #condition);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

// A place that is only reached by a bug; the sentence says which. Never returns.
#define FAIL(sentence)                                                                             \
    do {                                                                                           \
        fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, __func__, "" sentence);             \
        abort();                                                                                   \
    } while (0)

#define MUST_USE __attribute__((warn_unused_result))
