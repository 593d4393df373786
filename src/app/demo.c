/*
 * Demo people: a tessera-peer that is started, watched and started again.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "app/demo.h"
#include "control/child.h"
#include "util/clock.h"

#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 30000
#define STEADY_US    INT64_C(20000000)	/* ran so long: no longer pauses */
#define OOM_ADJUST   900		/* the first to go */

struct demo {
	struct log    log;
	char          program[PATH_MAX];
	char          url[96], count[12];
	bool          running;
	struct child  child;
	struct event *start, *ended;
	unsigned      pause_ms;
	int64_t       started_us;
	struct event_base *base;
};

static void
again_later(struct demo *demo)
{
	const struct timeval pause = { demo->pause_ms / 1000,
		(suseconds_t)(demo->pause_ms % 1000 * 1000) };

	event_add(demo->start, &pause);
	demo->pause_ms *= 2;
	if (demo->pause_ms > PAUSE_MAX_MS)
		demo->pause_ms = PAUSE_MAX_MS;
}

static void
on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct demo *demo = arg;
	char         words[64];

	(void)fd;
	(void)what;
	event_free(demo->ended);
	demo->ended = NULL;
	demo->running = false;
	child_describe(words, sizeof(words), child_reap(&demo->child));
	log_warn(&demo->log, "the demo people went away (%s)", words);
	if (clock_monotonic_us() - demo->started_us > STEADY_US)
		demo->pause_ms = PAUSE_MIN_MS;
	again_later(demo);
}

static void
on_start(evutil_socket_t fd, short what, void *arg)
{
	struct demo *demo = arg;
	char         join[] = "--join", count[] = "--count";
	char *const  argv[] = { demo->program, join, demo->url, count,
		demo->count, NULL };
	int          err;

	(void)fd;
	(void)what;
	err = child_spawn(&demo->child, demo->program, argv, -1, OOM_ADJUST);
	if (err) {
		log_warn(&demo->log, "cannot start %s: %s", demo->program,
		    strerror(-err));
		again_later(demo);
		return;
	}
	demo->running = true;
	demo->started_us = clock_monotonic_us();
	demo->ended = event_new(demo->base, demo->child.pidfd, EV_READ,
	    on_ended, demo);
	if (demo->ended)
		event_add(demo->ended, NULL);
	log_info(&demo->log, "%s demo people go to %s", demo->count,
	    demo->url);
}

/* A wildcard address is reached by loopback; another one by itself. */
static int
write_url(struct demo *demo, const char *listen)
{
	const char *colon = strrchr(listen, ':');
	const char *host = listen;
	int         host_len;

	if (colon == NULL)
		return -EINVAL;
	host_len = (int)(colon - listen);
	if (strncmp(listen, "0.0.0.0:", 8) == 0 ||
	    strncmp(listen, "[::]:", 5) == 0) {
		host = "127.0.0.1";
		host_len = 9;
	}
	return snprintf(demo->url, sizeof(demo->url), "http://%.*s%s/demo",
	    host_len, host, colon) < (int)sizeof(demo->url) ? 0 : -EINVAL;
}

int
demo_new(struct demo **out, struct event_base *base, unsigned people,
    const char *listen, const struct log *log)
{
	const struct timeval soon = { 0, 0 };
	struct demo         *demo = calloc(1, sizeof(*demo));
	int                  err;

	if (demo == NULL)
		return -ENOMEM;
	demo->log = log_for(log, "demo");
	demo->base = base;
	demo->pause_ms = PAUSE_MIN_MS;
	snprintf(demo->count, sizeof(demo->count), "%u", people);
	err = write_url(demo, listen);
	if (err == 0)
		err = child_find_program(demo->program, sizeof(demo->program),
		    "tessera-peer", BINDIR);
	if (err == 0) {
		demo->start = event_new(base, -1, 0, on_start, demo);
		err = demo->start ? 0 : -ENOMEM;
	}
	if (err) {
		demo_free(&demo);
		return err;
	}
	event_add(demo->start, &soon);
	*out = demo;
	return 0;
}

void
demo_free(struct demo **demo)
{
	struct demo *old = *demo;

	*demo = NULL;
	if (old == NULL)
		return;
	if (old->ended)
		event_free(old->ended);
	if (old->start)
		event_free(old->start);
	if (old->running) {
		child_signal(&old->child, SIGKILL);
		child_reap(&old->child);
	}
	free(old);
}
