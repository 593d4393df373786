/*
 * Reads, checks and prints the configuration.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cyaml/cyaml.h>
#include <event2/util.h>

#include "app/config.h"

/* ---- the tables ---------------------------------------------------------- */

/* As libcyaml loads it: NULL for what is not in the file. */
struct yaml_video {
	uint32_t *width, *height, *fps, *kbps;
};

struct yaml {
	char     *http_listen, *https_listen, *admin_listen;
	char     *tls_certificate, *tls_key, *state_dir, *log_level;
	char    **announce_addresses;
	unsigned  announce_addresses_count;
	uint32_t *udp_port_min, *udp_port_max, *rooms_max, *participants_max;
	uint32_t *spare_rooms, *decode_threads, *audio_kbps;
	uint32_t *http_connections_per_address, *cpu_limit_percent;
	struct yaml_video video;
};

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define NUMBER(type, key) \
	CYAML_FIELD_UINT_PTR(#key, OPTIONAL, struct type, key)
#define TEXT(key, size) \
	CYAML_FIELD_STRING_PTR(#key, OPTIONAL, struct yaml, key, 0, (size) - 1)

static const cyaml_schema_value_t address_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CONFIG_ADDRESS_MAX),
};

static const cyaml_schema_field_t video_schema[] = {
	NUMBER(yaml_video, width), NUMBER(yaml_video, height),
	NUMBER(yaml_video, fps), NUMBER(yaml_video, kbps),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t fields_schema[] = {
	TEXT(http_listen, CONFIG_ADDRESS_MAX),
	TEXT(https_listen, CONFIG_ADDRESS_MAX),
	TEXT(admin_listen, CONFIG_ADDRESS_MAX),
	TEXT(tls_certificate, CONFIG_PATH_MAX),
	TEXT(tls_key, CONFIG_PATH_MAX),
	TEXT(state_dir, CONFIG_PATH_MAX),
	TEXT(log_level, 16),
	CYAML_FIELD_SEQUENCE("announce_addresses", OPTIONAL, struct yaml,
	    announce_addresses, &address_schema, 0, IPC_ADDRESSES_MAX),
	NUMBER(yaml, udp_port_min), NUMBER(yaml, udp_port_max),
	NUMBER(yaml, rooms_max), NUMBER(yaml, participants_max),
	NUMBER(yaml, spare_rooms), NUMBER(yaml, decode_threads),
	NUMBER(yaml, audio_kbps),
	NUMBER(yaml, http_connections_per_address),
	NUMBER(yaml, cpu_limit_percent),
	CYAML_FIELD_MAPPING("video", CYAML_FLAG_OPTIONAL, struct yaml, video,
	    video_schema),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml, fields_schema),
};

struct number {
	const char *parent, *key;
	size_t      from, to;		/* offsets: struct yaml, config */
	uint32_t    least, most, standard;
	bool        even;
};

#define TOP(key, least, most, standard)					\
	{ NULL, #key, offsetof(struct yaml, key),			\
	    offsetof(struct config, key), least, most, standard, false }
#define VIDEO(key, least, most, standard, even)				\
	{ "video", #key, offsetof(struct yaml, video.key),		\
	    offsetof(struct config, video.key), least, most, standard, even }

/* In the order in which they are printed. */
static const struct number numbers[] = {
	TOP(udp_port_min, 1024, 65535, 40000),
	TOP(udp_port_max, 1024, 65535, 40099),
	TOP(rooms_max, 1, 1000, 50),
	TOP(participants_max, 2, 256, 50),
	TOP(spare_rooms, 1, 10, 2),
	TOP(http_connections_per_address, 10, 16384, 300),
	TOP(cpu_limit_percent, 10, 100, 85),
	TOP(decode_threads, 1, 8, 2),
	TOP(audio_kbps, 6, 510, 32),
	VIDEO(width, 320, 1920, 1280, true),
	VIDEO(height, 180, 1088, 720, true),
	VIDEO(fps, 5, 60, 25, false),
	VIDEO(kbps, 100, 20000, 1500, false),
};

