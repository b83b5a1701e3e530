//! Recordings of every format. `scripts/fuzz/run` builds and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(init: allow_shielded_panics(), |input: &[u8]| checks::decode(input));

/// Makes libFuzzer's hook, which ends the process at any panic, pass over those that the decoder catches.
fn allow_shielded_panics() {
    let end = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !vocabox_audio::decode::is_shielded() {
            end(panic);
        }
    }));
}
