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

pub use output::{Counts, Output, RoomEvent};
pub use state::Engine;

use peer::Peer;
use std::time::Duration;
use wire::datagram::{Datagram, Kind, Status, Utterance, decode_ranges};

impl Engine {
    /// Says something. The caller splits a text that is longer than [`wire::datagram::TEXT`].
    pub fn say(&mut self, text: &str, now: Duration) {
        self.enqueue(text);
        self.tick(now);
    }

    /// Takes a datagram of this room, checked and decrypted.
    pub fn receive(&mut self, datagram: &Datagram, now: Duration) {
        let is_useful = match datagram.kind {
            // Our own, looped back or retransmitted by another member. A number that we never used is a forgery.
            Kind::Data if datagram.sender == self.id => {
                let is_ours = datagram.number <= self.last_sent();
                if is_ours {
                    self.note_on_wire(datagram, now);
                }
                is_ours
            }
            _ if datagram.sender == self.id => true,
            Kind::Data => {
                Utterance::decode(&datagram.payload).is_some_and(|message| self.receive_data(datagram, message, now))
            }
            Kind::Nack => {
                decode_ranges(&datagram.payload).is_some_and(|ranges| self.receive_nack(datagram, &ranges, now))
            }
            Kind::Join | Kind::Heartbeat | Kind::Leave => {
                Status::decode(&datagram.payload).is_some_and(|status| self.receive_status(datagram, &status, now))
            }
        };
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
        let nacks = self.peers.all().filter_map(Peer::nack_at);
        let end = self.left.map(|(since, _)| since + limits::MCAST_LINGER);
        nacks.chain(self.outgoing.deadline()).chain(end).fold(self.next_status_at, Duration::min)
    }

    /// How many messages of our own wait to be sent.
    pub fn waiting(&self) -> usize {
        self.outgoing.waiting()
    }

    /// Nothing is missing, and nothing waits to be sent.
    #[cfg(test)]
    pub fn is_quiet(&self) -> bool {
        self.outgoing.is_empty() && self.peers.all().all(Peer::is_complete)
    }
}
