/*
 * The TLS side of the HTTPS listener: context and certificate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "http/tls_context.h"
#include "util/random.h"

#define LIFE_S (2L * 365 * 24 * 3600)

/* With TLS 1.2; all suites of 1.3 are of this kind. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls_context {
	SSL_CTX *ssl;
	char    *certificate, *key;	/* paths, for a reload */
};

static int
fail(char *why, size_t why_size, const char *what, const char *path)
{
	const unsigned long code = ERR_peek_last_error();
	const char         *reason = ERR_reason_error_string(code);

	snprintf(why, why_size, "%s %s: %s", what, path,
	    reason ? reason : "cannot be used");
	ERR_clear_error();
	return -EINVAL;
}

/* For an encrypted key: OpenSSL would ask on the terminal, and wait. */
static int
no_passphrase(char *out, int size, int writing, void *to)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)to;
	return -1;
}

static int
load(SSL_CTX **out, const char *certificate, const char *key, char *why,
    size_t why_size)
{
	SSL_CTX *ssl;
	int      err = 0;

	if (access(certificate, R_OK) < 0 || access(key, R_OK) < 0) {
		snprintf(why, why_size, "%s or %s cannot be read: %s",
		    certificate, key, strerror(errno));
		return -ENOENT;
	}
	ssl = SSL_CTX_new(TLS_server_method());
	if (ssl == NULL)
		return -ENOMEM;
	if (SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1)
		err = fail(why, why_size, "TLS", "1.2");
	/* Renegotiation is of use to nobody but an attacker. */
	if (!err && SSL_CTX_set_cipher_list(ssl, CIPHERS) != 1)
		err = fail(why, why_size, "TLS", CIPHERS);
	/* Whoever gets at the key of a ticket reads what was said before. */
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_NO_TICKET);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
	if (!err && SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1)
		err = fail(why, why_size, "certificate", certificate);
	if (!err && SSL_CTX_use_PrivateKey_file(ssl, key,
	    SSL_FILETYPE_PEM) != 1)
		err = fail(why, why_size, "key", key);
	if (!err && SSL_CTX_check_private_key(ssl) != 1)
		err = fail(why, why_size, "key", key);
	if (err)
		SSL_CTX_free(ssl);
	else
		*out = ssl;
	return err;
}

int
tls_context_new(struct tls_context **out, const char *certificate,
    const char *key, char *why, size_t why_size)
{
	struct tls_context *context = calloc(1, sizeof(*context));
	int                 err = -ENOMEM;

	snprintf(why, why_size, "no memory");
	if (context == NULL)
		return err;
	context->certificate = strdup(certificate);
	context->key = strdup(key);
	if (context->certificate && context->key)
		err = load(&context->ssl, certificate, key, why, why_size);
	if (err) {
		tls_context_free(&context);
		return err;
	}
	*out = context;
	return 0;
}

void
tls_context_free(struct tls_context **context)
{
	struct tls_context *old = *context;

	*context = NULL;
	if (old == NULL)
		return;
	SSL_CTX_free(old->ssl);
	free(old->certificate);
	free(old->key);
	free(old);
}

int
tls_context_reload(struct tls_context *context, char *why, size_t why_size)
{
	SSL_CTX *fresh;
	int      err = load(&fresh, context->certificate, context->key, why,
	    why_size);

	if (err)
		return err;
	SSL_CTX_free(context->ssl);	/* open connections hold their own */
	context->ssl = fresh;
	return 0;
}

struct ssl_st *
tls_context_session(struct tls_context *context)
{
	return SSL_new(context->ssl);
}

/* Adds an extension given as in a configuration file. */
static bool
add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX      context;
	bool            done;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (extension == NULL)
		return false;
	done = X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return done;
}

/* Only letters that cannot end or add a part of a subjectAltName. */
static bool
is_host_name(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len <= 63 && strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == len;
}

