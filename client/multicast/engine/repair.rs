//! Repair of missing messages: sending NACKs, answering those of others, and giving up.
//!
//! Pure, part of the engine: no thread, no lock.

use super::limits;
use super::output::{Output, RoomEvent};
use super::peer::{Due, Peer};
use super::state::Engine;
use std::time::Duration;
use wire::datagram::{Datagram, Kind, RANGES, Range, encode_ranges};

impl Engine {
    /// Asks for all messages whose NACK is due, in as few datagrams as possible, and gives up those that were asked for
    /// too often.
    pub(super) fn send_nacks(&mut self, now: Duration) {
        // An unreachable member may come back with the missing messages before it expires. Until then no try counts.
        let unreachable = self.peers.unreachable_after()..self.peers.expires_after();
        let is_unreachable = |peer: &Peer| unreachable.contains(&now.saturating_sub(peer.heard_at));
        let all_reachable = !self.peers.present().any(is_unreachable);
        let mut ranges = Vec::new();
        let mut hopeless = Vec::new();
        for (&sender, peer) in &mut self.peers.map {
            let counts = all_reachable && (peer.has_left || !is_unreachable(peer));
            match peer.due(now, counts, self.random.pause(limits::MCAST_NACK_DELAY)) {
                Some(Due::Nack(missing)) => {
                    ranges.extend(missing.into_iter().map(|(first, last)| Range { sender, first, last }));
                }
                Some(Due::GiveUp(end)) => hopeless.push((sender, end)),
                None => {}
            }
        }
        for some in ranges.chunks(RANGES) {
            self.send_control(Kind::Nack, encode_ranges(some));
        }
        for (sender, end) in hopeless {
            self.give_up(sender, end, now);
        }
    }

    /// Reports the missing messages of a sender as lost, up to the number `end`, and delivers those behind them.
    fn give_up(&mut self, sender: u64, end: u32, now: Duration) {
        while let Some(peer) = self.peers.map.get_mut(&sender) {
            let (count, nick) = (peer.skip(end), peer.nick.clone());
            if count == 0 {
                return;
            }
            self.counts.lost += u64::from(count);
            self.output.push_back(Output::Show(sender, RoomEvent::Lost(nick, count)));
            self.deliver(sender, now);
        }
    }

    /// Takes a NACK and plans the retransmissions that it asks for; false when it is old, or comes from a stranger.
    pub(super) fn receive_nack(&mut self, datagram: &Datagram, ranges: &[Range], now: Duration) -> bool {
        let Some(peer) = self.peers.map.get_mut(&datagram.sender).filter(|peer| peer.is_verified) else { return false };
        if !peer.note_control(datagram.number, now) {
            return false;
        }
        // The asker repeats its NACK for the rest.
        let mut most = limits::MCAST_REPAIRS;
        for range in ranges {
            let own = range.sender == self.id;
            let delay = if own { limits::MCAST_REPAIR_DELAY_OWN } else { limits::MCAST_REPAIR_DELAY };
            let found = self.history_of(range.sender).find(*range, most);
            most -= found.len();
            // A message that was just on the wire may still arrive.
            let is_old = |sent_at: Duration| now.saturating_sub(sent_at) >= limits::MCAST_REPAIR_HOLD_OFF;
            for (key, _) in found.into_iter().filter(|(_, sent_at)| is_old(*sent_at)) {
                let at = now + self.random.pause(delay);
                self.outgoing.plan_repair(key, at);
            }
            if let Some(peer) = self.peers.map.get_mut(&range.sender) {
                peer.suppress_nack(range.first, range.last, now);
            }
        }
        true
    }
}
