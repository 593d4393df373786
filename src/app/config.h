/*
 * The configuration of tesserad: a YAML file read into a plain value.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two tables say it all: the schema (key and type) and the ranges and
 * defaults beside it; etc/tesserad.yaml and tesserad.yaml(5) are compared
 * with them by a test. Each key may be missing. After start-up the value is
 * const and passed down; no layer below knows this header. Main thread.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "control/supervisor.h"
#include "http/http_connection.h"
#include "util/log.h"
#include "util/strbuf.h"

#define CONFIG_ADDRESS_MAX 80		/* of a listener, with the NUL */
#define CONFIG_PATH_MAX    1024
#define CONFIG_FILE_MAX    (64 * 1024)	/* bytes */

struct config_video {
	uint32_t width, height;
	uint32_t fps;
	uint32_t kbps;
};

struct config {
	/* "address:port"; empty: no such listener. */
	char http_listen[CONFIG_ADDRESS_MAX];
	char https_listen[CONFIG_ADDRESS_MAX];
	char admin_listen[CONFIG_ADDRESS_MAX];
	/* Both or none; none: made in state_dir. */
	char tls_certificate[CONFIG_PATH_MAX];
	char tls_key[CONFIG_PATH_MAX];
	char state_dir[CONFIG_PATH_MAX];
	/* None: all addresses of this machine. */
	unsigned           announce_count;
	struct ipc_address announce[IPC_ADDRESSES_MAX];
	uint32_t udp_port_min, udp_port_max;
	uint32_t rooms_max;
	uint32_t participants_max;	/* of a room, watchers too */
	uint32_t spare_rooms;
	uint32_t http_connections_per_address;
	uint32_t cpu_limit_percent;	/* of all processors; 100: none */
	uint32_t decode_threads;	/* of a room */
	uint32_t audio_kbps;
	struct config_video video;
	enum log_level log_level;
};

/* What holds without any file; state_dir comes from the environment. */
void config_default(struct config *out);

/*
 * Reads YAML text; `name` is what errors call it. Returns 0, or -EINVAL with
 * *out untouched and a line "name:3:5: what is wrong" for each fault in
 * `errors`.
 */
int config_parse(struct config *out, const char *name, const char *text,
    size_t len, struct strbuf *errors);

/* The same from a file; also -ENOENT, -EFBIG, another -errno, with a line. */
int config_load(struct config *out, const char *path, struct strbuf *errors);

/* The effective values as YAML that config_parse takes. */
void config_print(const struct config *config, struct strbuf *out);

/* Calls `visit` with each key, "video.width" for one inside another. */
void config_keys(void (*visit)(void *to, const char *key), void *to);

/* What the supervisor has to know of it. `program` is borrowed. */
void config_supervisor(struct supervisor_config *out,
    const struct config *config, const char *program);

/*
 * How many connections may come by HTTP, into *out beside its deadlines, when
 * the process may have `descriptors` in all (0: not known).
 */
void config_http_limits(struct http_limits *out, const struct config *config,
    uint64_t descriptors);

#endif
