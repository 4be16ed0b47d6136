//! The modes of a room and the ranks of its members.
//!
//! Kept with the room and with each membership, as part of the registry.

use std::collections::VecDeque;
use std::time::SystemTime;

use wire::limits::KEY;
use wire::mask::Subject;
use wire::numeric;
use wire::time::unix_seconds;

use super::limits;
use crate::core::client::Client;
use crate::core::event::ClientId;
use crate::core::replies::Refusal;
use crate::core::room::Room;

/// The flags of a room, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    pub const INVITE_ONLY: Flags = Flags(1);
    pub const MODERATED: Flags = Flags(2);
    pub const NO_EXTERNAL: Flags = Flags(4);
    pub const SECRET: Flags = Flags(8);
    pub const TOPIC_LOCKED: Flags = Flags(16);

    /// Every flag with its letter. MODE, 004 and 005 follow from this table.
    pub const ALL: &[(char, Flags)] = &[
        ('i', Flags::INVITE_ONLY),
        ('m', Flags::MODERATED),
        ('n', Flags::NO_EXTERNAL),
        ('s', Flags::SECRET),
        ('t', Flags::TOPIC_LOCKED),
    ];

    pub fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }
}

/// The modes that take a parameter, with their letters: a list, a key, a limit, two ranks.
pub const WITH_PARAMETER: &[char] = &['b', 'k', 'l', 'o', 'v'];

/// A text that somebody set: a topic or a ban mask.
#[derive(Debug)]
pub struct Setting {
    pub text: String,
    /// The nick of the client that set it.
    pub by: String,
    /// Seconds since 1970.
    pub at: u64,
}

impl Setting {
    pub fn new(text: &str, by: &str, now: SystemTime) -> Self {
        Setting { text: text.into(), by: by.into(), at: unix_seconds(now) }
    }
}

#[derive(Debug)]
pub struct Modes {
    pub topic: Option<Setting>,
    pub flags: Flags,
    /// +k
    pub key: Option<String>,
    /// +l
    pub limit: Option<usize>,
    /// +b
    pub bans: Vec<Setting>,
    /// Clients that may come in once past +i, +l and +b, each with the rank that it has then.
    invited: VecDeque<(ClientId, Rank)>,
}

/// Whether a text can be the key of a room; if not, why.
pub fn check_key(key: &str) -> Result<(), Refusal> {
    if (1..=KEY).contains(&key.len()) && !key.contains([' ', ',']) && !key.starts_with(':') {
        return Ok(());
    }
    let text = format!("A key has 1 to {KEY} characters, no space or comma");
    Err(Refusal { more: &["k", "*"], ..Refusal::new(numeric::ERR_INVALIDMODEPARAM, text) })
}

/// Those of a room that no member has entered yet.
static NEW: Modes = Modes::new();

impl Default for Modes {
    fn default() -> Self {
        Modes::new()
    }
}

impl Modes {
    /// A new room is closed to messages from outside, and its topic to all but its operators.
    const fn new() -> Self {
        let flags = Flags(Flags::NO_EXTERNAL.0 | Flags::TOPIC_LOCKED.0);
        Modes { topic: None, flags, key: None, limit: None, bans: Vec::new(), invited: VecDeque::new() }
    }

    pub fn of(room: &Room) -> &Modes {
        room.wings.get().unwrap_or(&NEW)
    }

    pub fn of_mut(room: &mut Room) -> &mut Modes {
        room.wings.get_or_default()
    }

    /// Sets or clears a flag; whether that changed anything.
    pub fn set(&mut self, flag: Flags, on: bool) -> bool {
        let before = self.flags;
        self.flags = Flags(if on { before.0 | flag.0 } else { before.0 & !flag.0 });
        self.flags != before
    }

    pub fn invite(&mut self, client: ClientId, rank: Rank) {
        self.entered(client);
        self.invited.push_back((client, rank));
        if self.invited.len() > limits::INVITES {
            self.invited.pop_front();
        }
    }

    /// Those who are invited and have not come.
    pub fn guests(&self) -> impl Iterator<Item = ClientId> {
        self.invited.iter().map(|(client, _)| *client)
    }

    /// Forgets the invitation of a client, and returns the rank that came with it.
    pub fn entered(&mut self, client: ClientId) -> Rank {
        let at = self.invited.iter().position(|(invited, _)| *invited == client);
        at.and_then(|at| self.invited.remove(at)).map_or(Rank::default(), |(_, rank)| rank)
    }

    /// Whether a client may come in; if not, why. The key is checked before all else: an
    /// invitation does not replace it.
    pub fn may_join(&self, members: usize, client: &Client, key: Option<&str>) -> Result<(), Refusal> {
        let refusal = if self.key.is_some() && self.key.as_deref() != key {
            let why = if key.is_some() { "this is the wrong key" } else { "the room needs a key: /join #room KEY" };
            return Err(Refusal::new(numeric::ERR_BADCHANNELKEY, format!("Cannot join (+k): {why}")));
        } else if self.invited.iter().any(|(invited, _)| *invited == client.id) {
            return Ok(());
        } else if self.is_banned(&client.source()) {
            numeric::ERR_BANNEDFROMCHAN
        } else if self.flags.has(Flags::INVITE_ONLY) {
            numeric::ERR_INVITEONLYCHAN
        } else if self.limit.is_some_and(|limit| members >= limit) {
            numeric::ERR_CHANNELISFULL
        } else {
            return Ok(());
        };
        Err(refusal.into())
    }

