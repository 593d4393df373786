/*
 * SHA-256 and HMAC-SHA1 by mbedTLS, for tessera-room and the tools.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include <mbedtls/md.h>

#include "util/digest.h"

int
digest_sha256(uint8_t out[DIGEST_SHA256_LEN], const uint8_t *bytes, size_t len)
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(
	    MBEDTLS_MD_SHA256);

	return mbedtls_md(md, bytes, len, out) == 0 ? 0 : -EIO;
}

int
digest_hmac_sha1(uint8_t out[DIGEST_SHA1_LEN], const uint8_t *key,
    size_t key_len, const uint8_t *bytes, size_t len)
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(
	    MBEDTLS_MD_SHA1);

	return mbedtls_md_hmac(md, key, key_len, bytes, len, out) == 0 ? 0 :
	    -EIO;
}
