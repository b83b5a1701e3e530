//! The names that clients give to what they make.

use crate::fault::Fault;
use crate::limits::NAME_CHARS_MAX;

/// Returns `name`, if it may be the name of an account, a key or a voice. Fault: `Invalid` when it is blank, longer than
/// `NAME_CHARS_MAX` characters, or holds a control character (it would reach terminals and logs).
pub fn check_name(name: &str) -> Result<String, Fault> {
    let chars = name.chars().count();
    if name.trim().is_empty() {
        Err(Fault::invalid(format!(
            "name is blank; 1 to {NAME_CHARS_MAX} characters are accepted"
        )))
    } else if chars > NAME_CHARS_MAX {
        Err(Fault::invalid(format!(
            "name has {chars} characters; 1 to {NAME_CHARS_MAX} are accepted"
        )))
    } else if name.chars().any(char::is_control) {
        Err(Fault::invalid("name holds a control character"))
    } else {
        Ok(name.to_string())
    }
}
