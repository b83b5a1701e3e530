//! Counts units that are handed out and returned by dropping: slots of uploads, bytes of spool and of sound. Does not know
//! what it counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::share::of_account;

/// A number of units that many holders share. Of those, one owner may have [its share](crate::share), and `least`
/// at any rate.
#[derive(Debug)]
pub struct Budget {
    used: Mutex<HeldUnits>,
    max: u64,
    least: u64,
}

/// The units that are held now.
#[derive(Debug, Default)]
struct HeldUnits {
    all: u64,
    /// By owner; none has 0.
    owners: HashMap<u64, u64>,
}

impl Budget {
    /// Returns a budget of `max` units, all of them free.
    pub fn new(max: u64, least: u64) -> Arc<Self> {
        Arc::new(Budget {
            used: Mutex::default(),
            max,
            least,
        })
    }

    /// Returns an empty share; what has no owner is bounded by what is free alone.
    pub fn share(self: &Arc<Self>, owner: Option<u64>) -> Share {
        Share {
            budget: Arc::clone(self),
            owner,
            units: 0,
        }
    }

    /// Returns the units that are held now.
    pub fn used(&self) -> u64 {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, HeldUnits> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Part of a [`Budget`]; dropping it gives the part back.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    owner: Option<u64>,
    units: u64,
}

impl Share {
    /// Takes `units` more, if they are free and the owner may have them; returns whether that was so. A share that has
    /// some already may grow as if its owner were alone, so that no other owner ends what is under way.
    #[must_use]
    pub fn grow(&mut self, units: u64) -> bool {
        let Budget { max, least, .. } = *self.budget;
        let mut used = self.budget.lock();
        let Some(all) = used.all.checked_add(units).filter(|all| *all <= max) else {
            return false;
        };
        if let Some(owner) = self.owner {
            let own = used.owners.get(&owner).copied().unwrap_or(0);
            let others = used.owners.len() - usize::from(own > 0);
            let own_max = of_account(max, others == 0 || self.units > 0).max(least);
            if own + units > own_max {
                return false;
            }
            if units > 0 {
                used.owners.insert(owner, own + units);
            }
        }
        used.all = all;
        self.units += units;
        true
    }

    /// Returns the units that this share holds.
    pub fn units(&self) -> u64 {
        self.units
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = self.budget.lock();
        used.all -= self.units;
        if let Some(owner) = self.owner
            && let Some(own) = used.owners.get_mut(&owner)
        {
            *own -= self.units;
            if *own == 0 {
                used.owners.remove(&owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_cannot_pass_the_budget_and_comes_back_when_dropped() {
        let budget = Budget::new(3, 1);
        let mut a = budget.share(None);
        let mut b = budget.share(None);
        assert!(a.grow(2));
        assert!(!b.grow(2));
        assert!(b.grow(1));
        assert!(!b.grow(u64::MAX));
        drop(a);
        assert_eq!(budget.used(), b.units());
    }

    #[test]
    fn an_owner_leaves_room_for_others_and_none_is_ended_by_another() {
        let budget = Budget::new(100, 1);
        let mut ada = budget.share(Some(1));
        assert!(!ada.grow(76), "alone, it leaves a quarter");
        assert!(ada.grow(60));
        let mut bisi = budget.share(Some(2));
        assert!(bisi.grow(25));
        assert!(!budget.share(Some(1)).grow(1), "it has more than half");
        assert!(ada.grow(15), "what is under way goes on");
        assert!(!ada.grow(1));
        drop(ada);
        assert!(bisi.grow(50));
        drop(bisi);
        assert_eq!(budget.used(), 0);
        assert!(budget.lock().owners.is_empty());
    }

    #[test]
    fn an_owner_may_have_the_least_also_of_a_small_budget() {
        let budget = Budget::new(100, 90);
        let _bisi = {
            let mut bisi = budget.share(Some(2));
            assert!(bisi.grow(10));
            bisi
        };
        assert!(!budget.share(Some(1)).grow(91));
        assert!(budget.share(Some(1)).grow(90));
    }
}
