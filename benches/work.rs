//! Steps of speaking and transcribing that compute in one thread: `times` takes their time, `instructions` counts what they execute.

use std::hint::black_box;

use vocabox::audio::dsp::mel::Mel;
use vocabox::audio::dsp::resample::resample_clip;
use vocabox::audio::encode::{self, Format};
use vocabox::audio::pcm::Clip;
use vocabox::engine::kernels::convolution::{BLOCK, COLUMNS, Convolution, QUAD};
use vocabox::engine::kernels::moments::{BlockMoments, ByteSums, Moments};
use vocabox::engine::kernels::snake::Snake;
use vocabox::engine::kernels::{ByteScale, block_rows, residual};
use vocabox::text;

/// Channels and taps of the widest convolutions of Kokoro's last stage, which has 4800 rows a second.
const CHANNELS: usize = 128;
const TAPS: usize = 11;
/// 120 characters.
const TEXT: &str = "The harbour was quiet that evening, and the last ferry had left an hour before the rain began to fall on \
                    the empty quay.";

/// A step.
pub struct Step {
    pub name: String,
    pub run: Box<dyn FnMut()>,
}

/// All steps, on this many `rows` of a tensor and `seconds` of sound.
pub fn all(rows: usize, seconds: usize) -> Vec<Step> {
    let mut steps = between_convolutions(rows);
    steps.push(convolution(rows));
    steps.extend(sound(seconds));
    let english = text::language("en-us").expect("it reads English");
    steps.push(step("text_to_phonemes", move || {
        text::speakable(black_box(TEXT), english)
            .expect("it reads")
            .len()
    }));
    steps
}

fn step<R>(name: impl Into<String>, mut run: impl FnMut() -> R + 'static) -> Step {
    Step {
        name: name.into(),
        run: Box::new(move || {
            black_box(run());
        }),
    }
}

/// Numbers between 0 and 1, the same each time.
fn numbers(count: usize) -> impl Iterator<Item = f32> {
    let mut state = 1_u32;
    (0..count).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    })
}

fn floats(count: usize) -> Vec<f32> {
    numbers(count).map(|x| 4.0 * x - 2.0).collect()
}

fn bytes(count: usize) -> Vec<u8> {
    numbers(count).map(|x| (256.0 * x) as u8).collect()
}

fn between_convolutions(rows: usize) -> Vec<Step> {
    const SCALE: [f32; CHANNELS] = [0.02; CHANNELS];
    const STAND_FOR: ByteScale<'_> = ByteScale {
        scale: &SCALE,
        zero: &[128; CHANNELS],
    };
    let block = block_rows(CHANNELS) * CHANNELS;
    let x = || floats(rows * CHANNELS);
    let given = || bytes(rows * CHANNELS);
    let blocks = move |x: &[f32]| -> Vec<_> {
        x.chunks(block)
            .map(|b| BlockMoments::of(b, CHANNELS))
            .collect()
    };
    let Moments { mean, variance } = Moments::of_floats(CHANNELS, &blocks(&x()));
    let norm = floats(CHANNELS);
    let snake = Snake::new([&mean, &variance], [&norm, &norm], 1e-5, STAND_FOR);
    let by_table = snake.of_bytes(STAND_FOR);
    let (of_floats, of_bytes, snaked, read, added) = (x(), given(), x(), given(), (x(), given()));
    let mut made = [vec![0; rows * CHANNELS], vec![0; rows * CHANNELS]];
    let [mut by_floats, mut by_bytes] = std::mem::take(&mut made);
    let mut sum = vec![0.0; rows * CHANNELS];
    vec![
        step("moments_of_floats", move || blocks(&of_floats)),
        step("moments_of_bytes", move || {
            let blocks = of_bytes.chunks(block);
            blocks
                .map(|b| ByteSums::of(b, CHANNELS))
                .collect::<Vec<_>>()
        }),
        step("snake_of_floats", move || {
            snake.apply(&snaked, &mut by_floats)
        }),
        step("snake_of_bytes", move || {
            by_table.apply(&read, &mut by_bytes)
        }),
        step("residual", move || {
            residual::add(&added.0, &added.1, STAND_FOR, &mut sum)
        }),
    ]
}

fn convolution(rows: usize) -> Step {
    let quads = TAPS * CHANNELS / QUAD;
    let x = bytes(rows * CHANNELS);
    // Small enough for any neighbours.
    let weights = numbers(TAPS * CHANNELS * CHANNELS).map(|x| (32.0 * x) as i8 - 16);
    let weights: Vec<i8> = weights.collect();
    let places = (0..CHANNELS / COLUMNS).flat_map(|_| 0..quads as i16);
    let places: Vec<i16> = places.collect();
    let mut made = vec![0; rows * CHANNELS];
    step("convolution_of_bytes", move || {
        let convolution = Convolution {
            weights: &weights,
            places: &places,
            taps: TAPS,
            dilation: 5,
            channels: CHANNELS,
            padding: 128,
            start: &[0; CHANNELS],
            scale: &[1e-4; CHANNELS],
            zero: 128,
        };
        let checked = convolution.checked().expect("lengths that fit");
        for (block, made) in made.chunks_mut(BLOCK * CHANNELS).enumerate() {
            checked.apply(&x, block * BLOCK, made);
        }
    })
}

fn sound(seconds: usize) -> Vec<Step> {
    let clip = |rate_hz: u32| Clip {
        samples: numbers(seconds * rate_hz as usize)
            .map(|x| 0.4 * x - 0.2)
            .collect(),
        rate_hz,
    };
    let (heard, upload) = (clip(16_000), clip(48_000));
    let mut mel = Mel::whisper(80);
    let mut steps = vec![
        step("mel_80_bands", move || {
            mel.log_mel(&heard.samples, 100 * seconds)
        }),
        step("resample_48_to_16_khz", move || {
            resample_clip(&upload, 16_000)
        }),
    ];
    for format in Format::ALL {
        let spoken = clip(24_000);
        steps.push(step(format!("encode_{}", format.name()), move || {
            let mut encoder = encode::stream(format, spoken.rate_hz, None).expect("it encodes");
            let part = encoder.push(&spoken.samples).expect("it encodes");
            (part, encoder.finish().expect("it ends"))
        }));
    }
    steps
}
