/*
 * One direction of a bad line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "relay/relay_line.h"

#define JITTER_HOLD_US 20000
#define WAIT_BUCKETS   10000	/* of 1 ms; the last one holds the rest */
#define PI             3.14159265358979

struct relay_line {
	struct relay_settings set;
	uint64_t              random;
	bool                  bad;		/* Gilbert-Elliott */
	int64_t               dark_until_us;
	/* Before the rate. */
	struct relay_packet  *first, **end;
	size_t                queued_bytes;	/* with headers */
	double                tokens;		/* bytes, at tokens_us */
	int64_t               tokens_us;
	/* After it, a heap by due_us and serial. */
	struct relay_packet **heap;
	size_t                heap_len;
	size_t                held;		/* here and in the queue */
	int64_t               last_due_us;
	int64_t               jitter_us;	/* of the last draw */
	int64_t               jitter_until_us;
	uint64_t              serial;
	struct relay_counts   counts;
	uint32_t              waits[WAIT_BUCKETS];
	int64_t               longest_us;
};

int
relay_line_new(struct relay_line **out, uint64_t seed)
{
	struct relay_line *line = calloc(1, sizeof(*line));

	if (line == NULL)
		return -ENOMEM;
	line->heap = calloc(RELAY_PACKETS_MAX, sizeof(struct relay_packet *));
	if (line->heap == NULL) {
		free(line);
		return -ENOMEM;
	}
	relay_settings_init(&line->set);
	line->random = seed;
	line->end = &line->first;
	line->dark_until_us = line->tokens_us = INT64_MIN;
	line->last_due_us = line->jitter_until_us = INT64_MIN;
	*out = line;
	return 0;
}

void
relay_line_free(struct relay_line *line)
{
	if (line == NULL)
		return;
	while (line->first) {
		struct relay_packet *packet = line->first;

		line->first = packet->next;
		free(packet);
	}
	for (size_t i = 0; i < line->heap_len; i++)
		free(line->heap[i]);
	free(line->heap);
	free(line);
}

/* ---- chance -------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea, Flood 2014); 0 ≤ result < 1. */
static double
chance(struct relay_line *line)
{
	uint64_t z = line->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return (double)(z >> 11) / 9007199254740992.0;
}

static bool
happens(struct relay_line *line, double probability)
{
	return probability > 0 && chance(line) < probability;
}

static bool
is_lost(struct relay_line *line)
{
	const double p = line->set.loss, burst = line->set.burst;

	if (p <= 0 || p >= 1 || burst <= 1) {
		line->bad = false;
		return happens(line, p);
	}
	if (line->bad)
		line->bad = chance(line) >= 1 / burst;
	else
		line->bad = chance(line) < p / (burst * (1 - p));
	return line->bad;
}

/* Half a bell with 95 % under `us`, which is 1.96 sigma; none above 2 us. */
static int64_t
draw_normal(struct relay_line *line, int64_t us)
{
	for (;;) {
		const double a = 1 - chance(line), b = chance(line);
		const double z = fabs(sqrt(-2 * log(a)) * cos(2 * PI * b));

		if (z <= 2 * 1.96)
			return (int64_t)((double)us * z / 1.96);
	}
}

static int64_t
draw_jitter(struct relay_line *line, int64_t now_us)
{
	if (line->set.jitter_us <= 0)
		return 0;
	if (now_us >= line->jitter_until_us) {
		line->jitter_us = line->set.jitter_normal ?
		    draw_normal(line, line->set.jitter_us) :
		    (int64_t)((double)line->set.jitter_us * chance(line));
		line->jitter_until_us = now_us + JITTER_HOLD_US;
	}
	return line->jitter_us;
}

/* ---- the way ------------------------------------------------------------- */

static bool
sooner(const struct relay_packet *a, const struct relay_packet *b)
{
	return a->due_us < b->due_us ||
	    (a->due_us == b->due_us && a->serial < b->serial);
}

