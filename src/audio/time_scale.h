/*
 * Sound made a little shorter or longer, so that nobody hears it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One period of the voice is taken out, or put in once more, where the wave is
 * most like itself a period later; the two are faded into each other over the
 * whole period (overlap-add by similarity: Verhelst and Roelands, "WSOLA",
 * ICASSP 1993). The first and the last samples stay, so that it goes on from
 * what was before and into what comes. Periods of 2.5 to 10 ms. Pure.
 */
#ifndef AUDIO_TIME_SCALE_H
#define AUDIO_TIME_SCALE_H

#define TIME_SCALE_PERIOD_MAX 480	/* samples at 48 kHz */

/*
 * Both work on `count` samples in place and return the new count; nothing is
 * changed when there are fewer than two of the longest periods, or when no two
 * periods are as alike as `alike` (their normalised correlation, -1..1; 0.8 is
 * a clear voice; silence is like itself). Lengthening needs room for
 * TIME_SCALE_PERIOD_MAX more.
 */
int time_scale_shorten(float *samples, int count, float alike);
int time_scale_lengthen(float *samples, int count, float alike);

#endif
