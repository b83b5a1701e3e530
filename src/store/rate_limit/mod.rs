//! Rate limits: a token bucket for each key.
//!
//! | file | one idea |
//! | --- | --- |
//! | `bucket` | how one bucket fills and empties |
//! | `buckets` | the buckets of all keys, in memory and in the store |
//! | `clock` | the clock that they use |

pub(crate) mod bucket;
pub(crate) mod buckets;
pub(crate) mod clock;
