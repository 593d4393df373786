/*
 * Fuzzes the first thing that meets a stranger's datagram.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "net/stun.h"
#include "util/digest.h"
#include "util/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct stun_message m;
	uint8_t             mended[STUN_MESSAGE_MAX], reply[STUN_MESSAGE_MAX];
	struct writer       w = writer_of(mended, sizeof(mended));

	(void)stun_parse(&m, bytes, len);
	if (len < 28 || len > sizeof(mended))
		return 0;
	/* With the length and FINGERPRINT right, the inside is reached. */
	writer_bytes(&w, bytes, len - 8);
	writer_u16_at(&w, 2, (uint16_t)(len - 20));
	writer_u32(&w, 0x80280004);
	writer_u32(&w, digest_crc32(mended, len - 8) ^ 0x5354554e);
	if (stun_parse(&m, mended, len) == 0) {
		(void)stun_authentic(&m, mended, len, "VOkJxbRl1RmTxUk/WvJxBt");
		(void)stun_write_unknown(reply, sizeof(reply), &m, "password");
	}
	return 0;
}
