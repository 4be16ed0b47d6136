//! One file in the table of files: from whom, for whom, how far it has come, and what opens its data connections.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock.

use std::collections::VecDeque;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wire::crc32::Crc32;
use wire::limits;

use crate::event::ClientId;
use crate::mail::Handed;
use crate::person::{Person, Recipient};
use crate::socket::Socket;

/// A small number, because people type it.
pub type FileId = u64;

/// The beginning of a file that the server has, and its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    pub bytes: u64,
    pub sum: Crc32,
}

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// To send the file, from its beginning or from here on.
    Put(Progress),
    /// To fetch it, under this nick.
    Get(String),
}

impl Grant {
    fn is_put(&self) -> bool {
        matches!(self, Grant::Put(_))
    }
}

#[derive(Debug)]
struct Token {
    secret: String,
    grant: Grant,
    /// Given over TLS, so that it is not good in plain text.
    secure: bool,
    good_until: Instant,
}

/// A data connection that moves bytes of a file.
#[derive(Debug)]
struct Connection {
    client: ClientId,
    socket: Arc<Socket>,
    puts: bool,
}

/// One file, from its offer on.
#[derive(Debug)]
pub struct Entry {
    pub id: FileId,
    /// Seconds since 1970.
    pub offered: u64,
    pub sender: Person,
    /// `nick!user@host` of the sender at the offer, for when it has left.
    pub source: String,
    /// A room, or a nick, as its owner spells it.
    pub target: String,
    pub size: u64,
    pub name: String,
    /// Of the whole file: once it is there.
    pub crc: Option<u32>,
    /// Of a person from the beginning, since they may change their name; of a room once the file is whole.
    pub recipients: Vec<Recipient>,
    /// It has been announced.
    pub told: bool,
    /// The letters that announce it. Those not confirmed yet go with it.
    pub letters: Vec<Handed>,
    /// How far an upload that was broken off had come. While one runs nobody knows, and after a restart
    /// it has to be read from the disk.
    pub so_far: Option<Progress>,
    /// Since when no upload is running.
    rests_since: Instant,
    /// In the order in which they end.
    tokens: VecDeque<Token>,
    connections: Vec<Connection>,
}

impl Entry {
    pub fn new(id: FileId, offered: u64, source: &str, target: &str, size: u64, name: &str) -> Self {
        Entry {
            id,
            offered,
            sender: Person::new(source.split('!').next().unwrap_or_default()),
            source: source.into(),
            target: target.into(),
            size,
            name: name.into(),
            crc: None,
            recipients: if target.starts_with('#') { Vec::new() } else { vec![Recipient::new(target)] },
            told: false,
            letters: Vec::new(),
            so_far: None,
            rests_since: Instant::now(),
            tokens: VecDeque::new(),
            connections: Vec::new(),
        }
    }

    /// The room that it is for, or what the person is called now.
    pub fn target_now(&self) -> &str {
        let person = self.recipients.first().filter(|_| !self.is_for_a_room());
        person.map_or(&self.target, |recipient| recipient.person.nick())
    }

    pub fn is_for_a_room(&self) -> bool {
        self.target.starts_with('#')
    }

    pub fn recipient(&self, nick: &str) -> Option<&Recipient> {
        self.recipients.iter().find(|recipient| recipient.person.is(nick))
    }

    /// Whether somebody may fetch it.
    pub fn is_for(&self, nick: &str) -> bool {
        self.crc.is_some() && (self.sender.is(nick) || self.recipient(nick).is_some())
    }

    /// Enters a token. A new one to send the file makes older ones worthless: what they promised about
    /// the bytes that are there may be true no more.
    pub fn issue(&mut self, secret: String, grant: Grant, secure: bool, now: Instant) {
        let puts = grant.is_put();
        self.tokens.retain(|token| token.good_until > now && !(puts && token.grant.is_put()));
        if puts {
            self.rests_since = now;
        }
        self.tokens.push_back(Token { secret, grant, secure, good_until: now + limits::TOKEN_LIFE });
    }

