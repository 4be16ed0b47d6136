//! One room: its members, modes, topic, bans and invitations.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use wire::limits;
use wire::names::wildcard_match;
use wire::numeric::{self, Numeric};
use wire::time::unix_seconds;

use crate::event::{ClientId, Recipients};

/// What a member may do beyond the others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Member {
    /// +o: may change modes, topic and bans, and kick.
    pub operator: bool,
    /// +v: may speak in a moderated room.
    pub voice: bool,
}

impl Member {
    /// The marks before the nick: the highest one, or all of them for clients with `multi-prefix`.
    pub fn prefix(self, all: bool) -> &'static str {
        match (self.operator, self.voice) {
            (true, true) if all => "@+",
            (true, _) => "@",
            (false, true) => "+",
            (false, false) => "",
        }
    }
}

/// A text that somebody set: a topic or a ban mask.
#[derive(Debug)]
pub struct Setting {
    pub text: String,
    /// The nick of who set it.
    pub by: String,
    /// Seconds since 1970.
    pub at: u64,
}

impl Setting {
    pub fn new(text: &str, by: &str) -> Self {
        Setting { text: text.into(), by: by.into(), at: unix_seconds(SystemTime::now()) }
    }
}

#[derive(Debug)]
pub struct Room {
    /// As its creator spelt it.
    pub name: String,
    /// Seconds since 1970.
    pub created: u64,
    pub topic: Option<Setting>,
    /// +i
    pub invite_only: bool,
    /// +m
    pub moderated: bool,
    /// +n: who is outside cannot write into it.
    pub no_external: bool,
    /// +s: outsiders do not find it.
    pub secret: bool,
    /// +t: only operators set the topic.
    pub topic_locked: bool,
    /// +k
    pub key: Option<String>,
    /// +l
    pub limit: Option<usize>,
    /// +b
    pub bans: Vec<Setting>,
    /// Who may come in once past +i, +l and +b.
    invited: VecDeque<ClientId>,
    members: BTreeMap<ClientId, Member>,
    /// The members as the broadcaster wants them, made when it is first needed after a change.
    recipients: Option<Arc<[ClientId]>>,
}

impl Room {
    /// A new room is closed to outsiders' messages, and its topic to all but its operators.
    pub fn new(name: &str) -> Self {
        Room {
            name: name.into(),
            created: unix_seconds(SystemTime::now()),
            topic: None,
            invite_only: false,
            moderated: false,
            no_external: true,
            secret: false,
            topic_locked: true,
            key: None,
            limit: None,
            bans: Vec::new(),
            invited: VecDeque::new(),
            members: BTreeMap::new(),
            recipients: None,
        }
    }

    pub fn members(&self) -> &BTreeMap<ClientId, Member> {
        &self.members
    }

    pub fn member(&self, client: ClientId) -> Option<Member> {
        self.members.get(&client).copied()
    }

    pub fn member_mut(&mut self, client: ClientId) -> Option<&mut Member> {
        self.members.get_mut(&client)
    }

    pub fn has(&self, client: ClientId) -> bool {
        self.members.contains_key(&client)
    }

    pub fn is_operator(&self, client: ClientId) -> bool {
        self.member(client).is_some_and(|member| member.operator)
    }

    /// Lets a client in; the first one becomes the room's operator. Its invitation is used up.
    pub fn add(&mut self, client: ClientId) {
        let operator = self.members.is_empty();
        self.members.insert(client, Member { operator, voice: false });
        self.invited.retain(|&invited| invited != client);
        self.recipients = None;
    }

    pub fn remove(&mut self, client: ClientId) {
        self.members.remove(&client);
        self.recipients = None;
    }

    pub fn invite(&mut self, client: ClientId) {
        self.invited.retain(|&invited| invited != client);
        self.invited.push_back(client);
        if self.invited.len() > limits::INVITES {
            self.invited.pop_front();
        }
    }

    /// Everyone in the room, or everyone but one.
    pub fn recipients(&mut self, except: Option<ClientId>) -> Recipients {
        let members = &self.members;
        let clients = self.recipients.get_or_insert_with(|| members.keys().copied().collect());
        Recipients { clients: Arc::clone(clients), except }
    }

