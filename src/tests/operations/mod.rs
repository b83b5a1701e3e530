//! What an operator does and sees: accounts, start, stop, log, load, power cuts, commands; and the tree's own rules.

mod accounts;
mod concurrency;
mod documents;
mod draining;
pub mod durability;
mod licences;
mod log;
mod memory;
mod overload;
mod scripts;
mod speak_command;
mod startup;
mod tidy;
