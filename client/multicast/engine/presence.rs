//! Presence in the room, our own and that of others: JOIN, HEARTBEAT and LEAVE, and how members meet, expire and leave.
//!
//! Pure, part of the engine: no thread, no lock.

use super::limits;
use super::output::{Output, RoomEvent};
use super::peer::Peer;
use super::state::Engine;
use std::time::Duration;
use wire::datagram::{Datagram, Kind, PeerReport, Status};

/// Our own presence.
impl Engine {
    /// Changes our nick.
    pub fn rename(&mut self, nick: &str, now: Duration) {
        if self.nick != nick {
            nick.clone_into(&mut self.nick);
            self.hurry_status(now, limits::MCAST_HEARTBEAT_FIRST);
        }
    }

    /// Begins to leave; the caller goes on calling until [`Self::is_done`].
    pub fn leave(&mut self, now: Duration) {
        if !std::mem::replace(&mut self.is_leaving, true) {
            self.next_status_at = now;
        }
    }

    /// Leaves without waiting for acknowledgements: sends several LEAVEs at once, so that some arrive.
    pub fn leave_at_once(&mut self, now: Duration) {
        self.is_leaving = true;
        self.note_leaving(now);
        (0..limits::MCAST_JOINS).for_each(|_| self.send_status(Kind::Leave, now));
    }

    fn note_leaving(&mut self, now: Duration) {
        self.left.get_or_insert((now, self.last_control + 1));
    }

    /// We have left, and every reachable member knows and has our messages, or the time to wait for that is over.
    pub fn is_done(&self, now: Duration) -> bool {
        let Some((left, _)) = self.left else { return false };
        let is_over = |since: Duration, time| now.saturating_sub(since) >= time;
        // A stranger that is just meeting us, or a member that we have not heard yet, may still need our messages.
        let is_alone = self.peers.present().next().is_none();
        let is_known = match self.stranger_at {
            Some(stranger_at) => is_over(stranger_at, limits::MCAST_HEARTBEAT / 2),
            None => !is_alone || self.last_data == 0 || is_over(self.joined_at, limits::MCAST_HEARTBEAT * 2),
        };
        let all_have_it = self.peers.reachable(now).all(|peer| peer.knows_we_left && peer.acked >= self.last_data);
        // A member that leaves at the same time waits for our acknowledgement, and falls silent when it is done.
        let waits =
            |peer: &Peer| peer.has_left && !peer.knows_we_left && !is_over(peer.heard_at, limits::MCAST_FAREWELL);
        is_known && all_have_it && !self.peers.map.values().any(waits) || is_over(left, limits::MCAST_LINGER)
    }

    /// Sends our status if it is due, and plans the next one.
    pub(super) fn send_due_status(&mut self, now: Duration) {
        if self.next_status_at > now {
            return;
        }
        if self.is_leaving && self.outgoing.own.is_empty() {
            self.note_leaving(now);
        }
        let kind = match self.joins_left {
            _ if self.left.is_some() => Kind::Leave,
            0 => Kind::Heartbeat,
            _ => Kind::Join,
        };
        self.joins_left = self.joins_left.saturating_sub(1);
        self.send_status(kind, now);
        let is_urgent = self.joins_left > 0 || self.left.is_some() || !self.acks.pending.is_empty();
        let most = self.peers.heartbeat_interval();
        // Exponential back-off while nothing happens.
        self.heartbeat = if is_urgent { limits::MCAST_HEARTBEAT_FIRST } else { (self.heartbeat * 4).min(most) };
        self.next_status_at = now + self.heartbeat + self.random.pause(self.heartbeat / 4);
    }

    fn send_status(&mut self, kind: Kind, now: Duration) {
        (self.unreported, self.status_sent_at) = (0, now);
        let age = u32::try_from(now.saturating_sub(self.joined_at).as_millis()).unwrap_or(u32::MAX);
        let (acks, reports) = (self.acks.take(&mut self.random), self.peers.reports(now));
        let status = Status { age, last: self.last_sent(), nick: self.nick.clone(), acks, reports };
        self.send_control(kind, status.encode());
    }
}

/// The presence of others.
impl Engine {
    /// The nicks of the present members, and how long ago each was heard.
    pub fn members(&self, now: Duration) -> Vec<(&str, Duration)> {
        self.peers.present().map(|peer| (&peer.nick[..], now.saturating_sub(peer.heard_at))).collect()
    }

    /// Members that were silent for too long have expired: they crashed, or the network is cut.
    pub(super) fn expire_silent(&mut self, now: Duration) {
        let most = self.peers.expires_after();
        for (&id, peer) in &mut self.peers.map {
            if peer.is_present && now.saturating_sub(peer.heard_at) > most {
                peer.is_present = false;
                self.output.push_back(Output::Show(id, RoomEvent::Left(peer.nick.clone())));
            }
        }
    }

