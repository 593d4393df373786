/*
 * A bounded reader of bits, with a sticky error; of video/bitstream_*.c.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The first short read sets `bad`; every later read returns 0. Bits come most
 * significant first. Pure.
 */
#ifndef VIDEO_BIT_READER_H
#define VIDEO_BIT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/reader.h"

struct bit_reader {
	struct reader bytes;
	uint8_t       byte;		/* being read */
	unsigned      left;		/* bits of it */
	bool          escaped;		/* drop the 3 of 00 00 03 (H.264, 7.4.1) */
	unsigned      zeros;		/* bytes of 0 just read */
	bool          bad;
};

struct bit_reader bit_reader_of(const uint8_t *bytes, size_t len,
    bool escaped);

/* `count`: 0 to 32. */
uint32_t bit_reader_bits(struct bit_reader *r, unsigned count);
bool     bit_reader_flag(struct bit_reader *r);
void     bit_reader_skip(struct bit_reader *r, unsigned count);

/*
 * ue(v) of H.264 (9.1), and uvlc() of AV1 (4.10.3), which is the same code;
 * above `max` it is bad.
 */
uint32_t bit_reader_ue(struct bit_reader *r, uint32_t max);
/* se(v); its value does not matter to us. */
void     bit_reader_skip_se(struct bit_reader *r);
/* se(v), below 2^15 either way. */
int32_t  bit_reader_se(struct bit_reader *r);

#endif
