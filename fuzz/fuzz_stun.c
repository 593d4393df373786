/*
 * Fuzzes the first thing that meets a stranger's datagram.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "net/classify.h"
#include "net/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct stun_message m;
	uint8_t             reply[STUN_MESSAGE_MAX];

	(void)classify(bytes, len);
	if (stun_parse(&m, bytes, len))
		return 0;
	(void)stun_authentic(&m, bytes, len, "VOkJxbRl1RmTxUk/WvJxBt");
	(void)stun_write_unknown(reply, sizeof(reply), &m, "password");
	return 0;
}
