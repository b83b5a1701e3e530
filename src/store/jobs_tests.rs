//! Jobs, their files and their room.

use std::io::Read;

use super::*;
use crate::{AccountChanges, HistoryFate, QuotaChanges, StoreBounds};
use serde_json::json;

const ROOM: JobRoom = JobRoom {
    jobs_max: 4,
    bytes_max: 100,
    hours_max: 2,
};

fn job(bytes: u64) -> Job {
    Job::new(JobKind::Analyze, "k", json!({ "language": "auto" }), bytes)
}

#[test]
fn a_job_and_its_files_outlive_the_process_and_belong_to_one_account() {
    let dir = tempfile::tempdir().unwrap();
    let (id, account) = {
        let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
        let account = store.create_account("a", 60, true, None).unwrap().id;
        let other = store.create_account("b", 60, true, None).unwrap().id;
        let job = job(10);
        let id = job.job_id;
        store
            .job_files()
            .put(id, "input", &mut &b"film"[..])
            .unwrap();
        store.add_job(account, job, ROOM).unwrap();
        store
            .change_job(account, id, |job| job.status = JobStatus::Processing)
            .unwrap();
        assert_eq!(store.job(other, id).unwrap_err().kind, Kind::NotFound);
        assert_eq!(
            store.delete_job(other, id).unwrap_err().kind,
            Kind::NotFound
        );
        // Of a job that was never added.
        store
            .job_files()
            .put(JobId::new(), "input", &mut &b"lost"[..])
            .unwrap();
        (id, account)
    };
    let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
    let to_do = store.jobs_to_do().unwrap();
    assert_eq!((to_do.len(), to_do[0].1.job_id), (1, id));
    let mut film = String::new();
    let mut file = store.job_files().open(id, "input").unwrap();
    file.read_to_string(&mut film).unwrap();
    assert_eq!(film, "film");
    let folders = || std::fs::read_dir(dir.path().join("jobs")).unwrap().count();
    assert_eq!(folders(), 1, "what has no job is gone");
    store
        .change_job(account, id, |job| job.status = JobStatus::Done)
        .unwrap();
    let ended = store.job(account, id).unwrap().updated_at;
    assert_eq!(store.expire_jobs(ended.ms_before(1)).unwrap(), 0);
    assert_eq!(store.expire_jobs(ended).unwrap(), 1, "not after");
    assert_eq!(
        (store.job(account, id).unwrap_err().kind, folders()),
        (Kind::NotFound, 0)
    );
}

#[test]
fn jobs_and_their_bytes_are_bounded_and_go_with_their_account() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
    let account = store.create_account("a", 60, true, None).unwrap().id;
    let other = store.create_account("b", 60, true, None).unwrap().id;
    let refused = |account, bytes| {
        let fault = store.add_job(account, job(bytes), ROOM).unwrap_err();
        assert!(matches!(fault.kind, Kind::Busy { .. }), "{fault}");
        fault.sentence
    };
    // Alone, it leaves a quarter of the jobs and of the bytes.
    let large = job(60);
    let to_do = large.job_id;
    store.add_job(account, large, ROOM).unwrap();
    let says = refused(account, 16);
    assert!(
        says.contains("have 76 bytes of files of dubbing jobs, of at most 75"),
        "{says}"
    );
    let ended = job(0);
    let id = ended.job_id;
    store.add_job(account, ended, ROOM).unwrap();
    store.add_job(account, job(0), ROOM).unwrap();
    let says = refused(account, 0);
    assert!(
        says.contains("have 4 dubbing jobs queued or running, of at most 3"),
        "{says}"
    );
    store.add_job(other, job(10), ROOM).unwrap();
    let says = refused(other, 0);
    assert!(says.contains("all accounts would have 5"), "{says}");
    // One that has ended makes room for another account, and not for one that has half of what is open.
    store
        .change_job(account, id, |job| job.status = JobStatus::Done)
        .unwrap();
    assert!(refused(account, 0).contains("of at most 2"));
    store.add_job(other, job(10), ROOM).unwrap();
    assert!(refused(other, 21).contains("of at most 2"));
    // What was accepted grows although the account has more than half of the bytes now.
    store.size_job(account, to_do, 75, ROOM).unwrap();
    let too_large = store.size_job(account, to_do, 76, ROOM).unwrap_err();
    assert!(too_large.sentence.contains("of at most 75"), "{too_large}");
    store.delete_account("a", HistoryFate::Keep).unwrap();
    assert_eq!(store.jobs_to_do().unwrap().len(), 2);
    assert_eq!(
        store.add_job(account, job(1), ROOM).unwrap_err().kind,
        Kind::Unauthorized
    );
}

#[test]
fn the_operator_gives_an_account_less_or_more_hours_of_sound() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
    let [ada, bisi] = ["ada", "bisi"].map(|name| {
        let account = store.create_account(name, 60, true, None).unwrap();
        account.id
    });
    let hours = |hours: f64| Job {
        seconds: hours * 3_600.0,
        ..job(1)
    };
    let refused = |account, job: Job| {
        let before = store.check_job_room(account, &job, ROOM).unwrap_err();
        let fault = store.add_job(account, job, ROOM).unwrap_err();
        assert_eq!(
            (before.kind, &before.sentence),
            (fault.kind, &fault.sentence)
        );
        assert!(matches!(fault.kind, Kind::Busy { .. }), "{fault}");
        fault.sentence
    };
    let set = |quotas| {
        let changes = AccountChanges {
            quotas,
            ..AccountChanges::default()
        };
        store.set_account("ada", changes).unwrap();
    };
    let first = hours(1.5);
    let id = first.job_id;
    store.add_job(ada, first, ROOM).unwrap();
    let says = refused(ada, hours(0.6));
    assert!(says.contains("2.10 hours of sound"), "{says}");
    assert!(says.contains("of at most 2."), "{says}");
    store.check_job_room(bisi, &hours(2.0), ROOM).unwrap();
    set(QuotaChanges {
        dub_hours: Some(Some(3)),
        ..QuotaChanges::default()
    });
    store.check_job_room(ada, &hours(0.6), ROOM).unwrap();
    set(QuotaChanges {
        dub_hours: Some(None),
        ..QuotaChanges::default()
    });
    refused(ada, hours(0.6));
    // What has ended waits for nothing.
    let end = store.change_job(ada, id, |job| job.status = JobStatus::Done);
    end.unwrap();
    store.check_job_room(ada, &hours(2.0), ROOM).unwrap();
    set(QuotaChanges {
        jobs: Some(Some(0)),
        dub_disk: Some(Some(10)),
        ..QuotaChanges::default()
    });
    assert!(refused(ada, hours(0.0)).contains("of at most 0"));
    let too_large = store.size_job(ada, id, 11, ROOM).unwrap_err();
    assert!(too_large.sentence.contains("of at most 10"), "{too_large}");
    store.check_job_room(bisi, &job(50), ROOM).unwrap();
}
