//! Copies keep the other sound tracks, and go as far as a film that breaks off.

use std::io::{Cursor, Read, Seek};

use super::*;
use crate::tests::sound;

/// Films of half a second with two sound tracks: 300 Hz and 900 Hz. The tables of the MP4 come first.
const TWO_SOUNDS: [&[u8]; 2] = [
    include_bytes!("../../scripts/fuzz/corpus/mux/two_sounds.mp4"),
    include_bytes!("../../scripts/fuzz/corpus/mux/two_sounds.mkv"),
];

/// The sound track of this number, and its samples.
fn heard(film: &[u8], number: usize) -> (vocabox_audio::HeardTrack, Vec<f32>) {
    let mut request = vocabox_audio::SoundRequest::default();
    request.track.number = Some(number);
    let film = Cursor::new(film.to_vec());
    let mut sound = vocabox_audio::open_sound(film, &request, 16_000, 60.0).unwrap();
    let clip = vocabox_audio::pcm::read_all(sound.samples.as_mut()).unwrap();
    (sound.track, clip.samples)
}

/// The film with 900 Hz or 300 Hz replaced, or both.
fn with_another_sound(film: &[u8], replaced: Option<u32>) -> Result<Vec<u8>, Fault> {
    let mut out = tempfile::tempfile().unwrap();
    replace_audio(Cursor::new(film), &sound(0.5), replaced, &mut out)?;
    let mut made = Vec::new();
    out.rewind().unwrap();
    out.read_to_end(&mut made).unwrap();
    Ok(made)
}

#[test]
fn the_other_sound_tracks_stay_and_the_new_one_is_the_default() {
    for film in TWO_SOUNDS {
        for (replaced, other) in [(1, 2), (2, 1)] {
            let id = heard(film, replaced).0.id;
            let made = with_another_sound(film, Some(id)).unwrap();
            let (new, samples) = heard(&made, 1);
            assert_eq!((new.id, new.count), (id, 2));
            // The level of the new sound, but for the start and the end of its coding.
            assert!(samples[4_000..6_000].iter().all(|x| (x - 0.1).abs() < 0.02));
            let (left, right) = (heard(film, other), heard(&made, 2));
            assert_eq!(
                (right.0.id, &right.0.language),
                (left.0.id, &left.0.language)
            );
            assert!(left.1 == right.1);
            // Nothing is asked for: the default is heard.
            let file = Cursor::new(made);
            let opened = vocabox_audio::decode::open(file, 60.0).unwrap();
            assert_eq!(opened.heard().id, id);
        }
        let made = with_another_sound(film, None).unwrap();
        assert_eq!(heard(&made, 1).0.count, 1);
    }
}

#[test]
fn a_film_that_breaks_off_is_copied_as_far_as_it_goes() {
    for film in TWO_SOUNDS {
        let whole = inspect(Cursor::new(film)).unwrap().unwrap().duration_s;
        let mut copied = 0;
        for end in (film.len() / 2..film.len()).step_by(131) {
            let cut = &film[..end];
            let Ok(Some(picture)) = inspect(Cursor::new(cut)) else {
                continue;
            };
            assert!(picture.duration_s <= whole + 1e-6, "{}", picture.duration_s);
            let made = with_another_sound(cut, None).unwrap_or_else(|e| panic!("{end}: {e}"));
            let again = inspect(Cursor::new(&made)).unwrap().unwrap();
            assert!(
                (again.duration_s - picture.duration_s).abs() < 0.2,
                "{end}: {again:?}, {picture:?}"
            );
            copied += 1;
        }
        assert!(copied > 10, "{copied}");
    }
}
