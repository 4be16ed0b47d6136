//! The table of the others: who is here, who was, and how far they all are.
//!
//! Pure, part of the engine.

use super::peer::Peer;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::datagram::{OTHERS, Seen};
use wire::limits;

#[derive(Debug, Default)]
pub struct Peers {
    all: BTreeMap<u64, Peer>,
    /// Whom the next list of them begins with.
    first: u64,
}

impl Peers {
    pub fn get(&mut self, id: u64) -> Option<&mut Peer> {
        self.all.get_mut(&id)
    }

    pub fn all(&self) -> impl Iterator<Item = &Peer> {
        self.all.values()
    }

    pub fn all_mut(&mut self) -> impl Iterator<Item = (u64, &mut Peer)> {
        self.all.iter_mut().map(|(id, peer)| (*id, peer))
    }

    /// Those who are here.
    pub fn here(&self) -> impl Iterator<Item = &Peer> {
        self.all().filter(|peer| peer.is_here && !peer.has_left)
    }

    /// The one of this id, or else somebody new. Whoever has gone is remembered, since an old recording of
    /// them must not pass for somebody new; one who has gone long ago makes room.
    pub fn get_or_add(&mut self, id: u64, new: impl FnOnce() -> Peer) -> &mut Peer {
        if !self.all.contains_key(&id) && self.all.len() >= limits::MCAST_REMEMBERED {
            let gone = self.all.iter().filter(|(_, peer)| !peer.is_here).min_by_key(|(_, peer)| peer.heard);
            let gone = gone.map(|(id, _)| *id);
            gone.map(|id| self.all.remove(&id));
        }
        self.all.entry(id).or_insert_with(new)
    }

    /// The longest pause between two heartbeats: the more there are the seldomer each of them speaks.
    pub fn longest_pause(&self) -> Duration {
        let crowd = u32::try_from(self.here().count()).unwrap_or(u32::MAX);
        limits::MCAST_HEARTBEAT * (1 + crowd / limits::MCAST_CROWD)
    }

    /// Who is silent for longer may be out of reach.
    pub fn patience(&self) -> Duration {
        self.longest_pause() * limits::MCAST_PATIENCE
    }

    /// Who is silent for so long counts as gone.
    pub fn gone_after(&self) -> Duration {
        limits::MCAST_GONE.max(self.longest_pause() * limits::MCAST_GONE_PAUSES)
    }

    /// Those who are here, and were heard lately.
    pub fn in_reach(&self, now: Duration) -> impl Iterator<Item = &Peer> {
        let patience = self.patience();
        self.here().filter(move |peer| now.saturating_sub(peer.heard) < patience)
    }

    /// Up to which number everybody has our messages. Who is silent for long holds nobody up.
    pub fn acked(&self, now: Duration) -> u32 {
        self.in_reach(now).map(|peer| peer.acked).min().unwrap_or(u32::MAX)
    }

    /// Messages of everybody that wait for earlier ones.
    pub fn early(&self) -> usize {
        self.all().map(Peer::early).sum()
    }

    /// Lists them for a heartbeat. Where not all fit, the next one tells of the others.
    pub fn list(&mut self, now: Duration) -> Vec<Seen> {
        // Of who has gone everybody knows after a while, and who has come later does not pass it on for ever; but what
        // only we have heard of them the others have to be told.
        let latest = |peer: &Peer| peer.heard.max(peer.spoke.unwrap_or_default());
        let is_known_for_long = |peer: &Peer| now.saturating_sub(latest(peer)) >= 2 * limits::MCAST_GONE;
        let is_ours_to_tell = |peer: &Peer| peer.is_met || peer.is_younger || peer.spoke.is_some();
        let is_news = |peer: &Peer| peer.is_here || is_ours_to_tell(peer) && !is_known_for_long(peer);
        let after = self.all.range(self.first..).chain(self.all.range(..self.first)).filter(|(_, peer)| is_news(peer));
        let mut list: Vec<Seen> = after
            .take(OTHERS + 1)
            .map(|(&sender, peer)| {
                let age = u32::try_from(peer.age(now).as_millis()).unwrap_or(u32::MAX);
                Seen { sender, last: peer.last(), complete: peer.complete(), age }
            })
            .collect();
        self.first = list.get(OTHERS).map_or(0, |seen| seen.sender);
        list.truncate(OTHERS);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const NOW: Duration = Duration::from_secs(1000);

    /// So many, each heard a millisecond after the one before.
    fn peers(count: u64, is_here: bool) -> Peers {
        let mut peers = Peers::default();
        for id in 0..count {
            let peer = peers.get_or_add(id, || Peer::new(Duration::ZERO, 0, true, 0, NOW + Duration::from_millis(id)));
            (peer.is_here, peer.is_met) = (is_here, true);
        }
        peers
    }

    #[test]
    fn the_lists_tell_of_everybody_in_turn() {
        let mut peers = peers(2 * OTHERS as u64 + 7, true);
        let told: BTreeSet<u64> = (0..3).flat_map(|_| peers.list(NOW)).map(|seen| seen.sender).collect();
        assert_eq!(told.len(), 2 * OTHERS + 7);
    }

    #[test]
    fn who_has_gone_is_told_of_for_a_while() {
        let mut peers = peers(3, false);
        assert_eq!(peers.list(NOW + limits::MCAST_GONE).len(), 3);
        assert_eq!(peers.list(NOW + 3 * limits::MCAST_GONE).len(), 0);
    }

    #[test]
    fn who_has_gone_first_is_forgotten_first_and_who_is_here_never() {
        let mut peers = peers(limits::MCAST_REMEMBERED as u64, false);
        peers.get(0).unwrap().is_here = true;
        peers.get_or_add(u64::MAX, || Peer::new(Duration::ZERO, 0, true, 0, NOW));
        assert_eq!(peers.all().count(), limits::MCAST_REMEMBERED);
        assert!(peers.get(0).is_some() && peers.get(1).is_none() && peers.get(2).is_some());
    }

    #[test]
    fn in_a_crowd_everybody_speaks_more_seldom() {
        let pauses = [15, 16, 100].map(|count| peers(count, true).longest_pause().as_secs());
        assert_eq!(pauses, [2, 4, 14]);
    }

    #[test]
    fn who_is_silent_holds_nobody_up() {
        let mut peers = peers(2, true);
        peers.get(0).unwrap().acked = 5;
        peers.get(1).unwrap().acked = 9;
        assert_eq!(peers.acked(NOW), 5);
        peers.get(1).unwrap().heard = NOW + peers.patience();
        assert_eq!(peers.acked(NOW + peers.patience()), 9);
    }
}