struct text {
	const char *key;
	size_t      from, to, size;
	const char *standard;
};

#define STRING(key, standard)						\
	{ #key, offsetof(struct yaml, key), offsetof(struct config, key), \
	    sizeof(((struct config *)0)->key), standard }

static const struct text listeners[] = {
	STRING(http_listen, "127.0.0.1:8080"),
	STRING(https_listen, "[::]:8443"),
	STRING(admin_listen, "127.0.0.1:8081"),
};

static const struct text paths[] = {
	STRING(tls_certificate, ""),
	STRING(tls_key, ""),
	STRING(state_dir, ""),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint32_t *
number_in(struct config *c, const struct number *n)
{
	return (uint32_t *)(void *)((char *)c + n->to);
}

static uint32_t
number_of(const struct config *c, const struct number *n)
{
	uint32_t value;

	memcpy(&value, (const char *)c + n->to, sizeof(value));
	return value;
}

/* ---- where a fault is ---------------------------------------------------- */

/* A text being read, and where its faults are told. */
struct reading {
	const char    *name, *text;
	size_t         len;
	struct strbuf *errors;
	bool           wrong;
};

struct position {
	unsigned line, column;		/* from 1; line 0: not known */
};

struct line {
	const char *start;
	size_t      len, indent;
	unsigned    number;
};

/* The next line into *line, of number 0 at first; false at the end. */
static bool
next_line(const struct reading *r, struct line *line)
{
	const char *p = line->number ? line->start + line->len + 1 : r->text;
	const char *end = r->text + r->len, *newline;

	if (p >= end)
		return false;
	newline = memchr(p, '\n', (size_t)(end - p));
	line->start = p;
	line->len = (size_t)((newline ? newline : end) - p);
	line->indent = 0;
	while (line->indent < line->len && p[line->indent] == ' ')
		line->indent++;
	line->number++;
	return true;
}

static bool
line_is_key(const struct line *line, const char *key)
{
	const size_t len = strlen(key);
	const char  *p = line->start + line->indent;
	size_t       left = line->len - line->indent;

	if (left <= len || memcmp(p, key, len) != 0)
		return false;
	for (p += len, left -= len; left && *p == ' '; left--)
		p++;
	return left > 0 && *p == ':';
}

/*
 * The last line with the key, at the top or, with a parent, indented below
 * that. libcyaml says where a value is, but not where a key.
 */
static struct position
find_key(const struct reading *r, const char *parent, const char *key)
{
	struct position found = { 0, 0 };
	struct line     line = { 0 };
	bool            inside = false;

	while (next_line(r, &line)) {
		const bool top = line.indent == 0 && line.len > 0 &&
		    line.start[0] != '#';

		if (top && parent)
			inside = line_is_key(&line, parent);
		if (top == (parent == NULL) && (inside || !parent) &&
		    line_is_key(&line, key))
			found = (struct position){
				line.number, (unsigned)line.indent + 1,
			};
	}
	return found;
}

static void fault(struct reading *r, struct position at, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

static void
fault(struct reading *r, struct position at, const char *format, ...)
{
	va_list args;

	r->wrong = true;
	if (at.line)
		strbuf_printf(r->errors, "%s:%u:%u: ", r->name, at.line,
		    at.column);
	else
		strbuf_printf(r->errors, "%s: ", r->name);
	va_start(args, format);
	strbuf_vprintf(r->errors, format, args);
	va_end(args);
	strbuf_add(r->errors, "\n");
}

/* ---- libcyaml and what it says -------------------------------------------- */

/* The lines that libcyaml logs for one error. */
struct complaint {
	char            what[256];	/* the first, without "Load: " */
	char            field[64];	/* innermost that it names */
	char            outer[64];	/* outermost */
	struct position at;		/* of the innermost */
};

/* "  in mapping field 'spare_rooms' (line: 4, column: 14)" */
static void
read_backtrace(struct complaint *c, const char *line)
{
	const char  *field = strstr(line, "field '");
	const char  *quote = field ? field + strlen("field ") : NULL;
	const char  *end = quote ? strchr(quote + 1, '\'') : NULL;
	const char  *number = strstr(line, "(line: ");
	const char  *column = strstr(line, "column: ");
	const size_t len = end ? (size_t)(end - quote) - 1 : 0;

	if (len > 0 && len < sizeof(c->outer)) {
		memcpy(c->outer, quote + 1, len);
		c->outer[len] = '\0';
		if (c->field[0] == '\0')
			memcpy(c->field, c->outer, len + 1);
	}
	if (c->at.line == 0 && number && column) {
		c->at.line = (unsigned)strtoul(number + 7, NULL, 10);
		c->at.column = (unsigned)strtoul(column + 8, NULL, 10);
	}
}

static void on_cyaml_log(cyaml_log_t level, void *to, const char *format,
    va_list args) __attribute__((format(printf, 3, 0)));

static void
on_cyaml_log(cyaml_log_t level, void *to, const char *format, va_list args)
{
	struct complaint *c = to;
	char              line[256];
	const char       *text = line;

	(void)level;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(text, "Load: ", 6) == 0)
		text += 6;
	if (strncmp(text, "  in ", 5) == 0)
		read_backtrace(c, text);
	else if (c->what[0] == '\0')
		snprintf(c->what, sizeof(c->what), "%s", text);
}

static cyaml_config_t
cyaml_settings(struct complaint *complaint)
{
	return (cyaml_config_t){
		.log_fn = on_cyaml_log, .log_ctx = complaint,
		.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR,
	};
}

/* The line from which on the text is no YAML, found by leaving lines off. */
static struct position
find_syntax_error(const struct reading *r)
{
	struct complaint     complaint = { .what = "" };
	const cyaml_config_t settings = cyaml_settings(&complaint);
	struct position      found = { 0, 0 };
	struct line          line = { 0 };

	while (next_line(r, &line)) {
		const size_t len = (size_t)(line.start - r->text) + line.len;
		struct yaml *yaml = NULL;
		const cyaml_err_t err = cyaml_load_data(
		    (const uint8_t *)r->text, len, &settings, &schema,
		    (cyaml_data_t **)&yaml, NULL);

		cyaml_free(&settings, &schema, yaml, 0);
		if (err != CYAML_ERR_LIBYAML_PARSER)
			found.line = 0;
		else if (found.line == 0)
			found = (struct position){
				line.number, (unsigned)line.indent + 1,
			};
	}
	return found;
}

static void
tell_complaint(struct reading *r, const struct complaint *c, cyaml_err_t err)
{
	static const char *const of_keys[] = {
		"Unexpected key: ", "Mapping field already seen: ",
	};

	for (size_t i = 0; i < COUNT(of_keys); i++) {
		const size_t len = strlen(of_keys[i]);
		const char  *key = c->what + len;
		const char  *parent = c->outer[0] && strcmp(c->outer, key) ?
		    c->outer : NULL;

		if (strncmp(c->what, of_keys[i], len) != 0)
			continue;
		fault(r, find_key(r, parent, key), i == 0 ?
		    "there is no key %s%s%s" : "%s%s%s is there twice",
		    parent ? parent : "", parent ? "." : "", key);
		return;
	}
	if (err == CYAML_ERR_LIBYAML_PARSER)
		fault(r, find_syntax_error(r), "this is not YAML: %s",
		    strncmp(c->what, "libyaml: ", 9) == 0 ? c->what + 9 :
		    c->what);
	else if (c->field[0])
		fault(r, c->at, "%s: %s", c->field, c->what);
	else
		fault(r, c->at, "%s", c->what[0] ? c->what :
		    cyaml_strerror(err));
}

/* ---- checks --------------------------------------------------------------- */

static void
take_number(struct config *c, struct reading *r, const struct yaml *yaml,
    const struct number *n)
{
	const uint32_t *given;

	memcpy(&given, (const char *)yaml + n->from, sizeof(given));
	if (given == NULL)
		return;
	if (*given < n->least || *given > n->most)
		fault(r, find_key(r, n->parent, n->key),
		    "%s is %u, not %u to %u", n->key, *given, n->least,
		    n->most);
	else if (n->even && *given % 2)
		fault(r, find_key(r, n->parent, n->key),
		    "%s is %u, not even", n->key, *given);
	else
		*number_in(c, n) = *given;
}

/* Copies what was given; libcyaml has checked that it fits. */
static const char *
take_text(struct config *c, const struct yaml *yaml, const struct text *t)
{
	const char *given;

	memcpy(&given, (const char *)yaml + t->from, sizeof(given));
	if (given)
		snprintf((char *)c + t->to, t->size, "%s", given);
	return given;
}

static void
take_listener(struct config *c, struct reading *r, const struct yaml *yaml,
    const struct text *t)
{
	const char             *given = take_text(c, yaml, t);
	struct sockaddr_storage address = { 0 };
	int                     len = sizeof(address);

	if (given == NULL || given[0] == '\0')
		return;
	if (evutil_parse_sockaddr_port(given, (struct sockaddr *)&address,
	    &len) != 0 || strrchr(given, ':') == NULL ||
	    ((struct sockaddr_in *)&address)->sin_port == 0)
		fault(r, find_key(r, NULL, t->key),
		    "%s is \"%s\", not address:port", t->key, given);
}

static void
take_announced(struct config *c, struct reading *r, const struct yaml *yaml)
{
	if (yaml->announce_addresses == NULL)
		return;
	c->announce_count = 0;
	for (unsigned i = 0; i < yaml->announce_addresses_count; i++) {
		const char *given = yaml->announce_addresses[i];

		if (resources_address_parse(&c->announce[c->announce_count],
		    given) == 0)
			c->announce_count++;
		else
			fault(r, find_key(r, NULL, "announce_addresses"),
			    "announce_addresses: \"%s\" is no IP address, "
			    "or a link-local one", given);
	}
}

static void
take_level(struct config *c, struct reading *r, const struct yaml *yaml)
{
	if (yaml->log_level &&
	    log_level_parse(&c->log_level, yaml->log_level) != 0)
		fault(r, find_key(r, NULL, "log_level"), "log_level is "
		    "\"%s\", not error, warn, info or debug",
		    yaml->log_level);
}

/* What must fit together. */
static void
check_together(const struct config *c, struct reading *r)
{
	const uint32_t rooms = c->rooms_max + c->spare_rooms;

	if (c->udp_port_max < c->udp_port_min)
		fault(r, find_key(r, NULL, "udp_port_max"),
		    "udp_port_max is below udp_port_min");
	else if (c->udp_port_max - c->udp_port_min + 1 < rooms)
		fault(r, find_key(r, NULL, "rooms_max"), "rooms_max and "
		    "spare_rooms need %u UDP ports, %u to %u are fewer",
		    rooms, c->udp_port_min, c->udp_port_max);
	if ((c->tls_certificate[0] == '\0') != (c->tls_key[0] == '\0'))
		fault(r, find_key(r, NULL, c->tls_key[0] ? "tls_key" :
		    "tls_certificate"),
		    "tls_certificate and tls_key go together");
}

static void
take_all(struct config *c, struct reading *r, const struct yaml *yaml)
{
	for (size_t i = 0; i < COUNT(listeners); i++)
		take_listener(c, r, yaml, &listeners[i]);
	for (size_t i = 0; i < COUNT(paths); i++) {
		/* An empty state_dir means the one of the environment. */
		if (paths[i].to != offsetof(struct config, state_dir) ||
		    (yaml->state_dir && yaml->state_dir[0]))
			(void)take_text(c, yaml, &paths[i]);
	}
	take_level(c, r, yaml);
	take_announced(c, r, yaml);
	for (size_t i = 0; i < COUNT(numbers); i++)
		take_number(c, r, yaml, &numbers[i]);
	if (!r->wrong)
		check_together(c, r);
}

/* ---- what the header says -------------------------------------------------- */

/* $STATE_DIRECTORY (systemd), else the XDG state directory. */
static void
default_state_dir(char *out, size_t size)
{
	const char *given = getenv("STATE_DIRECTORY");
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (given && given[0])	/* the first of a list */
		snprintf(out, size, "%.*s", (int)strcspn(given, ":"), given);
	else if (xdg && xdg[0] == '/')
		snprintf(out, size, "%s/tessera", xdg);
	else if (home && home[0] == '/')
		snprintf(out, size, "%s/.local/state/tessera", home);
	else
		snprintf(out, size, "/var/lib/tessera");
}

void
config_default(struct config *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < COUNT(listeners); i++)
		snprintf((char *)out + listeners[i].to, listeners[i].size,
		    "%s", listeners[i].standard);
	for (size_t i = 0; i < COUNT(numbers); i++)
		*number_in(out, &numbers[i]) = numbers[i].standard;
	default_state_dir(out->state_dir, sizeof(out->state_dir));
	out->log_level = LOG_INFO;
}

