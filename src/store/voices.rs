//! Cloned voices: each belongs to one account.
//!
//! A voice is its record; the record names its files (a style table and the clip that it was made from) by their
//! hashes, and they lie in a folder of their own ([`crate::folders`]). What the account says of the voice is a file too:
//! LMDB leaves deleted text in its free pages, and a deleted file is gone.

use std::collections::HashMap;
use std::io::Read;

use heed::RwTxn;
use serde::{Deserialize, Serialize};

use crate::codec::{account_key, account_of, voice_key};
use crate::ids::{AccountId, KeyId, Utc, VoiceId};
use crate::{Store, Tables};
use vocabox_base::fault::{Fault, Kind};

/// The file with a voice's [`VoiceLabel`], as JSON.
const LABEL: &str = "label.json";

/// A cloned voice.
#[derive(Debug, Clone, PartialEq)]
pub struct ClonedVoice {
    pub id: VoiceId,
    pub name: String,
    pub description: String,
    pub created_at: Utc,
    pub style: ClonedStyle,
    /// File of the clip that it was made from.
    pub clip: String,
    /// That the speaker agreed, as the request declared it.
    pub consent: Option<VoiceConsent>,
}

/// A declaration that a speaker agreed to be cloned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoiceConsent {
    pub declared_at: Utc,
    /// The key that declared it.
    pub key_id: KeyId,
    pub key_name: String,
    /// What was declared: the words that the client sent, or those of this program.
    pub sentence: String,
}

/// What LMDB holds of a cloned voice.
#[derive(Serialize, Deserialize)]
pub(crate) struct VoiceRecord {
    id: VoiceId,
    created_at: Utc,
    #[serde(flatten)]
    style: ClonedStyle,
    clip: String,
    /// Only in records of programs that had no file for it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    label: Option<VoiceLabel>,
}

/// What an account says of its voice.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct VoiceLabel {
    name: String,
    description: String,
    /// None in labels of programs that did not keep it.
    #[serde(default)]
    consent: Option<VoiceConsent>,
}

/// The current sound of a voice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClonedStyle {
    /// The stock voice that is most similar.
    pub nearest: String,
    /// The language that it speaks by default.
    pub language: String,
    /// File of its style table.
    pub table: String,
    /// Speaking rate as a factor.
    pub pace: f32,
    /// Likeness to the clip, 1 at the most.
    pub score: f32,
    /// Whether it is the stock voice itself: no blend was more alike.
    #[serde(default)]
    pub is_stock: bool,
    /// Whether the search for a better style is over.
    pub refined: bool,
}

impl Store {
    /// Adds a voice to those of `account`: `voice` with the files `table` and `clip`, whose names this sets. It is on
    /// the disk when this returns. Faults: `Invalid` when the account has `most` already; `Unauthorized` when it was
    /// deleted meanwhile; and as any write.
    pub fn add_voice(
        &self,
        account: AccountId,
        mut voice: ClonedVoice,
        table: &[u8],
        clip: &[u8],
        most: usize,
    ) -> Result<ClonedVoice, Fault> {
        let (files, tables) = (&self.voice_files, self.tables);
        let id = voice.id;
        voice.style.table = files.put_by_hash(id, table)?;
        voice.clip = files.put_by_hash(id, clip)?;
        let label = VoiceLabel {
            name: voice.name.clone(),
            description: voice.description.clone(),
            consent: voice.consent.clone(),
        };
        let label = serde_json::to_vec(&label).map_err(Fault::internal)?;
        files.put(id, LABEL, &mut &label[..])?;
        let record = VoiceRecord {
            id,
            created_at: voice.created_at,
            style: voice.style.clone(),
            clip: voice.clip.clone(),
            label: None,
        };
        let added = self.write(move |txn| {
            if !tables.has_account(txn, account)? {
                return Err(Fault::new(
                    Kind::Unauthorized,
                    "The account of this key was deleted.",
                ));
            }
            tables.check_voice_room(txn, account, most)?;
            tables.voices.put(txn, &voice_key(account, id), &record)
        });
        // After any other fault it may still be written: the next start removes files without a record.
        if added
            .as_ref()
            .is_err_and(|fault| matches!(fault.kind, Kind::Invalid | Kind::Unauthorized))
        {
            files.remove_all(id);
        }
        added.map(|()| voice)
    }

