/*
 * Fuzzes fragments of SDP; what answers one must be one.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdint.h>
#include <stdlib.h>

#include "sdp/fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct sdp_answer_config cfg = { .ufrag = "abcd", .port = 9,
	    .pwd = "abcdefghijklmnopqrstuv", .candidate_count = 1,
	    .candidates = { { false, "192.0.2.1" } } };
	struct sdp_fragment asked, answer;
	struct strbuf       s;
	const char         *why;

	if (sdp_fragment_read(&asked, (const char *)bytes, len, &why))
		return 0;
	strbuf_init(&s, 1 << 18);
	if (sdp_fragment_answer(&s, &asked, &cfg) == 0 && s.len < 65536) {
		if (sdp_fragment_read(&answer, s.text, s.len, &why))
			abort();
		sdp_fragment_clear(&answer);
	}
	strbuf_clear(&s);
	sdp_fragment_clear(&asked);
	return 0;
}
