/*
 * Fuzzes the joining of a ClientHello: datagrams, each after its length.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "net/dtls_reassembly.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct dtls_reassembly *shim = calloc(1, sizeof(*shim));
	struct reader           r = reader_of(bytes, len);
	const uint8_t          *whole;
	size_t                  whole_len;

	while (shim && reader_left(&r) > 0) {
		const size_t   n = reader_u16(&r);
		const uint8_t *datagram = reader_take(&r, n);

		if (datagram && dtls_reassembly_push(shim, datagram, n, &whole,
		    &whole_len) == DTLS_WHOLE && whole[0] != 22)
			abort();
	}
	free(shim);
	return 0;
}
