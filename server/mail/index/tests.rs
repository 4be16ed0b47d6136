//! Tests of the mail index.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::*;
use crate::core::party::Full;

fn party(number: u32) -> Party {
    Party::of(Ipv4Addr::from_bits(number).into())
}

fn id(number: u64) -> Msgid {
    Msgid { run: 1, number }
}

fn message(number: u64, from: Option<Party>) -> StoredMessage {
    let (party, crc) = (from.map(Arc::new), None);
    StoredMessage { id: id(number), time: number, size: 100, party, crc, passing: false }
}

/// Stores a message from nobody in particular; true when it may be delivered at once.
fn store(index: &mut MailIndex, name: &str, number: u64) -> bool {
    let mut message = message(number, None);
    index.reserve(name, false, &mut message).unwrap();
    index.add(name, message)
}

fn pending(index: &MailIndex, name: &str) -> Vec<u64> {
    index.pending(name, 99).iter().map(|message| message.id.number).collect()
}

fn register(index: &mut MailIndex, name: &str) -> bool {
    index.register(name, party(1), Instant::now())
}

#[test]
fn messages_are_delivered_in_order_and_again_until_they_are_acknowledged() {
    let mut index = MailIndex::default();
    assert!(register(&mut index, "albert") && !register(&mut index, "albert"));
    assert!(store(&mut index, "albert", 1), "nothing is before it");
    assert!(!store(&mut index, "albert", 2), "the first one is not delivered yet");
    assert_eq!(pending(&index, "albert"), [1, 2]);
    assert!(!index.mark_in_flight("albert", id(2)) && index.mark_in_flight("albert", id(1)));
    assert_eq!((pending(&index, "albert"), index.count_pending("albert")), (vec![2], 1));
    index.mark_in_flight("albert", id(2));
    assert!(store(&mut index, "albert", 3));
    assert!(index.remove("albert", id(1)).is_some() && index.remove("albert", id(1)).is_none());
    assert_eq!(pending(&index, "albert"), [3]);
    index.gave_up("albert");
    assert_eq!(pending(&index, "albert"), [2, 3]);
    assert_eq!(index.all.used(), 2);
}

#[test]
fn an_unreadable_message_holds_up_no_other_and_is_tried_again() {
    let mut index = MailIndex::default();
    (1..=3).for_each(|number| _ = store(&mut index, "albert", number));
    assert!(index.defer("albert", id(1)) && !index.defer("albert", id(1)));
    assert_eq!((pending(&index, "albert"), index.all.used()), (vec![2, 3], 3));
    index.mark_in_flight("albert", id(2));
    index.gave_up("albert");
    assert_eq!((pending(&index, "albert"), index.all.used()), (vec![1, 2, 3], 3));
}

#[test]
fn an_unreadable_message_can_be_revoked() {
    let mut index = MailIndex::default();
    (1..=2).for_each(|number| _ = store(&mut index, "albert", number));
    index.defer("albert", id(1));
    assert!(index.remove("albert", id(1)).is_some() && index.remove("albert", id(1)).is_none());
    index.gave_up("albert");
    assert_eq!((pending(&index, "albert"), index.all.used()), (vec![2], 1));
}

#[test]
fn a_flood_uses_up_a_share_of_the_mailbox_and_a_share_of_all() {
    let mut index = MailIndex::default();
    let mut send = |name: &str, from: Party| index.reserve(name, false, &mut message(1, Some(from)));
    let share = (0..MAILBOX).take_while(|_| send("albert", party(1)).is_ok()).count();
    assert_eq!(share, MAILBOX / 2);
    assert_eq!(send("albert", party(1)), Err(Refusal::Mailbox(Full::Share)));
    assert_eq!(send("albert", party(2)), Ok(()), "a friend gets in");
    let names = (0..).map(|number| format!("n{number}"));
    let filled = names.take_while(|name| (0..share).all(|_| send(name, party(1)).is_ok())).count();
    assert_eq!(filled, (limits::MAIL_BYTES / limits::BLOCK / 2 - share) / share);
    assert_eq!(send("tesla", party(1)), Err(Refusal::AllMailboxes(Full::Share)));
    assert_eq!(send("tesla", party(2)), Ok(()));
}

#[test]
fn long_messages_take_the_room_that_they_need() {
    let mut index = MailIndex::default();
    let mut send = || index.reserve("albert", false, &mut StoredMessage { size: 8000, ..message(1, Some(party(1))) });
    assert_eq!((0..MAILBOX).take_while(|_| send().is_ok()).count(), MAILBOX / 2 / 2);
}

#[test]
fn what_a_connected_client_acknowledges_has_room_beyond_but_is_no_way_around() {
    let mut index = MailIndex::default();
    index.all.add(None, limits::MAIL_BYTES / limits::BLOCK);
    assert_eq!(index.has_room("tesla", false, &party(1)), Err(Refusal::AllMailboxes(Full::Pool)));
    for number in 0..limits::PASSING_EACH as u64 {
        let mut message = message(number, Some(party(1)));
        index.reserve("tesla", true, &mut message).unwrap();
        index.add("tesla", message);
    }
    assert_eq!(
        index.has_room("tesla", true, &party(2)),
        Err(Refusal::AllMailboxes(Full::Pool)),
        "it acknowledges none"
    );
    index.remove("tesla", id(0));
    assert_eq!(index.has_room("tesla", true, &party(2)), Ok(()));
    // Clients that never acknowledge, one after another.
    let names = (0..).map(|number| format!("n{number}"));
    let sinks = names.take_while(|name| index.reserve(name, true, &mut message(99, Some(party(1)))).is_ok()).count();
    let half = limits::PASSING_BYTES / limits::BLOCK / 2;
    assert_eq!(sinks, half - (limits::PASSING_EACH - 1));
    assert_eq!(index.has_room("albert", true, &party(2)), Ok(()));
    assert_eq!(index.all.used(), limits::MAIL_BYTES / limits::BLOCK);
}

