/*
 * Fuzzes the readers of transport-wide feedback and of CCFB.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/ccfb_report.h"
#include "rtp/twcc_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct twcc_report twcc;
	struct twcc_status ts;
	struct ccfb_report ccfb;
	struct ccfb_status cs;
	size_t             count = 0;

	if (twcc_report_begin(&twcc, bytes, len) == 0)
		while (twcc_report_next(&twcc, &ts))
			if (++count > TWCC_REPORT_STATUSES_MAX)
				abort();
	count = 0;
	if (ccfb_report_begin(&ccfb, bytes, len) == 0)
		while (ccfb_report_next(&ccfb, &cs))
			if (++count > len)
				abort();
	return 0;
}
