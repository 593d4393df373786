/*
 * Who is heard, and who speaks.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Heard: from the first frame above -60 dBov until a second of silence, so
 * that no beginning of a word is lost. At most `heard_max`: then one who is
 * clearly louder takes the place of the quietest.
 * Speaking: the smoothed level is above -50 dBov for a moment; until it was
 * below -55 for a while. What a page shows. Pure. Owner: audio thread.
 */
#ifndef AUDIO_ACTIVE_SPEAKER_H
#define AUDIO_ACTIVE_SPEAKER_H

#include <stdbool.h>

struct active_speaker;

int  active_speaker_new(struct active_speaker **out, unsigned legs_max,
    unsigned heard_max);
void active_speaker_free(struct active_speaker *s);

/* Forgets the leg: he is silent, heard no more, and speaks no more. */
void active_speaker_remove(struct active_speaker *s, unsigned leg);

/* The level of this tick, in -dBov (audio/audio_level.h). */
void active_speaker_level(struct active_speaker *s, unsigned leg,
    float level_dbov);

/*
 * Each 20 ms, after the levels; a leg without a level in this tick is silent.
 * Returns whether the list of speakers changed.
 */
bool active_speaker_tick(struct active_speaker *s);

bool active_speaker_heard(const struct active_speaker *s, unsigned leg);

/* Those who speak, loudest first, borrowed until the next tick. */
const unsigned *active_speaker_list(const struct active_speaker *s,
    unsigned *count);

#endif
