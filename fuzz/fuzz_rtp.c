/*
 * Fuzzes RTP packets, each header extension in them, and Opus payloads.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/payload_opus.h"
#include "rtp/rtp_extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rtp_packet p;
	size_t            n = 0;

	if (rtp_packet_parse(&p, bytes, len) != 0)
		return 0;
	if (p.payload + p.payload_len + p.padding_len != bytes + len)
		abort();
	for (unsigned id = 0; id < 256; id++) {
		const uint8_t *e = rtp_extension_find(&p, (uint8_t)id, &n);

		if (e && (e < p.extension || e + n > p.payload))
			abort();
	}
	if (payload_opus_duration(p.payload, p.payload_len) > 5760)
		abort();
	return 0;
}
