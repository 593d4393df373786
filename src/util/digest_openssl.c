/*
 * SHA-256 and HMAC-SHA1 by OpenSSL, for tesserad.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "util/digest.h"

int
digest_sha256(uint8_t out[DIGEST_SHA256_LEN], const uint8_t *bytes, size_t len)
{
	return EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) == 1 ?
	    0 : -EIO;
}

int
digest_hmac_sha1(uint8_t out[DIGEST_SHA1_LEN], const uint8_t *key,
    size_t key_len, const uint8_t *bytes, size_t len)
{
	return HMAC(EVP_sha1(), key, (int)key_len, bytes, len, out, NULL) ?
	    0 : -EIO;
}
