/*
 * Fuzz target: the header of a VP8 frame.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "video/bitstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct bitstream_info info = { .width = -1 };
	const int             err = bitstream_vp8(&info, bytes, len);

	if (err ? info.width != -1 : info.width < 0 || info.width > 16383 ||
	    info.height > 16383 || info.key != (info.width > 0))
		abort();
	return 0;
}
