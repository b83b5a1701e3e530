//! Operation: accounts, start, stop, log, load, faults of disk, clock, models and engines, power cuts, commands; and rules of
//! the source tree.

mod accounts;
mod broken_engines;
mod changed_models;
mod concurrency;
mod dependencies;
mod doctor;
mod documents;
mod draining;
pub mod durability;
mod failing_disk;
mod full_disk;
mod full_disk_ready;
mod hanging;
mod listen_command;
mod listing_commands;
mod little_memory;
mod log;
mod log_readers;
mod memory;
mod metrics;
mod narrow_places;
mod no_network;
mod options_document;
mod overload;
mod power_cuts;
mod reading_commands;
mod scripts;
mod self_test;
mod signals;
mod speak_command;
mod startup;
mod stopped;
mod support_bundle;
mod tidy;
mod wall_clock;
mod years_ahead;
