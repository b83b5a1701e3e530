//! Compares what a decoder makes of Opus packets with what was encoded.

use opus_pure::OpusDecoder;

use vocabox_base::fault::Fault;

/// Decoded samples may be this many times as high as the encoded ones, plus an offset. Of 1.8 million packets none was
/// higher by more than a factor of 3.4: clipped noise in two channels, which libopus makes as high
/// (`benches/runs/2026-11-30-fuzz.md`); of speech none by more than 2 and 0.29.
const TIMES: f32 = 3.0;
const MORE: f32 = 0.5;

/// A decoder that runs beside an encoder.
pub struct RoundTrip {
    decoder: OpusDecoder,
    channels: usize,
    /// The highest sample of the previous packet, which overlaps with the decoded one.
    before: f32,
    decoded: Vec<f32>,
}

impl RoundTrip {
    /// Returns a decoder for packets of that rate and as many channels. Fault: `Internal` when the decoder cannot be
    /// made.
    pub fn new(rate_hz: u32, channels: usize) -> Result<Self, Fault> {
        Ok(RoundTrip {
            decoder: OpusDecoder::new(rate_hz as i32, channels).map_err(Fault::internal)?,
            channels,
            before: 0.0,
            decoded: Vec::new(),
        })
    }

    /// Whether `packet`, encoded from these interleaved samples, decodes far louder than they are. Fault: `Internal`
    /// when it cannot be decoded.
    pub fn is_burst(&mut self, samples: &[f32], packet: &[u8]) -> Result<bool, Fault> {
        self.decoded.resize(samples.len(), 0.0);
        let frames = samples.len() / self.channels;
        let decoded = self.decoder.decode(packet, frames, &mut self.decoded);
        let decoded = decoded.map_err(Fault::internal)? * self.channels;
        let own = peak(samples);
        let most = TIMES * own.max(self.before) + MORE;
        self.before = own;
        Ok(peak(&self.decoded[..decoded]) > most)
    }

    /// Resets the decoder's state. Fault: `Internal`.
    pub fn reset(&mut self) -> Result<(), Fault> {
        self.decoder.reset_state().map_err(Fault::internal)
    }
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |most, s| most.max(s.abs()))
}

#[cfg(test)]
mod tests {
    use opus_pure::{Application, MAX_PACKET_BYTES, OpusEncoder};

    use super::*;

    const FRAMES: usize = 960;

    /// The number of packets of a tone burst that count as bursts, if those from `loud` on are encoded eight times as
    /// loud as the check is told.
    fn bursts(loud: usize, gain: f32) -> usize {
        let mut encoder = OpusEncoder::new(48_000, 1, Application::Audio).unwrap();
        let mut round_trip = RoundTrip::new(48_000, 1).unwrap();
        let mut packet = vec![0; MAX_PACKET_BYTES];
        let tone = |n: usize| gain * (n as f32 * 0.05).sin() * (n as f32 * 0.000_7).sin();
        let mut is_burst = |at: usize| {
            let told: Vec<f32> = (at * FRAMES..(at + 1) * FRAMES).map(tone).collect();
            let times = if at < loud { 1.0 } else { 8.0 };
            let coded: Vec<f32> = told.iter().map(|s| times * s).collect();
            let bytes = encoder.encode(&coded, FRAMES, &mut packet).unwrap();
            round_trip.is_burst(&told, &packet[..bytes]).unwrap()
        };
        (0..100).filter(|at| is_burst(*at)).count()
    }

    #[test]
    fn only_what_is_far_louder_than_it_should_be_is_a_burst() {
        for gain in [0.0, 0.01, 0.3, 1.0] {
            assert_eq!(bursts(100, gain), 0, "{gain}");
        }
        assert!(bursts(50, 0.7) > 30);
    }
}