static void
heap_add(struct relay_line *line, struct relay_packet *packet)
{
	size_t i = line->heap_len++;

	while (i > 0 && sooner(packet, line->heap[(i - 1) / 2])) {
		line->heap[i] = line->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	line->heap[i] = packet;
}

static struct relay_packet *
heap_take(struct relay_line *line)
{
	struct relay_packet *const first = line->heap[0];
	struct relay_packet *const last = line->heap[--line->heap_len];
	size_t                     i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= line->heap_len)
			break;
		if (child + 1 < line->heap_len &&
		    sooner(line->heap[child + 1], line->heap[child]))
			child++;
		if (!sooner(line->heap[child], last))
			break;
		line->heap[i] = line->heap[child];
		i = child;
	}
	line->heap[i] = last;
	return first;
}

/* The packet has passed the rate at `now_us`, and goes on its way. */
static void
way_add(struct relay_line *line, struct relay_packet *packet, int64_t now_us)
{
	packet->serial = line->serial++;
	packet->due_us = now_us + line->set.delay_us +
	    draw_jitter(line, now_us);
	if (packet->due_us < line->last_due_us)
		packet->due_us = line->last_due_us;
	if (happens(line, line->set.reorder)) {
		packet->due_us += line->set.reorder_us;
		line->counts.reordered++;
	} else {
		line->last_due_us = packet->due_us;
	}
	heap_add(line, packet);
}

/* ---- the rate ------------------------------------------------------------ */

static double
tokens_at(const struct relay_line *line, int64_t now_us, size_t most)
{
	const double limit = (double)(line->set.bucket_bytes > most ?
	    line->set.bucket_bytes : most);
	double       tokens = line->tokens;

	if (line->tokens_us == INT64_MIN)
		return limit;
	tokens += (double)(now_us - line->tokens_us) *
	    (double)line->set.rate_bps / 8e6;
	return tokens < limit ? tokens : limit;
}

/* When the first in the queue may leave, whether that is over or to come. */
static int64_t
queue_due_us(const struct relay_line *line)
{
	const struct relay_packet *packet = line->first;
	const size_t               size = packet->len + RELAY_HEADERS;
	const int64_t              from_us =
	    packet->arrived_us > line->tokens_us ? packet->arrived_us :
	    line->tokens_us;
	double                     missing;

	if (line->set.rate_bps == 0)
		return from_us;
	missing = (double)size - tokens_at(line, from_us, size);
	if (missing <= 0)
		return from_us;
	return from_us + (int64_t)ceil(missing * 8e6 /
	    (double)line->set.rate_bps);
}

static void
count_wait(struct relay_line *line, int64_t wait_us)
{
	const int64_t bucket = wait_us / 1000;

	line->waits[bucket < WAIT_BUCKETS ? bucket : WAIT_BUCKETS - 1]++;
	if (wait_us > line->longest_us)
		line->longest_us = wait_us;
}

static void
queue_advance(struct relay_line *line, int64_t now_us)
{
	while (line->first) {
		struct relay_packet *packet = line->first;
		const size_t         size = packet->len + RELAY_HEADERS;
		const int64_t        due_us = queue_due_us(line);

		if (due_us > now_us)
			return;
		line->tokens = line->set.rate_bps == 0 ?
		    (double)line->set.bucket_bytes :
		    tokens_at(line, due_us, size) - (double)size;
		line->tokens_us = due_us;
		line->queued_bytes -= size;
		line->first = packet->next;
		if (line->first == NULL)
			line->end = &line->first;
		count_wait(line, due_us - packet->arrived_us);
		way_add(line, packet, due_us);
	}
}

/* Whether `size` bytes more may wait; who finds nobody waiting always may. */
static bool
queue_has_room(const struct relay_line *line, size_t size)
{
	const struct relay_settings *s = &line->set;
	const double                 most = s->queue_us > 0 ?
	    (double)s->rate_bps * (double)s->queue_us / 8e6 :
	    (double)s->queue_bytes;

	return s->rate_bps == 0 || line->first == NULL ||
	    (double)(line->queued_bytes + size) <= most;
}

int64_t
relay_line_backlog_us(const struct relay_line *line, int64_t now_us)
{
	double missing;

	if (line->set.rate_bps == 0 || line->first == NULL)
		return 0;
	missing = (double)line->queued_bytes - tokens_at(line, now_us, 0);
	return missing <= 0 ? 0 :
	    (int64_t)(missing * 8e6 / (double)line->set.rate_bps);
}

