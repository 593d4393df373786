/*
 * Fuzzes RTCP compounds and the lists in them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/rtcp_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rtcp_compound c;
	uint16_t             nacks[RTCP_NACKS_MAX];

	if (rtcp_parse(&c, bytes, len) != 0)
		return 0;
	for (unsigned i = 0; i < c.count; i++) {
		const struct rtcp_part *part = &c.parts[i];

		if (part->body + part->body_len > bytes + len)
			abort();
		for (unsigned k = 0; k < part->report_count; k++)
			(void)rtcp_part_report(part, k);
		if (rtcp_part_nacks(part, nacks) > RTCP_NACKS_MAX)
			abort();
	}
	return 0;
}
