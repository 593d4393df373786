/*
 * SHA-256, HMAC-SHA1 and CRC-32, by the crypto library of the program.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two implementations of one interface: digest_openssl.c in tesserad,
 * digest_mbedtls.c in tessera-room and the tools. Pure; any thread.
 */
#ifndef UTIL_DIGEST_H
#define UTIL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SHA256_LEN 32
#define DIGEST_SHA1_LEN   20

/* Each returns 0, or -EIO when the library refuses. */
int digest_sha256(uint8_t out[DIGEST_SHA256_LEN], const uint8_t *bytes,
    size_t len);
int digest_hmac_sha1(uint8_t out[DIGEST_SHA1_LEN], const uint8_t *key,
    size_t key_len, const uint8_t *bytes, size_t len);

/* Compares in constant time (util/digest_common.c). */
bool digest_equal(const uint8_t *a, const uint8_t *b, size_t len);

/* CRC-32 of ISO 3309, as STUN's FINGERPRINT uses it (RFC 8489, 14.7). */
uint32_t digest_crc32(const uint8_t *bytes, size_t len);

#endif
