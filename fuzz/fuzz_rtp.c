/*
 * Fuzzes RTP packets, each header extension in them, and Opus payloads.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdbool.h>
#include <stdlib.h>

#include "rtp/payload_opus.h"
#include "rtp/rtp_extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Once for each id that a byte of the block may be. */
static void
check_extension(const struct rtp_packet *p, uint8_t id, bool asked[256])
{
	size_t         n = 0;
	const uint8_t *e = asked[id] ? NULL : rtp_extension_find(p, id, &n);

	asked[id] = true;
	if (e && (e < p->extension || e + n > p->payload))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rtp_packet p;
	bool              asked[256] = { false };

	if (rtp_packet_parse(&p, bytes, len) != 0)
		return 0;
	if (p.payload + p.payload_len + p.padding_len != bytes + len)
		abort();
	for (size_t i = 0; i < p.extension_len; i++) {
		check_extension(&p, p.extension[i], asked);
		check_extension(&p, p.extension[i] >> 4, asked);
	}
	check_extension(&p, 3, asked);
	if (payload_opus_duration(p.payload, p.payload_len) > 5760)
		abort();
	return 0;
}
