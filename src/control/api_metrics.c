/*
 * For the operator's monitoring: figures, and whether we are ready.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "control/api.h"
#include "control/metrics.h"
#include "control/registry.h"
#include "control/supervisor.h"
#include "http/http_exchange.h"
#include "http/http_server.h"

#define TEXT_MAX   (4 * 1024 * 1024)
#define ROOMS_MAX  4096

struct room_rows {
	struct metrics_room *rows;
	unsigned             count, size;
};

static void
add_room(struct room_proxy *room, void *to)
{
	struct room_rows *all = to;

	if (all->count < all->size)
		all->rows[all->count++] = (struct metrics_room){
			room_proxy_name(room), room_proxy_stats(room) };
}

static unsigned
count_fds(void)
{
	DIR     *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	if (dir == NULL)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count < 3 ? 0 : count - 3;	/* ".", ".." and the folder */
}

static uint64_t
resident_bytes(void)
{
	FILE    *file = fopen("/proc/self/statm", "re");
	char     line[128] = "";
	char    *resident;
	uint64_t pages = 0;

	if (file == NULL)
		return 0;
	if (fgets(line, sizeof(line), file)) {
		resident = strchr(line, ' ');
		if (resident)
			pages = strtoull(resident, NULL, 10);
	}
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
fill_server(struct metrics_server *server, const struct api *api)
{
	struct supervisor_counts  workers;
	struct http_server_counts http;
	struct rusage             usage;

	supervisor_counts(registry_supervisor(api->registry), &workers);
	http_server_counts(api->server, &http);
	getrusage(RUSAGE_SELF, &usage);
	*server = (struct metrics_server){
		.rooms = workers.rooms,
		.spares = workers.spares,
		.sessions = registry_session_count(api->registry),
		.http_connections = http.connections,
		.workers_started = workers.started,
		.workers_wrong = workers.wrong,
		.workers_silent = workers.silent,
		.workers_died = workers.died,
		.http_accepted = http.accepted,
		.http_turned_away = http.turned_away,
		.http_refused = http.refused,
		.http_late = http.late,
		.cpu_s = (double)usage.ru_utime.tv_sec +
		    (double)usage.ru_utime.tv_usec / 1e6 +
		    (double)usage.ru_stime.tv_sec +
		    (double)usage.ru_stime.tv_usec / 1e6,
		.start_time_s = (double)api->started_us / 1e6,
		.resident_bytes = resident_bytes(),
		.open_fds = count_fds(),
	};
}

void
api_metrics(struct http_exchange *x, void *to)
{
	struct api           *api = to;
	struct metrics_server server;
	struct room_rows      rooms = { .size = ROOMS_MAX };
	struct strbuf         text;

	strbuf_init(&text, TEXT_MAX);
	rooms.rows = calloc(rooms.size, sizeof(*rooms.rows));
	if (rooms.rows) {
		registry_each_room(api->registry, add_room, &rooms);
		fill_server(&server, api);
		metrics_write(&text, &server, rooms.rows, rooms.count,
		    registry_ended_stats(api->registry));
	}
	if (text.len > 0 && strbuf_text(&text))
		http_exchange_reply(x, 200,
		    "text/plain; version=0.0.4; charset=utf-8", text.text,
		    text.len);
	else
		http_exchange_problem(x, PROBLEM_INTERNAL, NULL);
	strbuf_clear(&text);
	free(rooms.rows);
}

void
api_readyz(struct http_exchange *x, void *to)
{
	const struct api *api = to;

	if (registry_is_ready(api->registry))
		http_exchange_reply(x, 200, "text/plain", "ok\n", 3);
	else
		http_exchange_problem(x, PROBLEM_BUSY,
		    "No spare room is ready.");
}