    /// What a token is good for, once, on a connection that is as secure as the one over which it was given.
    pub fn redeem(&mut self, secret: &str, puts: bool, secure: bool, now: Instant) -> Option<Grant> {
        let fits = |token: &Token| token.grant.is_put() == puts && (secure || !token.secure);
        let good = |token: &Token| token.secret == secret && fits(token) && token.good_until > now;
        let at = self.tokens.iter().position(good)?;
        self.tokens.remove(at).map(|token| token.grant)
    }

    /// Enters a data connection. The socket of the upload that it replaces is to be shut down.
    pub fn connect(&mut self, client: ClientId, socket: Arc<Socket>, puts: bool) -> Option<Arc<Socket>> {
        let older = if puts { self.interrupt() } else { None };
        self.connections.push(Connection { client, socket, puts });
        older
    }

    pub fn disconnect(&mut self, client: ClientId) {
        if self.is_uploaded_by(client) {
            self.rests_since = Instant::now();
        }
        self.connections.retain(|connection| connection.client != client);
    }

    /// Ends an upload, should one be running; its socket is to be shut down. Tokens to send end too.
    pub fn interrupt(&mut self) -> Option<Arc<Socket>> {
        self.tokens.retain(|token| !token.grant.is_put());
        let at = self.connections.iter().position(|connection| connection.puts)?;
        self.rests_since = Instant::now();
        Some(self.connections.swap_remove(at).socket)
    }

    pub fn is_uploaded_by(&self, client: ClientId) -> bool {
        self.connections.iter().any(|connection| connection.puts && connection.client == client)
    }

    pub fn is_uploaded(&self) -> bool {
        self.connections.iter().any(|connection| connection.puts)
    }

    /// How long its upload has rested, if so long that its place may be given to another one.
    pub fn rests(&self, now: Instant) -> Option<Duration> {
        let idle = self.crc.is_none() && !self.is_uploaded();
        Some(now.duration_since(self.rests_since)).filter(|&rest| idle && rest > limits::UPLOAD_REST)
    }

    /// Ends all data connections of a file that is gone. Not under the lock: these are socket calls.
    pub fn shut_down(&self) {
        self.connections.iter().for_each(|connection| connection.socket.shutdown(Shutdown::Both));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry::new(7, 0, "tesla!t@h", "albert", 10, "a.txt")
    }

    #[test]
    fn a_token_is_good_once_for_one_direction_and_a_while() {
        let (mut entry, now) = (entry(), Instant::now());
        entry.issue("s".into(), Grant::Get("albert".into()), false, now);
        assert_eq!(entry.redeem("s", true, false, now), None);
        assert_eq!(entry.redeem("t", false, false, now), None);
        assert_eq!(entry.redeem("s", false, false, now), Some(Grant::Get("albert".into())));
        assert_eq!(entry.redeem("s", false, false, now), None);
        entry.issue("s".into(), Grant::Get("albert".into()), true, now);
        assert_eq!(entry.redeem("s", false, false, now), None, "it was given over TLS");
        assert!(entry.redeem("s", false, true, now).is_some());
        entry.issue("s".into(), Grant::Get("albert".into()), false, now);
        assert_eq!(entry.redeem("s", false, false, now + limits::TOKEN_LIFE), None);
        entry.issue("t".into(), Grant::Get("albert".into()), false, now + limits::TOKEN_LIFE);
        assert_eq!(entry.tokens.len(), 1, "what is over is forgotten");
    }

    #[test]
    fn a_new_token_to_send_replaces_the_old_one() {
        let (mut entry, now) = (entry(), Instant::now());
        entry.issue("get".into(), Grant::Get("albert".into()), false, now);
        entry.issue("old".into(), Grant::Put(Progress::default()), false, now);
        entry.issue("new".into(), Grant::Put(Progress { bytes: 5, ..Progress::default() }), false, now);
        assert_eq!(entry.redeem("old", true, false, now), None);
        assert!(entry.redeem("new", true, false, now).is_some());
        assert!(entry.redeem("get", false, false, now).is_some());
    }

    #[test]
    fn it_is_for_the_sender_and_the_recipients_once_it_is_whole() {
        let mut entry = entry();
        assert!(!entry.is_for("albert") && !entry.is_for("tesla"));
        entry.crc = Some(0);
        assert!(entry.is_for("Albert") && entry.is_for("tesla") && !entry.is_for("eve"));
    }
}
