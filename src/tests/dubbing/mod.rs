//! Dubbing of films and recordings: jobs, containers, sound, and the command line.

mod aac;
mod command;
mod damaged_films;
pub mod films;
pub mod jobs;
mod kept_lines;
pub mod render;
mod stereo;
