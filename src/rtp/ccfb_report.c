/*
 * Reading congestion control feedback of RFC 8888 that a peer sends.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/ccfb_report.h"

#define REPORTS_MAX 16384	/* of one stream, 3.1 */
#define STAMP_LEN   4
#define RECEIVED    0x8000u
#define OFFSET_MASK 0x1fffu
#define OFFSET_LATE 0x1ffeu	/* this and above: earlier than it can say, or
				 * not known */

/* 1/65536 s, without overflow. */
static int64_t
stamp_us(uint32_t stamp)
{
	return (int64_t)stamp * 1000000 >> 16;
}

int
ccfb_report_begin(struct ccfb_report *report, const uint8_t *body, size_t len)
{
	struct reader r = reader_of(body, len);
	struct reader streams, stamp;

	if (len < STAMP_LEN)
		return -EBADMSG;
	streams = reader_sub(&r, len - STAMP_LEN);
	stamp = r;
	r = streams;
	while (reader_left(&r) > 0) {
		unsigned count;

		reader_skip(&r, 4 + 2);		/* SSRC, first sequence */
		count = reader_u16(&r);
		if (count > REPORTS_MAX)
			return -EBADMSG;
		reader_skip(&r, 2 * ((size_t)count + count % 2));
	}
	if (r.bad)
		return -EBADMSG;
	*report = (struct ccfb_report){
		.streams = streams,
		.made_us = stamp_us(reader_u32(&stamp)),
	};
	return 0;
}

bool
ccfb_report_next(struct ccfb_report *report, struct ccfb_status *out)
{
	unsigned status, offset;

	while (report->left == 0) {
		if (report->odd)
			reader_skip(&report->streams, 2);
		report->odd = false;
		if (reader_left(&report->streams) == 0)
			return false;
		report->ssrc = reader_u32(&report->streams);
		report->sequence = reader_u16(&report->streams);
		report->left = reader_u16(&report->streams);
		report->odd = report->left % 2 != 0;
	}
	report->left--;
	status = reader_u16(&report->streams);
	offset = status & OFFSET_MASK;
	*out = (struct ccfb_status){
		.ssrc = report->ssrc,
		.sequence = report->sequence++,
		.received = status & RECEIVED,
		.timed = (status & RECEIVED) && offset < OFFSET_LATE,
		.arrival_us = report->made_us -
		    (int64_t)offset * 1000000 / 1024,
	};
	return true;
}