/* ---- in and out ---------------------------------------------------------- */

void
relay_line_set(struct relay_line *line, const struct relay_settings *s,
    int64_t now_us)
{
	queue_advance(line, now_us);
	/* The old rate holds until now. */
	line->tokens = tokens_at(line, now_us, 0);
	line->tokens_us = now_us;
	line->set = *s;
	if (s->blackout_us >= 0)
		line->dark_until_us = now_us + s->blackout_us;
	line->jitter_until_us = INT64_MIN;
}

static void
line_take(struct relay_line *line, unsigned flow, const uint8_t *bytes,
    size_t len, int64_t now_us)
{
	struct relay_packet *packet;

	if (!queue_has_room(line, len + RELAY_HEADERS)) {
		line->counts.over_queue++;
		return;
	}
	packet = line->held < RELAY_PACKETS_MAX ?
	    malloc(sizeof(*packet) + len) : NULL;
	if (packet == NULL) {
		line->counts.over_memory++;
		return;
	}
	line->held++;
	packet->next = NULL;
	packet->arrived_us = now_us;
	packet->flow = flow;
	packet->len = len;
	memcpy(packet->bytes, bytes, len);
	if (len > 0 && happens(line, line->set.corrupt)) {
		const size_t bit = (size_t)(chance(line) * (double)len * 8);

		packet->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		line->counts.corrupted++;
	}
	*line->end = packet;
	line->end = &packet->next;
	line->queued_bytes += len + RELAY_HEADERS;
	queue_advance(line, now_us);
}

void
relay_line_push(struct relay_line *line, unsigned flow, const uint8_t *bytes,
    size_t len, int64_t now_us)
{
	queue_advance(line, now_us);
	line->counts.packets++;
	line->counts.bytes += len;
	if (line->set.mtu && len + RELAY_HEADERS > line->set.mtu) {
		line->counts.over_mtu++;
		return;
	}
	if (now_us < line->dark_until_us) {
		line->counts.in_blackout++;
		return;
	}
	if (is_lost(line)) {
		line->counts.lost++;
		return;
	}
	line_take(line, flow, bytes, len, now_us);
	if (happens(line, line->set.duplicate)) {
		line->counts.duplicated++;
		line_take(line, flow, bytes, len, now_us);
	}
}

int64_t
relay_line_next_us(struct relay_line *line, int64_t now_us)
{
	int64_t next_us;

	queue_advance(line, now_us);
	next_us = line->first ? queue_due_us(line) : INT64_MAX;
	if (line->heap_len && line->heap[0]->due_us < next_us)
		next_us = line->heap[0]->due_us;
	return next_us;
}

struct relay_packet *
relay_line_pull(struct relay_line *line, int64_t now_us)
{
	struct relay_packet *packet;

	queue_advance(line, now_us);
	if (line->heap_len == 0 || line->heap[0]->due_us > now_us)
		return NULL;
	packet = heap_take(line);
	line->held--;
	line->counts.sent++;
	line->counts.sent_bytes += packet->len;
	return packet;
}

/* ---- figures ------------------------------------------------------------- */

const struct relay_counts *
relay_line_counts(const struct relay_line *line)
{
	return &line->counts;
}

int64_t
relay_line_wait_us(const struct relay_line *line, double quantile)
{
	uint64_t all = 0, seen = 0;

	for (int i = 0; i < WAIT_BUCKETS; i++)
		all += line->waits[i];
	if (all == 0)
		return 0;
	if (quantile >= 1)
		return line->longest_us;
	for (int i = 0; i < WAIT_BUCKETS; i++) {
		seen += line->waits[i];
		if ((double)seen >= quantile * (double)all)
			return (int64_t)i * 1000;
	}
	return line->longest_us;
}

void
relay_line_reset(struct relay_line *line)
{
	line->counts = (struct relay_counts){ 0 };
	memset(line->waits, 0, sizeof(line->waits));
	line->longest_us = 0;
}
