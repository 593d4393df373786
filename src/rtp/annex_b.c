/*
 * NAL units in a byte stream (ITU-T H.264, annex B).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/annex_b.h"

/* Where the next 00 00 01 begins; `end` when there is none. */
static const uint8_t *
find_start_code(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 3) {
		if (p[2] > 1)
			p += 3;		/* no start code has this byte */
		else if (p[0] == 0 && p[1] == 0 && p[2] == 1)
			return p;
		else
			p++;
	}
	return end;
}

bool
annex_b_next(struct annex_b_nal *out, struct reader *r)
{
	while (reader_left(r) > 0) {
		const uint8_t *start = find_start_code(r->p, r->end);
		const uint8_t *end;

		if (start == r->end) {
			r->p = r->end;
			return false;
		}
		start += 3;
		end = find_start_code(start, r->end);
		r->p = end;
		/* No NAL unit ends with a zero byte (7.4.1). */
		while (end > start && end[-1] == 0)
			end--;
		if (end > start) {
			*out = (struct annex_b_nal){ start,
			    (size_t)(end - start) };
			return true;
		}
	}
	return false;
}
