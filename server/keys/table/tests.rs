//! Tests of the table: whose a name is, and which of them are forgotten.

use std::time::Duration;

use super::*;

const TESLA: Fingerprint = Fingerprint([7; 32]);
const EVE: Fingerprint = Fingerprint([8; 32]);

/// A client with this key, in its session of this number.
fn client(key: Fingerprint, session: u32) -> Applicant {
    let client = ClientId { serial: session, slot: 0 };
    Applicant { key, client, network: [192, 0, 2, 1].into(), now: 1000, instant: Instant::now() }
}

fn unused(_: &str) -> bool {
    false
}

/// A key of its own for each number.
fn key(number: usize) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Fingerprint(bytes)
}

/// A table that is full. Names were used again if `again` says so of their number, which is also when they were bound.
fn full(again: impl Fn(usize) -> bool) -> KeyTable {
    let mut keys = KeyTable::default();
    for number in 0..limits::BOUND_NAMES {
        let once = (!again(number)).then_some((number as u64, None));
        keys.enter(&format!("n{number}"), key(number), once, true);
    }
    keys
}

#[test]
fn a_name_belongs_to_one_key_and_a_key_has_some_names() {
    let mut keys = KeyTable::default();
    let bind = |keys: &mut KeyTable, name: &str, key| keys.bind(name, client(key, 1), unused);
    assert!(keys.allow("tesla", None) && keys.allow("tesla", Some(EVE)));
    assert_eq!(bind(&mut keys, "tesla", TESLA), Bound::New);
    assert_eq!(bind(&mut keys, "tesla", TESLA), Bound::Already);
    assert_eq!(bind(&mut keys, "tesla", EVE), Bound::Theirs);
    assert!(keys.allow("tesla", Some(TESLA)) && !keys.allow("tesla", Some(EVE)) && !keys.allow("tesla", None));
    let more = (1..limits::NAMES_PER_KEY).map(|number| bind(&mut keys, &format!("t{number}"), TESLA));
    assert!(more.collect::<Vec<_>>().iter().all(|bound| *bound == Bound::New));
    assert!(matches!(bind(&mut keys, "another", TESLA), Bound::Refused(_)));
    assert!(keys.allow("another", Some(TESLA)), "it may be used all the same");
    let owner = keys.owner("tesla").unwrap();
    keys.release("tesla", owner);
    assert_eq!(bind(&mut keys, "another", TESLA), Bound::New);
    keys.release("another", keys.owner("another").unwrap());
    assert_eq!(bind(&mut keys, "tesla", TESLA), Bound::New);
    keys.release("tesla", owner);
    assert!(!keys.allow("tesla", Some(EVE)), "the same key has got it anew");
    assert_eq!(keys.stored_owner("tesla"), None);
    keys.mark_stored("tesla");
    assert_eq!(keys.stored_owner("tesla"), keys.owner("tesla"));
}

#[test]
fn a_name_is_used_again_in_a_later_session_only() {
    let mut keys = KeyTable::default();
    let mut bound = |session| keys.bind("tesla", client(TESLA, session), unused);
    assert_eq!(
        [1, 1, 2, 1, 3].map(&mut bound),
        [Bound::New, Bound::Already, Bound::Again, Bound::Already, Bound::Already]
    );
    assert!(keys.once.is_empty() && keys.is_proven("tesla", TESLA) && !keys.is_proven("tesla", EVE));
    keys.bind("eve", client(EVE, 1), unused);
    assert!(!keys.is_proven("eve", EVE), "it has just got it");
    // After a restart nobody knows that session any more.
    keys.enter("nikola", TESLA, Some((5, None)), true);
    assert_eq!(keys.bind("nikola", client(TESLA, 1), unused), Bound::Again);
}

#[test]
fn names_that_were_never_used_again_are_forgotten_first_the_oldest_of_them_first() {
    let mut keys = full(|number| number < 10 || number == 12);
    let mut next = |name: &str| keys.bind(name, client(TESLA, 1), |name| name == "n10");
    assert_eq!(next("a"), Bound::InPlaceOf("n11".into()), "n10 is in use");
    assert_eq!(next("b"), Bound::InPlaceOf("n13".into()));
    assert!(!keys.allow("n10", Some(TESLA)) && keys.allow("n11", Some(TESLA)) && !keys.allow("n12", Some(TESLA)));
    assert_eq!(keys.owners.len(), limits::BOUND_NAMES);
    assert_eq!(keys.once.len() + 11, limits::BOUND_NAMES);
    assert_eq!(keys.counts.get(&key(11)), None);
}

#[test]
fn a_full_table_refuses_new_names_and_nothing_else() {
    let mut keys = full(|_| true);
    let refused = Bound::Refused("the server has too many names already");
    assert_eq!(keys.bind("tesla", client(TESLA, 1), unused), refused);
    assert!(keys.allow("tesla", Some(TESLA)) && keys.allow("tesla", None));
    assert_eq!(keys.bind("n5", client(key(5), 1), unused), Bound::Already);
    keys.release("n5", keys.owner("n5").unwrap());
    assert_eq!(keys.bind("tesla", client(TESLA, 1), unused), Bound::New);
}

#[test]
fn a_network_binds_some_new_names_in_an_hour() {
    let mut keys = KeyTable::default();
    let start = Instant::now();
    let mut bind = |number: usize, network: [u8; 4], instant| {
        let applicant = Applicant { network: network.into(), instant, ..client(key(number), 1) };
        keys.bind(&format!("n{number}"), applicant, unused)
    };
    for number in 0..limits::NAMES_PER_HOUR {
        assert_eq!(bind(number, [192, 0, 2, 1], start + Duration::from_secs(number as u64)), Bound::New);
    }
    let soon = start + Duration::from_mins(59);
    assert!(matches!(bind(1000, [192, 0, 2, 1], soon), Bound::Refused(_)));
    assert_eq!(bind(1001, [192, 0, 2, 2], soon), Bound::New, "others are not concerned");
    assert_eq!(bind(0, [192, 0, 2, 1], soon), Bound::Already);
    assert_eq!(bind(1002, [192, 0, 2, 1], start + Duration::from_hours(1)), Bound::New);
}
