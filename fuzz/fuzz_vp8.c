/*
 * Fuzzes VP8 assembly by RTP packets, each [length, 16 bits][bytes].
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/payload_vp8.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader         r = reader_of(bytes, len);
	struct vp8_assembler *a;
	struct vp8_frame      f;
	struct rtp_packet     p;

	if (vp8_assembler_new(&a) != 0)
		abort();
	while (reader_left(&r) > 0) {
		const size_t   n = reader_u16(&r);
		const uint8_t *b = reader_take(&r, n);
		if (b == NULL || rtp_packet_parse(&p, b, n) != 0)
			vp8_assembler_give_up(a);
		else
			vp8_assembler_push(a, &p, 1);
		while (vp8_assembler_pull(a, &f) != VP8_MORE)
			;
	}
	vp8_assembler_free(a);
	return 0;
}
