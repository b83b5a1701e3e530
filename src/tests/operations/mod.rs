//! Operation: accounts, start, stop, log, load, faults of disk, clock, models and engines, power cuts, commands; and rules of
//! the source tree.

mod accounts;
mod broken_engines;
mod changed_models;
mod concurrency;
mod dependencies;
mod documents;
mod draining;
pub mod durability;
mod failing_disk;
mod full_disk;
mod hanging;
mod little_memory;
mod log;
mod memory;
mod no_network;
mod options_document;
mod overload;
mod power_cuts;
mod reading_commands;
mod scripts;
mod speak_command;
mod startup;
mod stopped;
mod tidy;
mod wall_clock;
