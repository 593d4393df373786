/*
 * What a probe, a short train of packets, tells of the line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rate at which a cluster arrived, or was sent if that is less. A train
 * that came apart on the way has met the capacity of the line: 95 % of what
 * arrived. Four fifths of it must have come, and of its bytes that tell, as far
 * as the line does not lose at any rate. Its first bytes tell nothing: shapers
 * let some 1500 through at once after a pause, so that a train of twice the
 * line's rate comes through whole for 3000. Where the line jitters,
 * a third of its jitter says nothing. Pure, the last four clusters are kept.
 */
#ifndef RTP_PROBE_METER_H
#define RTP_PROBE_METER_H

#include <stdint.h>

#define PROBE_CLUSTERS 4

/* A probe to be sent: packets back to back, at a rate. */
struct probe {
	uint16_t id;		/* 0: none */
	int64_t  bps;
	int64_t  skip;		/* bytes at its begin that tell nothing */
	int64_t  bytes;		/* to be sent, those included, at least … */
	unsigned packets;	/* … and as many packets */
	int64_t  jitter_us;	/* that tears it apart on any line */
};

struct probe_cluster {
	struct probe probe;
	unsigned packets;
	int64_t  all_bytes;
	int64_t  bytes;		/* after those that are skipped */
	int64_t  first_sent_us, last_sent_us;
	int64_t  first_arrival_us, last_arrival_us;
	int64_t  last_sent_bytes, first_arrived_bytes;
};

/* Zero-initialise. */
struct probe_meter {
	unsigned next;			/* place */
	struct probe_cluster clusters[PROBE_CLUSTERS];
};

void probe_meter_begin(struct probe_meter *m, const struct probe *probe);

/*
 * A packet of cluster `id` that arrived. Returns the rate measured so far, or
 * 0. `loss` is the share that the line loses at any rate.
 */
int64_t probe_meter_add(struct probe_meter *m, uint16_t id, int64_t bytes,
    int64_t sent_us, int64_t arrival_us, double loss);

#endif
