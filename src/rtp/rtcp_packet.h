/*
 * RTCP: reading compounds and writing what we send.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 3550 6.4 (SR, RR, SDES, BYE), RFC 4585 (NACK, PLI), RFC 5104 (FIR),
 * draft-alvestrand-rmcat-remb-03 (REMB), draft-holmer-rmcat-twcc-01
 * (transport-wide feedback), RFC 8888 (CCFB). Reduced-size RTCP (RFC 5506) is read too.
 * Pure. A compound is parsed whole before anything is acted on: one bad part
 * refuses all of it. Limits: 32 parts, 31 report blocks each, 256 NACKed
 * sequences each, 2000 TWCC statuses. The bodies of transport-wide feedback
 * are read by rtp/twcc_report.h, those of CCFB by rtp/ccfb_report.h.
 */
#ifndef RTP_RTCP_PACKET_H
#define RTP_RTCP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTCP_PARTS_MAX 32
#define RTCP_NACKS_MAX 256
#define RTCP_REPORTS_MAX 31

enum rtcp_type {
	RTCP_SENDER_REPORT,
	RTCP_RECEIVER_REPORT,
	RTCP_SDES,
	RTCP_BYE,
	RTCP_NACK,
	RTCP_PLI,
	RTCP_FIR,
	RTCP_REMB,
	RTCP_TWCC,
	RTCP_CCFB,
	RTCP_OTHER,		/* well-formed, not ours to know */
};

struct rtcp_report {
	uint32_t ssrc;		/* whose stream is reported on */
	uint8_t  fraction_lost;	/* of 256 */
	int32_t  lost;		/* cumulative, 24 bit signed */
	uint32_t highest_sequence;
	uint32_t jitter;	/* clock-rate units */
	uint32_t last_sr;	/* middle 32 bits of NTP; 0: none yet */
	uint32_t delay_since_last_sr;	/* 1/65536 s */
};

struct rtcp_sender_info {
	uint64_t ntp;
	uint32_t rtp;
	uint32_t packets;
	uint32_t bytes;
};

/* One part of a compound; arrays borrow the input and are read below. */
struct rtcp_part {
	enum rtcp_type type;
	uint32_t       sender_ssrc;
	uint32_t       media_ssrc;	/* NACK, PLI; of the first FIR entry */
	struct rtcp_sender_info sender;	/* RTCP_SENDER_REPORT */
	unsigned       report_count;	/* SR and RR */
	uint64_t       remb_bps;	/* RTCP_REMB */
	uint8_t        fir_sequence;	/* of the first FIR entry */
	const uint8_t *body;		/* reports, SDES chunks, BYE's SSRCs,
					 * FCI; TWCC: from the base sequence,
					 * CCFB: from the first SSRC */
	size_t         body_len;
};

struct rtcp_compound {
	unsigned         count;
	struct rtcp_part parts[RTCP_PARTS_MAX];
};

/* Returns 0, or -EBADMSG. */
int rtcp_parse(struct rtcp_compound *out, const uint8_t *bytes, size_t len);

/* Report block i < report_count of an SR or RR. */
struct rtcp_report rtcp_part_report(const struct rtcp_part *part, unsigned i);

/*
 * The sequences a NACK names, in wire order. Returns how many; of more than
 * RTCP_NACKS_MAX the first.
 */
unsigned rtcp_part_nacks(const struct rtcp_part *part,
    uint16_t out[RTCP_NACKS_MAX]);

/*
 * Each writer appends one whole RTCP packet and returns its length, or 0
 * when it does not fit. A compound is several, SR or RR first.
 */
size_t rtcp_write_sr(uint8_t *out, size_t size, uint32_t ssrc,
    const struct rtcp_sender_info *info, const struct rtcp_report *reports,
    unsigned report_count);
size_t rtcp_write_rr(uint8_t *out, size_t size, uint32_t ssrc,
    const struct rtcp_report *reports, unsigned report_count);
size_t rtcp_write_sdes(uint8_t *out, size_t size, uint32_t ssrc,
    const char *cname);
size_t rtcp_write_bye(uint8_t *out, size_t size, uint32_t ssrc);
size_t rtcp_write_pli(uint8_t *out, size_t size, uint32_t sender_ssrc,
    uint32_t media_ssrc);
/* `sequences` ascending; packs them into PID + BLP pairs. */
size_t rtcp_write_nack(uint8_t *out, size_t size, uint32_t sender_ssrc,
    uint32_t media_ssrc, const uint16_t *sequences, unsigned count);
size_t rtcp_write_remb(uint8_t *out, size_t size, uint32_t sender_ssrc,
    uint64_t bps, const uint32_t *ssrcs, unsigned count);

/*
 * NTP time (RFC 3550, 4) for `us` since 1970: monotonic time plus an offset
 * fixed at start, so that it never steps.
 */
uint64_t rtcp_ntp_from_us(int64_t us);

#endif
