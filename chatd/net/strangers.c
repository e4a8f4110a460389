// SPDX-License-Identifier: MIT
#include "net/strangers.h"

#include "net/link.h"

// A login over a slow line takes no longer.
#define STRANGER_TIME_MS 2000

void strangers_enter(struct net_link *link)
{
    struct net *net = link->net;
    struct source *source = link->source;

    CHECK(!link->is_stranger);
    link->is_stranger = true;
    if (source->stranger_count++ == 0) {
        TAILQ_INSERT_TAIL(&net->strange_sources, source, in_strange);
    }
    TAILQ_INSERT_TAIL(&source->strangers, link, in_strangers);
    net->stranger_count++;
}

void strangers_leave(struct net_link *link)
{
    struct net *net = link->net;
    struct source *source = link->source;

    if (!link->is_stranger) {
        return;
    }
    link->is_stranger = false;
    TAILQ_REMOVE(&source->strangers, link, in_strangers);
    if (--source->stranger_count == 0) {
        TAILQ_REMOVE(&net->strange_sources, source, in_strange);
    }
    net->stranger_count--;
}

static struct source *strangest(const struct net *net)
{
    struct source *found = TAILQ_FIRST(&net->strange_sources);
    struct source *source;

    TAILQ_FOREACH(source, &net->strange_sources, in_strange)
    {
        if (source->stranger_count > found->stranger_count) {
            found = source;
        }
    }
    return found;
}

static bool has_room(const struct net *net)
{
    const struct net_config *config = &net->config;

    return net->link_count < config->connections_max &&
            (config->strangers_max == 0 || net->stranger_count < config->strangers_max);
}

bool strangers_make_room(struct net *net, const struct source *source)
{
    struct source *crowd;
    struct net_link *oldest;

    if (has_room(net)) {
        return true;
    }
    crowd = strangest(net);
    if (crowd == NULL) {
        return false; // full of those that are known
    }
    oldest = TAILQ_FIRST(&crowd->strangers);
    if (source->stranger_count >= crowd->stranger_count &&
            loop_now_ms(net->loop) - oldest->accepted_ms < STRANGER_TIME_MS) {
        return false;
    }
    strangers_leave(oldest);
    link_doom(oldest);
    return true;
}