static bool
fill(X509 *certificate, EVP_PKEY *key, const char *host_name)
{
	const char *host = is_host_name(host_name) ? host_name : "localhost";
	X509_NAME  *name = X509_get_subject_name(certificate);
	uint8_t     serial[16];
	BIGNUM     *number;
	char        names[160];
	bool        done;

	random_bytes(serial, sizeof(serial));
	serial[0] &= 0x7f;
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	snprintf(names, sizeof(names), "DNS:%s,DNS:localhost,IP:127.0.0.1,"
	    "IP:::1", host);
	done = number && BN_to_ASN1_INTEGER(number,
	    X509_get_serialNumber(certificate)) != NULL &&
	    X509_set_version(certificate, X509_VERSION_3) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
	    X509_gmtime_adj(X509_getm_notAfter(certificate), LIFE_S) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)host, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(certificate, name) == 1 &&
	    X509_set_pubkey(certificate, key) == 1 &&
	    add_extension(certificate, NID_basic_constraints,
	    "critical,CA:FALSE") &&
	    add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
	    add_extension(certificate, NID_subject_alt_name, names) &&
	    X509_sign(certificate, key, EVP_sha256()) > 0;
	BN_free(number);
	return done;
}

/* A new file of this mode, or NULL with errno. */
static FILE *
create(const char *path, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, mode);
	FILE     *file;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w");
	if (file == NULL)
		close(fd);
	return file;
}

static int
write_pair(X509 *certificate, EVP_PKEY *key, const char *certificate_path,
    const char *key_path)
{
	FILE *file;
	bool  done;

	/* Half of an earlier pair would not fit the new half. */
	unlink(key_path);
	unlink(certificate_path);
	file = create(key_path, 0600);
	if (file == NULL)
		return -errno;
	done = PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
	if (fclose(file) != 0 || !done)
		return -EIO;
	file = create(certificate_path, 0644);
	if (file == NULL)
		return -errno;
	done = PEM_write_X509(file, certificate) == 1;
	return fclose(file) != 0 || !done ? -EIO : 0;
}

/*
 * Whether this pair still serves: 1 or 0, or -errno when it cannot be read.
 * A pair that was written in part, or has ended, does not.
 */
static int
is_good_pair(const char *certificate_path, const char *key_path)
{
	FILE     *certificate_file = fopen(certificate_path, "re");
	FILE     *key_file = certificate_file ? fopen(key_path, "re") : NULL;
	X509     *certificate = NULL;
	EVP_PKEY *key = NULL;
	int       good = 0;

	if (key_file == NULL) {
		good = errno == ENOENT ? 0 : -errno;
	} else {
		certificate = PEM_read_X509(certificate_file, NULL,
		    no_passphrase, NULL);
		key = PEM_read_PrivateKey(key_file, NULL, no_passphrase, NULL);
		good = certificate && key &&
		    X509_check_private_key(certificate, key) == 1 &&
		    X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
		fclose(key_file);
	}
	if (certificate_file)
		fclose(certificate_file);
	X509_free(certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return good;
}

int
tls_self_signed_make(const char *folder, const char *host_name)
{
	char      certificate_path[PATH_MAX], key_path[PATH_MAX];
	X509     *certificate;
	EVP_PKEY *key;
	int       good, err = -ENOMEM;

	if (snprintf(certificate_path, sizeof(certificate_path),
	    "%s/tls-certificate.pem", folder) >= (int)sizeof(certificate_path) ||
	    snprintf(key_path, sizeof(key_path), "%s/tls-key.pem", folder) >=
	    (int)sizeof(key_path))
		return -ENAMETOOLONG;
	good = is_good_pair(certificate_path, key_path);
	if (good != 0)
		return good < 0 ? good : 0;
	key = EVP_EC_gen("P-256");
	certificate = X509_new();
	if (key && certificate && fill(certificate, key, host_name))
		err = write_pair(certificate, key, certificate_path, key_path);
	X509_free(certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}
