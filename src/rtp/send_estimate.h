/*
 * What the line to a peer carries, by what he reports of our packets.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   sent ─► send_log                 ┌► acked_rate ─────────┬──► aimd_rate ─┐
 *   feedback ─► twcc_report,  ───────┼► inter_arrival ► trendline ►         │
 *               ccfb_report          │      overuse_detector ┘              │
 *                                    ├► loss_meter, loss_control ───────────┼► least
 *                                    └► probe_meter ► probe_plan ► "probe"  │
 *   RR, REMB ─► caps ───────────────────────────────────────────────────────┘
 *
 * Congestion control as browsers do it (draft-ietf-rmcat-gcc-02 with a
 * trendline), for a sender whose streams have fixed rates: the estimate
 * neither falls nor rises without evidence, and probes make the evidence.
 * By how much the line jitters is measured (rtp/bunch_meter.h), and counts
 * neither as a queue nor in what a probe shows.
 * A peer without transport-wide feedback is known by his REMB and loss only.
 * All that a peer says bears on his own line alone, and is kept within
 * bounds; what he says of packets that were never sent is not heard.
 *
 * Pure: time is an argument. Of fixed size, about 120 KB; net thread.
 */
#ifndef RTP_SEND_ESTIMATE_H
#define RTP_SEND_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/probe_meter.h"

struct send_estimate;

struct send_estimate_config {
	int64_t  start_bps;	/* before anything is known */
	int64_t  least_bps, most_bps;
	int64_t  useful_bps;	/* above, nothing is probed */
	uint16_t first_sequence;	/* transport-wide */
};

/* A packet that is sent now. */
struct send_estimate_packet {
	uint32_t ssrc;
	uint16_t rtp_sequence;
	uint16_t bytes;		/* on the line, all headers included */
	uint16_t probe;		/* cluster; 0: of none */
	bool     again;		/* the very same packet will follow */
};

/* The line as it is known now. */
struct send_line {
	int64_t  target_bps;	/* of all that is sent; 0: send no video */
	int64_t  known_bps;	/* the same as if he were not silent */
	bool     measured;	/* a limit or a probe has shown it */
	bool     transport_feedback;	/* he reports packet by packet */
	bool     overused;	/* the queue of the line is growing */
	bool     application_limited;	/* less is sent than it carries */
	bool     silent;	/* no report for 3 s; broken: for 10 s */
	bool     broken;
	unsigned loss_q8;	/* of 256 */
	unsigned burst_q4;	/* mean run of losses, in sixteenths */
	int64_t  rtt_us;	/* 0: not known */
	int64_t  queue_us;	/* one way, above the least of half a minute */
	int64_t  behind_us;	/* the newest report, likewise; not smoothed */
	int64_t  jitter_us;	/* of the line, in neither of them */
	int64_t  acked_bps;	/* what arrives; 0: not known … */
	int64_t  newest_bps;	/* … and of late, not smoothed */
};

/* -ENOMEM, or -EINVAL for bounds that are none. */
int  send_estimate_new(struct send_estimate **out,
    const struct send_estimate_config *cfg);
void send_estimate_free(struct send_estimate *e);

/* Returns the transport-wide sequence number that the packet has to carry. */
uint16_t send_estimate_sent(struct send_estimate *e,
    const struct send_estimate_packet *packet, int64_t now_us);

/*
 * So many bytes leave that cannot have a number, a packet sent again as it
 * was. They count as arrived with the next one that has.
 */
void send_estimate_beside(struct send_estimate *e, size_t bytes,
    int64_t now_us);

/* Bodies of RTCP_TWCC and RTCP_CCFB. Malformed ones are ignored. */
void send_estimate_twcc(struct send_estimate *e, const uint8_t *body,
    size_t len, int64_t now_us);
void send_estimate_ccfb(struct send_estimate *e, const uint8_t *body,
    size_t len, int64_t now_us);

/* A report block of his; rtt_us below 0: it does not tell. */
void send_estimate_report(struct send_estimate *e, unsigned loss_q8,
    int64_t rtt_us, int64_t now_us);

/* A cap for 10 s; without other feedback it is the estimate. */
void send_estimate_remb(struct send_estimate *e, int64_t bps, int64_t now_us);

/* What could be used at all; probes go no higher. */
void send_estimate_useful(struct send_estimate *e, int64_t bps);

/* Wants to know whether the line carries so much: a probe, soon. */
void send_estimate_ask(struct send_estimate *e, int64_t bps);

/* Time goes by: each 10 to 100 ms. */
void send_estimate_tick(struct send_estimate *e, int64_t now_us);

/* True with a probe to be sent now, by rtp/pacer.h; after each tick. */
bool send_estimate_probe(struct send_estimate *e, struct probe *probe,
    int64_t now_us);

const struct send_line *send_estimate_line(const struct send_estimate *e);

#endif