int
config_parse(struct config *out, const char *name, const char *text,
    size_t len, struct strbuf *errors)
{
	struct complaint     complaint = { .what = "" };
	const cyaml_config_t settings = cyaml_settings(&complaint);
	struct reading       r = { name, text, len, errors, false };
	struct config        c;
	struct yaml         *yaml = NULL;
	cyaml_err_t          err;

	config_default(&c);
	err = cyaml_load_data((const uint8_t *)text, len, &settings, &schema,
	    (cyaml_data_t **)&yaml, NULL);
	if (err != CYAML_OK)
		tell_complaint(&r, &complaint, err);
	else if (yaml)
		take_all(&c, &r, yaml);
	cyaml_free(&settings, &schema, yaml, 0);
	if (r.wrong)
		return -EINVAL;
	*out = c;
	return 0;
}

/* The whole file into `text`; its length or -errno. */
static int
read_file(const char *path, char text[CONFIG_FILE_MAX])
{
	FILE  *file = fopen(path, "re");
	size_t len;
	int    err = 0;

	if (file == NULL)
		return -errno;
	len = fread(text, 1, CONFIG_FILE_MAX, file);
	if (ferror(file))
		err = -EIO;
	else if (len == CONFIG_FILE_MAX)
		err = -EFBIG;
	fclose(file);
	return err ? err : (int)len;
}

