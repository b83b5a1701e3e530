//! The errors of commands.

use crate::fault::Fault;

/// Why a command failed, which decides the exit code.
#[derive(Debug)]
pub enum CliError {
    /// Wrong usage or configuration: exit code 2.
    Usage(String),
    /// Anything else: exit code 1.
    Failed(String),
    /// The command has said all, and ends with this exit code.
    Told(u8),
    /// The reader of standard output has closed it (`| head`): nothing is left to do, and nothing is wrong.
    PipeClosed,
}

impl CliError {
    /// The error of a fault at the start of a command, which its configuration caused.
    pub fn usage(fault: Fault) -> Self {
        CliError::Usage(fault.to_string())
    }

    /// The error of a fault during a command's work.
    pub fn failed(fault: Fault) -> Self {
        CliError::Failed(fault.to_string())
    }
}
