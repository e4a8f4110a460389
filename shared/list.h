// SPDX-License-Identifier: MIT
// An intrusive doubly linked ring. A node that is in no list points to itself, so leaving twice is
// harmless. Each list head says in its comment what it holds.

#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *previous;
};

// clang-format would take (node) for a cast.
// clang-format off
#define LIST_OF(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))
// clang-format on

// The position is declared here, so it can have no parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define LIST_EACH(position, head)                                                                  \
    for (struct list *position = (head)->next, *position##_next = position->next;                  \
            position != (head); position = position##_next, position##_next = position->next)
// NOLINTEND(bugprone-macro-parentheses)

static inline void list_init(struct list *node)
{
    node->next = node;
    node->previous = node;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_leave(struct list *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

// The node becomes the last of the list; it leaves any list that it is in.
static inline void list_append(struct list *head, struct list *node)
{
    list_leave(node);
    node->previous = head->previous;
    node->next = head;
    head->previous->next = node;
    head->previous = node;
}
