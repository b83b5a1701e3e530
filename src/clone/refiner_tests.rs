use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;

use tempfile::TempDir;

use super::*;
use crate::clone::toy_engines::{probe, voices};
use crate::scheduler::LaneShare;
use crate::store::{ClonedVoice, Utc};

/// The thread's work without the thread, with measured stock voices, a store with one account, and a count of what was
/// spoken.
struct Desk {
    work: RefineWorker,
    account: AccountId,
    spoken: Arc<AtomicUsize>,
    folder: TempDir,
}

impl Desk {
    fn open() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(voices(folder.path(), 5), &[], None, folder.path()).unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let account = store.create_account("ada", 60, true, None).unwrap().id;
        let spoken = Arc::new(AtomicUsize::new(0));
        let count = spoken.clone();
        let probe = probe(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let mut work = RefineWorker {
            catalog: Arc::new(catalog),
            probe: Arc::new(probe),
            store,
            inbox: Arc::default(),
            given_up: HashSet::new(),
        };
        assert!(!work.learn());
        spoken.store(0, Ordering::Relaxed);
        Desk {
            work,
            account,
            spoken,
            folder,
        }
    }

    /// A voice that was just cloned, similar to the third stock voice, with its search.
    fn fresh(&self) -> (VoiceId, Box<Attempt>) {
        let catalog = &self.work.catalog;
        let target = catalog.measured(RecordingBand::Wide)[2].clone().unwrap();
        let mut attempt = Attempt::new(catalog, target, RecordingBand::Wide).unwrap();
        let cancellation = self.work.cancellation();
        let (found, clip) = attempt
            .begin(
                catalog,
                &self.work.probe,
                &LaneShare::command(),
                &cancellation,
            )
            .unwrap();
        let voice = ClonedVoice {
            id: VoiceId::new(),
            name: "Me".to_owned(),
            description: String::new(),
            created_at: Utc::now(),
            style: ClonedStyle {
                nearest: found.nearest.id.clone(),
                language: "en-us".to_owned(),
                table: String::new(),
                pace: found.pace,
                score: found.score,
                is_stock: found.is_stock,
                refined: false,
            },
            clip: String::new(),
            consent: None,
        };
        let wav = crate::audio::encode::wav(&clip.samples, clip.rate_hz).unwrap();
        let store = &self.work.store;
        let table = found.style_table.bytes();
        let voice = store.add_voice(self.account, voice, &table, &wav, 100);
        (voice.unwrap().id, Box::new(attempt))
    }

    fn spoken(&self) -> usize {
        self.spoken.swap(0, Ordering::Relaxed)
    }

    fn job(&self, id: VoiceId, attempt: Option<Box<Attempt>>) -> RefineJob {
        RefineJob {
            account: self.account,
            id,
            attempt,
        }
    }
}

#[test]
fn a_voice_is_made_better_once_and_found_in_the_store_when_its_attempt_was_lost() {
    let desk = Desk::open();
    let (id, attempt) = desk.fresh();
    let before = desk.work.store.voice(desk.account, id).unwrap().style;
    desk.work.refine(desk.job(id, Some(attempt))).unwrap();
    let after = desk.work.store.voice(desk.account, id).unwrap().style;
    assert!(
        after.refined && after.score >= before.score,
        "{before:?} {after:?}"
    );
    desk.spoken();
    desk.work.refine(desk.job(id, None)).unwrap();
    assert_eq!(desk.spoken(), 0, "it is as good as it gets");
    let (lost, _) = desk.fresh();
    let found = desk.work.unrefined().unwrap().unwrap();
    assert_eq!(found.id, lost);
    // The voice's own style is measured in the same way as the blends that may replace it.
    let again = desk.work.again(desk.account, lost).unwrap();
    let style = desk.work.store.voice(desk.account, lost).unwrap().style;
    assert!((again.given_score() - style.score).abs() < 0.01);
    assert!(!again.is_better());
}

#[test]
fn a_deleted_voice_is_searched_for_no_more() {
    let desk = Desk::open();
    let (before, attempt) = desk.fresh();
    desk.work.store.delete_voice(desk.account, before).unwrap();
    desk.spoken();
    let fault = desk
        .work
        .refine(desk.job(before, Some(attempt)))
        .unwrap_err();
    assert_eq!((fault.kind, desk.spoken()), (Kind::NotFound, 0));

    let (between, attempt) = desk.fresh();
    desk.spoken();
    let (spoken, store, account) = (&desk.spoken, &desk.work.store, desk.account);
    let fault = thread::scope(|scope| {
        let refined = scope.spawn(|| desk.work.refine(desk.job(between, Some(attempt))));
        while spoken.load(Ordering::Relaxed) == 0 && !refined.is_finished() {
            thread::yield_now();
        }
        store.delete_voice(account, between).unwrap();
        refined.join().unwrap().unwrap_err()
    });
    assert_eq!(fault.kind, Kind::NotFound);
    // A whole search has more than twenty tries.
    assert!(desk.spoken() < 15);
}

#[test]
fn a_voice_whose_files_are_gone_is_looked_at_once() {
    let mut desk = Desk::open();
    let (id, _) = desk.fresh();
    let files = desk.folder.path().join("data/voices");
    std::fs::remove_dir_all(files.join(id.to_string())).unwrap();
    let found = desk.work.unrefined().unwrap().unwrap();
    desk.work.make_better(found);
    assert!(desk.work.unrefined().unwrap().is_none());
}

#[test]
fn no_more_attempts_wait_than_there_is_room_for_and_the_store_has_the_rest() {
    let mut desk = Desk::open();
    let refiner = Refiner {
        inbox: desk.work.inbox.clone(),
        thread: None,
    };
    let mut ids = Vec::new();
    for _ in 0..CLONE_ATTEMPTS_MAX + 1 {
        let (id, attempt) = desk.fresh();
        refiner.add(desk.account, id, attempt);
        ids.push(id);
    }
    assert_eq!(refiner.inbox.jobs().len(), CLONE_ATTEMPTS_MAX);
    let last = ids.pop().unwrap();
    assert!(refiner.inbox.jobs().iter().all(|job| job.id != last));
    desk.work.given_up.extend(ids);
    assert_eq!(desk.work.unrefined().unwrap().unwrap().id, last);
}

#[test]
fn stopping_the_search_waits_for_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(voices(folder.path(), 2), &[], None, folder.path()).unwrap();
    let catalog = Arc::new(catalog);
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let held = Mutex::new((begun, released));
    let probe = probe(move || {
        let held = held.lock().unwrap();
        held.0.send(()).unwrap();
        // Blocks until the test drops its end.
        let _ = held.1.recv();
    });
    let store = Store::open(&folder.path().join("data")).unwrap();
    let probe = Arc::new(probe);
    let refiner = Refiner::start(catalog.clone(), probe.clone(), store).unwrap();
    begins.recv().unwrap();
    refiner.stop();
    drop(refiner);
    assert!(
        catalog
            .measured(RecordingBand::Wide)
            .iter()
            .all(Option::is_none)
    );
    assert!(!catalog.wait_known(1, Duration::ZERO), "none was given up");
    drop(release);
}
