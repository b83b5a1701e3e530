//! The speakers that accounts have named, and their names in recordings.

use std::collections::HashSet;
use std::sync::Arc;

use crate::engine::diarization::{self, Diarized, Voiceprint, recognize};
use crate::fault::Fault;
use crate::limits::NAMED_SPEAKERS_MAX;
use crate::store::{AccountId, NamedSpeaker, SpeakerId, Store, Utc};

/// The named speakers of the store.
#[derive(Clone)]
pub struct NamedSpeakers {
    store: Arc<Store>,
    /// The pack of the encoder: embeddings of another one are not compared.
    encoder: String,
}

impl NamedSpeakers {
    /// The named speakers of `store`, for embeddings of the pack `encoder`.
    pub fn new(store: Arc<Store>, encoder: String) -> Self {
        NamedSpeakers { store, encoder }
    }

    /// The speakers that `account` has named, in the order of their names. Faults: the store's.
    pub fn list(&self, account: AccountId) -> Result<Vec<NamedSpeaker>, Fault> {
        self.store.named_speakers(account)
    }

    /// Gives `name` to the speaker whose `speech_s` seconds of speech have the embedding `direction`, in place of who had it.
    /// Faults: `Invalid` when `account` has named as many as are accepted, and the store's.
    pub fn name(
        &self,
        account: AccountId,
        name: String,
        direction: Vec<f32>,
        speech_s: f64,
    ) -> Result<NamedSpeaker, Fault> {
        let speaker = NamedSpeaker {
            id: SpeakerId::new(),
            name,
            direction,
            encoder: self.encoder.clone(),
            speech_s: speech_s as f32,
            updated_at: Utc::now(),
        };
        (self.store).put_named_speaker(account, speaker, NAMED_SPEAKERS_MAX)
    }

    /// Deletes a speaker that `account` has named. Faults: `NotFound` when it has none of this id, and the store's.
    pub fn delete(&self, account: AccountId, id: SpeakerId) -> Result<(), Fault> {
        self.store.delete_named_speaker(account, id)
    }

    /// The names of the speakers of a recording, none for those whom `account` has not named. Faults: the store's.
    pub fn of(&self, account: AccountId, heard: &Diarized) -> Result<Vec<Option<String>>, Fault> {
        self.among(account, heard, Vec::new())
    }

    /// As [`NamedSpeakers::of`], where more speakers are `known`, each by a name: one who is both has the name that is told here.
    pub fn among(
        &self,
        account: AccountId,
        heard: &Diarized,
        known: Vec<(String, Voiceprint)>,
    ) -> Result<Vec<Option<String>>, Fault> {
        let told = names_of(heard, known);
        let mut own = self.list(account)?;
        own.retain(|speaker| speaker.encoder == self.encoder);
        let own = own.into_iter().map(|speaker| {
            let print = Voiceprint {
                direction: speaker.direction,
                speech_s: speaker.speech_s,
            };
            (speaker.name, print)
        });
        let own = names_of(heard, own.collect());
        Ok(told
            .into_iter()
            .zip(own)
            .map(|(told, own)| told.or(own))
            .collect())
    }
}

/// The names of those speakers of a recording who are `known`, each by a name.
fn names_of(heard: &Diarized, known: Vec<(String, Voiceprint)>) -> Vec<Option<String>> {
    let (names, prints): (Vec<String>, Vec<Voiceprint>) = known.into_iter().unzip();
    let found = recognize(&heard.voiceprints, &prints).into_iter();
    let name = |number: Option<usize>| number.map(|number| names[number].clone());
    found.map(name).collect()
}

/// The names of speakers with these numbers, in this order: those of `named`, and numbers for the others.
pub fn labels(numbers: &[usize], named: &[Option<String>]) -> Vec<String> {
    let own = |number: &usize| named.get(*number).cloned().flatten();
    // A name that looks like a number is not given to two.
    let taken: HashSet<String> = numbers.iter().filter_map(own).collect();
    let mut free = (0..)
        .map(diarization::name)
        .filter(|name| !taken.contains(name));
    let label = |number: &usize| own(number).or_else(|| free.next()).unwrap_or_default();
    numbers.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_named_gets_the_next_number() {
        let named = [
            None,
            Some("Ann".to_owned()),
            None,
            Some("SPEAKER_00".to_owned()),
        ];
        assert_eq!(
            labels(&[2, 1, 0], &named),
            ["SPEAKER_00", "Ann", "SPEAKER_01"]
        );
        assert_eq!(labels(&[3, 0], &named), ["SPEAKER_00", "SPEAKER_01"]);
        assert_eq!(labels(&[7], &[]), ["SPEAKER_00"]);
    }
}
