// Films for tessera-peer, made by ffmpeg.
// SPDX-License-Identifier: GPL-3.0-or-later
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/*
 * Pictures that move, with noise, so that encoders need all of their bits. Returns the path of
 * the .ivf, VP8 with one key frame.
 */
export async function makeClip(folder, { name = 'clip', size = '640x360', fps = 25, noise, frames,
	rate, speed = 6 }) {
	const clip = path.join(folder, `${name}.ivf`);

	await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i',
	    `mandelbrot=s=${size}:r=${fps}`, '-vf', `noise=alls=${noise}:allf=t,format=yuv420p`,
	    '-frames:v', String(frames), '-c:v', 'libvpx', '-b:v', rate, '-deadline',
	    'realtime', '-cpu-used', `-${speed}`, '-g', '1000', '-auto-alt-ref', '0',
	    '-lag-in-frames', '0', clip]);
	return clip;
}
