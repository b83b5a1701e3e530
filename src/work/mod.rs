//! Work: bounded queues in front of the workers that own the engines.

pub mod pool;
mod queue;
