/*
 * The least value of a window that slides on in slots.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/least_window.h"

void
least_window_init(struct least_window *w, int64_t slot_us, unsigned slots,
    int64_t now_us)
{
	w->slot_us = slot_us;
	w->slots = slots;
	w->newest = now_us / slot_us;
	for (unsigned i = 0; i < LEAST_WINDOW_SLOTS; i++)
		w->least[i] = INT64_MAX;
}

void
least_window_add(struct least_window *w, int64_t value, int64_t now_us)
{
	const int64_t slot = now_us / w->slot_us;
	int64_t      *newest;

	if (slot - w->newest > (int64_t)w->slots)
		w->newest = slot - (int64_t)w->slots;
	while (w->newest < slot)
		w->least[(uint64_t)++w->newest % w->slots] = INT64_MAX;
	newest = &w->least[(uint64_t)w->newest % w->slots];
	if (value < *newest)
		*newest = value;
}

int64_t
least_window_get(const struct least_window *w)
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < w->slots; i++)
		if (w->least[i] < least)
			least = w->least[i];
	return least;
}
