//! Reads that a signal interrupts.

use std::io::{self, ErrorKind};

/// Returns what `read` returns once no signal interrupts it: not all libraries that read files try again.
pub fn uninterrupted(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_interrupted_is_read_again_and_other_errors_are_told() {
        let mut answers = [
            Err(ErrorKind::Interrupted.into()),
            Err(ErrorKind::Interrupted.into()),
            Ok(7),
            Err(io::Error::from(ErrorKind::NotFound)),
        ]
        .into_iter();
        let mut read = || answers.next().unwrap();
        assert_eq!(uninterrupted(&mut read).unwrap(), 7);
        assert_eq!(
            uninterrupted(&mut read).unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }
}
