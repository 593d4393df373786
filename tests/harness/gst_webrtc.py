#!/usr/bin/python3
"""GStreamer's webrtcbin as a WHIP sender or a WHEP player.

SPDX-License-Identifier: GPL-3.0-or-later

gst_webrtc.py send|layers|watch URL (layers: sends two, by simulcast): prints one line of JSON for
each thing that happens: the answer's status and Location, then each second the state of ICE and how
many buffers were decoded. Ends with its standard input, and then DELETEs the session.
"""
import json
import sys
import urllib.parse
import urllib.request

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtp', '1.0')
gi.require_version('GstSdp', '1.0')
gi.require_version('GstWebRTC', '1.0')
from gi.repository import GLib, Gst, GstRtp, GstSdp, GstWebRTC  # noqa: E402

PEER = 'webrtcbin name=peer bundle-policy=max-bundle latency=100'

SEND = PEER + '''
videotestsrc is-live=true pattern=red ! video/x-raw,width=320,height=240,framerate=15/1
 ! videoconvert ! vp8enc deadline=1 keyframe-max-dist=60 target-bitrate=300000
 ! rtpvp8pay picture-id-mode=15-bit ! application/x-rtp,media=video,encoding-name=VP8,payload=96
 ! peer.
audiotestsrc is-live=true freq=600 volume=0.05 ! audioconvert ! audioresample
 ! audio/x-raw,rate=48000 ! opusenc ! rtpopuspay
 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! peer.
'''

LAYERS = {'h': (640, 360), 'l': (320, 180)}
RID, RID_ID = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', 2

SEND_LAYERS = PEER + '''
rtpfunnel name=funnel ! capsfilter name=layers ! peer.
videotestsrc is-live=true pattern=red ! video/x-raw,width=640,height=360,framerate=15/1
 ! videoconvert ! tee name=picture
''' + ''.join(f'''
picture. ! queue ! videoscale ! video/x-raw,width={width},height={height}
 ! vp8enc deadline=1 keyframe-max-dist=60 target-bitrate=200000
 ! rtpvp8pay name={rid} pt=96 picture-id-mode=15-bit ! funnel.
''' for rid, (width, height) in LAYERS.items())


def named_layers():
    """Two sizes of one picture, whose packets carry their RtpStreamId."""
    layers = Gst.parse_bin_from_description(SEND_LAYERS, False)
    rids = ','.join(f'rid-{rid}=(string)send' for rid in LAYERS)
    layers.get_by_name('layers').set_property('caps', Gst.Caps.from_string(
        'application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000,'
        f'extmap-{RID_ID}=(string)"{RID}",a-simulcast=(string)"send {";".join(LAYERS)}",{rids}'))
    for rid in LAYERS:
        name = Gst.ElementFactory.make('rtphdrextstreamid', None)
        name.set_id(RID_ID)
        name.set_property('rid', rid)
        layers.get_by_name(rid).emit('add-extension', name)
    return layers


def say(**what):
    print(json.dumps(what), flush=True)


class Client:
    def __init__(self, mode, url):
        self.url, self.session, self.decoded = url, None, {'audio': 0, 'video': 0}
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.Pipeline()
        if mode == 'layers':
            self.pipeline.add(named_layers())
        else:
            self.pipeline.add(Gst.parse_bin_from_description(SEND, False) if mode == 'send' else
                              Gst.parse_launch(PEER))
        self.peer = self.pipeline.get_by_name('peer')
        self.peer.connect('on-negotiation-needed', self.negotiate)
        if mode == 'watch':
            self.peer.connect('pad-added', self.on_pad)
            opus = 'OPUS,clock-rate=48000,encoding-params=(string)2,payload=97'
            for media, codec in (('audio', opus), ('video', 'VP8,clock-rate=90000,payload=96')):
                caps = Gst.Caps.from_string(
                    f'application/x-rtp,media={media},encoding-name={codec}')
                self.peer.emit('add-transceiver',
                               GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)
        self.pipeline.set_state(Gst.State.PLAYING)

    def negotiate(self, peer):
        peer.emit('create-offer', None, Gst.Promise.new_with_change_func(self.on_offer, None))

    def on_offer(self, promise, _):
        promise.wait()
        reply = promise.get_reply()     # the offer lives as long as this does
        offer = reply.get_value('offer')
        self.peer.emit('set-local-description', offer, Gst.Promise.new())
        request = urllib.request.Request(self.url, offer.sdp.as_text().encode(),
                                         {'Content-Type': 'application/sdp'}, method='POST')
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                answer = response.read().decode()
                self.session = urllib.parse.urljoin(self.url, response.headers['Location'])
                say(status=response.status, session=self.session)
        except urllib.error.HTTPError as error:
            say(status=error.code, problem=error.read().decode())
            return
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        self.peer.emit('set-remote-description', GstWebRTC.WebRTCSessionDescription.new(
            GstWebRTC.WebRTCSDPType.ANSWER, sdp), Gst.Promise.new())

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        media = pad.get_current_caps().get_structure(0).get_string('media')
        text = 'rtpopusdepay ! opusdec' if media == 'audio' else 'rtpvp8depay ! vp8dec'
        sink = Gst.parse_bin_from_description(f'queue ! {text} ! fakesink name=sink sync=false '
                                              'signal-handoffs=true', True)
        sink.get_by_name('sink').connect('handoff', self.on_buffer, media)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad('sink'))

    def on_buffer(self, _sink, _buffer, _pad, media):
        self.decoded[media] += 1

    def tell(self):
        say(ice=self.peer.get_property('ice-connection-state').value_nick, **self.decoded)
        return True

    def run(self):
        channel = GLib.IOChannel.unix_new(0)
        GLib.io_add_watch(channel, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP,
                          lambda *_: self.loop.quit())
        GLib.timeout_add(1000, self.tell)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)
        if self.session:
            with urllib.request.urlopen(urllib.request.Request(
                    self.session, method='DELETE'), timeout=10) as response:
                say(left=response.status)


Gst.init(None)
Client(sys.argv[1], sys.argv[2]).run()
