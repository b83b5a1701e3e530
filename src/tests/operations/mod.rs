//! Operation: accounts, start, stop, log, load, power cuts, commands; and rules of the source tree.

mod accounts;
mod concurrency;
mod documents;
mod draining;
pub mod durability;
mod hanging;
mod licences;
mod log;
mod memory;
mod options_document;
mod overload;
mod power_cuts;
mod reading_commands;
mod scripts;
mod speak_command;
mod startup;
mod tidy;
