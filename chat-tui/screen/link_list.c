// SPDX-License-Identifier: MIT
#include "link_list.h"

#include <stdlib.h>
#include <string.h>

#include "chat-tui/links.h"

void link_list_clear(struct link_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        free(list->links[i]);
    }
    *list = (struct link_list){ 0 };
}

static bool has(const struct link_list *list, struct bytes link)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (bytes_equal(bytes_of(list->links[i]), link)) {
            return true;
        }
    }
    return false;
}

void link_list_add(struct link_list *list, const struct message *message)
{
    const struct bytes text = { message->text, message->bytes };
    uint32_t position = 0;
    struct bytes link;

    while (!message->is_deleted && list->count < LINKS_MAX && links_next(text, &position, &link)) {
        if (link.size <= LINK_BYTES_MAX && !has(list, link)) {
            list->links[list->count] = strndup(link.data, link.size);
            list->count += list->links[list->count] != NULL;
        }
    }
}

uint32_t link_list_digit(struct link_list *list, unsigned digit)
{
    uint32_t number = list->typed * 10 + digit;

    list->typed = number >= 1 && number <= list->count ? number : 0;
    if (list->typed > 0) {
        list->choice = list->typed - 1;
    }
    return list->typed * 10 > list->count ? list->typed : 0;
}
