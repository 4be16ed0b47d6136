//! What a member makes of the datagrams of others.

use super::{Engine, Event, Output};
use crate::multicast::history::History;
use crate::multicast::peer::{Arrival, Peer};
use std::time::Duration;
use wire::datagram::{self, Datagram, Kind, Message, Seen, Status};
use wire::limits;

impl Engine {
    /// Takes a datagram of this room that is whole, and opened.
    pub fn receive(&mut self, datagram: &Datagram, now: Duration) {
        let is_of_use = match datagram.kind {
            // Our own, back from the network, or repeated by somebody else. What we never said is a forgery.
            Kind::Data if datagram.sender == self.id => {
                let is_ours = datagram.number <= self.sent_last();
                if is_ours {
                    self.passed(datagram, now);
                }
                is_ours
            }
            _ if datagram.sender == self.id => true,
            Kind::Data => {
                Message::decode(&datagram.payload).is_some_and(|message| self.message(datagram, message, now))
            }
            Kind::Nack => {
                datagram::decode_ranges(&datagram.payload).is_some_and(|ranges| self.nack(datagram, &ranges, now))
            }
            Kind::Join | Kind::Heartbeat | Kind::Leave => {
                Status::decode(&datagram.payload).is_some_and(|status| self.status(datagram, &status, now))
            }
        };
        self.counts.ignored += u64::from(!is_of_use);
    }

    /// Takes a message; false when it is of no use.
    fn message(&mut self, datagram: &Datagram, message: Message, now: Duration) -> bool {
        let early = self.peers.early();
        let Some(peer) = self.peers.get(datagram.sender) else { return false };
        // What is next can be shown, and makes room.
        let is_full = early >= limits::MCAST_EARLY && datagram.number != peer.complete() + 1;
        match if is_full { peer.refuse(datagram.number) } else { peer.take(datagram.number, message) } {
            Arrival::New => {}
            Arrival::Repaired => self.counts.repaired += 1,
            Arrival::Duplicate => {
                self.counts.duplicates += 1;
                self.passed(datagram, now);
                return true;
            }
            Arrival::TooEarly => {
                self.show(datagram.sender, now);
                return false;
            }
        }
        peer.spoke = Some(now);
        self.unreported += 1;
        if self.unreported >= limits::MCAST_REPORT {
            // Their sender goes no further than what everybody has.
            self.hurry_status(now, limits::MCAST_ASK_FIRST);
        }
        self.passed(datagram, now);
        self.show(datagram.sender, now);
        true
    }

    /// A message was on the wire: whoever was about to repeat it need not.
    fn passed(&mut self, datagram: &Datagram, now: Duration) {
        self.history_of(datagram.sender).pass(datagram, now);
        self.outgoing.cancel((datagram.sender, datagram.number));
    }

    pub(super) fn history_of(&mut self, sender: u64) -> &mut History {
        if sender == self.id { &mut self.own } else { &mut self.others }
    }

    /// Somebody tells of itself and of others; false when that is old, or of no use.
    fn status(&mut self, datagram: &Datagram, status: &Status, now: Duration) -> bool {
        let age = Duration::from_millis(status.age.into());
        let (sent, is_younger) = (self.sent_last(), self.is_younger(age, now));
        let of_us = status.others.iter().find(|seen| seen.sender == self.id);
        let heard_us = status.heard.iter().find(|heard| heard.sender == self.id);
        // An answer to what we said before does not tell that.
        let knows_we_left = self.left.zip(heard_us).is_some_and(|((_, leave), heard)| heard.number >= leave);
        let is_stranger = self.peers.get(datagram.sender).is_none_or(|peer| !peer.is_met);
        if is_stranger && of_us.is_none() && heard_us.is_none() {
            // Anybody can repeat a recording. Who hears us, our random number, is here now.
            if self.heard.stranger(datagram.sender, datagram.number) {
                self.greeted = Some(now);
            }
            self.hurry_status(now, limits::MCAST_HEARTBEAT_FIRST);
            return true;
        }
        let is_known = self.peers.get(datagram.sender).is_some_and(|peer| peer.is_here || peer.has_left);
        if !is_known && self.peers.here().count() >= limits::MCAST_MEMBERS {
            return false;
        }
        let peer = self.get_or_add(datagram.sender, age, status.last, now);
        if !peer.is_fresh(datagram.number, now) {
            return false;
        }
        peer.believe_last(status.last);
        if let Some(seen) = of_us {
            peer.acked = seen.complete.min(sent);
        }
        peer.knows_we_left |= knows_we_left;
        peer.is_met = true;
        if is_stranger {
            self.greeted = None;
        }
        self.come(datagram, status, is_younger || !is_stranger);
        self.regulate(now);
        if datagram.kind == Kind::Leave {
            self.heard.member(datagram.sender, datagram.number);
        }
        if is_stranger || matches!(datagram.kind, Kind::Join | Kind::Leave) {
            // Who is new wants to know who is here, and where the messages are; who leaves, whether it may.
            self.hurry_status(now, limits::MCAST_HEARTBEAT_FIRST);
        }
        self.show(datagram.sender, now);
        let known = [self.id, datagram.sender];
        let mut doubtful = self.peers.all().filter(|peer| peer.is_doubtful()).count();
        for seen in status.others.iter().filter(|seen| !known.contains(&seen.sender)) {
            self.hearsay(*seen, &mut doubtful, now);
        }
        true
    }

