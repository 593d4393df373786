/*
 * Fuzzes transport feedback: [sequence, 16 bits][ms later][write?] each.
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
		const uint16_t sequence = reader_u16(&r);

		now_us += (int64_t)(int16_t)reader_u16(&r) * 1111;
		twcc_feedback_received(&t, sequence, now_us);
		while (reader_u8(&r) < 32 && twcc_feedback_pending(&t))
			if (rtcp_parse(&c, out, twcc_feedback_write(&t, out,
			    sizeof(out), 1, 2)) != 0 || c.count != 1)
				abort();
	}
	return 0;
}
