/*
 * A newest-wins mailbox for one pointer between two threads.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For pictures: a reader that is late gets the newest and never waits. Both
 * sides are one atomic exchange. Zero-initialise.
 */
#ifndef UTIL_MAILBOX_H
#define UTIL_MAILBOX_H

#include <stdatomic.h>
#include <stddef.h>

struct mailbox {
	_Atomic(void *) newest;
};

/* Takes the item; returns the unread one, now the caller's to free. */
static inline void *
mailbox_put(struct mailbox *box, void *item)
{
	return atomic_exchange_explicit(&box->newest, item,
	    memory_order_acq_rel);
}

/* The newest item, now the caller's; NULL when nothing new came. */
static inline void *
mailbox_take(struct mailbox *box)
{
	return atomic_exchange_explicit(&box->newest, NULL,
	    memory_order_acq_rel);
}

#endif
