//! Encrypts history items, lexicons and named speakers with secrets of their account, which lie in files beside the database.
//!
//! LMDB leaves what was deleted in its free pages, and in the unused parts of others, until they are used again. So a
//! history is purged by deleting its secret: what is left of its items cannot be read from then on. An account whose history
//! is kept loses its other secret.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Mutex;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::folders::Folders;
use crate::ids::{AccountId, ItemId};
use crate::writer::lock;
use vocabox_base::fault::{Fault, Kind};

/// The file in an account's folder with the secret of its history.
const HISTORY: &str = "history";
/// That with the secret of its lexicon, which goes with the account.
const LEXICON: &str = "lexicon";
/// That with the secret of its named speakers, which goes with the account.
const SPEAKERS: &str = "speakers";
const SECRET_BYTES: usize = 32;
/// The first byte of a sealed item. JSON of older programs starts with `{`.
const SEALED: u8 = 1;

/// The secrets of all accounts.
pub(crate) struct Seals {
    files: Folders<AccountId>,
    /// Held while a secret is made, so that two items that are the first of their account get the same.
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
        let sealed = self.made(account, HISTORY)?.encrypt(&nonce(id), json);
        let mut value = vec![SEALED];
        value.extend(sealed.map_err(|_| Fault::internal("an item could not be encrypted"))?);
        Ok(value)
    }

    /// Returns `json` of the lexicon of `account`, encrypted. Faults: as [`Seals::seal`].
    pub(crate) fn seal_lexicon(&self, account: AccountId, json: &[u8]) -> Result<Vec<u8>, Fault> {
        self.seal_derived(account, LEXICON, json)
    }

    /// Returns `json` of the named speakers of `account`, encrypted. Faults: as [`Seals::seal`].
    pub(crate) fn seal_speakers(&self, account: AccountId, json: &[u8]) -> Result<Vec<u8>, Fault> {
        self.seal_derived(account, SPEAKERS, json)
    }

    fn seal_derived(&self, account: AccountId, file: &str, json: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut nonce = XNonce::default();
        getrandom::fill(&mut nonce).map_err(Fault::internal)?;
        let sealed = self.made(account, file)?.encrypt(&nonce, json);
        let mut value = vec![SEALED];
        value.extend(nonce);
        value
            .extend(sealed.map_err(|_| Fault::internal(format!("{file} could not be encrypted")))?);
        Ok(value)
    }

    /// Returns the JSON of the lexicon of `account`. Fault: `Internal` when the secret is missing or is not that of the
    /// lexicon.
    pub(crate) fn open_lexicon(&self, account: AccountId, value: &[u8]) -> Result<Vec<u8>, Fault> {
        self.open_derived(account, LEXICON, value)
    }

    /// Returns the JSON of the named speakers of `account`. Fault: as [`Seals::open_lexicon`].
    pub(crate) fn open_speakers(&self, account: AccountId, value: &[u8]) -> Result<Vec<u8>, Fault> {
        self.open_derived(account, SPEAKERS, value)
    }

    fn open_derived(&self, account: AccountId, file: &str, value: &[u8]) -> Result<Vec<u8>, Fault> {
        let Some((&SEALED, sealed)) = value.split_first() else {
            // Of a program that did not seal.
            return Ok(value.to_vec());
        };
        let unread = || Fault::internal(format!("{file} does not match its secret"));
        let (nonce, sealed) = sealed
            .split_first_chunk::<{ size_of::<XNonce>() }>()
            .ok_or_else(unread)?;
        let cipher = self.cipher(account, file)?.ok_or_else(unread)?;
        let json = cipher.decrypt(&XNonce::from(*nonce), sealed);
        json.map_err(|_| unread())
    }

    /// Returns what opens the items of `account`.
    pub(crate) fn opener(&self, account: AccountId) -> Result<Opener, Fault> {
        self.cipher(account, HISTORY).map(Opener)
    }

    /// Deletes the secrets of `account`: nothing that was sealed with them can be read any more.
    pub(crate) fn forget(&self, account: AccountId) {
        self.files.remove_all(account);
    }

    /// Deletes the secrets of `account` but that of its history.
    pub(crate) fn forget_all_but_history(&self, account: AccountId) {
        self.files.remove(account, LEXICON);
        self.files.remove(account, SPEAKERS);
    }

    /// Deletes all secrets but those of `accounts`, and those of the histories of `kept`.
    pub(crate) fn sweep(&self, accounts: &HashSet<String>, kept: &HashSet<String>) {
        let keeps = |account: &str, file: Option<&str>| {
            accounts.contains(account)
                || kept.contains(account) && file.is_none_or(|file| file == HISTORY)
        };
        if let Err(error) = self.files.sweep(keeps) {
            log::warn!("secrets of purged histories could not be removed: {error}");
        }
    }

    fn made(&self, account: AccountId, file: &str) -> Result<XChaCha20Poly1305, Fault> {
        if let Some(cipher) = self.cipher(account, file)? {
            return Ok(cipher);
        }
        let _making = lock(&self.making);
        if let Some(cipher) = self.cipher(account, file)? {
            return Ok(cipher);
        }
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(Fault::internal)?;
        self.files.put(account, file, &mut &secret[..])?;
        Ok(XChaCha20Poly1305::new(&secret.into()))
    }

    /// Returns the cipher of the secret `file` of `account`, if that exists.
    fn cipher(&self, account: AccountId, file: &str) -> Result<Option<XChaCha20Poly1305>, Fault> {
        let mut file = match self.files.open(account, file) {
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
