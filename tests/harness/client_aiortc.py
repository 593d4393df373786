#!/usr/bin/python3
"""A WebRTC client on aiortc, driven by lines of JSON on standard input.

SPDX-License-Identifier: GPL-3.0-or-later

It takes the commands of client-wrtc.mjs and answers in the same way.
"""
import asyncio
import collections
import fractions
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import numpy
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcpeerconnection
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcdtlstransport import RTCDtlsTransport
from av import AudioFrame, VideoFrame

WIDTH, HEIGHT, FPS = 320, 240, 15
AMPLITUDE = 32768 * 10 ** (-26 / 20)


class Paced(MediaStreamTrack):
    """A track that makes its frame number n at n times `step` seconds."""

    step = 0.0

    def __init__(self):
        super().__init__()
        self.count = 0
        self.start = None

    async def pace(self):
        if self.start is None:
            self.start = time.monotonic()
        wait = self.start + self.count * self.step - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        self.count += 1
        return self.count - 1


class Picture(Paced):
    """A plain colour with a white square that moves along the lower edge."""

    kind = 'video'
    step = 1 / FPS

    def __init__(self, colour):
        super().__init__()
        self.plain = numpy.full((HEIGHT, WIDTH, 3), colour, dtype=numpy.uint8)

    async def recv(self):
        count = await self.pace()
        pixels = self.plain.copy()
        left = count * 8 % (WIDTH - 24)
        pixels[HEIGHT - 32:HEIGHT - 8, left:left + 24] = 255
        frame = VideoFrame.from_ndarray(pixels, format='rgb24')
        frame.pts = count * 90000 // FPS
        frame.time_base = fractions.Fraction(1, 90000)
        return frame


class Tone(Paced):
    kind = 'audio'
    step = 0.02

    def __init__(self, frequency):
        super().__init__()
        self.turn = 2 * math.pi * frequency / 48000

    async def recv(self):
        count = await self.pace()
        at = numpy.arange(count * 960, (count + 1) * 960)
        samples = (AMPLITUDE * numpy.sin(self.turn * at)).round().astype(numpy.int16)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format='s16', layout='mono')
        frame.sample_rate = 48000
        frame.pts = count * 960
        frame.time_base = fractions.Fraction(1, 48000)
        return frame


def post(url, body, headers):
    """An HTTP request in its own thread: status, headers and text."""
    request = urllib.request.Request(url, data=body, headers=headers,
                                     method='POST' if body is not None else 'DELETE')
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, dict(response.headers.items()), response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers.items()), error.read().decode()


def edited(sdp, edits):
    for pattern, replacement in edits:
        sdp = re.sub(pattern, replacement, sdp, flags=re.MULTILINE)
    return sdp


feedback = collections.Counter()    # RTCP received: "type/format"


class CountingTransport(RTCDtlsTransport):
    async def _handle_rtcp_data(self, data):
        at = 0
        while at + 4 <= len(data):
            feedback[f'{data[at + 1]}/{data[at] & 31}'] += 1
            at += 4 + 4 * int.from_bytes(data[at + 2:at + 4], 'big')
        await super()._handle_rtcp_data(data)


class Client:
    def __init__(self):
        self.connection = None
        self.session = None
        self.latest = None
        self.frames = 0
        self.recorder = None
        self.tasks = []

    async def receive_video(self, track):
        while True:
            try:
                self.latest = await track.recv()
            except MediaStreamError:
                return
            self.frames += 1

    async def receive_audio(self, track):
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if self.recorder:
                channels = len(frame.layout.channels)
                samples = frame.to_ndarray().reshape(-1, channels)[:, 0]
                self.recorder.write(samples.astype(numpy.int16).tobytes())

    def on_track(self, track):
        receive = self.receive_video if track.kind == 'video' else self.receive_audio
        self.tasks.append(asyncio.ensure_future(receive(track)))

    async def join(self, url, name=None, mode='both', colour=None, toneHz=None, headers=None,
                   edits=None):
        edits = edits or {}
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on('track', self.on_track)
        sends = mode != 'watch'
        for kind, track in (('audio', sends and toneHz and Tone(toneHz)),
                            ('video', sends and colour and Picture(colour))):
            if track:
                self.connection.addTrack(track)
            elif mode != 'send':
                self.connection.addTransceiver(kind, direction='recvonly')
        await self.connection.setLocalDescription(await self.connection.createOffer())
        target = url + ('?' + urllib.parse.urlencode({'name': name}) if name else '')
        offer = edited(self.connection.localDescription.sdp, edits.get('offer', []))
        status, found, answer = await asyncio.to_thread(
            post, target, offer.encode(),
            {'Content-Type': 'application/sdp', **(headers or {})})
        if status != 201:
            raise RuntimeError(f'POST {target}: {status} {answer}')
        found = {key.lower(): value for key, value in found.items()}
        answer = edited(answer, edits.get('answer', []))
        self.session = urllib.parse.urljoin(url, found['location'])
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, 'answer'))
        return {'status': status, 'headers': found, 'session': self.session,
                'participant': found.get('tessera-participant'), 'offer': offer, 'answer': answer}

    async def stats(self):
        return {'framesDecoded': self.frames, 'frames': self.frames, 'feedback': feedback,
                'width': self.latest.width if self.latest else 0,
                'height': self.latest.height if self.latest else 0,
                'state': self.connection.connectionState if self.connection else 'new'}

    async def look(self, points):
        if not self.latest:
            raise RuntimeError('no picture was received')
        pixels = self.latest.to_ndarray(format='rgb24')
        height, width, _ = pixels.shape
        colours = []
        for x, y in points:
            left = min(width - 8, max(0, round(x * width) - 4))
            top = min(height - 8, max(0, round(y * height) - 4))
            block = pixels[top:top + 8, left:left + 8].reshape(-1, 3)
            colours.append([round(float(value)) for value in block.mean(axis=0)])
        return {'width': width, 'height': height, 'colours': colours}

    async def record(self, ms, file):
        with open(file, 'wb') as self.recorder:
            await asyncio.sleep(ms / 1000)
            output, self.recorder = self.recorder, None
            output.flush()

    async def leave(self):
        status, _, _ = await asyncio.to_thread(post, self.session, None, {})
        await self.connection.close()
        return {'status': status}

    async def answer(self, line):
        options = json.loads(line)
        number = options.pop('id')
        try:
            value = await getattr(self, options.pop('command'))(**options)
            reply = {'id': number, 'value': value}
        except Exception as error:  # whatever it is, the test must hear of it
            reply = {'id': number, 'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(reply), flush=True)


async def main():
    rtcpeerconnection.RTCDtlsTransport = CountingTransport
    client = Client()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        client.tasks.append(asyncio.ensure_future(client.answer(line)))


asyncio.run(main())
