//! Work: bounded queues in front of the workers that own the engines.

pub mod kept;
pub mod places;
pub mod pool;
mod queue;
pub mod underway;
