use super::*;
use wire::datagram::MAX_NUMBER;

const NOW: Duration = Duration::from_secs(100);

fn after(millis: u64) -> Duration {
    NOW + Duration::from_millis(millis)
}

fn message(number: u32) -> Utterance {
    Utterance { nick: "tesla".into(), text: number.to_string() }
}

/// A younger peer whose messages up to `last` were received, but for `missing`.
fn peer(last: u32, missing: &[u32]) -> Peer {
    let mut peer = Peer::new(Duration::ZERO, 0, true, 0, NOW);
    for number in (1..=last).filter(|number| !missing.contains(number)) {
        peer.receive(number, message(number), false);
        while peer.pop_next().is_some() {}
    }
    peer.raise_last(last);
    peer.plan_nack(NOW, Duration::from_millis(20));
    peer
}

/// What is due within this many milliseconds, while another member sends a NACK at some of them.
fn due(peer: &mut Peer, millis: u64, others_ask: impl Fn(u64) -> bool) -> Vec<Due> {
    let step = |millisecond| {
        if others_ask(millisecond) {
            peer.suppress_nack(1, MAX_NUMBER, after(millisecond));
        }
        peer.due(after(millisecond), true, Duration::from_millis(1))
    };
    (0..millis).filter_map(step).collect()
}

#[test]
fn nacks_back_off() {
    let sent = due(&mut peer(5, &[2, 3, 5]), 5000, |_| false);
    // After 20, 171, 472, 1073, 2074, 3075 and 4076 ms.
    assert_eq!(sent.len(), 7);
    assert!(sent.iter().all(|due| *due == Due::Nack(vec![(2, 3), (5, 5)])));
}

#[test]
fn nacks_of_others_suppress_ours_three_times_in_four() {
    let sent = due(&mut peer(5, &[2, 3]), 28_000, |_| true);
    assert!((6..=8).contains(&sent.len()), "a quarter of about 29: {}", sent.len());
}

#[test]
fn what_has_left_every_history_is_given_up_at_once() {
    let mut peer = peer(5, &[2, 3]);
    let kept = limits::MCAST_HISTORY;
    // It goes on sending while we ask in vain.
    peer.raise_last(kept + 1000);
    let all = due(&mut peer, 60_000, |_| false);
    assert_eq!(all.last(), Some(&Due::GiveUp(1000)));
    assert_eq!((peer.skip(1000), peer.complete()), (2, 3), "up to what is there");
    while peer.pop_next().is_some() {}
    assert_eq!((peer.skip(1000), peer.complete()), (995, 1000));
    assert_eq!((peer.skip(1000), peer.complete()), (0, 1000));
}

#[test]
fn a_member_knows_best_how_many_messages_it_sent() {
    let mut peer = peer(5, &[]);
    peer.raise_last(1000);
    assert!(!peer.is_complete());
    peer.set_last(5);
    assert!(peer.is_complete());
    peer.receive(9, message(9), false);
    peer.set_last(5);
    assert_eq!(peer.last, 9, "what has come since was said");
}
