/*
 * What a sender counts of one stream, and the reports made of it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 3550, 6.4.1. Time is an argument, as is the NTP time that goes with it.
 * Pure; owned by the thread that sends.
 */
#ifndef RTP_RTP_SENDER_H
#define RTP_RTP_SENDER_H

#include <stddef.h>
#include <stdint.h>

#include "rtp/rtcp_packet.h"

struct rtp_sender {
	uint32_t ssrc;
	uint32_t clock_rate;
	uint16_t next_sequence;
	uint32_t packets;
	uint32_t bytes;			/* of payload */
	uint32_t last_rtp_time;
	int64_t  last_us;		/* media time of it; 0: nothing sent */
};

/* Counts one packet that was sent. */
void rtp_sender_sent(struct rtp_sender *s, size_t payload_len,
    uint32_t rtp_time, int64_t media_us);

/* Where the stream's clock stands at now_us. */
struct rtcp_sender_info rtp_sender_info(const struct rtp_sender *s,
    int64_t now_us, uint64_t now_ntp);

/*
 * Writes one compound: an SR for each of the `count` senders that has sent,
 * the reports with the first (or an RR of `ssrc` when none has), and an SDES
 * for each that speaks. Returns its length, 0 when it does not fit.
 */
size_t rtp_sender_write_reports(uint8_t *out, size_t size,
    const struct rtp_sender *const senders[], unsigned count, uint32_t ssrc,
    const struct rtcp_report *reports, unsigned report_count,
    const char *cname, int64_t now_us, uint64_t now_ntp);

#endif