#[test]
fn a_refusal_says_whose_share_it_is() {
    let key = Party::Key(wire::fingerprint::Fingerprint([1; 32]));
    let [mine, address] = [key, party(1)].map(|party| Refusal::Mailbox(Full::Share).text(Some(&party)));
    assert!(
        mine.starts_with("your share of the mailbox") && address.starts_with("your address's share of the mailbox")
    );
}

#[test]
fn the_name_that_was_not_used_for_the_longest_time_is_forgotten() {
    let mut index = MailIndex::default();
    let names: Vec<_> = (0..limits::KNOWN_NAMES + 2).map(|number| format!("n{number}")).collect();
    index.enter(names, vec![("old".into(), vec![message(1, None)]), ("n0".into(), vec![message(2, None)])]);
    assert!(!index.knows("n1") && index.knows("n2") && index.knows("n0") && index.knows("old"));
    // The oldest is in use, so the next one goes.
    register(&mut index, "n2");
    register(&mut index, "new");
    index.gave_up("new");
    assert!(index.knows("n3"));
    register(&mut index, "newer");
    index.gave_up("newer");
    assert!(!index.knows("n3") && index.knows("n2") && index.knows("n4"));
    index.gave_up("n2");
    assert!(!index.knows("n4"));
    // Its mail is read.
    index.remove("n0", id(2));
    assert!(index.knows("n0") && !index.knows("n5") && index.knows("n2"));
}

#[test]
fn names_beyond_the_rate_are_known_while_they_are_used_or_have_mail() {
    let mut index = MailIndex::default();
    let new = (0..2 * limits::NEW_NAMES).filter(|number| register(&mut index, &format!("n{number}"))).count();
    assert_eq!(new, limits::NEW_NAMES);
    let last = format!("n{}", 2 * limits::NEW_NAMES - 1);
    assert!(index.knows(&last));
    store(&mut index, &last, 1);
    index.gave_up(&last);
    assert!(index.knows(&last));
    index.remove(&last, id(1));
    assert!(!index.knows(&last));
    index.gave_up("n0");
    assert!(index.knows("n0"));
}

#[test]
fn messages_expire_but_not_those_of_somebody_who_is_connected() {
    let numbers = |messages: &[StoredMessage]| messages.iter().map(|message| message.id.number).collect::<Vec<_>>();
    let mut index = MailIndex::default();
    register(&mut index, "albert");
    (1..=4).for_each(|number| _ = store(&mut index, "albert", number));
    store(&mut index, "tesla", 9);
    assert_eq!(index.expire("", 3), (Vec::new(), Some("tesla".into())));
    assert_eq!(index.expire("tesla", 3), (Vec::new(), None));
    index.defer("albert", id(2));
    index.gave_up("albert");
    let (expired, _) = index.expire("", 3);
    assert_eq!((expired.len(), expired[0].0.as_str(), numbers(&expired[0].1)), (1, "albert", vec![1, 2, 3]));
    assert_eq!(index.all.used(), 2);
    assert_eq!(index.expire("", 9).0.len(), 2);
    assert!(index.knows("albert") && !index.knows("tesla"), "nobody has registered it");
}

#[test]
fn many_messages_expire_a_few_at_a_time() {
    let mut index = MailIndex::default();
    let count = 2 * limits::WALK + 1;
    (0..count as u64).for_each(|number| _ = store(&mut index, "albert", number));
    (0..count as u64).for_each(|number| _ = store(&mut index, &format!("b{number}"), number));
    let (mut after, mut sizes) = (Some(String::new()), Vec::new());
    while let Some(from) = after {
        let (expired, next) = index.expire(&from, u64::MAX);
        sizes.push(expired.iter().map(|(_, messages)| messages.len()).sum::<usize>());
        after = next;
    }
    assert!(sizes.iter().all(|size| *size <= limits::WALK) && sizes.iter().sum::<usize>() == 2 * count, "{sizes:?}");
    assert_eq!(index.all.used(), 0);
}

#[test]
fn the_remembered_names_come_in_the_order_of_use() {
    let mut index = MailIndex::default();
    let names: Vec<_> = (0..2 * limits::WALK).map(|number| format!("n{number}")).collect();
    index.enter(names, Vec::new());
    register(&mut index, "n7");
    register(&mut index, "n5");
    index.gave_up("n7");
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let (names, next) = index.remembered(&after);
        all.extend(names);
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    all.sort();
    assert_eq!(all.len(), 2 * limits::WALK);
    assert_eq!((all[0].1.as_str(), all[all.len() - 2].1.as_str(), all[all.len() - 1].1.as_str()), ("n0", "n7", "n5"));
}

#[test]
fn a_name_that_was_given_up_is_forgotten_once_nothing_waits_for_it() {
    let mut index = MailIndex::default();
    index.enter(vec!["tesla".into(), "albert".into()], Vec::new());
    store(&mut index, "albert", 1);
    index.forget("tesla");
    index.forget("albert");
    index.forget("nobody");
    assert!(!index.knows("tesla") && index.knows("albert") && index.names_are_due());
    index.remove("albert", id(1));
    assert!(!index.knows("albert"));
    register(&mut index, "tesla");
    index.gave_up("tesla");
    assert!(index.knows("tesla"), "somebody new has used it");
}
