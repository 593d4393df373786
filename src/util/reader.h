/*
 * A bounded reader over borrowed bytes, with a sticky error.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every parser of bytes we did not make reads through this. The first short
 * read sets `bad`; every later read returns 0 or NULL, so a parser goes
 * straight through and checks once at its end. Integers are big-endian, as
 * on the wire. No allocation; any thread.
 */
#ifndef UTIL_READER_H
#define UTIL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *p;
	const uint8_t *end;
	bool           bad;
};

static inline struct reader
reader_of(const void *bytes, size_t len)
{
	struct reader r = { bytes, bytes, false };

	if (bytes != NULL)
		r.end = r.p + len;
	return r;
}

static inline size_t
reader_left(const struct reader *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* The next `len` bytes, borrowed; NULL when they are not there. */
static inline const uint8_t *
reader_take(struct reader *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->bad || (size_t)(r->end - r->p) < len) {
		r->bad = true;
		return NULL;
	}
	if (len > 0)	/* NULL + 0 is not defined in C */
		r->p += len;
	return p;
}

static inline void
reader_skip(struct reader *r, size_t len)
{
	(void)reader_take(r, len);
}

/* A reader over the next `len` bytes; a bad one when they are not there. */
static inline struct reader
reader_sub(struct reader *r, size_t len)
{
	const uint8_t *p = reader_take(r, len);
	struct reader  sub = { p, p, false };

	if (p == NULL)
		sub.bad = true;
	else
		sub.end = p + len;
	return sub;
}

static inline uint8_t
reader_u8(struct reader *r)
{
	const uint8_t *p = reader_take(r, 1);

	return p ? p[0] : 0;
}

static inline uint16_t
reader_u16(struct reader *r)
{
	const uint8_t *p = reader_take(r, 2);

	return p ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

static inline uint32_t
reader_u24(struct reader *r)
{
	const uint8_t *p = reader_take(r, 3);

	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t
reader_u32(struct reader *r)
{
	const uint8_t *p = reader_take(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint64_t
reader_u64(struct reader *r)
{
	uint64_t high = reader_u32(r);

	return high << 32 | reader_u32(r);
}

/* LEB128 as AV1 has it (4.10.5), of at most four bytes, so below 2^28. */
static inline uint32_t
reader_leb128(struct reader *r)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++) {
		const uint8_t byte = reader_u8(r);

		value |= (uint32_t)(byte & 0x7f) << 7 * i;
		if (!(byte & 0x80))
			return r->bad ? 0 : value;
	}
	r->bad = true;
	return 0;
}

#endif
