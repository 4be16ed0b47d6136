//! Messages: flow control, sending, receiving, and delivering in order.
//!
//! Pure, part of the engine: no thread, no lock.

use super::limits;
use super::outgoing::Next;
use super::output::{Output, RoomEvent};
use super::peer::Arrival;
use super::state::Engine;
use std::time::Duration;
use wire::datagram::{Datagram, Utterance};

impl Engine {
    /// Sets when our next message may go: slowly while we are a window ahead of the slowest reachable member, since
    /// a message that has left every history cannot be repaired; and not before the others can know us.
    pub(super) fn flow_control(&mut self, now: Duration) {
        // All active senders together stay within what a receiver buffers out of order.
        let is_active = |data_at: Duration| now.saturating_sub(data_at) < limits::MCAST_HEARTBEAT;
        let senders = self.peers.map.values().filter(|peer| peer.data_at.is_some_and(is_active)).count() + 1;
        let share = u32::try_from(limits::MCAST_OUT_OF_ORDER / senders).unwrap_or(u32::MAX);
        let window = share.clamp(1, limits::MCAST_SEND_WINDOW);
        let is_ahead = self.last_sent() >= self.peers.acked(now).saturating_add(window);
        let slowed = if is_ahead { self.data_sent_at + limits::MCAST_SLOW_PACE } else { Duration::ZERO };
        self.outgoing.held_until = slowed.max(self.joined_at + limits::MCAST_INTRODUCTION);
    }

    /// Sends the messages and retransmissions whose turn has come.
    pub(super) fn send_due(&mut self, now: Duration) {
        self.flow_control(now);
        while let Some(next) = self.outgoing.next(now) {
            match next {
                Next::New(datagram) => {
                    self.data_sent_at = now;
                    self.own.note(&datagram, now);
                    self.send(datagram);
                    self.flow_control(now);
                    // A heartbeat follows soon, so that a loss of the last message is noticed.
                    self.heartbeat = limits::MCAST_HEARTBEAT_FIRST;
                    self.next_status_at = self.next_status_at.min(now + self.heartbeat);
                }
                Next::Repair(key) => {
                    if let Some(datagram) = self.history_of(key.0).retransmit(key, now) {
                        self.counts.retransmitted += 1;
                        self.send(datagram);
                    }
                }
            }
        }
    }

    /// Takes a message of another member; false when it is of no use.
    pub(super) fn receive_data(&mut self, datagram: &Datagram, message: Utterance, now: Duration) -> bool {
        let buffered = self.peers.buffered();
        let Some(peer) = self.peers.map.get_mut(&datagram.sender) else { return false };
        let arrival = peer.receive(datagram.number, message, buffered >= limits::MCAST_OUT_OF_ORDER);
        if arrival == Arrival::Duplicate {
            self.counts.duplicates += 1;
            return true;
        }
        let is_taken = arrival != Arrival::NoRoom;
        if is_taken {
            peer.data_at = Some(now);
            self.unreported += 1;
            self.counts.repaired += u64::from(arrival == Arrival::Repaired);
        }
        if is_taken && self.unreported >= limits::MCAST_REPORT_EVERY {
            // The flow control of the author waits for our report.
            self.hurry_status(now, limits::MCAST_NACK_DELAY);
        }
        self.deliver(datagram.sender, now);
        is_taken
    }

    /// Shows the messages of a sender that are next in order, and plans a NACK if one is missing.
    pub(super) fn deliver(&mut self, sender: u64, now: Duration) {
        let pause = self.random.pause(limits::MCAST_NACK_DELAY);
        let Some(peer) = self.peers.map.get_mut(&sender) else { return };
        while let Some(message) = peer.pop_next() {
            if peer.nick.is_empty() {
                message.nick.clone_into(&mut peer.nick);
            }
            self.counts.shown += 1;
            self.output.push_back(Output::Show(sender, RoomEvent::Said(message)));
        }
        peer.plan_nack(now, pause);
        if peer.has_left && peer.is_present && peer.is_complete() {
            peer.is_present = false;
            self.output.push_back(Output::Show(sender, RoomEvent::Left(peer.nick.clone())));
        }
    }
}
