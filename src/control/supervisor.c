/*
 * Keeps spares ready, gives them out as rooms, and watches them all.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <event2/event.h>

#include "control/supervisor_internal.h"
#include "util/clock.h"

#define RETRY_MS     250	/* doubled with each failed start */
#define RETRY_MAX_MS 30000
#define END_WAIT_MS  2000	/* supervisor_free, for clean ends */

static struct timeval
timeval_of_ms(unsigned ms)
{
	return (struct timeval){
		.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000L,
	};
}

/* ---- keeping spares ----------------------------------------------------- */

static unsigned
count_state(const struct supervisor *sup, unsigned states)
{
	const struct worker *w;
	unsigned             count = 0;

	TAILQ_FOREACH(w, &sup->workers, entry)
		count += (w->state & states) != 0 && !w->ending;
	return count;
}

void
supervisor_refill(struct supervisor *sup)
{
	unsigned       ms = 0;
	struct timeval tv;

	if (sup->stopped)
		return;
	if (sup->failures)
		ms = RETRY_MS << (sup->failures < 8 ? sup->failures - 1 : 7);
	tv = timeval_of_ms(ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS);
	if (!evtimer_pending(sup->refill, NULL))
		sup->refill_failed = evtimer_add(sup->refill, &tv) < 0;
}

static void
on_refill(evutil_socket_t fd, short what, void *to)
{
	struct supervisor *sup = to;
	const unsigned     rooms = count_state(sup, IPC_IN_ROOM);
	unsigned           wanted = sup->config.rooms_max > rooms ?
	    sup->config.rooms_max - rooms : 0;
	unsigned           have;

	(void)fd;
	(void)what;
	if (wanted > sup->config.spares)
		wanted = sup->config.spares;
	have = count_state(sup, IPC_IN_START | IPC_IN_PREPARE | IPC_IN_SPARE);
	for (; have < wanted; have++) {
		const int err = worker_start(sup);

		if (err) {
			log_error(&sup->log, "cannot start a worker: %s",
			    err == -EADDRINUSE ? "no UDP port is free" :
			    strerror(-err));
			sup->failures++;
			supervisor_refill(sup);
			return;
		}
	}
}

/* ---- watching ----------------------------------------------------------- */

static void
on_tick(evutil_socket_t fd, short what, void *to)
{
	struct supervisor *sup = to;
	const int64_t      now_us = clock_monotonic_us();
	struct worker     *w;

	(void)fd;
	(void)what;
	/* Killing only marks: the list changes in on_exited. */
	TAILQ_FOREACH(w, &sup->workers, entry)
		worker_watch(w, now_us);
	if (sup->refill_failed)
		supervisor_refill(sup);
}

/* ---- what the header says ----------------------------------------------- */

int
supervisor_new(struct supervisor **out, struct event_base *base,
    const struct supervisor_config *config, const struct log *log)
{
	struct supervisor   *sup = calloc(1, sizeof(*sup));
	const struct timeval tick = timeval_of_ms(config->heartbeat_ms);

	*out = NULL;
	if (sup == NULL)
		return -ENOMEM;
	sup->base = base;
	sup->config = *config;
	sup->log = *log;
	TAILQ_INIT(&sup->workers);
	sup->refill = evtimer_new(base, on_refill, sup);
	sup->tick = event_new(base, -1, EV_PERSIST, on_tick, sup);
	if (sup->refill == NULL || sup->tick == NULL ||
	    event_add(sup->tick, &tick) != 0) {
		supervisor_free(&sup);
		return -ENOMEM;
	}
	on_refill(-1, 0, sup);
	*out = sup;
	return 0;
}

void
supervisor_stop(struct supervisor *sup)
{
	sup->stopped = true;
	evtimer_del(sup->refill);
}

/* Waits, at most END_WAIT_MS in all, for a process that was told to end. */
static void
wait_for_end(struct worker *w, int64_t until_us)
{
	struct pollfd pfd = { .fd = w->child.pidfd, .events = POLLIN };
	const int64_t left_us = until_us - clock_monotonic_us();

	if (!w->ending && left_us > 0)
		(void)poll(&pfd, 1, (int)(left_us / 1000) + 1);
	child_signal(&w->child, SIGKILL);
	(void)child_reap(&w->child);
}

void
supervisor_free(struct supervisor **supp)
{
	struct supervisor *sup = *supp;
	struct worker     *w;
	int64_t            until_us;

	*supp = NULL;
	if (sup == NULL)
		return;
	TAILQ_FOREACH(w, &sup->workers, entry) {
		if (w->ending)
			continue;
		if (w->state & (IPC_IN_SPARE | IPC_IN_ROOM))
			(void)worker_say(w, IPC_CLOSE, NULL, 0);
		else if (w->state != IPC_IN_CLOSE)
			worker_kill(w);
	}
	until_us = clock_monotonic_us() + END_WAIT_MS * 1000LL;
	while ((w = TAILQ_FIRST(&sup->workers)) != NULL) {
		wait_for_end(w, until_us);
		worker_free(w);
	}
	if (sup->refill)
		event_free(sup->refill);
	if (sup->tick)
		event_free(sup->tick);
	free(sup);
}

void
supervisor_on_ready(struct supervisor *sup, void (*tell)(void *to), void *to)
{
	sup->on_ready = tell;
	sup->on_ready_to = to;
}

static struct worker *
find_spare(struct supervisor *sup)
{
	struct worker *w;

	TAILQ_FOREACH(w, &sup->workers, entry) {
		if (w->state == IPC_IN_SPARE && !w->ending)
			return w;
	}
	return NULL;
}

int
supervisor_take(struct supervisor *sup, const char *name,
    const struct worker_handler *handler, struct worker **out)
{
	const struct ipc_open open = { name, strlen(name) };
	uint8_t               body[128];
	const size_t          len = ipc_open_write(body, sizeof(body), &open);
	struct worker        *w;
	int                   err;

	if (len == 0)
		return -EINVAL;
	if (count_state(sup, IPC_IN_ROOM) >= sup->config.rooms_max)
		return -ENOSPC;
	w = find_spare(sup);
	if (w == NULL)
		return -EAGAIN;
	err = worker_say(w, IPC_OPEN, body, len);
	if (err) {	/* it died this moment: another is on its way */
		supervisor_refill(sup);
		return -EAGAIN;
	}
	w->state = IPC_IN_ROOM;
	w->handler = *handler;
	w->log = log_for(&sup->log, "room %s", name);
	sup->failures = 0;
	supervisor_refill(sup);
	*out = w;
	return 0;
}

unsigned
supervisor_rooms_max(const struct supervisor *sup)
{
	return sup->config.rooms_max;
}

unsigned
supervisor_spares(const struct supervisor *sup)
{
	return count_state(sup, IPC_IN_SPARE);
}

void
supervisor_counts(const struct supervisor *sup, struct supervisor_counts *out)
{
	*out = sup->counts;
	out->rooms = count_state(sup, IPC_IN_ROOM);
	out->spares = count_state(sup, IPC_IN_SPARE);
}