    /// Why a client may not come in, if so. The key is asked for before all else that an
    /// invitation overrides, and an invitation does not replace it.
    pub fn refusal(&self, client: ClientId, source: &str, key: Option<&str>) -> Option<Numeric> {
        if self.key.is_some() && self.key.as_deref() != key {
            Some(numeric::ERR_BADCHANNELKEY)
        } else if self.invited.contains(&client) {
            None
        } else if self.is_banned(source) {
            Some(numeric::ERR_BANNEDFROMCHAN)
        } else if self.invite_only {
            Some(numeric::ERR_INVITEONLYCHAN)
        } else if self.limit.is_some_and(|limit| self.members.len() >= limit) {
            Some(numeric::ERR_CHANNELISFULL)
        } else {
            None
        }
    }

    /// Why a client may not write into the room, if so.
    pub fn muted(&self, client: ClientId, source: &str) -> Option<&'static str> {
        match self.member(client) {
            Some(member) if member.operator || member.voice => None,
            None if self.no_external => Some("Cannot send (+n): join the room first"),
            _ if self.moderated => Some("Cannot send (+m): only operators and those with voice may speak"),
            _ if self.is_banned(source) => Some("Cannot send (+b): you are banned from the room"),
            _ => None,
        }
    }

    pub fn is_banned(&self, source: &str) -> bool {
        self.bans.iter().any(|ban| wildcard_match(&ban.text, source))
    }

    /// The modes as MODE shows them, with their parameters; the key only to members.
    pub fn modes(&self, to_member: bool) -> String {
        let flags = [
            ('i', self.invite_only),
            ('k', self.key.is_some()),
            ('l', self.limit.is_some()),
            ('m', self.moderated),
            ('n', self.no_external),
            ('s', self.secret),
            ('t', self.topic_locked),
        ];
        let mut modes: String = flags.iter().filter(|(_, on)| *on).map(|(letter, _)| letter).collect();
        modes.insert(0, '+');
        if let Some(key) = self.key.as_deref() {
            modes.extend([" ", if to_member { key } else { "*" }]);
        }
        if let Some(limit) = self.limit {
            modes.extend([" ", &limit.to_string()]);
        }
        modes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(slot: u32) -> ClientId {
        ClientId { slot, serial: 0 }
    }

    #[test]
    fn the_first_member_is_operator() {
        let mut room = Room::new("#a");
        room.add(client(1));
        room.add(client(2));
        assert!(room.is_operator(client(1)) && !room.is_operator(client(2)));
        assert_eq!(room.recipients(None).clients[..], [client(1), client(2)]);
        room.remove(client(1));
        assert_eq!(room.recipients(None).clients[..], [client(2)]);
    }

    #[test]
    fn an_invitation_opens_what_is_closed_once_but_is_no_key() {
        let mut room = Room::new("#a");
        room.add(client(1));
        room.invite_only = true;
        room.limit = Some(1);
        room.key = Some("k".into());
        room.bans.push(Setting::new("x!*@*", "a"));
        assert_eq!(room.refusal(client(2), "x!u@h", None), Some(numeric::ERR_BADCHANNELKEY));
        assert_eq!(room.refusal(client(2), "x!u@h", Some("k")), Some(numeric::ERR_BANNEDFROMCHAN));
        assert_eq!(room.refusal(client(2), "y!u@h", Some("k")), Some(numeric::ERR_INVITEONLYCHAN));
        room.invite(client(2));
        assert_eq!(room.refusal(client(2), "x!u@h", Some("k")), None);
        room.add(client(2));
        room.remove(client(2));
        assert!(room.refusal(client(2), "x!u@h", Some("k")).is_some());
    }

    #[test]
    fn modes_hide_the_key_from_outsiders() {
        let mut room = Room::new("#a");
        room.key = Some("sesame".into());
        room.limit = Some(7);
        assert_eq!(room.modes(true), "+klnt sesame 7");
        assert_eq!(room.modes(false), "+klnt * 7");
    }
}
