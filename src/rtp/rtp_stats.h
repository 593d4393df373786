/*
 * What a receiver knows of one stream: RFC 3550, A.1, A.3 and A.8.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure; owned by the thread that receives. Zero-initialise by rtp_stats_init.
 * Only authenticated packets come here, so unlike A.1 there is no probation
 * and a jump ahead of any size is loss; a sender that begins anew far behind
 * is believed at its second packet in a row.
 */
#ifndef RTP_RTP_STATS_H
#define RTP_RTP_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/rtcp_packet.h"

struct rtp_stats {
	uint32_t clock_rate;
	bool     started;
	uint16_t base_sequence;
	uint16_t highest;
	uint32_t cycles;		/* of sequence, times 65536 */
	uint32_t bad_sequence;
	uint64_t received;		/* packets, duplicates excluded */
	uint64_t received_prior;
	uint64_t expected_prior;
	uint64_t bytes;
	uint32_t transit;		/* of the last packet */
	uint32_t jitter_q4;		/* jitter times 16 (A.8) */
	uint32_t last_sr;		/* middle 32 bits of the last SR */
	int64_t  last_sr_us;		/* when it came; 0: none */
	uint64_t seen[16];		/* bits of the last 1024 sequences */
};

void rtp_stats_init(struct rtp_stats *s, uint32_t clock_rate);

enum rtp_arrival {
	RTP_REFUSED,		/* a duplicate or a stray old one */
	RTP_COUNTED,
	RTP_ANEW,		/* counted, as the first of a new line */
};

/*
 * Counts one packet. After RTP_ANEW whatever else follows the sequence of
 * this stream (nack, assembler) must begin anew too: to it the new line is
 * only very old.
 */
enum rtp_arrival rtp_stats_received(struct rtp_stats *s, uint16_t sequence,
    uint32_t timestamp, size_t bytes, int64_t arrival_us);

/*
 * Counts a packet that had to be asked for: its line stays one that has lost
 * it, so that the sender hears of it, and protects what he sends. RTP_REFUSED
 * for a duplicate or a stray, RTP_COUNTED.
 */
enum rtp_arrival rtp_stats_repaired(struct rtp_stats *s, uint16_t sequence,
    size_t bytes);

void rtp_stats_sender_report(struct rtp_stats *s, uint64_t ntp,
    int64_t arrival_us);

/* Makes the report block and starts a new interval. */
struct rtcp_report rtp_stats_report(struct rtp_stats *s, uint32_t ssrc,
    int64_t now_us);

/*
 * Round-trip time from a report block about our stream (RFC 3550, 6.4.1),
 * in us; -1 when it names no SR or is absurd (more than 30 s). `now_ntp` as
 * in the SRs we send.
 */
int64_t rtp_stats_rtt_us(const struct rtcp_report *report, uint64_t now_ntp);

#endif
