/*
 * What a person without a picture looks like: his colour and his initials.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "util/reader.h"
#include "video/compositor.h"

#define SATURATION  0.45
#define LIGHTNESS   0.34
#define FNV1A_START 2166136261u
#define FNV1A_PRIME 16777619u

/* One channel of HSL, by the formula of CSS Color 4, 7.1. */
static uint32_t
hsl_channel(unsigned offset, unsigned hue)
{
	const double k = (double)((offset * 30 + hue) % 360) / 30;
	const double a = SATURATION * LIGHTNESS;	/* lightness < 0.5 */
	double       slope = k - 3 < 9 - k ? k - 3 : 9 - k;

	if (slope > 1)
		slope = 1;
	if (slope < -1)
		slope = -1;
	return (uint32_t)((LIGHTNESS - a * slope) * 255 + 0.5);
}

uint32_t
compositor_colour(uint32_t id)
{
	char     digits[9];
	uint32_t hash = FNV1A_START;
	unsigned hue;

	snprintf(digits, sizeof(digits), "%08x", id);
	for (int i = 0; i < 8; i++) {
		hash ^= (uint8_t)digits[i];
		hash *= FNV1A_PRIME;
	}
	hue = hash % 360;
	return hsl_channel(0, hue) << 16 | hsl_channel(8, hue) << 8 |
	    hsl_channel(4, hue);
}

/*
 * One code point of UTF-8, 0xfffd for what is none. Overlong forms do no harm
 * here: nothing is decided by them but a letter in a picture.
 */
static uint32_t
read_code_point(struct reader *r)
{
	const uint8_t first = reader_u8(r);
	uint32_t      code;
	int           more;

	if (first < 0x80)
		return first;
	if (first < 0xc0 || first >= 0xf8)
		return 0xfffd;
	more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	code = first & (0x3fu >> more);
	for (; more > 0; more--) {
		if (reader_left(r) == 0 || (*r->p & 0xc0) != 0x80)
			return 0xfffd;
		code = code << 6 | (reader_u8(r) & 0x3fu);
	}
	return code;
}

/* A-Z or 0-9 that stands for the letter; 0 when none does. */
static char
plain_letter(uint32_t code)
{
	/* U+00C0 to U+017F without their marks; blank: no single letter. */
	static const char bare[] =
	    "AAAAAA CEEEEIIII" "DNOOOOO OUUUUY  "
	    "AAAAAA CEEEEIIII" "DNOOOOO OUUUUY Y"
	    "AAAAAACCCCCCCCDD" "DDEEEEEEEEEEGGGG"
	    "GGGGHHHHIIIIIIII" "II  JJKK LLLLLLL"
	    "LLLNNNNNNN  OOOO" "OO  RRRRRRSSSSSS"
	    "SSTTTTTTUUUUUUUU" "UUUUWWYYYZZZZZZ ";

	if (code >= 'a' && code <= 'z')
		return (char)(code - 'a' + 'A');
	if ((code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9'))
		return (char)code;
	if (code >= 0xc0 && code <= 0x17f && bare[code - 0xc0] != ' ')
		return bare[code - 0xc0];
	return '\0';
}

void
compositor_initials(char out[3], const char *name, unsigned long len)
{
	struct reader r = reader_of(name, len);
	bool          word_began = false;
	unsigned      words = 0;
	char          first = '\0', last = '\0';

	while (reader_left(&r)) {
		const uint32_t code = read_code_point(&r);
		const char     letter = plain_letter(code);

		if (code <= ' ' || code == 0xa0 || code == 0x3000) {
			word_began = false;
			continue;
		}
		/* "(Ada)" is Ada; a word of another script has no letter. */
		if (word_began || (letter == '\0' && code < 0x80))
			continue;
		word_began = true;
		if (words++ == 0)
			first = letter;
		else
			last = letter;
	}
	memset(out, 0, 3);
	if (first == '\0') {
		out[0] = last;
		return;
	}
	out[0] = first;
	out[1] = last;
}
