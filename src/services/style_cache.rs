//! The most recently used style tables of cloned voices, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::tts::style::StyleTable;
use crate::fault::Fault;
use crate::limits::CLONE_SHEETS_MAX;

/// At most `CLONE_SHEETS_MAX` tables of half a MiB each, by the hash of their file, so that an entry never becomes
/// stale.
#[derive(Default)]
pub struct StyleCache {
    /// Ordered by last use; the most recently used is last.
    held: Mutex<VecDeque<(String, Arc<StyleTable>)>>,
}

impl StyleCache {
    /// The table `name`, read by `read` when it is not held. Faults: those of `read`, and `Internal` when that is no table.
    pub fn get(
        &self,
        name: &str,
        read: impl FnOnce() -> Result<Vec<u8>, Fault>,
    ) -> Result<Arc<StyleTable>, Fault> {
        let take = || {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let at = held.iter().position(|(hash, _)| hash == name)?;
            let entry = held.remove(at)?;
            held.push_back(entry.clone());
            Some(entry.1)
        };
        if let Some(style_table) = take() {
            return Ok(style_table);
        }
        // Read without the lock: two callers at the same time may read it twice, but neither waits for the other's disk
        // access.
        let style_table = Arc::new(StyleTable::parse(&read()?)?);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|(hash, _)| hash != name);
        held.push_back((name.to_owned(), style_table.clone()));
        if held.len() > CLONE_SHEETS_MAX {
            held.pop_front();
        }
        Ok(style_table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tts::style::{STYLE, TABLE};

    fn bytes(value: f32) -> Vec<u8> {
        let style_table = StyleTable {
            rows: vec![value; TABLE],
            lively: vec![0.0; STYLE / 2],
        };
        style_table.bytes()
    }

    #[test]
    fn the_one_unused_for_longest_makes_room() {
        let style_tables = StyleCache::default();
        let unread = || Err(Fault::internal("not held"));
        for n in 0..CLONE_SHEETS_MAX {
            style_tables
                .get(&n.to_string(), || Ok(bytes(n as f32)))
                .unwrap();
        }
        assert_eq!(style_tables.get("0", unread).unwrap().rows[0], 0.0);
        style_tables.get("new", || Ok(bytes(-1.0))).unwrap();
        assert!(style_tables.get("0", unread).is_ok(), "it was used since");
        assert!(style_tables.get("1", unread).is_err());
        assert_eq!(style_tables.held.lock().unwrap().len(), CLONE_SHEETS_MAX);
        assert!(style_tables.get("half", || Ok(vec![0; 9])).is_err());
    }
}
