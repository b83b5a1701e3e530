//! What every layer of vocabox shares: [`fault`] (one public sentence and a private cause), [`limits`] (every bound),
//! [`address`] (which addresses are one client, and networks), [`share`] and [`budget`] (what one account may have of it),
//! [`cancellation`] (the deadline of a task), [`cpu_time`] (what a thread has computed), [`memory`] (when there is none
//! left), [`groups`] (what bounds the process), [`process_usage`] (what it uses), [`disk`] (its room, and when it was full),
//! [`folder`] (closed to others), [`secret`] (files of one), [`names`] (which are accepted), [`random`] (numbers of a seed)
//! and [`end`] (leaving the process). It knows no other crate of the workspace.

pub mod address;
pub mod budget;
pub mod cancellation;
pub mod cpu_time;
pub mod disk;
pub mod end;
pub mod fault;
pub mod folder;
pub mod groups;
mod import_limits;
pub mod interrupted;
pub mod language_codes;
pub mod limits;
mod live_limits;
pub mod memory;
pub mod names;
mod operator_limits;
pub mod process_usage;
pub mod random;
pub mod secret;
mod self_test_limits;
pub mod share;
mod speaker_limits;
mod store_limits;
mod wyoming_limits;
