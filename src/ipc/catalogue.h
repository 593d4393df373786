/*
 * The catalogue of messages between tesserad and a tessera-room.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One row a message: name, least and most bytes (of the body, without
 * struct ipc_header), least and most descriptors, and the states of the room
 * in which it may come. The enum, the names, the rules and the table in
 * docs/IPC.md come from these rows.
 *
 * tesserad treats each message of a worker as hostile: a wrong one kills that
 * worker, never tesserad. A worker treats a wrong message of tesserad as a
 * bug of ours and aborts. Pure; any thread.
 */
#ifndef IPC_CATALOGUE_H
#define IPC_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPC_VERSION     4
#define IPC_MESSAGE_MAX (96 * 1024)	/* header and body */
#define IPC_FDS_MAX     4

/* The life of a worker as tesserad sees it; bits, so that rows can join. */
enum ipc_state {
	IPC_IN_START = 1,	/* exec'd, HELLO not seen */
	IPC_IN_PREPARE = 2,	/* CONFIG sent, READY not seen */
	IPC_IN_SPARE = 4,	/* locked down, waits for its room */
	IPC_IN_ROOM = 8,	/* OPEN sent: it is a room */
	IPC_IN_CLOSE = 16,	/* CLOSE sent, waits for the end */
};

#define IPC_IN_LIFE (IPC_IN_SPARE | IPC_IN_ROOM | IPC_IN_CLOSE)

/* name, least bytes, most bytes, least fds, most fds, states */
#define IPC_DOWN_ROWS(X)						\
	X(CONFIG,   28,   316, 1, 2, IPC_IN_START)			\
	X(OPEN,      3,    66, 0, 0, IPC_IN_SPARE)			\
	X(JOIN,     27, 65818, 0, 0, IPC_IN_ROOM)			\
	X(PATCH,    12,   268, 0, 0, IPC_IN_ROOM)			\
	X(RESTART,  15, 65550, 0, 0, IPC_IN_ROOM)			\
	X(LEAVE,     8,     8, 0, 0, IPC_IN_ROOM | IPC_IN_CLOSE)	\
	X(LOAD,      4,     4, 0, 0, IPC_IN_LIFE)			\
	X(PING,      8,     8, 0, 0, IPC_IN_LIFE)			\
	X(CLOSE,     0,     0, 0, 0, IPC_IN_SPARE | IPC_IN_ROOM)

#define IPC_UP_ROWS(X)							\
	X(HELLO,     8,     8, 0, 0, IPC_IN_START)			\
	X(READY,    32,    32, 0, 0, IPC_IN_PREPARE)			\
	X(ANSWER,   16, 65552, 0, 0, IPC_IN_ROOM | IPC_IN_CLOSE)	\
	X(PRESENCE,  8,     8, 0, 0, IPC_IN_ROOM | IPC_IN_CLOSE)	\
	X(TILEMAP,  14,   602, 0, 0, IPC_IN_ROOM | IPC_IN_CLOSE)	\
	X(SPEAKING,  4,    68, 0, 0, IPC_IN_ROOM | IPC_IN_CLOSE)	\
	X(QUALITY,   4,  8196, 0, 0, IPC_IN_ROOM | IPC_IN_CLOSE)	\
	X(STATS,   432,   432, 0, 0, IPC_IN_LIFE)			\
	X(LOG,       8,  1032, 0, 0, IPC_IN_PREPARE | IPC_IN_LIFE)	\
	X(PONG,      8,     8, 0, 0, IPC_IN_LIFE)

#define IPC_ENUM_ROW(name, least, most, fds_least, fds_most, states)	\
	IPC_##name,

enum ipc_type {
	IPC_NONE,
	IPC_DOWN_ROWS(IPC_ENUM_ROW)
	IPC_DOWN_END,
	IPC_UP_ROWS(IPC_ENUM_ROW)
	IPC_UP_END,
};

/* Before each body, in this order, big-endian. */
struct ipc_header {
	uint16_t version;	/* IPC_VERSION */
	uint16_t type;		/* enum ipc_type */
	uint32_t body_len;	/* must be what follows, exactly */
};

#define IPC_HEADER_LEN 8
#define IPC_BODY_MAX   (IPC_MESSAGE_MAX - IPC_HEADER_LEN)

/*
 * Whether a message from a worker (up) may come now with this body length
 * and this many descriptors. False means: kill this worker.
 */
bool ipc_up_allowed(uint16_t type, size_t body_len, unsigned fds,
    unsigned state);

/* The same for a message from tesserad. False means: a bug, abort. */
bool ipc_down_allowed(uint16_t type, size_t body_len, unsigned fds,
    unsigned state);

/* "JOIN", or "?" for what is not in the catalogue. */
const char *ipc_type_name(uint16_t type);

#endif
