/*
 * How a person is called, made safe to show, to log and to paint.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "control/person_name.h"
#include "util/reader.h"
#include "util/writer.h"

/* First and last of what shows nothing, or turns the order of what does. */
static const uint32_t invisible[][2] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
	{ 0x034f, 0x034f }, { 0x061c, 0x061c }, { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 }, { 0x180b, 0x180e }, { 0x200b, 0x200c },
	{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0x3164, 0x3164 }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

static bool
is_invisible(uint32_t c)
{
	for (size_t i = 0; i < sizeof(invisible) / sizeof(invisible[0]); i++) {
		if (c >= invisible[i][0] && c <= invisible[i][1])
			return true;
	}
	return (c & 0xfffe) == 0xfffe;	/* noncharacters of each plane */
}

static bool
is_space(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
	    c == 0x3000;
}

/* The next character (RFC 3629, 4); sets r->bad for what is not UTF-8. */
static uint32_t
next_character(struct reader *r)
{
	const uint8_t first = reader_u8(r);
	unsigned      more;
	uint32_t      c, least;

	if (first < 0x80)
		return first;
	if (first >= 0xc2 && first < 0xe0) {
		more = 1, least = 0x80, c = first & 0x1f;
	} else if (first >= 0xe0 && first < 0xf0) {
		more = 2, least = 0x800, c = first & 0x0f;
	} else if (first >= 0xf0 && first < 0xf5) {
		more = 3, least = 0x10000, c = first & 0x07;
	} else {
		r->bad = true;
		return 0;
	}
	while (more-- > 0) {
		const uint8_t next = reader_u8(r);

		if ((next & 0xc0) != 0x80)
			r->bad = true;
		c = c << 6 | (next & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		r->bad = true;
	return c;
}

int
person_name_clean(char out[PERSON_NAME_SIZE], const char *text, size_t len)
{
	struct reader r = reader_of(text, len);
	char          clean[PERSON_NAME_SIZE];
	struct writer w = writer_of(clean, sizeof(clean) - 1);
	unsigned      count = 0;
	bool          space = false;
	size_t        used;

	while (reader_left(&r) > 0) {
		const uint8_t *start = r.p;
		const uint32_t c = next_character(&r);

		if (r.bad)
			return -EBADMSG;
		if (is_space(c)) {
			space = count > 0;
			continue;
		}
		if (is_invisible(c))
			continue;
		if (count + space + 1 > PERSON_NAME_CHARACTERS) {
			count = PERSON_NAME_CHARACTERS;	/* but read on */
			continue;
		}
		if (space)
			writer_u8(&w, ' ');
		count += space + 1u;
		space = false;
		writer_bytes(&w, start, (size_t)(r.p - start));
	}
	used = writer_len(&w);
	memcpy(out, clean, used);
	out[used] = '\0';
	return (int)used;
}
