/*
 * Fuzzes what a hostile worker may send: state, type and body.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "ipc/catalogue.h"
#include "ipc/messages.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define TRY(TYPE, name) case IPC_##TYPE: { struct ipc_##name out;	\
	return (void)ipc_##name##_parse(&out, r.p, reader_left(&r)), 0; }

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader  r = reader_of(bytes, len);
	const uint8_t  state = reader_u8(&r), fds = reader_u8(&r);
	const uint16_t type = reader_u16(&r);

	if (!ipc_up_allowed(type, reader_left(&r), fds, state))
		return 0;
	switch (type) {
	TRY(HELLO, hello) TRY(READY, ready) TRY(ANSWER, answer)
	TRY(PRESENCE, presence) TRY(TILEMAP, tilemap) TRY(LOG, log)
	TRY(SPEAKING, speaking) TRY(QUALITY, quality) TRY(STATS, stats) TRY(PONG, ping)
	}
	return 0;
}
