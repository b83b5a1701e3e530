//! Blends of voices: `af_heart(2)+am_adam(1)`.
//!
//! Owns the notation: names of voices joined by `+`, each with an optional weight in brackets, 1 by default.

use vocabox_base::fault::Fault;
use vocabox_base::limits;

/// Voices and their shares, which add up to 1; each voice once.
#[derive(Debug, Clone, PartialEq)]
pub struct Blend(Vec<(String, f32)>);

impl Blend {
    /// Parses a voice or a blend of 1 to 5 voices with weights from 0.1 to 10. Faults: `Invalid`, with the field and
    /// the bounds. Whether the voices exist is for the engine to check.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut parts: Vec<(String, f32)> = Vec::new();
        let all: Vec<&str> = text.split('+').collect();
        if all.len() > limits::BLEND_VOICES_MAX {
            return Err(Fault::invalid(format!(
                "voice_id blends {} voices; at most {} are accepted",
                all.len(),
                limits::BLEND_VOICES_MAX
            )));
        }
        for part in &all {
            let (name, weight) = match part.split_once('(') {
                None if all.len() == 1 => (*part, 1.0),
                None => (part.trim(), 1.0),
                Some((name, rest)) => (name.trim(), weight(rest)?),
            };
            if all.len() > 1 && name.is_empty() {
                return Err(malformed());
            }
            if parts.iter().any(|(known, _)| known == name) {
                return Err(Fault::invalid(
                    "voice_id blends a voice with itself; name each one once",
                ));
            }
            parts.push((name.to_owned(), weight));
        }
        let sum: f32 = parts.iter().map(|(_, w)| w).sum();
        parts.iter_mut().for_each(|(_, w)| *w /= sum);
        Ok(Blend(parts))
    }

    /// Returns its voices.
    pub fn voices(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Returns its voices and their shares.
    pub fn shares(&self) -> &[(String, f32)] {
        &self.0
    }
}

/// Returns the weight in `rest`, which starts after the opening bracket.
fn weight(rest: &str) -> Result<f32, Fault> {
    let (min, max) = (limits::BLEND_WEIGHT_MIN, limits::BLEND_WEIGHT_MAX);
    let digits = rest.trim_end().strip_suffix(')').ok_or_else(malformed)?;
    let weight: f32 = digits.trim().parse().map_err(|_| malformed())?;
    match (min..=max).contains(&weight) {
        true => Ok(weight),
        false => Err(Fault::invalid(format!(
            "voice_id has a weight of {weight}; {min} to {max} is accepted"
        ))),
    }
}

fn malformed() -> Fault {
    Fault::invalid(
        "voice_id is no voice and no blend; a blend is written like af_heart(2)+am_adam(1)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blends_are_shares_of_one() {
        let blend = Blend::parse("af_heart(2)+am_adam(1) + bf_emma").unwrap();
        assert_eq!(
            blend.voices().collect::<Vec<_>>(),
            ["af_heart", "am_adam", "bf_emma"]
        );
        assert_eq!(
            blend.shares().iter().map(|(_, w)| *w).collect::<Vec<_>>(),
            [0.5, 0.25, 0.25]
        );
        assert_eq!(
            Blend::parse("af_heart").unwrap().shares(),
            [("af_heart".to_owned(), 1.0)]
        );
        assert_eq!(
            Blend::parse("af_heart(3)").unwrap(),
            Blend::parse("af_heart").unwrap()
        );
    }

    #[test]
    fn what_is_out_of_bounds_is_invalid_with_the_bound() {
        for (text, why) in [
            ("a(0.05)+b", "0.1 to 10"),
            ("a(11)+b", "0.1 to 10"),
            ("a(NaN)+b", "0.1 to 10"),
            ("a(inf)+b", "0.1 to 10"),
            ("a(x)+b", "is written like"),
            ("a(1+b", "is written like"),
            ("a+", "is written like"),
            ("+", "is written like"),
            ("a+a", "name each one once"),
            ("a+b+c+d+e+f", "at most 5"),
        ] {
            let fault = Blend::parse(text).unwrap_err();
            assert!(fault.sentence.contains(why), "{text}: {fault}");
        }
    }
}
