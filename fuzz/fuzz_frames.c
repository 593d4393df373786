/*
 * Fuzzes frame assembly by RTP packets, each [length, 16 bits][bytes]; the
 * payload type's two low bits are the codec. Frames must be read again.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/annex_b.h"
#include "rtp/frame_assembler.h"
#include "rtp/payload_av1.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_frame(const struct rtp_frame *f)
{
	struct reader      r = reader_of(f->data, f->len);
	struct annex_b_nal nal;

	if (f->len == 0 || f->len > FRAME_LEN_MAX)
		abort();
	while (f->codec == VIDEO_AV1 && reader_left(&r) > 0) {
		const struct av1_obu obu = payload_av1_obu(&r);

		reader_skip(&r, obu.size);
		if (r.bad || !obu.has_size)
			abort();
	}
	if (f->codec == VIDEO_H264 && !annex_b_next(&nal, &r))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader           r = reader_of(bytes, len);
	struct frame_assembler *a;
	struct rtp_frame        f;
	struct rtp_packet       p;
	enum frame_verdict      verdict;

	if (frame_assembler_new(&a) != 0)
		abort();
	while (reader_left(&r) > 0) {
		const size_t   n = reader_u16(&r);
		const uint8_t *b = reader_take(&r, n);

		if (b == NULL || rtp_packet_parse(&p, b, n) != 0)
			frame_assembler_give_up(a);
		else
			frame_assembler_push(a, p.payload_type & 3, &p, 1);
		while ((verdict = frame_assembler_pull(a, &f)) != FRAME_MORE)
			if (verdict == FRAME_READY)
				check_frame(&f);
	}
	frame_assembler_free(a);
	return 0;
}
