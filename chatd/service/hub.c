// SPDX-License-Identifier: MIT
#include "service/hub.h"

#include <stdlib.h>

#include "shared/map.h"

struct mailbox {
    struct map_node by_name;
    struct list subscribers; // subscriber.of_user
    struct name name;
};

struct hub {
    struct map mailboxes;
};

struct hub *hub_create(void)
{
    return calloc(1, sizeof(struct hub));
}

void hub_destroy(struct hub *hub)
{
    if (hub == NULL) {
        return;
    }
    CHECK(hub->mailboxes.count == 0);
    map_finish(&hub->mailboxes);
    free(hub);
}

static struct mailbox *find(const struct hub *hub, struct bytes user)
{
    struct map_node *node = map_first(&hub->mailboxes, map_hash(user.data, user.size));

    while (node != NULL) {
        struct mailbox *mailbox = MAP_OF(node, struct mailbox, by_name);
        if (bytes_equal(name_bytes(&mailbox->name), user)) {
            return mailbox;
        }
        node = map_next(node);
    }
    return NULL;
}

bool hub_join(struct hub *hub, struct bytes user, struct subscriber *subscriber)
{
    struct mailbox *mailbox = find(hub, user);

    CHECK(subscriber->mailbox == NULL);
    if (mailbox == NULL) {
        mailbox = calloc(1, sizeof(*mailbox));
        if (mailbox == NULL) {
            return false;
        }
        mailbox->name = name_of(user);
        list_init(&mailbox->subscribers);
        if (!map_insert(&hub->mailboxes, &mailbox->by_name, map_hash(user.data, user.size))) {
            free(mailbox);
            return false;
        }
    }
    list_init(&subscriber->of_user);
    list_append(&mailbox->subscribers, &subscriber->of_user);
    subscriber->mailbox = mailbox;
    return true;
}

void hub_leave(struct hub *hub, struct subscriber *subscriber)
{
    struct mailbox *mailbox = subscriber->mailbox;

    if (mailbox == NULL) {
        return;
    }
    list_leave(&subscriber->of_user);
    subscriber->mailbox = NULL;
    if (list_is_empty(&mailbox->subscribers)) {
        map_remove(&hub->mailboxes, &mailbox->by_name);
        free(mailbox);
    }
}

bool hub_has(const struct hub *hub, struct bytes user)
{
    return find(hub, user) != NULL;
}

void hub_publish(struct hub *hub, struct bytes user, struct delivery *delivery)
{
    struct mailbox *mailbox = find(hub, user);

    if (mailbox == NULL) {
        return;
    }
    LIST_EACH(node, &mailbox->subscribers) {
        struct subscriber *subscriber = LIST_OF(node, struct subscriber, of_user);
        subscriber->on_event(subscriber, delivery);
    }
    frame_release(delivery->frame);
    delivery->frame = NULL;
}

void hub_revoke(struct hub *hub, struct bytes user, uint64_t device, uint64_t keeper)
{
    struct mailbox *mailbox = find(hub, user);

    if (mailbox == NULL) {
        return;
    }
    LIST_EACH(node, &mailbox->subscribers) {
        struct subscriber *subscriber = LIST_OF(node, struct subscriber, of_user);
        subscriber->on_revoked(subscriber, device, keeper);
    }
}

void hub_each(struct hub *hub, struct bytes user,
        void (*visit)(struct subscriber *subscriber, void *context), void *context)
{
    struct mailbox *mailbox = find(hub, user);

    if (mailbox == NULL) {
        return;
    }
    LIST_EACH(node, &mailbox->subscribers) {
        visit(LIST_OF(node, struct subscriber, of_user), context);
    }
}
