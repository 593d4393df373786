/*
 * The configuration: defaults, ranges, places of errors, and that
 * etc/tesserad.yaml says the same.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "app/config.h"
#include "ipc/messages.h"

/* Parses `text`; the errors of it go into `errors`. */
static int
parse(struct config *out, const char *text, char *errors, size_t size)
{
	struct strbuf s;
	int           err;

	strbuf_init(&s, size - 1);
	err = config_parse(out, "f", text, strlen(text), &s);
	snprintf(errors, size, "%s", strbuf_text(&s));
	strbuf_clear(&s);
	return err;
}

static void
fills_in_the_defaults(void **state)
{
	static const char *const nothing[] = {
		"", "# only a comment\n", "{}\n", "--- {}\n...\n", "video: {}\n",
	};
	struct config c, standard;
	char          errors[256];

	(void)state;
	config_default(&standard);
	assert_string_equal(standard.http_listen, "127.0.0.1:8080");
	assert_string_equal(standard.https_listen, "[::]:8443");
	assert_string_equal(standard.admin_listen, "127.0.0.1:8081");
	assert_int_equal(standard.udp_port_min, 40000);
	assert_int_equal(standard.udp_port_max, 40099);
	assert_int_equal(standard.spare_rooms, 2);
	assert_int_equal(standard.decode_threads, 2);
	assert_int_equal(standard.audio_kbps, 32);
	assert_int_equal(standard.video.width, 1280);
	assert_int_equal(standard.video.height, 720);
	assert_int_equal(standard.video.fps, 25);
	assert_int_equal(standard.video.kbps, 1500);
	assert_int_equal(standard.log_level, LOG_INFO);
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		assert_int_equal(parse(&c, nothing[i], errors,
		    sizeof(errors)), 0);
		assert_memory_equal(&c, &standard, sizeof(c));
	}
}

static void
takes_each_key(void **state)
{
	static const char text[] =
	    "http_listen: 0.0.0.0:80\n"
	    "https_listen: \"\"\n"
	    "admin_listen: '[::1]:9000'\n"
	    "tls_certificate: /etc/c.pem\n"
	    "tls_key: /etc/k.pem\n"
	    "state_dir: /var/lib/t\n"
	    "log_level: debug\n"
	    "announce_addresses: [192.0.2.1, \"2001:db8::1\"]\n"
	    "udp_port_min: 50000\nudp_port_max: 50009\n"
	    "rooms_max: 5\nparticipants_max: 256\nspare_rooms: 1\n"
	    "decode_threads: 8\naudio_kbps: 64\n"
	    "http_connections_per_address: 2000\ncpu_limit_percent: 70\n"
	    "video:\n  width: 640\n  height: 360\n  fps: 15\n  kbps: 500\n";
	struct config c;
	char          errors[1024];

	(void)state;
	assert_int_equal(parse(&c, text, errors, sizeof(errors)), 0);
	assert_string_equal(errors, "");
	assert_string_equal(c.http_listen, "0.0.0.0:80");
	assert_string_equal(c.https_listen, "");
	assert_string_equal(c.admin_listen, "[::1]:9000");
	assert_string_equal(c.tls_certificate, "/etc/c.pem");
	assert_string_equal(c.tls_key, "/etc/k.pem");
	assert_string_equal(c.state_dir, "/var/lib/t");
	assert_int_equal(c.log_level, LOG_DEBUG);
	assert_int_equal(c.announce_count, 2);
	assert_int_equal(c.announce[0].family, 4);
	assert_int_equal(c.announce[1].family, 6);
	assert_int_equal(c.udp_port_min, 50000);
	assert_int_equal(c.udp_port_max, 50009);
	assert_int_equal(c.rooms_max, 5);
	assert_int_equal(c.participants_max, 256);
	assert_int_equal(c.spare_rooms, 1);
	assert_int_equal(c.decode_threads, 8);
	assert_int_equal(c.audio_kbps, 64);
	assert_int_equal(c.http_connections_per_address, 2000);
	assert_int_equal(c.cpu_limit_percent, 70);
	assert_int_equal(c.video.width, 640);
	assert_int_equal(c.video.height, 360);
	assert_int_equal(c.video.fps, 15);
	assert_int_equal(c.video.kbps, 500);
}

