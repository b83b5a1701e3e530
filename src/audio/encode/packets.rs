//! Encodes samples to bare Opus packets, which any container may carry.

use opus_pure::{Application, MAX_PACKET_BYTES, OpusEncoder, OpusHead, RateControl, Signal};

use super::round_trip::RoundTrip;
use crate::decode::codecs::opus::RATE_HZ;
use crate::dsp::resample::Feed;
use vocabox_base::fault::Fault;

/// Rates that the codec takes; any other is resampled to the next higher of them, or to the highest.
const RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];
/// Packets a second: each lasts 20 ms, the codec's usual length.
const PACKETS_PER_S: u32 = 50;
/// Samples of one packet at 48 kHz, the rate that Opus counts in.
pub const PACKET_SAMPLES: u32 = RATE_HZ / PACKETS_PER_S;
/// Bits for each sample, up to `BITS_PER_S_MAX`: 48 kb/s at 24 kHz. RFC 7587 §3.1.1 has 28 to 40 kb/s for fullband
/// speech; a single voice gets a little more.
const BITS_PER_SAMPLE: u32 = 2;
const BITS_PER_S_MAX: u32 = 64_000;
/// Factor on the bit rate for two channels: 96 kb/s; RFC 7587 §3.1.1 has 64 to 128 kb/s for stereo music.
const STEREO_BITS: f64 = 1.5;

/// An encoder of speech, or of two channels of a film. Its packets start with a warm-up of [`OpusPackets::pre_skip`]
/// samples.
pub struct OpusPackets {
    feed: Feed,
    encoder: OpusEncoder,
    round_trip: RoundTrip,
    head: OpusHead,
    /// Interleaved frames at the encoder's rate that wait for a full packet.
    waiting: Vec<f32>,
    channels: usize,
    /// Frames of a packet at that rate.
    packet_frames: usize,
    /// Samples at 48 kHz for each of the encoder's samples.
    ratio: u64,
    /// The end of the sound so far, in samples at 48 kHz: after the warm-up and everything pushed.
    end: u64,
    /// The end of the packets so far.
    made: u64,
}

impl OpusPackets {
    /// Returns an encoder for sound of `rate_hz` in 1 or 2 channels. Fault: `Internal` when the encoder cannot be made.
    pub fn new(rate_hz: u32, channels: usize) -> Result<Self, Fault> {
        let fits = RATES_HZ.iter().find(|rate| **rate >= rate_hz);
        let coded_hz = *fits.unwrap_or(&RATE_HZ);
        let feed = Feed::new(rate_hz, coded_hz, channels)?;
        let mut encoder = OpusEncoder::new(coded_hz as i32, channels, Application::Audio)
            .map_err(Fault::internal)?;
        let bits_per_s = (BITS_PER_SAMPLE * coded_hz).min(BITS_PER_S_MAX);
        encoder.rate_control = RateControl::Vbr;
        (encoder.bitrate_bps, encoder.signal_type) = match channels {
            1 => (bits_per_s as i32, Some(Signal::Voice)),
            // A film's sound may be music or noise besides voices.
            _ => ((f64::from(bits_per_s) * STEREO_BITS) as i32, None),
        };
        let head = OpusHead::for_encoder(&encoder, rate_hz);
        Ok(OpusPackets {
            feed,
            encoder,
            round_trip: RoundTrip::new(coded_hz, channels)?,
            waiting: Vec::new(),
            channels,
            packet_frames: (coded_hz / PACKETS_PER_S) as usize,
            ratio: u64::from(RATE_HZ / coded_hz),
            end: u64::from(head.pre_skip),
            made: 0,
            head,
        })
    }

    /// Returns the header that a container needs.
    pub(super) fn head(&self) -> &OpusHead {
        &self.head
    }

    /// Returns the samples at 48 kHz before the sound.
    pub fn pre_skip(&self) -> u16 {
        self.head.pre_skip
    }

    /// Returns the end of the sound pushed so far, in samples at 48 kHz after the first packet's start.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Returns all packets that `samples` (whole interleaved frames in [−1, 1]) complete. Fault: `Internal` when the
    /// encoder fails.
    pub fn push(&mut self, samples: &[f32]) -> Result<Vec<Vec<u8>>, Fault> {
        // A single NaN would spoil everything that follows it.
        let clean = |s: &f32| if s.is_nan() { 0.0 } else { s.clamp(-1.0, 1.0) };
        let samples: Vec<f32> = samples.iter().map(clean).collect();
        let before = self.waiting.len();
        self.feed.push(&samples, &mut self.waiting)?;
        self.heard(before);
        self.encode()
    }

    /// Returns the last packets, with silence after the sound. Fault: as [`OpusPackets::push`].
    pub fn finish(&mut self) -> Result<Vec<Vec<u8>>, Fault> {
        let before = self.waiting.len();
        self.feed.finish(&mut self.waiting)?;
        self.heard(before);
        // The decoder's warm-up adds to the sound: there is always a packet left to make.
        let left = self.end.saturating_sub(self.made);
        let packets = left.div_ceil(u64::from(PACKET_SAMPLES)) as usize;
        self.waiting
            .resize(packets * self.packet_frames * self.channels, 0.0);
        self.encode()
    }

    /// Counts what the resampler has added since `before` samples were waiting.
    fn heard(&mut self, before: usize) {
        let frames = (self.waiting.len() - before) / self.channels;
        self.end += frames as u64 * self.ratio;
    }

    fn encode(&mut self) -> Result<Vec<Vec<u8>>, Fault> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut packets = Vec::new();
        let mut frames = waiting.chunks_exact(self.packet_frames * self.channels);
        for samples in frames.by_ref() {
            let mut packet = self.packet(samples)?;
            // The encoder made such a packet once in a film of five minutes: 20 ms at six times full scale, which its
            // samples were not.
            if self.round_trip.is_burst(samples, &packet)? {
                log::warn!(
                    "an Opus packet was coded anew, because it would have been heard as a burst"
                );
                self.encoder.reset_state().map_err(Fault::internal)?;
                self.round_trip.reset()?;
                packet = self.packet(samples)?;
                self.round_trip.is_burst(samples, &packet)?;
            }
            packets.push(packet);
        }
        self.waiting = frames.remainder().to_vec();
        self.made += packets.len() as u64 * u64::from(PACKET_SAMPLES);
        Ok(packets)
    }

    fn packet(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        let mut packet = vec![0; MAX_PACKET_BYTES];
        let coded = self
            .encoder
            .encode(samples, self.packet_frames, &mut packet);
        packet.truncate(coded.map_err(Fault::internal)?);
        Ok(packet)
    }
}
