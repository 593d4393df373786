/*
 * Fuzz target: what a picture says of itself. The first byte is the codec.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "video/bitstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct bitstream_info info = { .width = -1 };

	if (len == 0)
		return 0;
	if (bitstream_read(&info, bytes[0] % VIDEO_CODECS, bytes + 1,
	    len - 1) ? info.width != -1 :
	    info.width < 0 || info.width > 65536 ||
	    (info.width > 0) != (info.height > 0))
		abort();
	return 0;
}
