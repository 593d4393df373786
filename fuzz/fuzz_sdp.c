/*
 * Fuzzes answering an offer; what we answer must be readable.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "sdp/offer_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct sdp_answer_config cfg = { .ufrag = "abcd", .port = 9,
	    .pwd = "abcdefghijklmnopqrstuv", .candidate_count = 1,
	    .candidates = { { false, "192.0.2.1" } }, .cname = "room" };
	struct sdp_negotiated n;
	struct sdp_answered   a;
	struct strbuf         text;
	const char           *why;

	strbuf_init(&text, 1 << 18);
	if (!sdp_answer(&n, &text, (const char *)bytes, len, &cfg, &why) &&
	    text.len < 65536 &&
	    sdp_answer_read(&a, strbuf_text(&text), text.len))
		abort();
	strbuf_clear(&text);
	return 0;
}
