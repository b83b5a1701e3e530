//! What one account may have of something that all accounts share: places of a queue, dubbing jobs, their bytes.

/// Returns how much of `whole` one account may have. An account that is alone leaves a quarter, so that another that
/// arrives finds room at once; beside others it may have half.
pub fn of_account(whole: u64, is_alone: bool) -> u64 {
    match is_alone {
        true => whole - whole / 4,
        false => whole.div_ceil(2),
    }
}
