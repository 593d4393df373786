/*
 * Starts, watches and ends the worker processes (tessera-room).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A few workers are always started ahead ("spares"): connected, configured
 * and locked down, so that a room opens at once. Taking one makes it a room
 * and starts another.
 *
 *   fork, exec ─► STARTING ─HELLO─► PREPARING ─READY─► SPARE ─take─► OPEN
 *                 wrong message, no READY, five missed PONGs, end of the
 *                 channel or of the process, queue over its limit
 *                                   ─► killed, reaped, on_gone
 *
 * Everything a worker sends is hostile: first the catalogue decides whether
 * it may come, then the parser of its body (the supervisor's for HELLO,
 * READY, LOG and PONG; the handler's for the rest). A wrong one kills that
 * worker and nothing else. Nothing here blocks.
 *
 * Main thread; callbacks come from the event loop, never from inside a
 * function of this header.
 */
#ifndef CONTROL_SUPERVISOR_H
#define CONTROL_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control/resources.h"
#include "ipc/catalogue.h"
#include "ipc/messages.h"
#include "util/log.h"

struct event_base;
struct supervisor;
struct worker;

struct supervisor_config {
	const char *program;		/* path of tessera-room; borrowed */
	unsigned    rooms_max;		/* open at once */
	unsigned    spares;		/* kept ready, 1.. */
	unsigned    heartbeat_ms;	/* PING; five unanswered: SIGKILL */
	unsigned    start_ms;		/* from exec to READY, else SIGKILL */
	unsigned    close_ms;		/* from CLOSE to the end, else SIGKILL */
	struct resources_config resources;
	/* For each worker; sockets, port and addresses are filled in here. */
	struct ipc_config room;
};

/* What the owner of a room wants to hear. */
struct worker_handler {
	/*
	 * A message that the catalogue allows now: ANSWER, PRESENCE, TILEMAP,
	 * SPEAKING or STATS; its body is still unchecked and borrowed. Returns
	 * 0, or -EBADMSG when it is wrong: the worker is killed and on_gone
	 * follows.
	 */
	int (*on_message)(void *to, uint16_t type, const uint8_t *body,
	    size_t body_len);
	/* It has ended; the struct worker is invalid when this returns. */
	void (*on_gone)(void *to);
	void *to;
};

/* For /metrics. The counters only grow. */
struct supervisor_counts {
	unsigned rooms;		/* open now */
	unsigned spares;	/* ready now */
	uint64_t started;	/* processes */
	uint64_t wrong;		/* killed for a wrong message */
	uint64_t silent;	/* killed: no READY, no PONG, no end */
	uint64_t died;		/* ended by themselves, unasked */
};

/*
 * Starts the first spares. `config` is copied (program borrowed), `log`
 * copied. Returns 0 or -errno; a program that cannot be exec'd is seen only
 * later, in the log, and is tried again with growing pauses.
 */
int supervisor_new(struct supervisor **out, struct event_base *base,
    const struct supervisor_config *config, const struct log *log);

/* Starts no more workers; what runs is not touched. */
void supervisor_stop(struct supervisor *sup);

/* Kills what is left without on_gone, reaps it, frees all. NULL is fine. */
void supervisor_free(struct supervisor **sup);

/* Who is told, from the loop, that a spare has become ready. */
void supervisor_on_ready(struct supervisor *sup, void (*on_ready)(void *to),
    void *to);

/*
 * Makes a ready spare the room `name`. Returns 0 with *out set; -EAGAIN when
 * none is ready (wait for on_ready); -ENOSPC when rooms_max are open.
 */
int supervisor_take(struct supervisor *sup, const char *name,
    const struct worker_handler *handler, struct worker **out);

/* As configured. */
unsigned supervisor_rooms_max(const struct supervisor *sup);

/* Ready ones; 0: /readyz says no. */
unsigned supervisor_spares(const struct supervisor *sup);

void supervisor_counts(const struct supervisor *sup,
    struct supervisor_counts *out);

/*
 * Sends to a room, queued while its socket is full. Returns 0; -ENOBUFS when
 * the queue is over its limit: the worker is killed and on_gone follows from
 * the loop; -EPIPE when it is already ending; -EINVAL for what the catalogue
 * does not allow now.
 */
int worker_send(struct worker *worker, uint16_t type, const uint8_t *body,
    size_t body_len);

/*
 * CLOSE, and SIGKILL when it does not end in close_ms. Gives the worker up:
 * no callback comes any more. NULL is fine; clears the caller's pointer.
 */
void worker_close(struct worker **worker);

pid_t worker_pid(const struct worker *worker);

/* SHA-256 of the room's DTLS certificate, 32 bytes, borrowed. */
const uint8_t *worker_fingerprint(const struct worker *worker);

#endif
