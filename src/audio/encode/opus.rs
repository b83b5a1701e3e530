//! Opus in Ogg (RFC 7845) by opus-pure.

use std::mem::take;

use opus_pure::{
    Application, MAX_PACKET_BYTES, OggOpusWriter, OpusEncoder, OpusHead, RateControl, Signal,
};

use super::Stream;
use crate::audio::opus::RATE_HZ;
use crate::audio::resample::Feed;
use crate::fault::Fault;

/// Rates that the codec takes; any other is resampled to the next of them, or to the last.
const RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];
/// Packets a second, and samples of one at 48 kHz: each lasts 20 ms, the codec's usual length.
const PACKETS_PER_S: u32 = 50;
const PACKET_SAMPLES: u64 = (RATE_HZ / PACKETS_PER_S) as u64;
/// Bits for each sample, up to so many a second: 48 kb/s at 24 kHz. RFC 7587 §3.1.1 has 28 to 40 kb/s for speech of the
/// whole band; a voice heard for itself gets some more.
const BITS_PER_SAMPLE: u32 = 2;
const BITS_PER_S_MAX: u32 = 64_000;

/// A file whose pages last a second each, so that players find a time in it quickly.
pub fn whole(samples: &[f32], rate_hz: u32) -> Result<Vec<u8>, Fault> {
    let mut stream = OpusStream::new(rate_hz)?;
    let mut file = Vec::new();
    for second in samples.chunks(rate_hz as usize) {
        file.extend(stream.push(second)?);
    }
    file.extend(Box::new(stream).finish()?);
    Ok(file)
}

/// A file whose pages leave with the push that filled them. The last packet waits for the next push, as only one that
/// is still here can end the file.
pub struct OpusStream {
    feed: Feed,
    encoder: OpusEncoder,
    writer: OggOpusWriter<Vec<u8>>,
    /// Samples at the encoder's rate that wait for a packet to fill.
    waiting: Vec<f32>,
    packet_samples: usize,
    /// Samples at 48 kHz that each of the encoder's stands for.
    ratio: u64,
    /// Where the sound ends so far, in samples at 48 kHz: after the decoder's warm-up and all that was pushed.
    end: u64,
}

impl OpusStream {
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
        Ok(OpusStream {
            feed,
            encoder,
            end: u64::from(head.pre_skip),
            writer: OggOpusWriter::new(Vec::new(), head).map_err(Fault::internal)?,
            waiting: Vec::new(),
            packet_samples: (coded_hz / PACKETS_PER_S) as usize,
            ratio: u64::from(RATE_HZ / coded_hz),
        })
    }

    /// Encodes all packets that are full and returns the pages that this closes.
    fn encode(&mut self) -> Result<Vec<u8>, Fault> {
        let mut packet = vec![0; MAX_PACKET_BYTES];
        let full = self.waiting.len() / self.packet_samples;
        for (i, samples) in self.waiting.chunks_exact(self.packet_samples).enumerate() {
            // A page is closed when a packet finds it longer than this: by the last packet, and by none before.
            let closes = i + 1 == full;
            self.writer
                .set_page_target(if closes { 1 } else { usize::MAX });
            let coded = self
                .encoder
                .encode(samples, self.packet_samples, &mut packet);
            let coded = &packet[..coded.map_err(Fault::internal)?];
            let samples = PACKET_SAMPLES.min(self.left());
            let written = self
                .writer
                .write_packet_with_duration(coded, samples as u32);
            written.map_err(Fault::internal)?;
        }
        self.waiting.drain(..full * self.packet_samples);
        Ok(self.writer.get_mut().map(take).unwrap_or_default())
    }

    /// Samples at 48 kHz from the last packet's end to the sound's.
    fn left(&self) -> u64 {
        self.end.saturating_sub(self.writer.granule() as u64)
    }

    /// Hears what the resampler has made ready since there were `before` samples waiting.
    fn heard(&mut self, before: usize) {
        self.end += (self.waiting.len() - before) as u64 * self.ratio;
    }
}

impl Stream for OpusStream {
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        // One sample that is no number would be heard in all that follow it.
        let clean = |s: &f32| if s.is_nan() { 0.0 } else { s.clamp(-1.0, 1.0) };
        let samples: Vec<f32> = samples.iter().map(clean).collect();
        let before = self.waiting.len();
        self.feed.push(&samples, &mut self.waiting)?;
        self.heard(before);
        self.encode()
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Fault> {
        let before = self.waiting.len();
        self.feed.finish(&mut self.waiting)?;
        self.heard(before);
        // The decoder's warm-up comes on top of the sound: there is always a packet left to make.
        let packets = self.left().div_ceil(PACKET_SAMPLES) as usize;
        self.waiting.resize(packets * self.packet_samples, 0.0);
        let mut made = self.encode()?;
        made.extend(self.writer.finish().map_err(Fault::internal)?);
        Ok(made)
    }
}
