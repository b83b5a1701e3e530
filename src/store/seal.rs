//! Encrypts history items with a secret of their account, which lies in a file beside the database.
//!
//! LMDB leaves what was deleted in its free pages, and in the unused parts of others, until they are used again. So a
//! history is purged by deleting the secret: what is left of its items cannot be read from then on.

use std::io::Read;
use std::sync::Mutex;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::folders::Folders;
use crate::ids::{AccountId, ItemId};
use crate::writer::lock;
use vocabox_base::fault::{Fault, Kind};

/// The file of the secret in an account's folder.
const FILE: &str = "history";
const SECRET_BYTES: usize = 32;
/// The first byte of a sealed item. JSON of older programs starts with `{`.
const SEALED: u8 = 1;

/// The secrets of all accounts.
pub(crate) struct Seals {
    files: Folders<AccountId>,
    /// HistorySize while a secret is made, so that two items that are the first of their account get the same.
    making: Mutex<()>,
}

impl Seals {
    pub(crate) fn new(files: Folders<AccountId>) -> Self {
        Seals {
            files,
            making: Mutex::new(()),
        }
    }

    /// Returns `json` of an item of `account`, encrypted. The first call for an account makes its secret, which is on the
    /// disk when this returns. Faults: `Missing` when the disk is full or cannot be written.
    pub(crate) fn seal(
        &self,
        account: AccountId,
        id: ItemId,
        json: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let sealed = self.made(account)?.encrypt(&nonce(id), json);
        let mut value = vec![SEALED];
        value.extend(sealed.map_err(|_| Fault::internal("an item could not be encrypted"))?);
        Ok(value)
    }

    /// Returns what opens the items of `account`.
    pub(crate) fn opener(&self, account: AccountId) -> Result<Opener, Fault> {
        self.cipher(account).map(Opener)
    }

    /// Deletes the secret of `account`: no item that was sealed with it can be read any more.
    pub(crate) fn forget(&self, account: AccountId) {
        self.files.remove_all(account);
    }

    /// Deletes the secrets of accounts that `keeps` does not name.
    pub(crate) fn sweep(&self, keeps: impl Fn(&str) -> bool) {
        if let Err(error) = self.files.sweep(|account, _| keeps(account)) {
            log::warn!("secrets of purged histories could not be removed: {error}");
        }
    }

    fn made(&self, account: AccountId) -> Result<XChaCha20Poly1305, Fault> {
        if let Some(cipher) = self.cipher(account)? {
            return Ok(cipher);
        }
        let _making = lock(&self.making);
        if let Some(cipher) = self.cipher(account)? {
            return Ok(cipher);
        }
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(Fault::internal)?;
        self.files.put(account, FILE, &mut &secret[..])?;
        Ok(XChaCha20Poly1305::new(&secret.into()))
    }

    /// Returns the cipher of `account`, if its secret exists.
    fn cipher(&self, account: AccountId) -> Result<Option<XChaCha20Poly1305>, Fault> {
        let mut file = match self.files.open(account, FILE) {
            Err(fault) if fault.kind == Kind::NotFound => return Ok(None),
            file => file?,
        };
        let mut secret = [0; SECRET_BYTES];
        file.read_exact(&mut secret).map_err(Fault::internal)?;
        Ok(Some(XChaCha20Poly1305::new(&secret.into())))
    }
}

/// Opens the items of one account.
pub(crate) struct Opener(Option<XChaCha20Poly1305>);

impl Opener {
    /// Returns the JSON of an item. Fault: `Internal` when the account's secret is missing or is not that of the item.
    pub(crate) fn open(&self, id: ItemId, value: &[u8]) -> Result<Vec<u8>, Fault> {
        match (value.split_first(), &self.0) {
            (Some((&SEALED, sealed)), Some(cipher)) => cipher
                .decrypt(&nonce(id), sealed)
                .map_err(|_| Fault::internal("an item of the history does not match its secret")),
            (Some((&SEALED, _)), None) => {
                Err(Fault::internal("the secret of a history is missing"))
            }
            // Of a program that did not seal.
            _ => Ok(value.to_vec()),
        }
    }
}

/// A secret never meets an id twice: ids are unique, and [`crate::Store::append`] refuses one that exists.
fn nonce(id: ItemId) -> XNonce {
    let mut nonce = XNonce::default();
    nonce[..16].copy_from_slice(id.0.as_bytes());
    nonce
}