    /// Checks that `account` may add a voice. Faults: `Invalid` when it has `most` voices or more, or as many as its quota
    /// allows.
    pub fn check_voice_room(&self, account: AccountId, most: usize) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        self.tables.check_voice_room(&txn, account, most)
    }

    /// Returns the account's voice. Fault: `NotFound`, also for another account's.
    pub fn voice(&self, account: AccountId, id: VoiceId) -> Result<ClonedVoice, Fault> {
        let record = self.voice_record(account, id)?;
        self.labelled(record)
    }

    fn voice_record(&self, account: AccountId, id: VoiceId) -> Result<VoiceRecord, Fault> {
        let txn = self.env.read_txn()?;
        let record = self.tables.voices.get(&txn, &voice_key(account, id))?;
        record.ok_or_else(no_such_voice)
    }

    /// The voice of `record` with its label. Fault: `NotFound` when it was deleted meanwhile.
    fn labelled(&self, record: VoiceRecord) -> Result<ClonedVoice, Fault> {
        let label = match record.label {
            Some(label) => label,
            None => {
                let mut json = Vec::new();
                let mut file = self.voice_files.open(record.id, LABEL)?;
                file.read_to_end(&mut json).map_err(Fault::internal)?;
                serde_json::from_slice(&json).map_err(Fault::internal)?
            }
        };
        Ok(ClonedVoice {
            id: record.id,
            name: label.name,
            description: label.description,
            created_at: record.created_at,
            style: record.style,
            clip: record.clip,
            consent: label.consent,
        })
    }

    /// Returns all voices of `account`, the oldest first.
    pub fn voices(&self, account: AccountId) -> Result<Vec<ClonedVoice>, Fault> {
        let records: Vec<VoiceRecord> = {
            let txn = self.env.read_txn()?;
            let entries = self
                .tables
                .voices
                .prefix_iter(&txn, &account_key(account))?;
            entries
                .map(|entry| Ok(entry?.1))
                .collect::<Result<_, Fault>>()?
        };
        let mut voices = Vec::with_capacity(records.len());
        for record in records {
            match self.labelled(record) {
                // Deleted since the list was read.
                Err(fault) if fault.kind == Kind::NotFound => {}
                voice => voices.push(voice?),
            }
        }
        Ok(voices)
    }

    /// Returns the voices of all accounts whose search is not over, each with its account.
    pub fn unrefined_voices(&self) -> Result<Vec<(AccountId, VoiceId)>, Fault> {
        let txn = self.env.read_txn()?;
        let mut all = Vec::new();
        for entry in self.tables.voices.iter(&txn)? {
            let (key, voice) = entry?;
            let account = account_of(key);
            if let (Some(account), false) = (account, voice.style.refined) {
                all.push((account, voice.id));
            }
        }
        Ok(all)
    }

    /// Returns the content of the file of a voice that its record calls `name`. Faults: `NotFound` when it was deleted
    /// meanwhile.
    pub fn voice_file(&self, id: VoiceId, name: &str) -> Result<Vec<u8>, Fault> {
        self.voice_files.read_by_hash(id, name)
    }

    /// Gives a voice another `style`, with the file `table` if it is a new one; a concurrent reader gets either the old
    /// or the new style, each complete. Faults: `NotFound` when the voice was deleted meanwhile; and as any write.
    pub fn restyle_voice(
        &self,
        account: AccountId,
        id: VoiceId,
        mut style: ClonedStyle,
        table: Option<&[u8]>,
    ) -> Result<(), Fault> {
        let (files, tables) = (&self.voice_files, self.tables);
        let before = self.voice_record(account, id)?.style.table;
        style.table = match table {
            Some(bytes) => files.put_by_hash(id, bytes)?,
            None => before.clone(),
        };
        let new = style.table.clone();
        let styled = self.write(move |txn| {
            let key = voice_key(account, id);
            let mut voice = tables.voices.get(txn, &key)?.ok_or_else(no_such_voice)?;
            voice.style = style.clone();
            tables.voices.put(txn, &key, &voice)
        });
        match &styled {
            Ok(()) if new != before => files.remove(id, &before),
            Err(fault) if fault.kind == Kind::NotFound => files.remove_all(id),
            _ => {}
        }
        styled
    }

    /// Deletes the account's voice, then its files. Fault: `NotFound`, also for another account's.
    pub fn delete_voice(&self, account: AccountId, id: VoiceId) -> Result<(), Fault> {
        let tables = self.tables;
        self.write(
            move |txn| match tables.voices.delete(txn, &voice_key(account, id))? {
                true => Ok(()),
                false => Err(no_such_voice()),
            },
        )?;
        self.voice_files.remove_all(id);
        // Lines that it spoke may be among them.
        self.spoken.remove_all(account);
        Ok(())
    }

    /// Removes files that no record names, which a power failure left while a voice was added or deleted. For the only
    /// server of a data folder, before it serves requests: a voice that is being added has no record yet.
    pub(crate) fn sweep_voice_files(&self) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        let mut named = HashMap::new();
        for entry in self.tables.voices.iter(&txn)? {
            let (_, voice) = entry?;
            let files = [voice.style.table, voice.clip, LABEL.to_owned()];
            named.insert(voice.id.to_string(), files);
        }
        let keeps = |voice: &str, file: Option<&str>| {
            let files = named.get(voice);
            files.is_some_and(|files| file.is_none_or(|file| files.iter().any(|f| f == file)))
        };
        match self.voice_files.sweep(keeps) {
            Ok(0) => {}
            Ok(removed) => log::info!("{removed} files of unfinished or deleted voices removed"),
            Err(error) => log::warn!("files of deleted voices could not be removed: {error}"),
        }
        Ok(())
    }
}

