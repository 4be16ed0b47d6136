//! The multicast protocol of one member: what it sends, shows and waits for.
//!
//! Pure: no thread, no lock, no socket, no clock. Time, random seed and received datagrams are arguments; datagrams to
//! send and events to show are appended to [`Engine::output`]. The caller ([`super::member`]) holds a lock around it,
//! calls [`Engine::tick`] at [`Engine::deadline`] and empties `output` after each call. So whole rooms can be
//! simulated.
//!
//! The protocol in short: a message is sent once, to all. A receiver finds a gap by the sequence numbers, of later
//! messages or in heartbeats, and asks for a repair (NACK) after a random pause, unless another member just did
//! (suppression). Any member that has the message retransmits it to all after a random pause, unless another one was
//! faster; the pause of the author is the shortest.
//!
//! - this file: the functions that the caller uses; calls all below
//! - [`presence`]: JOIN, HEARTBEAT and LEAVE, of our own and of others: meeting, renaming, expiring, leaving
//! - [`repair`]: NACKs: asking for missing messages, answering, giving up
//! - [`data`]: messages: flow control, sending, receiving, delivering in order
//! - [`state`]: the fields of [`Engine`], and small operations that all of these share
//! - [`peers`], [`peer`]: the table of the other members; the messages of one of them, put in order
//! - [`acks`]: status acknowledgements that wait for our next status
//! - [`outgoing`]: messages that wait to be sent: new ones, and retransmissions
//! - [`history`]: messages that can be retransmitted
//! - [`output`]: what the caller has to do; counters
//! - [`random`]: pseudo-random pauses
//! - [`limits`]: the constants of the wing, those of its socket and thread included

mod acks;
mod data;
mod history;
pub mod limits;
mod outgoing;
mod output;
mod peer;
mod peers;
mod presence;
pub mod random;
mod repair;
mod state;
#[cfg(test)]
mod tests;

pub use output::{Output, RoomEvent};
pub use state::Engine;

use peer::Peer;
use std::time::Duration;
use wire::datagram::{Datagram, Kind, Status, Utterance, decode_ranges};

impl Engine {
    /// Says something. The caller splits a text that is longer than [`wire::datagram::TEXT`].
    pub fn say(&mut self, text: &str, now: Duration) {
        self.last_data += 1;
        self.counts.said += 1;
        let message = Utterance { nick: self.nick.clone(), text: text.to_owned() };
        self.outgoing.own.push_back(self.datagram(Kind::Data, self.last_data, message.encode()));
        self.tick(now);
    }

    /// Takes a datagram of this room, checked and decrypted.
    pub fn receive(&mut self, datagram: &Datagram, now: Duration) {
        let (payload, is_own) = (&datagram.payload, datagram.sender == self.id);
        let is_useful = match datagram.kind {
            // Looped back, or retransmitted by another member. A number that we never used is a forgery.
            Kind::Data if is_own => datagram.number <= self.last_sent(),
            _ if is_own => true,
            Kind::Data => Utterance::decode(payload).is_some_and(|said| self.receive_data(datagram, said, now)),
            Kind::Nack => decode_ranges(payload).is_some_and(|ranges| self.receive_nack(datagram, &ranges, now)),
            _ => Status::decode(payload).is_some_and(|status| self.receive_status(datagram, &status, now)),
        };
        if is_useful && datagram.kind == Kind::Data {
            // It was just on the wire: our own retransmission of it is suppressed.
            self.history_of(datagram.sender).note(datagram, now);
            self.outgoing.cancel_repair((datagram.sender, datagram.number));
        }
        self.counts.ignored += u64::from(!is_useful);
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Duration) {
        self.send_nacks(now);
        self.send_due(now);
        self.send_due_status(now);
        self.expire_silent(now);
    }

    /// When [`Self::tick`] has something to do next.
    pub fn deadline(&self) -> Duration {
        let nacks = self.peers.map.values().filter_map(Peer::nack_at);
        let end = self.left.map(|(since, _)| since + limits::MCAST_LINGER);
        nacks.chain(self.outgoing.deadline()).chain(end).fold(self.next_status_at, Duration::min)
    }

    /// How many messages of our own wait to be sent.
    pub fn waiting(&self) -> usize {
        self.outgoing.own.len()
    }

    /// Nothing is missing, and nothing waits to be sent.
    #[cfg(test)]
    pub fn is_quiet(&self) -> bool {
        self.outgoing.is_empty() && self.peers.map.values().all(Peer::is_complete)
    }
}
