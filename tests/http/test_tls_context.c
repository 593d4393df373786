/*
 * The certificate of our own making: when it is kept and when made anew.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http/tls_context.h"

struct folder {
	char path[64], certificate[96], key[96];
};

static int
setup(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->path, sizeof(f->path), "/tmp/tessera-tls-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->certificate, sizeof(f->certificate),
	    "%s/tls-certificate.pem", f->path);
	snprintf(f->key, sizeof(f->key), "%s/tls-key.pem", f->path);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct folder *f = *state;

	unlink(f->certificate);
	unlink(f->key);
	rmdir(f->path);
	free(f);
	return 0;
}

/* The text of a file, for free(). */
static char *
text_of(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 8192);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 8191, file) > 0);
	fclose(file);
	return text;
}

static bool
loads(const struct folder *f)
{
	struct tls_context *context;
	struct ssl_st      *session;
	char                why[256];

	if (tls_context_new(&context, f->certificate, f->key, why,
	    sizeof(why)) < 0)
		return false;
	session = tls_context_session(context);
	assert_non_null(session);
	SSL_free(session);
	assert_int_equal(tls_context_reload(context, why, sizeof(why)), 0);
	tls_context_free(&context);
	return true;
}

static void
keeps_a_pair_that_is_good(void **state)
{
	const struct folder *f = *state;
	struct stat          info;
	char                *first, *second;

	assert_int_equal(tls_self_signed_make(f->path, "meet"), 0);
	assert_true(loads(f));
	assert_int_equal(stat(f->key, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	first = text_of(f->certificate);
	assert_int_equal(tls_self_signed_make(f->path, "meet"), 0);
	second = text_of(f->certificate);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void
replaces_what_was_written_in_part(void **state)
{
	const struct folder *f = *state;
	const char *const    paths[] = { f->certificate, f->key };

	for (unsigned i = 0; i < 2; i++) {
		for (off_t len = 0; len <= 100; len += 100) {
			assert_int_equal(tls_self_signed_make(f->path, "a"), 0);
			assert_int_equal(truncate(paths[i], len), 0);
			assert_false(loads(f));
			assert_int_equal(tls_self_signed_make(f->path, "a"), 0);
			assert_true(loads(f));
		}
		assert_int_equal(unlink(paths[i]), 0);
		assert_int_equal(tls_self_signed_make(f->path, "a"), 0);
		assert_true(loads(f));
	}
}

static EVP_PKEY *
read_key(const struct folder *f)
{
	FILE     *file = fopen(f->key, "re");
	EVP_PKEY *key;

	assert_non_null(file);
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(key);
	return key;
}

/* Signs the certificate again with another end. */
static void
let_end(const struct folder *f, long in_s)
{
	FILE     *file = fopen(f->certificate, "re");
	X509     *certificate = PEM_read_X509(file, NULL, NULL, NULL);
	EVP_PKEY *key = read_key(f);

	fclose(file);
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), in_s));
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	file = fopen(f->certificate, "we");
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void
replaces_one_that_has_ended(void **state)
{
	const struct folder *f = *state;
	char                *old, *now;

	assert_int_equal(tls_self_signed_make(f->path, "a"), 0);
	let_end(f, 3600);
	old = text_of(f->certificate);
	assert_int_equal(tls_self_signed_make(f->path, "a"), 0);
	now = text_of(f->certificate);
	assert_string_equal(old, now);
	free(old);
	free(now);
	let_end(f, -60);
	old = text_of(f->certificate);
	assert_int_equal(tls_self_signed_make(f->path, "a"), 0);
	now = text_of(f->certificate);
	assert_string_not_equal(old, now);
	assert_true(loads(f));
	free(old);
	free(now);
}

/* Nor waits for somebody to type one. */
static void
takes_no_key_with_a_passphrase(void **state)
{
	const struct folder *f = *state;
	char                 secret[] = "secret";
	EVP_PKEY            *key;
	FILE                *file;

	assert_int_equal(tls_self_signed_make(f->path, "a"), 0);
	key = read_key(f);
	file = fopen(f->key, "we");
	assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(),
	    (unsigned char *)secret, 6, NULL, NULL), 1);
	fclose(file);
	EVP_PKEY_free(key);
	assert_false(loads(f));
}

static void
writes_through_no_link(void **state)
{
	const struct folder *f = *state;
	char                 target[96];

	snprintf(target, sizeof(target), "%s/target", f->path);
	assert_int_equal(symlink(target, f->key), 0);
	assert_int_equal(tls_self_signed_make(f->path, "a"), 0);
	assert_true(loads(f));
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(tls_self_signed_make("/proc/nowhere", "a"), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_a_pair_that_is_good),
		TEST(replaces_what_was_written_in_part),
		TEST(replaces_one_that_has_ended),
		TEST(takes_no_key_with_a_passphrase),
		TEST(writes_through_no_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
