//! Which sound track of a recording is heard: the one that was asked for; else one in the language that was asked for, a
//! default, the first one, in this order, and among them the first that is not silent. Which of several that are as good has
//! speech is for others to find out.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::Error;
use symphonia::core::formats::well_known::FORMAT_ID_ISOMP4;
use symphonia::core::formats::{FormatReader, Track};

use crate::decode::bounds::check_channels;
use crate::decode::container::{self, Opened};
use crate::decode::downmix::Width;
use crate::decode::formats::telephony::BareCoding;
use crate::decode::input::FileSpan;
use crate::decode::refusals::{DAMAGED, soundless, undecodable, unread_codec};
use crate::decode::shield::shielded;
use crate::decode::track::TrackDecoder;
use vocabox_base::fault::Fault;
use vocabox_base::language_codes::terminological;

/// Seconds of a preferred track that must be silent before another one is heard, if that one is not.
const PATIENCE_S: f64 = 30.0;
/// Samples below which a track is silent: −66 dB, above the noise of converters and codecs.
const SILENCE: f32 = 0.000_5;
/// Packets that are examined, of all tracks.
const PACKETS_MAX: usize = 200_000;

/// Which sound of a recording to hear.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrackChoice {
    /// The number of the sound track, from 1 on; none to choose by what is in the file.
    pub number: Option<usize>,
    /// Codes of the language that is preferred, of two and three letters.
    pub languages: Vec<String>,
}

/// What to hear of a recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SoundRequest {
    pub track: TrackChoice,
    /// The coding of a file without a head, and its samples a second.
    pub bare: Option<(BareCoding, u32)>,
    /// The channel of a recording of two, from 0 on, that alone is heard; none for all, mixed.
    pub side: Option<usize>,
}

impl SoundRequest {
    /// Returns the request for the sound track of this number, otherwise the same.
    pub fn of_track(&self, number: usize) -> Self {
        SoundRequest {
            track: TrackChoice {
                number: Some(number),
                languages: Vec::new(),
            },
            ..self.clone()
        }
    }
}

/// The sound track that is heard.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardTrack {
    /// Its number among the sound tracks, from 1 on, and how many there are.
    pub number: usize,
    pub count: usize,
    /// Its number in the file.
    pub id: u32,
    /// As the file spells it.
    pub language: Option<String>,
    /// The numbers of the tracks that the request and the file prefer as much, in their order, this one included. What is said
    /// in them may tell which one to hear.
    pub alike: Vec<usize>,
}

/// Opens the recording in `input`, and returns it from its start with the sound track of `request`.
///
/// Faults: those of [`container::open`] and [`ranked`].
pub fn open(input: &FileSpan, request: &SoundRequest) -> Result<(Opened, HeardTrack), Fault> {
    let opened = container::open(input, request.bare)?;
    let found = shielded(|| ranked(&opened, &request.track));
    let found = found.ok_or_else(|| undecodable(DAMAGED))??;
    if let [only] = &found[..] {
        return Ok((opened, only.clone()));
    }
    let heard = first_heard(opened, &found);
    Ok((container::open(input, request.bare)?, found[heard].clone()))
}

/// Returns the sound tracks that `choice` allows and that have decoders, the preferred one first.
///
/// Faults: `Invalid` when there is no sound track, none with a decoder, or not the one that was asked for.
fn ranked(opened: &Opened, choice: &TrackChoice) -> Result<Vec<HeardTrack>, Fault> {
    let count = opened.sounds.len();
    if count == 0 {
        return Err(soundless(opened.format.as_ref()));
    }
    if let Some(number) = choice.number.filter(|number| !(1..=count).contains(number)) {
        return Err(Fault::invalid(format!(
            "audio_track is {number}; the file has {count} sound tracks, the first of which is 1"
        )));
    }
    let mut allowed = Vec::new();
    let mut unknown = Vec::new();
    let mut refused = None;
    for (n, sound) in opened.sounds.iter().enumerate() {
        if choice.number.is_some_and(|number| number != n + 1) {
            continue;
        }
        let name = || {
            sound
                .codec
                .clone()
                .unwrap_or_else(|| "a codec without a decoder".to_owned())
        };
        let found = params(opened, sound.id);
        let channels = found.and_then(|(_, params)| params.channels.as_ref());
        if let Err(fault) = check_channels(channels.map_or(0, Channels::count)) {
            refused = Some(fault);
            continue;
        }
        match found {
            Some((track, params)) if decoder(opened, track, params, Width::One).is_some() => {
                let speaks = |code: &String| choice.languages.iter().any(|l| is_same(l, code));
                let speaks = sound.language.as_ref().is_some_and(speaks);
                let heard = HeardTrack {
                    number: n + 1,
                    count,
                    id: sound.id,
                    language: sound.language.clone(),
                    alike: Vec::new(),
                };
                allowed.push(((!speaks, !sound.is_default), heard));
            }
            _ => unknown.push((n + 1, name())),
        }
    }
    // Stable: tracks of one rank stay in their order.
    allowed.sort_by_key(|(rank, _)| *rank);
    if !allowed.is_empty() {
        let ranks: Vec<_> = allowed
            .iter()
            .map(|(rank, heard)| (*rank, heard.number))
            .collect();
        let with_alike = |(rank, mut heard): (_, HeardTrack)| {
            let alike = ranks.iter().filter(|(other, _)| *other == rank);
            heard.alike = alike.map(|(_, number)| *number).collect();
            heard
        };
        return Ok(allowed.into_iter().map(with_alike).collect());
    }
    if let Some(fault) = refused {
        return Err(fault);
    }
    let named: Vec<String> = match (count, &unknown[..]) {
        (1, [(_, name)]) => vec![name.clone()],
        _ => unknown
            .into_iter()
            .map(|(n, name)| format!("{name} (track {n})"))
            .collect(),
    };
    Err(unread_codec(&named.join(", ")))
}

