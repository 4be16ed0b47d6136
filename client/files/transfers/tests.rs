//! Tests of the table of transfers.

use super::*;
use crate::files::pending_uploads::Upload;
use wire::file_line::FileState;

fn offer(id: u64) -> Offer {
    let (sender, target, state, name) = ("tesla".into(), "me".into(), FileState::New, "a.txt".into());
    Offer { id, sender, target, size: 3, crc: 9, state, name }
}

#[test]
fn a_few_run_and_the_others_wait_in_order() {
    let mut transfers = Transfers::default();
    (1..=6).for_each(|id| _ = transfers.fetch(&offer(id), Some(3), Instant::now()));
    let started: Vec<_> = std::iter::from_fn(|| transfers.next(|_| true)).map(|(number, _)| number).collect();
    assert_eq!((started, transfers.due(|_| true)), (vec![1, 2, 3, 4], 6));
    transfers.remove(2);
    assert_eq!(transfers.next(|_| true), Some((5, Job::Download(5))));
}

#[test]
fn nothing_is_fetched_twice_by_itself() {
    let mut transfers = Transfers::default();
    assert!(transfers.is_news(7, 9) && !transfers.is_news(7, 9) && transfers.is_news(7, 10));
    transfers.learn(offer(7));
    transfers.fetch(&offer(7), Some(3), Instant::now());
    transfers.fetch(&offer(7), Some(3), Instant::now());
    assert_eq!(transfers.due(|_| true), 1);
    transfers.remove(1);
    transfers.mark_done(7);
    transfers.fetch(&offer(7), Some(3), Instant::now());
    assert_eq!(transfers.due(|_| true), 0);
}

#[test]
fn an_upload_of_an_earlier_run_waits_for_its_room() {
    let mut transfers = Transfers::default();
    let upload = |target: &str| Upload { path: "/a".into(), target: target.into(), earlier_id: None };
    transfers.add(Job::Upload(upload("#dev")), None);
    assert_eq!((transfers.due(|_| false), transfers.next(|_| false)), (0, None));
    assert!(transfers.is_being_sent(&upload("#DEV")) && !transfers.is_being_sent(&upload("bob")));
    assert_eq!(transfers.next(|room| room == "#dev").map(|(number, _)| number), Some(1));
    assert_eq!(transfers.by_word("u1").map(|transfer| transfer.number), Some(1));
    assert!(transfers.by_word("1").is_none());
}

#[test]
fn two_files_that_a_server_cannot_tell_apart_go_one_after_the_other() {
    let mut transfers = Transfers::default();
    for (path, target) in [("/a/x.txt", "bob"), ("/b/x.txt", "BOB"), ("/b/x.txt", "#dev")] {
        let upload = Upload { path: path.into(), target: target.into(), earlier_id: None };
        transfers.add(Job::Upload(upload), Some(Typed::default()));
    }
    let mut next = || transfers.next(|_| true).map(|(number, _)| number);
    assert_eq!([next(), next(), next()], [Some(1), Some(3), None]);
    transfers.remove(1);
    assert_eq!(transfers.next(|_| true).map(|(number, _)| number), Some(2));
}

#[test]
fn what_comes_by_itself_from_somebody_can_be_stopped() {
    let mut transfers = Transfers::default();
    for (id, sender, wanted) in [(1, "troll", false), (2, "troll", false), (3, "troll", true), (4, "albert", false)] {
        transfers.learn(Offer { sender: sender.into(), ..offer(id) });
        transfers.add(Job::Download(id), wanted.then(Typed::default));
    }
    transfers.next(|_| true);
    transfers.stop_from("Troll");
    let left: Vec<_> = transfers.list.iter().map(|left| (left.id, left.cancel.is_some())).collect();
    assert_eq!(left, [(Some(1), true), (Some(3), false), (Some(4), false)]);
}

#[test]
fn no_server_can_make_it_grow_for_ever() {
    let mut transfers = Transfers::default();
    for id in 0..limits::FILES as u64 * 2 {
        transfers.is_news(id, 9);
        transfers.learn(offer(id));
        if id < 2000 {
            transfers.fetch(&offer(id), Some(3), Instant::now());
        }
    }
    let counts = [transfers.announced.len(), transfers.offers.len(), transfers.list.len()];
    assert!(counts.iter().all(|&count| count <= limits::FILES), "{counts:?}");
    assert_eq!(transfers.list.len(), QUEUE);
}

#[test]
fn a_download_that_is_just_being_stopped_can_be_asked_for_again() {
    let mut transfers = Transfers::default();
    transfers.add(Job::Download(7), None);
    let (first, _) = transfers.next(|_| true).unwrap();
    transfers.by_id(7).unwrap().stop(Cancel::ByUser);
    transfers.add(Job::Download(7), Some(Typed::default()));
    assert_eq!(transfers.next(|_| true), None, "one at a time");
    assert!(transfers.by_id(7).is_some_and(|transfer| transfer.cancel.is_none()));
    assert_eq!(transfers.by_word("7").map(|transfer| transfer.number), Some(first), "it has asked for an answer");
    transfers.remove(first);
    assert_eq!(transfers.next(|_| true), Some((first + 1, Job::Download(7))));
}
