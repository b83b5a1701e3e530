//! Decodes a recording as the server hears it: `decode FILE [OUT]` prints its length, its sound track and its channels, and writes
//! its samples (mono, 16 kHz, 32-bit floats in little-endian order) to OUT. `scripts/check_recordings.py` compares them with
//! ffmpeg's.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use vocabox_audio::{SoundRequest, open_sound, pcm};
use vocabox_base::fault::Fault;
use vocabox_base::limits::AUDIO_SECONDS_MAX;

const RATE_HZ: u32 = 16_000;

fn main() -> ExitCode {
    let mut paths = std::env::args().skip(1);
    let Some(file) = paths.next() else {
        eprintln!("decode: name a file");
        return ExitCode::from(2);
    };
    match decode(&file, paths.next()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("decode: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn decode(file: &str, out: Option<String>) -> Result<(), Fault> {
    let file = File::open(file).map_err(Fault::disk)?;
    let sound = open_sound(file, &SoundRequest::default(), RATE_HZ, AUDIO_SECONDS_MAX)?;
    let (track, channels, mut samples) = (sound.track, sound.channels, sound.samples);
    let clip = pcm::read_all(samples.as_mut())?;
    let (number, count) = (track.number, track.count);
    println!(
        "{:.3} s, track {number} of {count}, {channels} channels",
        clip.seconds()
    );
    if let Some(out) = out {
        let mut out = BufWriter::new(File::create(out).map_err(Fault::disk)?);
        for sample in clip.samples {
            out.write_all(&sample.to_le_bytes()).map_err(Fault::disk)?;
        }
        out.flush().map_err(Fault::disk)?;
    }
    Ok(())
}
