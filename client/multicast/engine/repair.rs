//! What is missing: asking for it, answering who asks, and doing without.

use super::{Engine, Event, Output};
use crate::multicast::peer::{Due, Peer};
use std::time::Duration;
use wire::datagram::{self, Datagram, Kind, Range};
use wire::limits;

impl Engine {
    /// Asks for what is missing, of all senders in one datagram; gives up what was asked for too often.
    pub(super) fn ask(&mut self, now: Duration) {
        // Who is out of reach may come back, and have what is missing.
        let away = self.peers.patience()..self.peers.gone_after();
        let is_away = |peer: &Peer| away.contains(&now.saturating_sub(peer.heard));
        let all_in_reach = !self.peers.here().any(is_away);
        let mut ranges = Vec::new();
        let mut hopeless = Vec::new();
        for (sender, peer) in self.peers.all_mut() {
            let in_reach = all_in_reach && (peer.has_left || !is_away(peer));
            match peer.due(now, in_reach, self.random.pause(limits::MCAST_ASK_FIRST)) {
                Some(Due::Ask(missing)) => {
                    ranges.extend(missing.into_iter().map(|(first, last)| Range { sender, first, last }));
                }
                Some(Due::GiveUp(end)) => hopeless.push((sender, end)),
                None => {}
            }
        }
        for some in ranges.chunks(datagram::RANGES) {
            self.control += 1;
            let nack = self.datagram(Kind::Nack, self.control, datagram::encode_ranges(some));
            self.send(nack);
        }
        for (sender, end) in hopeless {
            self.give_up(sender, end, now);
        }
    }

    /// Nobody has what is missing of a sender, up to a number: it is told, and what came after it is shown.
    fn give_up(&mut self, sender: u64, end: u32, now: Duration) {
        while let Some(peer) = self.peers.get(sender) {
            let (count, nick) = (peer.give_up(end), peer.nick.clone());
            if count == 0 {
                return;
            }
            self.counts.lost += u64::from(count);
            self.output.push_back(Output::Show(sender, Event::Lost(nick, count)));
            self.show(sender, now);
        }
    }

    /// Somebody misses messages; false when that is old, or of a stranger.
    pub(super) fn nack(&mut self, datagram: &Datagram, ranges: &[Range], now: Duration) -> bool {
        let Some(peer) = self.peers.get(datagram.sender).filter(|peer| peer.is_met) else { return false };
        if !peer.is_fresh(datagram.number, now) {
            return false;
        }
        // Who misses more asks again for the rest.
        let mut most = limits::MCAST_REPEATED;
        for range in ranges {
            let pause = if range.sender == self.id { limits::MCAST_REPEAT_OWN } else { limits::MCAST_REPEAT };
            let there = self.history_of(range.sender).range(*range, most);
            most -= there.len();
            // What has just passed may still be on its way.
            let is_rested = |passed: Duration| now.saturating_sub(passed) >= limits::MCAST_REPEAT_HOLD;
            for (key, _) in there.into_iter().filter(|(_, passed)| is_rested(*passed)) {
                let at = now + self.random.pause(pause);
                self.outgoing.plan(key, at);
            }
            if let Some(peer) = self.peers.get(range.sender) {
                peer.asked(range.first, range.last, now);
            }
        }
        true
    }
}