    /// Whether a client may write into the room; if not, the text of 404. `None` stands for a client that has left the
    /// server, and is kept out by bans alone.
    pub fn may_speak(room: &Room, client: Option<ClientId>, source: &str) -> Result<(), &'static str> {
        let modes = Modes::of(room);
        let rank = client.map(|client| Rank::of(room, client)).unwrap_or_default();
        if rank.operator || rank.voice {
            Ok(())
        } else if client.is_some_and(|client| !room.has(client)) && modes.flags.has(Flags::NO_EXTERNAL) {
            Err("Cannot send (+n): join the room first")
        } else if client.is_some() && modes.flags.has(Flags::MODERATED) {
            Err("Cannot send (+m): only operators and those with voice may speak")
        } else if modes.is_banned(source) {
            Err("Cannot send (+b): you are banned from the room")
        } else {
            Ok(())
        }
    }

    fn is_banned(&self, source: &str) -> bool {
        if self.bans.is_empty() {
            return false;
        }
        let source = Subject::new(source);
        self.bans.iter().any(|ban| source.fits(&ban.text))
    }

    /// As MODE shows them, with their parameters; the key only to members.
    pub fn shown(&self, to_member: bool) -> String {
        let flags = Flags::ALL.iter().filter(|(_, flag)| self.flags.has(*flag)).map(|(letter, _)| *letter);
        let key = self.key.is_some().then_some('k');
        let limit = self.limit.is_some().then_some('l');
        let mut letters: Vec<char> = flags.chain(key).chain(limit).collect();
        letters.sort_unstable();
        let mut modes = format!("+{}", letters.iter().collect::<String>());
        if let Some(key) = self.key.as_deref() {
            modes.extend([" ", if to_member { key } else { "*" }]);
        }
        if let Some(limit) = self.limit {
            modes.extend([" ", &limit.to_string()]);
        }
        modes
    }
}

/// What a member may do beyond the others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rank {
    /// +o: may change modes, topic and bans, and kick.
    pub operator: bool,
    /// +v: may speak in a moderated room.
    pub voice: bool,
}

impl Rank {
    pub fn of(room: &Room, client: ClientId) -> Rank {
        room.membership(client).and_then(|member| member.get::<Rank>()).copied().unwrap_or_default()
    }

    /// `None` for a client that is not in the room.
    pub fn of_mut(room: &mut Room, client: ClientId) -> Option<&mut Rank> {
        Some(room.membership_mut(client)?.get_or_default())
    }

    /// Its letters in MODE.
    pub fn letters(self) -> &'static str {
        match (self.operator, self.voice) {
            (true, true) => "ov",
            (true, false) => "o",
            (false, true) => "v",
            (false, false) => "",
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn client(slot: u32, nick: &str) -> Client {
        let mut client = Client::new(ClientId { slot, serial: 0 }, "127.0.0.1:1".parse().unwrap(), "h".into());
        (client.nick, client.user) = (Some(nick.into()), Some("u".into()));
        client
    }

    #[test]
    fn an_invitation_opens_what_is_closed_once_but_is_no_key() {
        let mut modes = Modes { limit: Some(1), key: Some("k".into()), ..Modes::default() };
        assert!(modes.set(Flags::INVITE_ONLY, true) && !modes.set(Flags::INVITE_ONLY, true));
        modes.bans.push(Setting::new("x!*@*", "a", SystemTime::UNIX_EPOCH));
        let (x, y) = (client(2, "x"), client(3, "y"));
        let refused = |modes: &Modes, client, key| modes.may_join(1, client, key).err().map(|refusal| refusal.numeric);
        assert_eq!(refused(&modes, &x, None), Some(numeric::ERR_BADCHANNELKEY));
        assert_eq!(refused(&modes, &x, Some("k")), Some(numeric::ERR_BANNEDFROMCHAN));
        assert_eq!(refused(&modes, &y, Some("k")), Some(numeric::ERR_INVITEONLYCHAN));
        modes.invite(x.id, Rank::default());
        assert_eq!(refused(&modes, &x, Some("k")), None);
        modes.entered(x.id);
        assert_eq!(refused(&modes, &x, Some("k")), Some(numeric::ERR_BANNEDFROMCHAN));
    }

    #[test]
    fn modes_hide_the_key_from_outsiders() {
        let modes = Modes { limit: Some(7), key: Some("sesame".into()), ..Modes::default() };
        assert_eq!(modes.shown(true), "+klnt sesame 7");
        assert_eq!(modes.shown(false), "+klnt * 7");
    }

    #[test]
    fn each_letter_and_each_bit_stands_once() {
        let letters: Vec<char> = Flags::ALL.iter().map(|(letter, _)| *letter).collect();
        assert!(letters.is_sorted_by(|one, other| one < other), "{letters:?}");
        assert!(letters.iter().all(|letter| !WITH_PARAMETER.contains(letter)));
        let bits = Flags::ALL.iter().fold(0, |bits, (_, flag)| bits + u32::from(flag.0));
        assert_eq!(bits.count_ones() as usize, Flags::ALL.len());
    }
}
