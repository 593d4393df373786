/*
 * The least value of a window that slides on in slots.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Of the base that transit times stand on, which a drifting clock moves: the
 * least of the slot under way and those before it, `slots` in all. Pure: time
 * is an argument, in us, and does not go back by more than the window.
 */
#ifndef RTP_LEAST_WINDOW_H
#define RTP_LEAST_WINDOW_H

#include <stdint.h>

#define LEAST_WINDOW_SLOTS 20

struct least_window {
	int64_t  slot_us;		/* the length of one */
	unsigned slots;
	int64_t  newest;		/* time / slot_us */
	int64_t  least[LEAST_WINDOW_SLOTS];	/* INT64_MAX: none */
};

/* `slots`: LEAST_WINDOW_SLOTS at most. */
void least_window_init(struct least_window *w, int64_t slot_us,
    unsigned slots, int64_t now_us);

void least_window_add(struct least_window *w, int64_t value, int64_t now_us);

/* INT64_MAX when nothing was added. */
int64_t least_window_get(const struct least_window *w);

#endif