int
config_load(struct config *out, const char *path, struct strbuf *errors)
{
	char *text = malloc(CONFIG_FILE_MAX);
	int   len, err;

	if (text == NULL)
		return -ENOMEM;
	len = read_file(path, text);
	if (len < 0) {
		strbuf_printf(errors, "%s: %s\n", path, strerror(-len));
		err = len;
	} else {
		err = config_parse(out, path, text, (size_t)len, errors);
	}
	free(text);
	return err;
}

static void
print_text(struct strbuf *out, const char *key, const char *value)
{
	strbuf_printf(out, "%s: \"", key);
	for (; *value; value++)
		strbuf_printf(out, *value == '"' || *value == '\\' ?
		    "\\%c" : "%c", *value);
	strbuf_add(out, "\"\n");
}

static void
print_addresses(struct strbuf *out, const struct config *c)
{
	strbuf_add(out, "announce_addresses: [");
	for (unsigned i = 0; i < c->announce_count; i++) {
		const struct ipc_address *a = &c->announce[i];
		char                      text[INET6_ADDRSTRLEN];

		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, text,
		    sizeof(text));
		strbuf_printf(out, "%s\"%s\"", i ? ", " : "", text);
	}
	strbuf_add(out, "]\n");
}

void
config_print(const struct config *c, struct strbuf *out)
{
	const char *parent = NULL;

	for (size_t i = 0; i < COUNT(listeners); i++)
		print_text(out, listeners[i].key,
		    (const char *)c + listeners[i].to);
	for (size_t i = 0; i < COUNT(paths); i++)
		print_text(out, paths[i].key, (const char *)c + paths[i].to);
	strbuf_printf(out, "log_level: %s\n", log_level_name(c->log_level));
	print_addresses(out, c);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		if (numbers[i].parent && numbers[i].parent != parent)
			strbuf_printf(out, "%s:\n", numbers[i].parent);
		parent = numbers[i].parent;
		strbuf_printf(out, "%s%s: %u\n", parent ? "  " : "",
		    numbers[i].key, number_of(c, &numbers[i]));
	}
}