    /// Takes the status of another member; false when it is old or of no use.
    pub(super) fn receive_status(&mut self, datagram: &Datagram, status: &Status, now: Duration) -> bool {
        let age = Duration::from_millis(status.age.into());
        let (sent, is_younger) = (self.last_sent(), self.is_younger(age, now));
        let report_of_us = status.reports.iter().find(|report| report.sender == self.id);
        let ack_of_us = status.acks.iter().find(|ack| ack.sender == self.id);
        // An acknowledgement of an earlier status is none of our LEAVE.
        let knows_we_left = self.left.zip(ack_of_us).is_some_and(|((_, leave), ack)| ack.number >= leave);
        let is_stranger = self.peers.map.get_mut(&datagram.sender).is_none_or(|peer| !peer.is_verified);
        if is_stranger && report_of_us.is_none() && ack_of_us.is_none() {
            // It may be a replayed recording. Only a live member can name our id, which is random; so acknowledge
            // this status and see whether the stranger names us in its next one.
            if self.acks.add_stranger(datagram.sender, datagram.number) {
                self.stranger_at = Some(now);
            }
            self.hurry_status(now, limits::MCAST_HEARTBEAT_FIRST);
            return true;
        }
        let is_known = self.peers.map.get_mut(&datagram.sender).is_some_and(|peer| peer.is_present || peer.has_left);
        if !is_known && self.peers.present().count() >= limits::MCAST_MEMBERS {
            return false;
        }
        let peer = self.peer_or_new(datagram.sender, age, status.last, now);
        if !peer.note_control(datagram.number, now) {
            return false;
        }
        peer.set_last(status.last);
        peer.acked = report_of_us.map_or(peer.acked, |report| report.complete.min(sent));
        peer.knows_we_left |= knows_we_left;
        peer.is_verified = true;
        if is_stranger {
            self.stranger_at = None;
        }
        self.note_presence(datagram, status, is_younger || !is_stranger);
        self.flow_control(now);
        if datagram.kind == Kind::Leave {
            self.acks.add_member(datagram.sender, datagram.number);
        }
        if is_stranger || matches!(datagram.kind, Kind::Join | Kind::Leave) {
            // A new member needs our reports, and a leaving one our acknowledgement.
            self.hurry_status(now, limits::MCAST_HEARTBEAT_FIRST);
        }
        self.deliver(datagram.sender, now);
        let known = [self.id, datagram.sender];
        let mut unverified = self.peers.map.values().filter(|peer| peer.has_unverified_gap()).count();
        for report in status.reports.iter().filter(|report| !known.contains(&report.sender)) {
            self.receive_report(*report, &mut unverified, now);
        }
        true
    }

    /// Notices that a member joined, has a new nick, or begins to leave. A member that was here before us `is_news` to
    /// nobody.
    fn note_presence(&mut self, datagram: &Datagram, status: &Status, is_news: bool) {
        let Some(peer) = self.peers.map.get_mut(&datagram.sender) else { return };
        let nick = std::mem::replace(&mut peer.nick, status.nick.clone());
        if peer.has_left {
            return;
        }
        // The departure is shown after the member's last message, and only if its presence was known.
        peer.has_left = datagram.kind == Kind::Leave;
        let was_present = peer.is_present;
        peer.is_present |= is_news || !peer.has_left;
        if was_present && nick != status.nick {
            self.output.push_back(Output::Show(datagram.sender, RoomEvent::Renamed(nick, status.nick.clone())));
        } else if !was_present && is_news {
            self.output.push_back(Output::Show(datagram.sender, RoomEvent::Joined(status.nick.clone())));
        }
    }

    /// Takes a third-party report: what a verified member knows of another one. The count of `unverified` peers with
    /// missing messages is bounded, since a member may report peers that it invented.
    fn receive_report(&mut self, report: PeerReport, unverified: &mut usize, now: Duration) {
        let known = self.peers.map.get(&report.sender);
        let (is_verified, had_gap) = known.map_or((false, false), |peer| (peer.is_verified, peer.has_unverified_gap()));
        if !is_verified && !had_gap && *unverified >= limits::MCAST_UNVERIFIED {
            self.counts.ignored += 1;
            return;
        }
        let age = Duration::from_millis(report.age.into());
        let peer = self.peer_or_new(report.sender, age, report.last, now);
        // No member can retransmit more than its history.
        let most = peer.complete().saturating_add(limits::MCAST_HISTORY);
        peer.raise_last(if is_verified { report.last } else { report.last.min(most) });
        *unverified += usize::from(!had_gap && peer.has_unverified_gap());
        self.deliver(report.sender, now);
    }
}
