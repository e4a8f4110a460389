// SPDX-License-Identifier: MIT
#include "net/source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe(const struct sockaddr *peer, struct source *source)
{
    const struct sockaddr_in *v4 = (const void *)peer;
    const struct sockaddr_in6 *v6 = (const void *)peer;

    if (peer->sa_family == AF_INET) {
        source->is_loopback = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
        inet_ntop(AF_INET, &v4->sin_addr, source->text, sizeof(source->text));
    } else if (peer->sa_family == AF_INET6) {
        const unsigned char *at = v6->sin6_addr.s6_addr;
        source->is_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
        snprintf(source->text, sizeof(source->text), "%x:%x:%x:%x::/64", at[0] << 8 | at[1],
                at[2] << 8 | at[3], at[4] << 8 | at[5], at[6] << 8 | at[7]);
    }
}

struct source *source_take(struct map *sources, const struct sockaddr *peer)
{
    struct source wanted = { 0 };

    describe(peer, &wanted);
    uint64_t hash = map_hash(wanted.text, strlen(wanted.text));
    struct map_node *node = map_first(sources, hash);
    while (node != NULL) {
        struct source *source = MAP_OF(node, struct source, by_text);
        if (strcmp(source->text, wanted.text) == 0) {
            source->link_count++;
            return source;
        }
        node = map_next(node);
    }
    struct source *source = malloc(sizeof(*source));
    if (source == NULL) {
        return NULL;
    }
    *source = wanted;
    TAILQ_INIT(&source->strangers);
    source->link_count = 1;
    if (!map_insert(sources, &source->by_text, hash)) {
        free(source);
        return NULL;
    }
    return source;
}

void source_release(struct map *sources, struct source *source)
{
    if (source != NULL && --source->link_count == 0) {
        map_remove(sources, &source->by_text);
        free(source);
    }
}