static void
says_where_and_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *error;
	} wrong[] = {
		{ "http_listen: \"127.0.0.1:80\"\nspare_roms: 3\n",
		    "f:2:1: there is no key spare_roms\n" },
		{ "log_level: info\nvideo:\n  fps: 25\n  widht: 3\n",
		    "f:4:3: there is no key video.widht\n" },
		{ "# rooms_max: 3\nrooms_max: 3\nfoo: 1\nrooms_max: 4\n",
		    "f:3:1: there is no key foo\n" },
		{ "rooms_max: 3\nlog_level: info\nrooms_max: 4\n",
		    "f:3:1: rooms_max is there twice\n" },
		{ "log_level: info\nspare_rooms: 11\n",
		    "f:2:1: spare_rooms is 11, not 1 to 10\n" },
		{ "spare_rooms: 0\n",
		    "f:1:1: spare_rooms is 0, not 1 to 10\n" },
		{ "\nvideo:\n  # width\n  height: 360\n  width: 641\n",
		    "f:5:3: width is 641, not even\n" },
		{ "fps: 3\n", "f:1:1: there is no key fps\n" },
		{ "log_level: info\nspare_rooms: many\n",
		    "f:2:14: spare_rooms: Invalid uint64_t value: 'many'\n" },
		{ "spare_rooms: -1\n",
		    "f:1:14: spare_rooms: Invalid UINT value: '-1'\n" },
		{ "video:\n  fps: [25]\n", "f:2:8: fps: "
		    "Expecting UINT, got event: SEQUENCE_START\n" },
		{ "log_level: loud\n", "f:1:1: log_level is \"loud\", "
		    "not error, warn, info or debug\n" },
		{ "http_listen: localhost:80\n", "f:1:1: http_listen is "
		    "\"localhost:80\", not address:port\n" },
		{ "http_listen: 127.0.0.1\n", "f:1:1: http_listen is "
		    "\"127.0.0.1\", not address:port\n" },
		{ "https_listen: '[::]:0'\n", "f:1:1: https_listen is "
		    "\"[::]:0\", not address:port\n" },
		{ "announce_addresses: [1.2.3.4, example.org]\n",
		    "f:1:1: announce_addresses: \"example.org\" is no IP "
		    "address, or a link-local one\n" },
		{ "udp_port_min: 40005\nudp_port_max: 40000\n",
		    "f:2:1: udp_port_max is below udp_port_min\n" },
		{ "udp_port_max: 40009\nrooms_max: 9\n", "f:2:1: rooms_max "
		    "and spare_rooms need 11 UDP ports, 40000 to 40009 are "
		    "fewer\n" },
		{ "tls_key: /k\n",
		    "f:1:1: tls_certificate and tls_key go together\n" },
		{ "log_level: info\nvideo:\n\tfps: 25\n", "f:3:1: this is not "
		    "YAML: found character that cannot start any token\n" },
		{ "video: {fps: 25,\n  kbps: 900}\nannounce_addresses: [1.2.3.4\n"
		    "rooms_max: 1\n", "f:3:1: this is not YAML: "
		    "did not find expected ',' or ']'\n" },
		{ "spare_rooms: 99\naudio_kbps: 5\n",
		    "f:1:1: spare_rooms is 99, not 1 to 10\n"
		    "f:2:1: audio_kbps is 5, not 6 to 510\n" },
		{ "announce_addresses: [1.2.3.4, {a: b}]\n", "f:1:31: "
		    "announce_addresses: Expecting STRING, got event: "
		    "MAPPING_START\n" },
		{ "- a\n", "f: Expecting MAPPING, got event: "
		    "SEQUENCE_START\n" },
	};
	struct config c, before;
	char          errors[1024];

	(void)state;
	memset(&c, 0x5a, sizeof(c));
	before = c;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(parse(&c, wrong[i].text, errors,
		    sizeof(errors)), -EINVAL);
		assert_string_equal(errors, wrong[i].error);
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

static void
refuses_text_that_is_too_long(void **state)
{
	struct config c;
	char          text[2048], errors[1024];

	(void)state;
	snprintf(text, sizeof(text), "state_dir: /%01100d\n", 0);
	assert_int_equal(parse(&c, text, errors, sizeof(errors)), -EINVAL);
	assert_non_null(strstr(errors, "f:1:12: state_dir: "));
}

static void
prints_what_it_would_read(void **state)
{
	static const char text[] =
	    "state_dir: '/a \"quoted\" \\ path'\n"
	    "announce_addresses: [192.0.2.1, \"2001:db8::1\"]\n"
	    "log_level: warn\nrooms_max: 7\nvideo: {kbps: 700}\n";
	struct config c, again;
	char          errors[256];
	struct strbuf printed;

	(void)state;
	assert_int_equal(parse(&c, text, errors, sizeof(errors)), 0);
	strbuf_init(&printed, 4096);
	config_print(&c, &printed);
	assert_int_equal(parse(&again, strbuf_text(&printed), errors,
	    sizeof(errors)), 0);
	assert_memory_equal(&again, &c, sizeof(c));
	strbuf_clear(&printed);
}

/* ---- files --------------------------------------------------------------- */

static const char *
source_path(char out[1024], const char *name)
{
	const char *srcdir = getenv("srcdir");

	snprintf(out, 1024, "%s/%s", srcdir ? srcdir : ".", name);
	return out;
}

static void
the_installed_file_says_the_defaults(void **state)
{
	struct config c, standard;
	struct strbuf errors;
	char          path[1024];

	(void)state;
	config_default(&standard);
	strbuf_init(&errors, 1024);
	assert_int_equal(config_load(&c, source_path(path,
	    "etc/tesserad.yaml"), &errors), 0);
	assert_string_equal(strbuf_text(&errors), "");
	assert_memory_equal(&c, &standard, sizeof(c));
	strbuf_clear(&errors);
}

