/*
 * Demo people: a tessera-peer that is started, watched and started again.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `tesserad --demo N`: N people who talk in turns in the room "demo". The
 * program is the one installed beside us. It is started again with growing
 * pauses (1 s to 30 s) when it ends, and killed when we end. Main thread.
 */
#ifndef APP_DEMO_H
#define APP_DEMO_H

#include "util/log.h"

struct demo;
struct event_base;

/*
 * `listen` is the address of the plain HTTP listener ("127.0.0.1:8080").
 * Starts it from the loop. Returns 0; -ENOENT when tessera-peer is not
 * installed; -EINVAL when there is nobody to ask on loopback; -errno.
 */
int demo_new(struct demo **out, struct event_base *base, unsigned people,
    const char *listen, const struct log *log);

/* Kills and reaps it. NULL is fine. */
void demo_free(struct demo **demo);

#endif
