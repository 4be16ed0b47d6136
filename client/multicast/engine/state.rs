//! The state of one member, and small operations that the other files of the engine share.
//!
//! Pure: no thread, no lock, no clock.

use super::acks::PendingAcks;
use super::history::History;
use super::limits;
use super::outgoing::Outgoing;
use super::output::{Counts, Output};
use super::peer::Peer;
use super::peers::Peers;
use super::random::Random;
use std::collections::VecDeque;
use std::time::Duration;
use wire::datagram::{Datagram, Kind};

/// One member of a room.
#[derive(Debug, Default)]
pub struct Engine {
    pub(super) room: u64,
    /// By it our own datagrams are recognised when the network loops them back.
    pub id: u64,
    pub(super) nick: String,
    pub(super) joined_at: Duration,
    pub(super) peers: Peers,
    pub(super) acks: PendingAcks,
    /// When a new stranger was last heard; `None` again once a stranger has met us.
    pub(super) stranger_at: Option<Duration>,
    /// Our own messages. They have a history apart, so that a busy room does not push them out.
    pub(super) own: History,
    pub(super) others: History,
    pub(super) outgoing: Outgoing,
    /// The number of our last message, sent or waiting, and of our last control datagram.
    pub(super) last_data: u32,
    pub(super) last_control: u32,
    /// When our last message was sent.
    pub(super) data_sent_at: Duration,
    /// Messages received since our last status.
    pub(super) unreported: u32,
    /// How many JOINs are still to be sent.
    pub(super) joins_left: u32,
    pub(super) is_leaving: bool,
    /// When the first LEAVE was sent, and its number. All our messages are sent before.
    pub(super) left: Option<(Duration, u32)>,
    /// When our last status was sent, when the next one is due, and the current heartbeat interval.
    pub(super) status_sent_at: Duration,
    pub(super) next_status_at: Duration,
    pub(super) heartbeat: Duration,
    pub(super) random: Random,
    pub output: VecDeque<Output>,
    pub counts: Counts,
}

impl Engine {
    /// Enters the room. The caller draws `id` and `seed` at random.
    pub fn new(room: u64, id: u64, nick: &str, now: Duration, seed: u64) -> Self {
        Engine {
            room,
            id,
            nick: nick.to_owned(),
            joined_at: now,
            joins_left: limits::MCAST_JOINS,
            status_sent_at: now.saturating_sub(limits::MCAST_HEARTBEAT_FIRST),
            next_status_at: now,
            heartbeat: limits::MCAST_HEARTBEAT_FIRST,
            random: Random(seed),
            ..Engine::default()
        }
    }

    /// The number of our last message that was sent.
    pub(super) fn last_sent(&self) -> u32 {
        self.last_data - u32::try_from(self.outgoing.own.len()).unwrap_or_default()
    }

    /// A datagram of our own. The caller encrypts it.
    pub(super) fn datagram(&self, kind: Kind, number: u32, payload: Vec<u8>) -> Datagram {
        Datagram { room: self.room, sender: self.id, kind, encrypted: false, number, payload }
    }

    pub(super) fn send(&mut self, datagram: Datagram) {
        self.counts.sent += 1;
        self.output.push_back(Output::Send(datagram));
    }

    /// Sends a control datagram under the next number.
    pub(super) fn send_control(&mut self, kind: Kind, payload: Vec<u8>) {
        self.last_control += 1;
        let datagram = self.datagram(kind, self.last_control, payload);
        self.send(datagram);
    }

    pub(super) fn history_of(&mut self, sender: u64) -> &mut History {
        if sender == self.id { &mut self.own } else { &mut self.others }
    }

    /// A member of this age joined after us, or at the same time.
    pub(super) fn is_younger(&self, age: Duration, now: Duration) -> bool {
        age <= now.saturating_sub(self.joined_at)
    }

    /// The member of this id. If it is unknown it is added, with this age and this number of messages sent so far.
    pub(super) fn peer_or_new(&mut self, id: u64, age: Duration, last: u32, now: Duration) -> &mut Peer {
        let (sent, is_younger) = (self.last_sent(), self.is_younger(age, now));
        self.peers.get_or_add(id, || Peer::new(age, last, is_younger, sent, now))
    }

    /// Brings our next status forward to a random moment within `most`, but keeps the least gap to the last one.
    pub(super) fn hurry_status(&mut self, now: Duration, most: Duration) {
        let soon = (now + self.random.pause(most)).max(self.status_sent_at + limits::MCAST_HEARTBEAT_GAP);
        self.next_status_at = self.next_status_at.min(soon);
    }
}
