//! How many requests of a kind, and of an account, may be in the server at once. Dropping a place gives it back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::AccountId;
use vocabox_base::share;

/// A fixed number of places, of which no account takes all.
///
/// While several accounts have places, each may have half of them. An account that is alone may have all but a quarter,
/// so that another finds room at once.
#[derive(Debug, Clone)]
pub struct Places {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    count: usize,
    /// By account, none of them 0.
    taken: Mutex<HashMap<AccountId, usize>>,
}

/// One taken place.
#[derive(Debug)]
pub struct Place {
    shared: Arc<Shared>,
    account: AccountId,
}

impl Places {
    /// Returns `count` free places.
    pub fn new(count: usize) -> Self {
        Places {
            shared: Arc::new(Shared {
                count,
                taken: Mutex::default(),
            }),
        }
    }

    /// Returns how many places there are.
    pub fn count(&self) -> usize {
        self.shared.count
    }

    /// Returns how many places are taken.
    pub fn taken(&self) -> usize {
        self.shared.lock().values().sum()
    }

    /// Returns whether `account` would get no place now.
    pub fn is_full(&self, account: AccountId) -> bool {
        !self.shared.has_room(&self.shared.lock(), account)
    }

    /// Returns a place for `account`, or none when all are taken or it has its share.
    pub fn take(&self, account: AccountId) -> Option<Place> {
        let mut taken = self.shared.lock();
        self.shared.has_room(&taken, account).then(|| {
            *taken.entry(account).or_default() += 1;
            Place {
                shared: Arc::clone(&self.shared),
                account,
            }
        })
    }
}

impl Shared {
    fn has_room(&self, taken: &HashMap<AccountId, usize>, account: AccountId) -> bool {
        let all: usize = taken.values().sum();
        let own = taken.get(&account).copied().unwrap_or(0);
        let own_max = share::of_account(self.count as u64, all == own);
        all < self.count && (own as u64) < own_max
    }

    /// No code that can panic runs under this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shared.lock();
        if let Some(own) = taken.get_mut(&self.account) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u64) -> AccountId {
        serde_json::from_value(number.into()).unwrap()
    }

    fn take(places: &Places, number: u64, count: usize) -> Vec<Place> {
        let account = account(number);
        std::iter::from_fn(|| places.take(account))
            .take(count)
            .collect()
    }

    #[test]
    fn an_account_alone_leaves_a_quarter_and_beside_others_half() {
        let places = Places::new(16);
        let first = take(&places, 1, 99);
        assert_eq!(first.len(), 12);
        let second = take(&places, 2, 99);
        assert_eq!((second.len(), places.taken()), (4, 16));
        drop(first);
        assert_eq!(places.taken(), 4);
        let third = take(&places, 3, 99);
        assert_eq!(third.len(), 8, "it is not alone");
        drop((second, third));
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn few_places_are_all_for_an_account_alone_and_given_back() {
        let places = Places::new(2);
        let both = take(&places, 1, 99);
        assert_eq!(both.len(), 2);
        assert!(places.is_full(account(1)) && places.is_full(account(2)));
        drop(both);
        assert!(!places.is_full(account(2)));
    }
}
