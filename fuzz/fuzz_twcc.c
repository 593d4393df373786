/*
 * Fuzzes transport feedback: bursts of [first sequence, 16 bits][1.1 ms apart,
 * 16 bits][packets - 1][write?].
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/rtcp_packet.h"
#include "rtp/twcc_feedback.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader        r = reader_of(bytes, len);
	struct twcc_feedback t;
	struct rtcp_compound c;
	uint8_t              out[1200];
	int64_t              now_us = 0;

	twcc_feedback_init(&t);
	while (reader_left(&r) > 0) {
		const unsigned sequence = reader_u16(&r);
		const int64_t  apart_us = (int16_t)reader_u16(&r) * 1111;
		const unsigned last = sequence + reader_u8(&r);

		for (unsigned i = sequence; i <= last; i++)
			twcc_feedback_received(&t, (uint16_t)i,
			    now_us += apart_us);
		while (reader_u8(&r) < 32 && twcc_feedback_pending(&t))
			if (rtcp_parse(&c, out, twcc_feedback_write(&t, out,
			    sizeof(out), 1, 2)) != 0 || c.count != 1)
				abort();
	}
	return 0;
}
