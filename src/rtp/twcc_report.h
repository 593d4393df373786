/*
 * Reading transport-wide feedback that a peer sends of our packets.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1; the writer of ours
 * is rtp/twcc_feedback.h. A report is checked whole when it is begun, then
 * read status by status; it borrows the input. At most 2000 statuses. Pure.
 */
#ifndef RTP_TWCC_REPORT_H
#define RTP_TWCC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/reader.h"

#define TWCC_REPORT_STATUSES_MAX 2000

/* The peer's clock goes round in this time, of 2^24 times 64 ms. */
#define TWCC_CLOCK_US (INT64_C(64000) << 24)

struct twcc_status {
	uint16_t sequence;
	bool     received;
	int64_t  arrival_us;	/* when received: on the peer's clock */
};

struct twcc_report {
	struct reader chunks, deltas;
	uint16_t      sequence;		/* of the next status */
	unsigned      left;		/* statuses */
	unsigned      chunk;		/* the one being read … */
	unsigned      chunk_left;	/* … statuses left of it … */
	unsigned      chunk_at;		/* … and how many were read */
	int64_t       at_us;
};

/*
 * `body` is from the base sequence on, as rtcp_parse gives it. Returns 0, or
 * -EBADMSG with *report untouched.
 */
int twcc_report_begin(struct twcc_report *report, const uint8_t *body,
    size_t len);

/* The next status, in order of sequence; false after the last. */
bool twcc_report_next(struct twcc_report *report, struct twcc_status *out);

#endif
