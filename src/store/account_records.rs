//! The bound of what accounts keep beside history: one record each of pronunciations and of named speakers.

use heed::RwTxn;
use heed::types::Bytes;

use crate::Tables;
use crate::lmdb::Table;
use vocabox_base::fault::Fault;
use vocabox_base::limits::STORE_RECORDS_PARTS;

impl Tables {
    /// Puts the record `sealed` of an account into `table`, in place of the one that it has, in a store of `map_bytes`. Faults:
    /// `Missing` when the records of all accounts together take all their space; `what` names the record in the sentence.
    pub(crate) fn put_record(
        &self,
        txn: &mut RwTxn,
        table: Table<'static, Bytes, Bytes>,
        (key, sealed): (&[u8], &[u8]),
        map_bytes: usize,
        what: &str,
    ) -> Result<(), Fault> {
        table.delete(txn, key)?;
        let mut bytes = sealed.len();
        for table in [self.lexicons, self.speakers] {
            bytes += table.stat(txn)?.non_free_page_size();
        }
        match bytes > map_bytes / STORE_RECORDS_PARTS {
            true => Err(Fault::missing(format!(
                "The store has no room for the {what}: its operator has to make room."
            ))),
            false => table.put(txn, key, sealed),
        }
    }
}