void
config_keys(void (*visit)(void *to, const char *key), void *to)
{
	char name[64];

	for (const cyaml_schema_field_t *f = fields_schema; f->key; f++) {
		if (f->value.type != CYAML_MAPPING)
			visit(to, f->key);
	}
	for (const cyaml_schema_field_t *f = video_schema; f->key; f++) {
		snprintf(name, sizeof(name), "video.%s", f->key);
		visit(to, name);
	}
}

void
config_supervisor(struct supervisor_config *out, const struct config *c,
    const char *program)
{
	*out = (struct supervisor_config){
		.program = program,
		.rooms_max = c->rooms_max,
		.spares = c->spare_rooms,
		.heartbeat_ms = 1000,
		.start_ms = 10000,
		.close_ms = 5000,
		.resources = {
			.udp_port_min = (uint16_t)c->udp_port_min,
			.udp_port_max = (uint16_t)c->udp_port_max,
			.announce_count = c->announce_count,
		},
		.room = {
			.participants_max = (uint16_t)c->participants_max,
			.decode_threads = (uint16_t)c->decode_threads,
			.log_level = (uint16_t)c->log_level,
			.video_width = (uint16_t)c->video.width,
			.video_height = (uint16_t)c->video.height,
			.video_fps = (uint16_t)c->video.fps,
			.video_bps = c->video.kbps * 1000,
			.audio_bps = c->audio_kbps * 1000,
		},
	};
	memcpy(out->resources.announce, c->announce, sizeof(c->announce));
}

