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

    /// The one of this id, or else somebody new, unless there are too many. Whoever has gone is remembered, since an old recording of
    /// them must not pass for somebody new; one who has gone long ago makes room.
    pub fn get_or_add(&mut self, id: u64, new: impl FnOnce() -> Peer) -> Option<&mut Peer> {
        if self.all.contains_key(&id) {
            return self.get(id);
        }
        if self.here().count() >= limits::ROOM_MEMBERS {
            return None;
        }
        if self.all.len() >= limits::ROOM_REMEMBERED {
            let gone = self.all.iter().filter(|(_, peer)| !peer.is_here).min_by_key(|(_, peer)| peer.heard);
            let gone = gone.map(|(id, _)| *id);
            gone.map(|id| self.all.remove(&id));
        }
        Some(self.all.entry(id).or_insert_with(new))
    }

    /// The longest pause between two heartbeats: the more there are the seldomer each of them speaks.
    pub fn longest_pause(&self) -> Duration {
        let crowd = u32::try_from(self.here().count()).unwrap_or(u32::MAX);
        limits::ROOM_HEARTBEAT * (1 + crowd / limits::ROOM_CROWD)
    }

    /// Who is silent for longer may be out of reach.
    pub fn patience(&self) -> Duration {
        self.longest_pause() * 3
    }

    /// Who is silent for so long counts as gone.
    pub fn gone_after(&self) -> Duration {
        limits::ROOM_GONE.max(self.patience())
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
        // Of who has gone everybody knows after a while, and who has come later does not pass it on for ever.
        let is_known_for_long = |peer: &Peer| now.saturating_sub(peer.heard) >= 2 * limits::ROOM_GONE;
        let is_news = |peer: &Peer| peer.is_here || (peer.is_met || peer.is_younger) && !is_known_for_long(peer);
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
