//! A step: its name, and what runs it.

use std::hint::black_box;

pub struct Step {
    pub name: String,
    pub run: Box<dyn FnMut()>,
}

/// The step that `run` runs. What it makes is dropped.
pub fn step<R>(name: impl Into<String>, mut run: impl FnMut() -> R + 'static) -> Step {
    Step {
        name: name.into(),
        run: Box::new(move || {
            black_box(run());
        }),
    }
}