#define CONNECTIONS_MIN  1000
#define CONNECTIONS_MAX  16384
#define OF_A_PERSON      2	/* the stream of events, and a request */
#define OF_A_ROOM        8	/* descriptors: channel, pidfd, sockets, air */
#define OF_OURSELVES     64	/* listeners, log, event loop, files served */

void
config_http_limits(struct http_limits *out, const struct config *c,
    uint64_t descriptors)
{
	const uint64_t others = OF_OURSELVES +
	    OF_A_ROOM * (c->rooms_max + c->spare_rooms);
	uint64_t       most = (uint64_t)c->rooms_max * c->participants_max *
	    OF_A_PERSON;

	if (most < CONNECTIONS_MIN)
		most = CONNECTIONS_MIN;
	if (most > CONNECTIONS_MAX)
		most = CONNECTIONS_MAX;
	/* A room that cannot open is worse than a page that waits. */
	if (descriptors && most + others > descriptors)
		most = descriptors > 2 * others ? descriptors - others :
		    descriptors / 2;
	out->connections_max = (unsigned)most;
	out->per_address_max = c->http_connections_per_address;
	if (out->per_address_max > out->connections_max)
		out->per_address_max = out->connections_max;
	/* A proxy in front is all people; the operator still gets in. */
	out->per_loopback_max = (unsigned)(most - most / 10);
}