/* Fails when no line of the text begins with "key:", indented when inside. */
static void
check_named(void *to, const char *key)
{
	const char *text = to;
	const char *dot = strchr(key, '.');
	char        line[80];

	snprintf(line, sizeof(line), "\n%s%s: ", dot ? "  " : "",
	    dot ? dot + 1 : key);
	if (strstr(text, line) == NULL)
		fail_msg("etc/tesserad.yaml lacks %s", key);
}

static void
the_installed_file_names_each_key(void **state)
{
	char   path[1024], text[16384];
	FILE  *file = fopen(source_path(path, "etc/tesserad.yaml"), "r");
	size_t len;

	(void)state;
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	config_keys(check_named, text);
}

static void
a_missing_or_huge_file_is_said(void **state)
{
	char          path[] = "/tmp/test_config.XXXXXX";
	struct config c;
	struct strbuf errors;
	const int     fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, CONFIG_FILE_MAX), 0);
	close(fd);
	strbuf_init(&errors, 1024);
	assert_int_equal(config_load(&c, path, &errors), -EFBIG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(config_load(&c, path, &errors), -ENOENT);
	assert_non_null(strstr(strbuf_text(&errors), ": No such file"));
	assert_non_null(strstr(strbuf_text(&errors), ": File too large"));
	strbuf_clear(&errors);
}

static void
state_dir_comes_from_the_environment(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(setenv("STATE_DIRECTORY", "/a/b:/c", 1), 0);
	config_default(&c);
	assert_string_equal(c.state_dir, "/a/b");
	unsetenv("STATE_DIRECTORY");
	assert_int_equal(setenv("XDG_STATE_HOME", "/x", 1), 0);
	config_default(&c);
	assert_string_equal(c.state_dir, "/x/tessera");
	unsetenv("XDG_STATE_HOME");
	assert_int_equal(setenv("HOME", "/h", 1), 0);
	config_default(&c);
	assert_string_equal(c.state_dir, "/h/.local/state/tessera");
	unsetenv("HOME");
	config_default(&c);
	assert_string_equal(c.state_dir, "/var/lib/tessera");
}

static void
each_allowed_value_is_one_that_a_room_takes(void **state)
{
	static const char *const ends[] = {
		"participants_max: 2\ndecode_threads: 1\naudio_kbps: 6\n"
		"video: {width: 320, height: 180, fps: 5, kbps: 100}\n",
		"participants_max: 256\ndecode_threads: 8\naudio_kbps: 510\n"
		"video: {width: 1920, height: 1088, fps: 60, kbps: 20000}\n",
	};
	struct supervisor_config s;
	struct ipc_config        out;
	struct config            c;
	char                     errors[256];
	uint8_t                  body[512];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(parse(&c, ends[i], errors, sizeof(errors)),
		    0);
		config_supervisor(&s, &c, "/p");
		s.room.has_v4 = 1;
		s.room.udp_port = s.resources.udp_port_min;
		assert_int_equal(ipc_config_parse(&out, body,
		    ipc_config_write(body, sizeof(body), &s.room)), 0);
	}
}

/* Pages for all people, an address for a school, and rooms to open. */
static void
connections_fit_the_rooms_and_the_descriptors(void **state)
{
	struct http_limits limits = { 0 };
	struct config      c;

	(void)state;
	config_default(&c);
	config_http_limits(&limits, &c, 0);
	assert_int_equal(limits.connections_max, 5000);
	assert_int_equal(limits.per_address_max, 300);
	assert_int_equal(limits.per_loopback_max, 4500);
	c.rooms_max = 1000;
	c.participants_max = 256;
	c.http_connections_per_address = 16384;
	config_http_limits(&limits, &c, 1 << 20);
	assert_int_equal(limits.connections_max, 16384);
	config_http_limits(&limits, &c, 10000);
	assert_int_equal(limits.connections_max, 5000);
	assert_int_equal(limits.per_address_max, 5000);
	c.rooms_max = 1;
	c.participants_max = 2;
	config_http_limits(&limits, &c, 0);
	assert_int_equal(limits.connections_max, 1000);
	config_http_limits(&limits, &c, 1024);
	assert_int_equal(limits.connections_max, 1024 - 64 - 3 * 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_in_the_defaults),
		cmocka_unit_test(takes_each_key),
		cmocka_unit_test(says_where_and_what_is_wrong),
		cmocka_unit_test(refuses_text_that_is_too_long),
		cmocka_unit_test(prints_what_it_would_read),
		cmocka_unit_test(the_installed_file_says_the_defaults),
		cmocka_unit_test(the_installed_file_names_each_key),
		cmocka_unit_test(a_missing_or_huge_file_is_said),
		cmocka_unit_test(each_allowed_value_is_one_that_a_room_takes),
		cmocka_unit_test(
		    connections_fit_the_rooms_and_the_descriptors),
		cmocka_unit_test(state_dir_comes_from_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
