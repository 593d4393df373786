/*
 * The words of a relay's settings and scripts.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/relay_settings.h"

#define BLANKS   " \t\r\n,="
#define WORD_MAX 32

static bool
wrong(char *why, size_t why_len, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, why_len, format, arguments);
	va_end(arguments);
	return false;
}

void
relay_settings_init(struct relay_settings *s)
{
	*s = (struct relay_settings){
		.burst = 1,
		.reorder_us = 40000,
		.bucket_bytes = 1500,
		.queue_us = 500000,
		.blackout_us = -1,
	};
}

/* ---- words --------------------------------------------------------------- */

/* The next word of *text into `word`. False: none is left, or too long. */
static bool
next_word(const char **text, char word[WORD_MAX])
{
	size_t len;

	*text += strspn(*text, BLANKS);
	len = strcspn(*text, BLANKS);
	if (len == 0 || len >= WORD_MAX)
		return false;
	memcpy(word, *text, len);
	word[len] = '\0';
	*text += len;
	return true;
}

/* A number from 0 to `most` with one of the units (or none) after it. */
static bool
number(const char *word, const char *unit, double most, double *out)
{
	char        *end;
	const double value = strtod(word, &end);

	if (end == word || (*end != '\0' && strcmp(end, unit) != 0) ||
	    !(value >= 0 && value <= most))
		return false;
	*out = value;
	return true;
}

/* ---- keys ---------------------------------------------------------------- */

struct key {
	const char *name, *unit;
	double      most;
	void      (*set)(struct relay_settings *s, double value);
};

static void
set_loss(struct relay_settings *s, double v)
{
	s->loss = v / 100;
}

static void
set_burst(struct relay_settings *s, double v)
{
	s->burst = v < 1 ? 1 : v;
}

static void
set_delay(struct relay_settings *s, double v)
{
	s->delay_us = (int64_t)(v * 1000);
}

static void
set_jitter(struct relay_settings *s, double v)
{
	s->jitter_us = (int64_t)(v * 1000);
	s->jitter_normal = false;
}

static void
set_jitter_normal(struct relay_settings *s, double v)
{
	s->jitter_us = (int64_t)(v * 1000);
	s->jitter_normal = true;
}

static void
set_reorder(struct relay_settings *s, double v)
{
	s->reorder = v / 100;
}

static void
set_reorder_by(struct relay_settings *s, double v)
{
	s->reorder_us = (int64_t)(v * 1000);
}

static void
set_duplicate(struct relay_settings *s, double v)
{
	s->duplicate = v / 100;
}

static void
set_corrupt(struct relay_settings *s, double v)
{
	s->corrupt = v / 100;
}

static void
set_rate(struct relay_settings *s, double v)
{
	s->rate_bps = (uint64_t)(v * 1000);
}

static void
set_bucket(struct relay_settings *s, double v)
{
	s->bucket_bytes = (size_t)v;
}

static void
set_queue(struct relay_settings *s, double v)
{
	s->queue_us = (int64_t)(v * 1000);
	s->queue_bytes = 0;
}

static void
set_queue_bytes(struct relay_settings *s, double v)
{
	s->queue_us = 0;
	s->queue_bytes = (size_t)v;
}

static void
set_mtu(struct relay_settings *s, double v)
{
	s->mtu = (size_t)v;
}

static void
set_blackout(struct relay_settings *s, double v)
{
	s->blackout_us = (int64_t)(v * 1000000);
}

static const struct key keys[] = {
	{ "loss", "%", 100, set_loss },
	{ "burst", "", 1000, set_burst },
	{ "delay", "ms", 60000, set_delay },
	{ "jitter", "ms", 60000, set_jitter },
	{ "jitter-normal", "ms", 60000, set_jitter_normal },
	{ "reorder", "%", 100, set_reorder },
	{ "reorder-by", "ms", 60000, set_reorder_by },
	{ "duplicate", "%", 100, set_duplicate },
	{ "corrupt", "%", 100, set_corrupt },
	{ "rate", "k", 10000000, set_rate },
	{ "bucket", "B", 10000000, set_bucket },
	{ "queue", "ms", 60000, set_queue },
	{ "queue-bytes", "B", 100000000, set_queue_bytes },
	{ "mtu", "B", 65535, set_mtu },
	{ "blackout", "s", 86400, set_blackout },
};

static const struct key *
key_find(const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

bool
relay_settings_take(struct relay_settings *s, const char *words, char *why,
    size_t why_len)
{
	struct relay_settings taken = *s;
	char                  name[WORD_MAX], text[WORD_MAX];

	taken.blackout_us = -1;
	while (next_word(&words, name)) {
		const struct key *key = key_find(name);
		double            value;

		if (key == NULL)
			return wrong(why, why_len, "no such key: %s", name);
		if (!next_word(&words, text) ||
		    !number(text, key->unit, key->most, &value))
			return wrong(why, why_len,
			    "%s takes a number from 0 to %.0f%s%s", name,
			    key->most, *key->unit ? " " : "", key->unit);
		key->set(&taken, value);
	}
	if (*words != '\0')
		return wrong(why, why_len, "not a word: %.40s", words);
	*s = taken;
	return true;
}

/* ---- scripts ------------------------------------------------------------- */

/* up, down and both, and the words after them. */
static bool
step_words(struct relay_step *step, const char *where, const char *words,
    char *why, size_t why_len)
{
	struct relay_settings scratch;

	step->up = strcmp(where, "down") != 0;
	step->down = strcmp(where, "up") != 0;
	if (step->up && step->down && strcmp(where, "both") != 0)
		return wrong(why, why_len, "\"%s\" is not up, down, both, "
		    "rebind, report or reset", where);
	relay_settings_init(&scratch);
	if (!relay_settings_take(&scratch, words, why, why_len))
		return false;
	if (strlen(words) >= sizeof(step->words))
		return wrong(why, why_len, "too long: %.40s…", words);
	snprintf(step->words, sizeof(step->words), "%s", words);
	return true;
}

int
relay_step_parse(struct relay_step *out, const char *line, char *why,
    size_t why_len)
{
	struct relay_step step = { .deed = RELAY_SET };
	char              word[WORD_MAX];
	double            seconds = 0;

	if (!next_word(&line, word))
		return *line == '\0' ? 0 :
		    (wrong(why, why_len, "not a word: %.40s", line), -1);
	if (word[0] == '#')
		return 0;
	if (strcmp(word, "t") == 0) {
		if (!next_word(&line, word) ||
		    !number(word, "s", 86400, &seconds) ||
		    !next_word(&line, word)) {
			wrong(why, why_len, "t= takes seconds, and a deed "
			    "must follow");
			return -1;
		}
	}
	step.at_us = (int64_t)(seconds * 1000000);
	if (strcmp(word, "rebind") == 0)
		step.deed = RELAY_REBIND;
	else if (strcmp(word, "report") == 0)
		step.deed = RELAY_REPORT;
	else if (strcmp(word, "reset") == 0)
		step.deed = RELAY_RESET;
	if (step.deed == RELAY_SET) {
		if (!step_words(&step, word, line, why, why_len))
			return -1;
	} else if (line[strspn(line, BLANKS)] != '\0') {
		wrong(why, why_len, "nothing may follow %s", word);
		return -1;
	}
	*out = step;
	return 1;
}
