/*
 * A bounded writer into a buffer of the caller, with a sticky error.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The mirror of util/reader.h: the first write that does not fit sets `bad`
 * and writes nothing; every later write does nothing. Integers are written
 * big-endian. No allocation; any thread.
 */
#ifndef UTIL_WRITER_H
#define UTIL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct writer {
	uint8_t *start;
	uint8_t *p;
	uint8_t *end;
	bool     bad;
};

static inline struct writer
writer_of(void *bytes, size_t size)
{
	struct writer w = { bytes, bytes, (uint8_t *)bytes + size, false };

	return w;
}

/* Bytes written so far; 0 after an overflow. */
static inline size_t
writer_len(const struct writer *w)
{
	return w->bad ? 0 : (size_t)(w->p - w->start);
}

static inline size_t
writer_room(const struct writer *w)
{
	return w->bad ? 0 : (size_t)(w->end - w->p);
}

/* Room for `len` bytes to be filled by the caller; NULL when too little. */
static inline uint8_t *
writer_reserve(struct writer *w, size_t len)
{
	uint8_t *p = w->p;

	if (w->bad || (size_t)(w->end - w->p) < len) {
		w->bad = true;
		return NULL;
	}
	w->p += len;
	return p;
}

static inline void
writer_bytes(struct writer *w, const void *bytes, size_t len)
{
	uint8_t *p = writer_reserve(w, len);

	if (p && len)
		memcpy(p, bytes, len);
}

static inline void
writer_zeros(struct writer *w, size_t len)
{
	uint8_t *p = writer_reserve(w, len);

	if (p && len)
		memset(p, 0, len);
}

static inline void
writer_u8(struct writer *w, uint8_t v)
{
	writer_bytes(w, &v, 1);
}

static inline void
writer_u16(struct writer *w, uint16_t v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	writer_bytes(w, b, sizeof(b));
}

static inline void
writer_u24(struct writer *w, uint32_t v)
{
	const uint8_t b[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8),
	    (uint8_t)v };

	writer_bytes(w, b, sizeof(b));
}

static inline void
writer_u32(struct writer *w, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v };

	writer_bytes(w, b, sizeof(b));
}

static inline void
writer_u64(struct writer *w, uint64_t v)
{
	writer_u32(w, (uint32_t)(v >> 32));
	writer_u32(w, (uint32_t)v);
}

/* Patch two bytes written before, at offset `at` from the start. */
static inline void
writer_u16_at(struct writer *w, size_t at, uint16_t v)
{
	if (w->bad || (size_t)(w->p - w->start) < at + 2) {
		w->bad = true;
		return;
	}
	w->start[at] = (uint8_t)(v >> 8);
	w->start[at + 1] = (uint8_t)v;
}

#endif
