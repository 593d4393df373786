/*
 * Reading congestion control feedback of RFC 8888 that a peer sends.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 8888, 3.1. A report is checked whole when it is begun, then read packet
 * by packet; it borrows the input. The marks of ECN are not looked at: our
 * packets do not carry any. Pure.
 */
#ifndef RTP_CCFB_REPORT_H
#define RTP_CCFB_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/reader.h"

/* The peer's clock, the middle of NTP time, goes round in 2^16 s. */
#define CCFB_CLOCK_US (INT64_C(1000000) << 16)

struct ccfb_status {
	uint32_t ssrc;
	uint16_t sequence;	/* of RTP */
	bool     received;
	bool     timed;		/* arrival_us is known */
	int64_t  arrival_us;	/* on the peer's clock; may be below 0 */
};

struct ccfb_report {
	struct reader streams;		/* what is still to read */
	uint32_t      ssrc;
	uint16_t      sequence;		/* of the next status */
	unsigned      left;		/* statuses of this stream */
	bool          odd;		/* two bytes of padding follow */
	int64_t       made_us;		/* report time stamp */
};

/*
 * `body` is from the first stream's SSRC on, as rtcp_parse gives it. Returns
 * 0, or -EBADMSG with *report untouched.
 */
int ccfb_report_begin(struct ccfb_report *report, const uint8_t *body,
    size_t len);

/* The next status; false after the last. */
bool ccfb_report_next(struct ccfb_report *report, struct ccfb_status *out);

#endif