/// Returns a decoder for the track of number `id`, and that track.
///
/// Faults: `Invalid` when there is none.
pub fn opened_track(
    opened: &Opened,
    id: u32,
    width: Width,
) -> Result<(&Track, TrackDecoder), Fault> {
    let found = params(opened, id);
    let made =
        found.and_then(|(track, params)| Some((track, decoder(opened, track, params, width)?)));
    made.ok_or_else(|| undecodable("no sound track has a decoder"))
}

/// Returns the next logical stream's sound track with a decoder, and that decoder.
pub fn next_track(format: &dyn FormatReader, width: Width) -> Option<(u32, TrackDecoder)> {
    format.tracks().iter().find_map(|track| {
        let params = track.codec_params.as_ref()?.audio()?;
        Some((track.id, TrackDecoder::new(track, params, false, width)?))
    })
}

fn params(opened: &Opened, id: u32) -> Option<(&Track, &AudioCodecParameters)> {
    let track = opened.format.tracks().iter().find(|track| track.id == id)?;
    let own = opened.sounds.iter().find(|sound| sound.id == id);
    let own = own.and_then(|sound| sound.params.as_ref());
    let theirs = || {
        track
            .codec_params
            .as_ref()
            .and_then(|params| params.audio())
    };
    Some((track, own.or_else(theirs)?))
}

fn decoder(
    opened: &Opened,
    track: &Track,
    params: &AudioCodecParameters,
    width: Width,
) -> Option<TrackDecoder> {
    let in_mp4 = opened.format.format_info().format == FORMAT_ID_ISOMP4;
    TrackDecoder::new(track, params, in_mp4, width)
}

/// Returns which of the tracks `ranked` is heard: the first that is not silent, the first of all if all are. It reads
/// `opened` as far as that takes.
fn first_heard(mut opened: Opened, ranked: &[HeardTrack]) -> usize {
    /// A track while it is examined.
    struct Examined {
        id: u32,
        decoder: TrackDecoder,
        seconds: f64,
        is_heard: bool,
    }
    let mut all = Vec::new();
    for heard in ranked {
        let Ok((_, decoder)) = opened_track(&opened, heard.id, Width::One) else {
            return 0;
        };
        all.push(Examined {
            id: heard.id,
            decoder,
            seconds: 0.0,
            is_heard: false,
        });
    }
    let mut frames = Vec::new();
    for _ in 0..PACKETS_MAX {
        let packet = match shielded(|| opened.format.next_packet()) {
            Some(Ok(Some(packet))) => packet,
            Some(Err(Error::DecodeError(_))) => continue,
            _ => break,
        };
        let Some(track) = all.iter_mut().find(|track| track.id == packet.track_id) else {
            continue;
        };
        frames.clear();
        let decoded = shielded(|| track.decoder.decode(&packet, &mut frames));
        let Some(Some(rate_hz)) = decoded else {
            continue;
        };
        track.seconds += frames.len() as f64 / f64::from(rate_hz.max(1));
        track.is_heard |= frames.iter().any(|x| x.abs() > SILENCE);
        // A track is not passed over before so much was read of any.
        let is_long = all.iter().any(|track| track.seconds >= PATIENCE_S);
        let first = all.iter().position(|track| track.is_heard || !is_long);
        if let Some(first) = first.filter(|first| all[*first].is_heard) {
            return first;
        }
    }
    all.iter().position(|track| track.is_heard).unwrap_or(0)
}

/// Whether two codes are of one language, whatever its region.
fn is_same(one: &str, other: &str) -> bool {
    let base = |code: &str| {
        let base = code
            .split(['-', '_'])
            .next()
            .unwrap_or_default()
            .to_lowercase();
        terminological(&base).to_owned()
    };
    base(one) == base(other)
}