    /// Whoever is so old came after us, or with us.
    fn is_younger(&self, age: Duration, now: Duration) -> bool {
        age <= now.saturating_sub(self.began)
    }

    /// The member of this id; if we do not know it yet, one who is so old and has said so many messages.
    fn get_or_add(&mut self, id: u64, age: Duration, last: u32, now: Duration) -> &mut Peer {
        let (sent, is_younger) = (self.sent_last(), self.is_younger(age, now));
        self.peers.get_or_add(id, || Peer::new(age, last, is_younger, sent, now))
    }

    /// Notices who comes and is called otherwise. Who was here before us is no news.
    fn come(&mut self, datagram: &Datagram, status: &Status, is_news: bool) {
        let Some(peer) = self.peers.get(datagram.sender) else { return };
        let nick = std::mem::replace(&mut peer.nick, status.nick.clone());
        if peer.has_left {
            return;
        }
        // That is shown after its last message, to whoever knows that it was here.
        peer.has_left = datagram.kind == Kind::Leave;
        let was_here = peer.is_here;
        peer.is_here |= is_news || !peer.has_left;
        if was_here && nick != status.nick {
            self.output.push_back(Output::Show(datagram.sender, Event::Renamed(nick, status.nick.clone())));
        } else if !was_here && is_news {
            self.output.push_back(Output::Show(datagram.sender, Event::Joined(status.nick.clone())));
        }
    }

    /// Takes what somebody whom we know tells of somebody else, unless too much of that is `doubtful` already.
    fn hearsay(&mut self, seen: Seen, doubtful: &mut usize, now: Duration) {
        let known = self.peers.get(seen.sender);
        let (is_met, was_doubtful) = known.map_or((false, false), |peer| (peer.is_met, peer.is_doubtful()));
        if !is_met && !was_doubtful && *doubtful >= limits::MCAST_UNVERIFIED {
            self.counts.ignored += 1;
            return;
        }
        let age = Duration::from_millis(seen.age.into());
        let peer = self.get_or_add(seen.sender, age, seen.last, now);
        // Nobody can repeat more of it.
        let most = peer.complete().saturating_add(u32::try_from(limits::MCAST_HISTORY).unwrap_or(u32::MAX));
        peer.learn_last(if is_met { seen.last } else { seen.last.min(most) });
        *doubtful += usize::from(!was_doubtful && peer.is_doubtful());
        self.show(seen.sender, now);
    }

    /// Shows what is in its turn, and plans to ask for what is not there.
    pub(super) fn show(&mut self, sender: u64, now: Duration) {
        let pause = self.random.pause(limits::MCAST_ASK_FIRST);
        let Some(peer) = self.peers.get(sender) else { return };
        while let Some(message) = peer.show() {
            if peer.nick.is_empty() {
                message.nick.clone_into(&mut peer.nick);
            }
            self.counts.shown += 1;
            self.output.push_back(Output::Show(sender, Event::Said(message)));
        }
        peer.plan(now, pause);
        if peer.has_left && peer.is_here && peer.is_complete() {
            peer.is_here = false;
            self.output.push_back(Output::Show(sender, Event::Left(peer.nick.clone())));
        }
    }
}
