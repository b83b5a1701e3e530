//! Samples → bare Opus packets, which any container may carry.

use opus_pure::{Application, MAX_PACKET_BYTES, OpusEncoder, OpusHead, RateControl, Signal};

use crate::audio::opus::RATE_HZ;
use crate::audio::resample::Feed;
use crate::fault::Fault;

/// Rates that the codec takes; any other is resampled to the next of them, or to the last.
const RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];
/// Packets a second: each lasts 20 ms, the codec's usual length.
const PACKETS_PER_S: u32 = 50;
/// Samples of one packet at 48 kHz, the rate that Opus counts in.
pub const PACKET_SAMPLES: u32 = RATE_HZ / PACKETS_PER_S;
/// Bits for each sample, up to so many a second: 48 kb/s at 24 kHz. RFC 7587 §3.1.1 has 28 to 40 kb/s for speech of the
/// whole band; a voice heard for itself gets some more.
const BITS_PER_SAMPLE: u32 = 2;
const BITS_PER_S_MAX: u32 = 64_000;

/// An encoder of mono speech. Its packets begin with a warm-up of [`OpusPackets::pre_skip`] samples.
pub struct OpusPackets {
    feed: Feed,
    encoder: OpusEncoder,
    head: OpusHead,
    /// Samples at the encoder's rate that wait for a packet to fill.
    waiting: Vec<f32>,
    packet_samples: usize,
    /// Samples at 48 kHz that each of the encoder's stands for.
    ratio: u64,
    /// Where the sound ends so far, in samples at 48 kHz: after the warm-up and all that was pushed.
    end: u64,
    /// Where the packets end so far.
    made: u64,
}

impl OpusPackets {
    /// For samples of `rate_hz`. Fault: `Internal` when the encoder cannot be made.
    pub fn new(rate_hz: u32) -> Result<Self, Fault> {
        let fits = RATES_HZ.iter().find(|rate| **rate >= rate_hz);
        let coded_hz = *fits.unwrap_or(&RATE_HZ);
        let feed = Feed::new(rate_hz, coded_hz)?;
        let mut encoder =
            OpusEncoder::new(coded_hz as i32, 1, Application::Audio).map_err(Fault::internal)?;
        encoder.bitrate_bps = (BITS_PER_SAMPLE * coded_hz).min(BITS_PER_S_MAX) as i32;
        encoder.rate_control = RateControl::Vbr;
        encoder.signal_type = Some(Signal::Voice);
        let head = OpusHead::for_encoder(&encoder, rate_hz);
        Ok(OpusPackets {
            feed,
            encoder,
            waiting: Vec::new(),
            packet_samples: (coded_hz / PACKETS_PER_S) as usize,
            ratio: u64::from(RATE_HZ / coded_hz),
            end: u64::from(head.pre_skip),
            made: 0,
            head,
        })
    }

    /// What a container says of the stream.
    pub(super) fn head(&self) -> &OpusHead {
        &self.head
    }

    /// Samples at 48 kHz before the sound.
    pub fn pre_skip(&self) -> u16 {
        self.head.pre_skip
    }

    /// Where the sound pushed so far ends, in samples at 48 kHz after the first packet's start.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// All packets that `samples`, in [−1, 1], fill. Fault: `Internal` when the encoder fails.
    pub fn push(&mut self, samples: &[f32]) -> Result<Vec<Vec<u8>>, Fault> {
        // One sample that is no number would be heard in all that follow it.
        let clean = |s: &f32| if s.is_nan() { 0.0 } else { s.clamp(-1.0, 1.0) };
        let samples: Vec<f32> = samples.iter().map(clean).collect();
        let before = self.waiting.len();
        self.feed.push(&samples, &mut self.waiting)?;
        self.heard(before);
        self.encode()
    }

    /// The last packets, silence behind the sound. Fault: as [`OpusPackets::push`].
    pub fn finish(&mut self) -> Result<Vec<Vec<u8>>, Fault> {
        let before = self.waiting.len();
        self.feed.finish(&mut self.waiting)?;
        self.heard(before);
        // The decoder's warm-up comes on top of the sound: there is always a packet left to make.
        let left = self.end.saturating_sub(self.made);
        let packets = left.div_ceil(u64::from(PACKET_SAMPLES)) as usize;
        self.waiting.resize(packets * self.packet_samples, 0.0);
        self.encode()
    }

    /// Hears what the resampler has made ready since there were `before` samples waiting.
    fn heard(&mut self, before: usize) {
        self.end += (self.waiting.len() - before) as u64 * self.ratio;
    }

    fn encode(&mut self) -> Result<Vec<Vec<u8>>, Fault> {
        let mut packets = Vec::new();
        let mut packet = vec![0; MAX_PACKET_BYTES];
        let full = self.waiting.len() / self.packet_samples;
        for samples in self.waiting.chunks_exact(self.packet_samples) {
            let coded = self
                .encoder
                .encode(samples, self.packet_samples, &mut packet);
            packets.push(packet[..coded.map_err(Fault::internal)?].to_vec());
        }
        self.waiting.drain(..full * self.packet_samples);
        self.made += packets.len() as u64 * u64::from(PACKET_SAMPLES);
        Ok(packets)
    }
}
