/*
 * A bounded reader of bits, with a sticky error.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/bit_reader.h"

#define CODE_BITS_MAX 32	/* leading zeros of an Exp-Golomb code */
#define SE_MAX 65535		/* as its ue(v) */

struct bit_reader
bit_reader_of(const uint8_t *bytes, size_t len, bool escaped)
{
	return (struct bit_reader) {
		.bytes = reader_of(bytes, len),
		.escaped = escaped,
	};
}

static void
next_byte(struct bit_reader *r)
{
	r->byte = reader_u8(&r->bytes);
	if (r->escaped && r->zeros >= 2 && r->byte == 3) {
		r->zeros = 0;
		r->byte = reader_u8(&r->bytes);
	}
	r->zeros = r->byte == 0 ? r->zeros + 1 : 0;
	r->left = 8;
	r->bad |= r->bytes.bad;
}

uint32_t
bit_reader_bits(struct bit_reader *r, unsigned count)
{
	uint32_t value = 0;

	while (count > 0) {
		unsigned take;

		if (r->left == 0)
			next_byte(r);
		if (r->bad)
			return 0;
		take = count < r->left ? count : r->left;
		r->left -= take;
		count -= take;
		value = value << take |
		    ((uint32_t)r->byte >> r->left & ((1u << take) - 1));
	}
	return value;
}

bool
bit_reader_flag(struct bit_reader *r)
{
	return bit_reader_bits(r, 1) != 0;
}

void
bit_reader_skip(struct bit_reader *r, unsigned count)
{
	for (; count > 32; count -= 32)
		bit_reader_bits(r, 32);
	bit_reader_bits(r, count);
}

uint32_t
bit_reader_ue(struct bit_reader *r, uint32_t max)
{
	unsigned zeros = 0;
	uint64_t value;

	while (!bit_reader_flag(r)) {
		if (r->bad || ++zeros == CODE_BITS_MAX) {
			r->bad = true;
			return 0;
		}
	}
	value = (UINT64_C(1) << zeros) - 1 + bit_reader_bits(r, zeros);
	if (r->bad || value > max) {
		r->bad = true;
		return 0;
	}
	return (uint32_t)value;
}

int32_t
bit_reader_se(struct bit_reader *r)
{
	const uint32_t code = bit_reader_ue(r, SE_MAX);
	const int32_t  half = (int32_t)((code + 1) / 2);

	return code % 2 ? half : -half;
}

void
bit_reader_skip_se(struct bit_reader *r)
{
	bit_reader_ue(r, UINT32_MAX);
}
