use super::*;

const NOW: Duration = Duration::from_secs(100);

fn after(millis: u64) -> Duration {
    NOW + Duration::from_millis(millis)
}

fn message(number: u32) -> Message {
    Message { nick: "tesla".into(), text: number.to_string() }
}

/// Somebody who came after us and whose messages have all come up to `last`, but for `missing`.
fn peer(last: u32, missing: &[u32]) -> Peer {
    let mut peer = Peer::new(Duration::ZERO, 0, true, 0, NOW);
    for number in (1..=last).filter(|number| !missing.contains(number)) {
        peer.take(number, message(number));
        while peer.show().is_some() {}
    }
    peer.learn_last(last);
    peer.plan(NOW, Duration::from_millis(20));
    peer
}

const LAST: u32 = wire::datagram::MAX_NUMBER;

/// What comes due within so many milliseconds, while others ask as often as they are told to.
fn due(peer: &mut Peer, millis: u64, others_ask: impl Fn(u64) -> bool) -> Vec<Due> {
    let step = |millisecond| {
        if others_ask(millisecond) {
            peer.asked(1, LAST, after(millisecond));
        }
        peer.due(after(millisecond), true, Duration::from_millis(1))
    };
    (0..millis).filter_map(step).collect()
}

#[test]
fn what_is_missing_is_asked_for_ever_more_seldom() {
    let asked = due(&mut peer(5, &[2, 3, 5]), 5000, |_| false);
    // After 20, 171, 472, 1073, 2074, 3075 and 4076 ms.
    assert_eq!(asked.len(), 7);
    assert!(asked.iter().all(|due| *due == Due::Ask(vec![(2, 3), (5, 5)])));
}

#[test]
fn somebody_else_asks_but_is_not_relied_upon() {
    let asked = due(&mut peer(5, &[2, 3]), 28_000, |_| true);
    assert!((6..=8).contains(&asked.len()), "a quarter of about 29: {}", asked.len());
}

#[test]
fn what_nobody_can_have_any_more_is_given_up_at_once() {
    let mut peer = peer(5, &[2, 3]);
    let kept = u32::try_from(limits::MCAST_HISTORY).unwrap();
    // It goes on speaking while it is asked in vain.
    peer.learn_last(kept + 1000);
    let all = due(&mut peer, 60_000, |_| false);
    assert_eq!(all.last(), Some(&Due::GiveUp(1000)));
    assert_eq!((peer.give_up(1000), peer.complete()), (2, 3), "up to what is there");
    while peer.show().is_some() {}
    assert_eq!((peer.give_up(1000), peer.complete()), (995, 1000));
    assert_eq!((peer.give_up(1000), peer.complete()), (0, 1000));
}

#[test]
fn one_knows_best_oneself_how_much_one_has_said() {
    let mut peer = peer(5, &[]);
    peer.learn_last(1000);
    assert!(!peer.is_complete());
    peer.believe_last(5);
    assert!(peer.is_complete());
    peer.take(9, message(9));
    peer.believe_last(5);
    assert_eq!(peer.last(), 9, "what has come since was said");
}
