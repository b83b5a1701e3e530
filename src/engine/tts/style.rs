//! The sound of a cloned voice: its style table, and how strongly it is applied.
//!
//! Owns the effect of `exaggeration` and `cfg_weight` on it, and its file format.

use std::sync::Arc;

use vocabox_audio::Clip;
use vocabox_base::fault::Fault;
use vocabox_text::PHONEMES_MAX;

/// Values of one style row: 128 of timbre, 128 of prosody.
pub const STYLE: usize = 256;
/// Values of a voice's whole table: a row for each number of phonemes.
pub const TABLE: usize = PHONEMES_MAX * STYLE;
/// Values of timbre in a row; those of prosody follow.
const TIMBRE: usize = STYLE / 2;
/// The change of the voice's pitch range at exaggeration 1 (wider) and 0 (narrower), in standard deviations of the
/// stock voices' ranges.
const LIVELY: f32 = 1.5;

/// A voice's table.
#[derive(Debug, Clone, PartialEq)]
pub struct StyleTable {
    /// `[510, 256] f32`: a row for each number of tokens, 128 values of timbre and 128 of prosody.
    pub rows: Vec<f32>,
    /// `[128] f32`: the change of prosody for a pitch range that is wider by one standard deviation of the stock
    /// voices.
    pub lively: Vec<f32>,
}

impl StyleTable {
    /// Parses the result of [`StyleTable::bytes`]. Faults: `Internal` for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let floats = bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let mut rows: Vec<f32> = floats.collect();
        if rows.len() != TABLE + TIMBRE || !bytes.len().is_multiple_of(4) {
            return Err(Fault::internal(format!("a style of {} bytes", bytes.len())));
        }
        let lively = rows.split_off(TABLE);
        Ok(StyleTable { rows, lively })
    }

    /// Returns all values, little-endian: the rows, then `lively`.
    pub fn bytes(&self) -> Vec<u8> {
        let values = self.rows.iter().chain(&self.lively);
        values.flat_map(|v| v.to_le_bytes()).collect()
    }
}

/// Speech of the cloned speaker, for engines that can convert to its tone.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its name, which is also its cache key.
    pub name: String,
    pub speech: Arc<Clip>,
}

/// How a cloned voice speaks.
#[derive(Debug, Clone)]
pub struct Style {
    pub style_table: Arc<StyleTable>,
    /// Speech of the speaker; set where a tone-colour converter is installed.
    pub example: Option<Example>,
    /// Voice of the pack that is most similar.
    pub nearest: String,
    /// 0 to 1: the width of the pitch range; 0.5 (and none) is the voice's own.
    pub exaggeration: Option<f32>,
    /// 0 to 1: the position between the nearest voice (0) and this one; 1 (and none) is this one.
    pub cfg_weight: Option<f32>,
}

impl Style {
    /// Returns the table after both controls. `nearest` is the table of the nearest voice.
    pub fn rows(&self, nearest: &[f32]) -> Vec<f32> {
        let way = self.cfg_weight.unwrap_or(1.0);
        let lively = LIVELY * 2.0 * (self.exaggeration.unwrap_or(0.5) - 0.5);
        let mut rows = self.style_table.rows.clone();
        if way != 1.0 {
            let pairs = rows.iter_mut().zip(nearest);
            pairs.for_each(|(own, near)| *own = near + way * (*own - near));
        }
        if lively != 0.0 {
            for row in rows.chunks_exact_mut(STYLE) {
                let prosody = row[TIMBRE..].iter_mut().zip(&self.style_table.lively);
                prosody.for_each(|(value, change)| *value += lively * change);
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(exaggeration: Option<f32>, cfg_weight: Option<f32>) -> Style {
        Style {
            style_table: Arc::new(StyleTable {
                rows: vec![1.0; TABLE],
                lively: vec![0.1; TIMBRE],
            }),
            example: None,
            nearest: String::new(),
            exaggeration,
            cfg_weight,
        }
    }

    #[test]
    fn without_controls_it_is_the_sheet_and_so_at_their_plain_values() {
        let nearest = vec![0.0; TABLE];
        for plain in [style(None, None), style(Some(0.5), Some(1.0))] {
            assert_eq!(plain.rows(&nearest), plain.style_table.rows);
        }
    }

    #[test]
    fn weight_goes_from_the_nearest_voice_and_exaggeration_moves_prosody_alone() {
        let nearest = vec![0.0; TABLE];
        let at = |e, w| {
            let rows = style(e, w).rows(&nearest);
            (rows[0], rows[TABLE - 1])
        };
        assert_eq!(at(None, Some(0.0)), (0.0, 0.0));
        assert_eq!(at(None, Some(0.25)), (0.25, 0.25));
        let close = |a: f32, b: f32| (a - b).abs() < 1e-6;
        let (timbre, prosody) = at(Some(1.0), None);
        assert!(timbre == 1.0 && close(prosody, 1.15), "{prosody}");
        assert!(close(at(Some(0.0), None).1, 0.85));
    }

    #[test]
    fn a_sheet_is_read_as_it_was_written() {
        let style_table = (*style(None, None).style_table).clone();
        assert_eq!(
            StyleTable::parse(&style_table.bytes()).unwrap(),
            style_table
        );
        assert!(StyleTable::parse(&style_table.bytes()[4..]).is_err());
        assert!(StyleTable::parse(&[]).is_err());
    }
}