impl Store {
    /// Checks that the files of all voices are there, and whole. Faults: `NotFound` when one is missing, `Internal` when one is
    /// damaged.
    pub(crate) fn check_voice_files(&self) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        for entry in self.tables.voices.iter(&txn)? {
            let (_, voice) = entry?;
            self.voice_file(voice.id, &voice.style.table)?;
            self.voice_file(voice.id, &voice.clip)?;
            self.labelled(voice)?;
        }
        Ok(())
    }
}

impl Tables {
    /// As [`Store::check_voice_room`].
    fn check_voice_room(
        &self,
        txn: &heed::RoTxn,
        account: AccountId,
        most: usize,
    ) -> Result<(), Fault> {
        let quota = self.account_by_id(txn, account)?.quotas.quota_clones;
        let (count, most) = (
            self.voice_count(txn, account)?,
            quota.unwrap_or(most as u64),
        );
        match count as u64 >= most {
            true => Err(Fault::invalid(format!(
                "This account has {count} cloned voices; at most {most} are accepted. Delete one first."
            ))),
            false => Ok(()),
        }
    }

    fn voice_count(&self, txn: &heed::RoTxn, account: AccountId) -> Result<usize, Fault> {
        let names = self.voices.remap_data_type::<heed::types::DecodeIgnore>();
        Ok(names.prefix_iter(txn, &account_key(account))?.count())
    }

    /// Deletes all voices of an account and returns their ids.
    pub(crate) fn remove_voices(
        &self,
        txn: &mut RwTxn,
        account: AccountId,
    ) -> Result<Vec<VoiceId>, Fault> {
        self.voices
            .remove_prefix(txn, &account_key(account), |voice| voice.id)
    }
}

fn no_such_voice() -> Fault {
    Fault::not_found("voice_id names no voice of this account; GET /voice/voices lists them")
}

#[cfg(test)]
#[path = "voices_tests.rs"]
pub(crate) mod tests;
