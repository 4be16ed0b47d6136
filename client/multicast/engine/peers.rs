//! The table of the other members: which are present, which are reachable, and how far all of them are.
//!
//! Pure, part of the engine: no thread, no lock.

use super::limits;
use super::peer::Peer;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::datagram::{PeerReport, REPORTS};

/// The table, by id.
#[derive(Debug, Default)]
pub struct Peers {
    pub map: BTreeMap<u64, Peer>,
    /// The id with which the next list of reports begins.
    first: u64,
}

impl Peers {
    /// The present members.
    pub fn present(&self) -> impl Iterator<Item = &Peer> {
        self.map.values().filter(|peer| peer.is_present && !peer.has_left)
    }

    /// The peer of this id; a new one if it is unknown. Departed peers stay in the table, since a replayed status of
    /// theirs must not look new. When the table is full the one that was heard least recently makes room.
    pub fn get_or_add(&mut self, id: u64, new: impl FnOnce() -> Peer) -> &mut Peer {
        if !self.map.contains_key(&id) && self.map.len() >= limits::MCAST_REMEMBERED {
            let departed = self.map.iter().filter(|(_, peer)| !peer.is_present);
            let oldest = departed.min_by_key(|(_, peer)| peer.heard_at).map(|(id, _)| *id);
            oldest.map(|id| self.map.remove(&id));
        }
        self.map.entry(id).or_insert_with(new)
    }

    /// The longest interval between two heartbeats; it grows with the number of members.
    pub fn heartbeat_interval(&self) -> Duration {
        let present = u32::try_from(self.present().count()).unwrap_or(u32::MAX);
        limits::MCAST_HEARTBEAT * (1 + present / limits::MCAST_CROWD)
    }

    /// A peer that is silent for this long is unreachable.
    pub fn unreachable_after(&self) -> Duration {
        self.heartbeat_interval() * limits::MCAST_UNREACHABLE
    }

    /// A peer that is silent for longer than this expires.
    pub fn expires_after(&self) -> Duration {
        limits::MCAST_EXPIRY.max(self.heartbeat_interval() * limits::MCAST_EXPIRY_HEARTBEATS)
    }

    /// The present members that are reachable.
    pub fn reachable(&self, now: Duration) -> impl Iterator<Item = &Peer> {
        let most = self.unreachable_after();
        self.present().filter(move |peer| now.saturating_sub(peer.heard_at) < most)
    }

    /// All reachable members have our messages up to this number.
    pub fn acked(&self, now: Duration) -> u32 {
        self.reachable(now).map(|peer| peer.acked).min().unwrap_or(u32::MAX)
    }

    /// Messages of all senders that are buffered out of order.
    pub fn buffered(&self) -> usize {
        self.map.values().map(|peer| peer.out_of_order.len()).sum()
    }

    /// Reports for our next status. Where not all fit, the next status goes on with the rest.
    pub fn reports(&mut self, now: Duration) -> Vec<PeerReport> {
        // A departed peer is reported for a while, so that all get its last messages; but only by members that have
        // something of it first-hand, or the reports would circulate for ever.
        let latest = |peer: &Peer| peer.heard_at.max(peer.data_at.unwrap_or_default());
        let is_recent = |peer: &Peer| now.saturating_sub(latest(peer)) < 2 * limits::MCAST_EXPIRY;
        let is_first_hand = |peer: &Peer| peer.is_verified || peer.is_younger || peer.data_at.is_some();
        let is_reported = |peer: &Peer| peer.is_present || is_first_hand(peer) && is_recent(peer);
        let in_turn = self.map.range(self.first..).chain(self.map.range(..self.first));
        let reported = in_turn.filter(|(_, peer)| is_reported(peer)).take(REPORTS + 1);
        let mut reports: Vec<PeerReport> = reported.map(|(&sender, peer)| peer.report(sender, now)).collect();
        self.first = reports.get(REPORTS).map_or(0, |report| report.sender);
        reports.truncate(REPORTS);
        reports
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const NOW: Duration = Duration::from_secs(1000);

    /// `count` peers, each heard a millisecond after the one before.
    fn peers(count: u64, is_present: bool) -> Peers {
        let mut peers = Peers::default();
        for id in 0..count {
            let peer = peers.get_or_add(id, || Peer::new(Duration::ZERO, 0, true, 0, NOW + Duration::from_millis(id)));
            (peer.is_present, peer.is_verified) = (is_present, true);
        }
        peers
    }

    #[test]
    fn all_peers_are_reported_in_turn() {
        let mut peers = peers(2 * REPORTS as u64 + 7, true);
        let reported: BTreeSet<u64> = (0..3).flat_map(|_| peers.reports(NOW)).map(|report| report.sender).collect();
        assert_eq!(reported.len(), 2 * REPORTS + 7);
    }

    #[test]
    fn a_departed_peer_is_reported_for_a_while() {
        let mut peers = peers(3, false);
        assert_eq!(peers.reports(NOW + limits::MCAST_EXPIRY).len(), 3);
        assert_eq!(peers.reports(NOW + 3 * limits::MCAST_EXPIRY).len(), 0);
    }

    #[test]
    fn the_least_recently_heard_departed_peer_is_forgotten_first() {
        let mut peers = peers(limits::MCAST_REMEMBERED as u64, false);
        peers.map.get_mut(&0).unwrap().is_present = true;
        peers.get_or_add(u64::MAX, || Peer::new(Duration::ZERO, 0, true, 0, NOW));
        assert_eq!(peers.map.values().count(), limits::MCAST_REMEMBERED);
        assert!(peers.map.contains_key(&0) && !peers.map.contains_key(&1) && peers.map.contains_key(&2));
    }

    #[test]
    fn the_heartbeat_interval_grows_with_the_crowd() {
        let pauses = [15, 16, 100].map(|count| peers(count, true).heartbeat_interval().as_secs());
        assert_eq!(pauses, [2, 4, 14]);
    }

    #[test]
    fn an_unreachable_peer_holds_nobody_up() {
        let mut peers = peers(2, true);
        peers.map.get_mut(&0).unwrap().acked = 5;
        peers.map.get_mut(&1).unwrap().acked = 9;
        assert_eq!(peers.acked(NOW), 5);
        peers.map.get_mut(&1).unwrap().heard_at = NOW + peers.unreachable_after();
        assert_eq!(peers.acked(NOW + peers.unreachable_after()), 9);
    }
}
