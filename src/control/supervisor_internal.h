/*
 * The insides of the supervisor, shared by its two files.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * supervisor.c keeps the list: spares, the heartbeat, who is taken. worker.c
 * is one worker: its process, its channel, its messages, its end. A worker
 * leaves the list only in its own `exited` event (or in supervisor_free), so
 * the list may be walked while workers are killed.
 */
#ifndef CONTROL_SUPERVISOR_INTERNAL_H
#define CONTROL_SUPERVISOR_INTERNAL_H

#include <sys/queue.h>

#include "control/child.h"
#include "control/supervisor.h"
#include "ipc/channel.h"
#include "util/rate_limit.h"

struct event;

/* A message that waits for its socket. */
struct out_message {
	STAILQ_ENTRY(out_message) entry;
	uint16_t type;
	size_t   body_len;
	uint8_t  body[];
};

struct worker {
	TAILQ_ENTRY(worker) entry;
	struct supervisor  *sup;
	struct log          log;
	struct child        child;
	int                 channel;
	unsigned            state;		/* enum ipc_state */
	bool                ending;		/* killed or at its end */
	bool                counted;		/* its end is in the counts */
	struct worker_handler    handler;	/* of a room; else zeros */
	struct resources_sockets sockets;	/* until CONFIG takes them */
	struct event       *readable, *writable, *exited;
	STAILQ_HEAD(, out_message) out;
	size_t              out_bytes;
	uint64_t            pings, pongs;	/* sent, answered */
	unsigned            received;		/* since the last PING */
	struct rate_limit   told[IPC_UP_END];	/* by type */
	int64_t             deadline_us;	/* of this state; 0: none */
	struct log_limit    log_limit;
	uint8_t             fingerprint[32];
};

struct supervisor {
	struct event_base       *base;
	struct supervisor_config config;
	struct log               log;
	TAILQ_HEAD(, worker)     workers;
	struct event            *tick, *refill;
	bool                     refill_failed;	/* no memory for its timer */
	unsigned                 failures;	/* spares lost in a row */
	bool                     stopped;	/* no new workers */
	uint16_t                 next_port;
	void                   (*on_ready)(void *to);
	void                    *on_ready_to;
	struct supervisor_counts counts;	/* gauges are made on demand */
	struct ipc_message       message;	/* being handled */
};

/* ---- worker.c ------------------------------------------------------------- */

/* Starts one and puts it on the list. 0 or -errno. */
int worker_start(struct supervisor *sup);

/* Sends now, or queues behind what waits; as worker_send, unchecked. */
int worker_say(struct worker *w, uint16_t type, const uint8_t *body,
    size_t body_len);

/* Ends it; on_gone comes when the process has been reaped. */
void worker_kill(struct worker *w);

/* Each heartbeat: its deadlines, its unanswered PINGs, the next PING. */
void worker_watch(struct worker *w, int64_t now_us);

/* Takes it off the list; its process has been reaped. */
void worker_free(struct worker *w);

/* ---- supervisor.c --------------------------------------------------------- */

/* Looks for missing spares, after a pause when the last ones failed. */
void supervisor_refill(struct supervisor *sup);

#endif
