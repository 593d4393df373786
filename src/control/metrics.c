/*
 * The figures of this server as Prometheus text.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stddef.h>

#include "control/metrics.h"
#include "control/stats_sum.h"

/* One figure of struct ipc_stats. */
struct figure {
	const char *name, *help;
	size_t      offset;
	bool        counter;	/* 64 bits; a gauge has 32 */
};

#define GAUGE_ROW(field, help)						\
	{ #field, help, offsetof(struct ipc_stats, field), false },
#define COUNTER_ROW(field, help)					\
	{ #field, help, offsetof(struct ipc_stats, field), true },

static const struct figure figures[] = {
	STATS_GAUGE_ROWS(GAUGE_ROW)
	STATS_COUNTER_ROWS(COUNTER_ROW)
};

#define FIGURE_COUNT (sizeof(figures) / sizeof(figures[0]))

struct stage {
	const char *name;
	size_t      offset;
};

#define STAGE_ROW(stage, field) { #stage, offsetof(struct ipc_stats, field) },

static const struct stage stages[] = { STATS_CPU_ROWS(STAGE_ROW) };

#define STAGE_COUNT (sizeof(stages) / sizeof(stages[0]))

static uint64_t
value_of(const struct ipc_stats *stats, size_t offset, bool wide)
{
	const void *field = (const char *)stats + offset;

	return wide ? *(const uint64_t *)field : *(const uint32_t *)field;
}

static void
head(struct strbuf *out, const char *name, const char *kind, const char *help)
{
	strbuf_printf(out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name,
	    kind);
}

static void
one(struct strbuf *out, const char *name, const char *kind, const char *help,
    uint64_t value)
{
	head(out, name, kind, help);
	strbuf_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void
write_figure(struct strbuf *out, const struct figure *figure,
    const struct ipc_stats *sum, const struct metrics_room *rooms,
    unsigned room_count)
{
	const char *kind = figure->counter ? "counter" : "gauge";
	const char *tail = figure->counter ? "_total" : "";

	strbuf_printf(out, "# HELP tessera_%s%s %s.\n"
	    "# TYPE tessera_%s%s %s\n"
	    "tessera_%s%s %" PRIu64 "\n",
	    figure->name, tail, figure->help, figure->name, tail, kind,
	    figure->name, tail,
	    value_of(sum, figure->offset, figure->counter));
	strbuf_printf(out, "# HELP tessera_room_%s%s %s, in one room.\n"
	    "# TYPE tessera_room_%s%s %s\n",
	    figure->name, tail, figure->help, figure->name, tail, kind);
	for (unsigned i = 0; i < room_count; i++)
		strbuf_printf(out, "tessera_room_%s%s{room=\"%s\"} %" PRIu64
		    "\n", figure->name, tail, rooms[i].name,
		    value_of(rooms[i].stats, figure->offset,
		    figure->counter));
}

static void
write_cpu(struct strbuf *out, const struct ipc_stats *sum,
    const struct metrics_room *rooms, unsigned room_count)
{
	head(out, "tessera_worker_cpu_seconds_total", "counter",
	    "CPU time of all rooms by stage");
	for (size_t i = 0; i < STAGE_COUNT; i++)
		strbuf_printf(out, "tessera_worker_cpu_seconds_total"
		    "{stage=\"%s\"} %.6f\n", stages[i].name,
		    (double)value_of(sum, stages[i].offset, true) / 1e6);
	head(out, "tessera_room_cpu_seconds_total", "counter",
	    "CPU time of one room by stage");
	for (unsigned r = 0; r < room_count; r++) {
		for (size_t i = 0; i < STAGE_COUNT; i++)
			strbuf_printf(out, "tessera_room_cpu_seconds_total"
			    "{room=\"%s\",stage=\"%s\"} %.6f\n",
			    rooms[r].name, stages[i].name,
			    (double)value_of(rooms[r].stats,
			    stages[i].offset, true) / 1e6);
	}
}

struct by_rung {
	const char *name, *help;
	size_t      offset;
};

static const struct by_rung by_rungs[] = {
	{ "rendition_encoders", "Video encoders in use, by codec and rung of "
	    "the ladder, 0 the largest",
	    offsetof(struct ipc_stats, rung_encoders) },
	{ "rendition_viewers", "Viewers tied to it or on the way, by codec "
	    "and rung of the ladder, 0 the largest",
	    offsetof(struct ipc_stats, rung_viewers) },
};

/* Those in use only. */
static void
write_by_rung(struct strbuf *out, const struct by_rung *figure,
    const struct metrics_room *rooms, unsigned room_count)
{
	strbuf_printf(out, "# HELP tessera_room_%s %s.\n"
	    "# TYPE tessera_room_%s gauge\n", figure->name, figure->help,
	    figure->name);
	for (unsigned i = 0; i < room_count * VIDEO_CODECS * IPC_RUNGS; i++) {
		const struct metrics_room *room =
		    &rooms[i / (VIDEO_CODECS * IPC_RUNGS)];
		const unsigned at = i % (VIDEO_CODECS * IPC_RUNGS);
		const uint64_t value = value_of(room->stats, figure->offset +
		    at * sizeof(uint32_t), false);

		if (value > 0)
			strbuf_printf(out, "tessera_room_%s{room=\"%s\","
			    "codec=\"%s\",rung=\"%u\"} %" PRIu64 "\n",
			    figure->name, room->name, video_codec_name(
			    (enum video_codec)(at / IPC_RUNGS)),
			    at % IPC_RUNGS, value);
	}
}

static void
write_server(struct strbuf *out, const struct metrics_server *server)
{
	one(out, "tessera_rooms", "gauge", "Open rooms", server->rooms);
	one(out, "tessera_spare_rooms", "gauge",
	    "Room processes that are ready", server->spares);
	one(out, "tessera_sessions", "gauge", "Sessions", server->sessions);
	one(out, "tessera_workers_started_total", "counter",
	    "Room processes started", server->workers_started);
	one(out, "tessera_workers_died_total", "counter",
	    "Room processes that ended by themselves", server->workers_died);
	head(out, "tessera_workers_killed_total", "counter",
	    "Room processes killed, by reason");
	strbuf_printf(out,
	    "tessera_workers_killed_total{reason=\"wrong\"} %" PRIu64 "\n"
	    "tessera_workers_killed_total{reason=\"silent\"} %" PRIu64 "\n",
	    server->workers_wrong, server->workers_silent);
	one(out, "tessera_http_connections", "gauge", "HTTP connections",
	    server->http_connections);
	one(out, "tessera_http_accepted_total", "counter",
	    "HTTP connections accepted", server->http_accepted);
	one(out, "tessera_http_turned_away_total", "counter",
	    "HTTP connections over a limit", server->http_turned_away);
	one(out, "tessera_http_refused_total", "counter",
	    "HTTP requests that were malformed", server->http_refused);
	one(out, "tessera_http_late_total", "counter",
	    "HTTP connections over a deadline", server->http_late);
}

static void
write_process(struct strbuf *out, const struct metrics_server *server)
{
	head(out, "process_cpu_seconds_total", "counter",
	    "CPU time of tesserad");
	strbuf_printf(out, "process_cpu_seconds_total %.6f\n", server->cpu_s);
	head(out, "process_start_time_seconds", "gauge",
	    "When tesserad started, in seconds since 1970");
	strbuf_printf(out, "process_start_time_seconds %.3f\n",
	    server->start_time_s);
	one(out, "process_resident_memory_bytes", "gauge",
	    "Resident memory of tesserad", server->resident_bytes);
	one(out, "process_open_fds", "gauge", "Open descriptors of tesserad",
	    server->open_fds);
}

void
metrics_write(struct strbuf *out, const struct metrics_server *server,
    const struct metrics_room *rooms, unsigned room_count,
    const struct ipc_stats *ended)
{
	struct ipc_stats sum = { 0 };

	stats_add_counters(&sum, ended);
	for (unsigned i = 0; i < room_count; i++) {
		stats_add_gauges(&sum, rooms[i].stats);
		stats_add_counters(&sum, rooms[i].stats);
	}
	write_server(out, server);
	for (size_t i = 0; i < FIGURE_COUNT; i++)
		write_figure(out, &figures[i], &sum, rooms, room_count);
	for (size_t i = 0; i < sizeof(by_rungs) / sizeof(by_rungs[0]); i++)
		write_by_rung(out, &by_rungs[i], rooms, room_count);
	write_cpu(out, &sum, rooms, room_count);
	write_process(out, server);
}
