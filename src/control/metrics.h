/*
 * The figures of this server as Prometheus text.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each figure of a room is there as the sum over all rooms (counters of
 * rooms that have ended stay in it) and for each open room. No names of
 * people, no ids. Text format 0.0.4. Pure.
 */
#ifndef CONTROL_METRICS_H
#define CONTROL_METRICS_H

#include <stdint.h>

#include "ipc/messages.h"
#include "util/strbuf.h"

/* One open room. */
struct metrics_room {
	const char             *name;	/* valid: needs no escaping */
	const struct ipc_stats *stats;
};

/* Of this process and of what it supervises. */
struct metrics_server {
	unsigned rooms, spares, sessions, http_connections;
	uint64_t workers_started, workers_wrong, workers_silent, workers_died;
	uint64_t http_accepted, http_turned_away, http_refused, http_late;
	double   cpu_s, start_time_s;
	uint64_t resident_bytes;
	unsigned open_fds;
};

/* Writes all; a failure is seen by strbuf_text(). */
void metrics_write(struct strbuf *out, const struct metrics_server *server,
    const struct metrics_room *rooms, unsigned room_count,
    const struct ipc_stats *ended);

#endif
