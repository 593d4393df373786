/*
 * What a probe, a short train of packets, tells of the line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>
#include <stddef.h>

#include "rtp/probe_meter.h"

#define RECEIVED_LEAST  0.8
#define INTERVAL_MOST_US 1000000
#define RATIO_MOST      3.0	/* arrived faster than sent: not to believe */
#define SATURATED       0.9
#define SATURATED_KEEP  0.95
#define LOSS_MOST       0.5
#define JITTER_PART     3
#define LOSSY           0.1

void
probe_meter_begin(struct probe_meter *m, const struct probe *probe)
{
	m->clusters[m->next] = (struct probe_cluster){ .probe = *probe };
	m->next = (m->next + 1) % PROBE_CLUSTERS;
}

static struct probe_cluster *
cluster_of(struct probe_meter *m, uint16_t id)
{
	for (unsigned i = 0; i < PROBE_CLUSTERS; i++)
		if (id != 0 && m->clusters[i].probe.id == id)
			return &m->clusters[i];
	return NULL;
}

static void
count(struct probe_cluster *c, int64_t bytes, int64_t sent_us,
    int64_t arrival_us)
{
	c->packets++;
	if (c->all_bytes == 0 || c->all_bytes < c->probe.skip) {
		c->bytes = 0;
		c->first_sent_us = c->last_sent_us = sent_us;
		c->first_arrival_us = c->last_arrival_us = arrival_us;
		c->last_sent_bytes = c->first_arrived_bytes = bytes;
	}
	c->all_bytes += bytes;
	if (sent_us < c->first_sent_us)
		c->first_sent_us = sent_us;
	if (sent_us >= c->last_sent_us) {
		c->last_sent_us = sent_us;
		c->last_sent_bytes = bytes;
	}
	if (arrival_us < c->first_arrival_us) {
		c->first_arrival_us = arrival_us;
		c->first_arrived_bytes = bytes;
	}
	if (arrival_us > c->last_arrival_us)
		c->last_arrival_us = arrival_us;
	c->bytes += bytes;
}

int64_t
probe_meter_add(struct probe_meter *m, uint16_t id, int64_t bytes,
    int64_t sent_us, int64_t arrival_us, double loss)
{
	struct probe_cluster *c = cluster_of(m, id);
	double  sent_s, arrived_s, sent_bps, arrived_bps, kept;

	if (c == NULL)
		return 0;
	count(c, bytes, sent_us, arrival_us);
	kept = 1 - fmin(fmax(loss, 0), LOSS_MOST);
	if (c->packets < RECEIVED_LEAST * kept * c->probe.packets ||
	    (double)c->all_bytes < RECEIVED_LEAST * kept *
	    (double)c->probe.bytes)
		return 0;
	/* Few of those that tell may all be lost where many are. */
	if (loss < LOSSY && (double)c->bytes < RECEIVED_LEAST * kept *
	    (double)(c->probe.bytes - c->probe.skip))
		return 0;
	sent_s = (double)(c->last_sent_us - c->first_sent_us) / 1e6;
	arrived_s = (double)(c->last_arrival_us - c->first_arrival_us) / 1e6;
	/* As far as the line tears apart, or puts together, anything. */
	arrived_s = fmax(fmin(arrived_s, sent_s),
	    arrived_s - (double)c->probe.jitter_us / JITTER_PART / 1e6);
	if (c->probe.jitter_us > 0)
		arrived_s = fmax(arrived_s, sent_s / RATIO_MOST);
	if (sent_s <= 0 || arrived_s <= 0 ||
	    sent_s > INTERVAL_MOST_US / 1e6 ||
	    arrived_s > INTERVAL_MOST_US / 1e6)
		return 0;
	/* What was lost at random took its time on the line, too. */
	sent_bps = 8 * (double)(c->bytes - c->last_sent_bytes) / sent_s /
	    kept;
	arrived_bps = 8 * (double)(c->bytes - c->first_arrived_bytes) /
	    arrived_s / kept;
	if (arrived_bps > RATIO_MOST * sent_bps)
		return 0;
	if (arrived_bps < SATURATED * sent_bps)
		return (int64_t)(SATURATED_KEEP * arrived_bps);
	return (int64_t)fmin(sent_bps, arrived_bps);
}
