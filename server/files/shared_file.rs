//! One file in the table of files: its sender and recipients, how far its upload has come, and the tokens that open its
//! data connections.
//!
//! Part of the table, so it is only touched by a thread that holds the table's lock.

use std::collections::VecDeque;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wire::crc32::Crc32;

use super::limits;
use super::person::Person;
use crate::core::event::ClientId;
use crate::core::socket::Socket;
use crate::mail::store::Stored;

/// A small number, because people type it.
pub type FileId = u64;

/// How much of a file the server has from its beginning, and the sum of that: an upload can resume there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResumePoint {
    pub bytes: u64,
    pub sum: Crc32,
}

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenScope {
    /// To upload the file, from its beginning or from here on.
    Put(ResumePoint),
    /// To download it, under this nick.
    Get(String),
}

impl TokenScope {
    fn is_put(&self) -> bool {
        matches!(self, TokenScope::Put(_))
    }
}

#[derive(Debug)]
struct Token {
    secret: String,
    scope: TokenScope,
    /// Issued over TLS, so that it is worth nothing in plain text.
    secure: bool,
    good_until: Instant,
}

/// One file, from its offer on.
#[derive(Debug)]
pub struct SharedFile {
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
    /// The CRC-32 of the whole file, once its upload is complete.
    pub crc: Option<u32>,
    /// A person from the beginning, since people change their names; the members of a room once the upload is complete.
    pub recipients: Vec<Person>,
    pub announced: bool,
    /// The stored messages that announce it. Those not acknowledged are removed with it.
    pub announcements: Vec<Stored>,
    /// Where an interrupted upload can resume. Unknown while one runs, and after a restart until it is read from the
    /// disk.
    pub resume_point: Option<ResumePoint>,
    /// Since when no upload is running.
    idle_since: Instant,
    /// In the order in which they expire.
    tokens: VecDeque<Token>,
    /// The data connection that uploads it.
    upload: Option<(ClientId, Arc<Socket>)>,
    downloads: Vec<(ClientId, Arc<Socket>)>,
}

impl SharedFile {
    pub fn new(id: FileId, offered: u64, source: &str, target: &str, size: u64, name: &str) -> Self {
        SharedFile {
            id,
            offered,
            sender: Person::new(source.split('!').next().unwrap_or_default()),
            source: source.into(),
            target: target.into(),
            size,
            name: name.into(),
            crc: None,
            recipients: if target.starts_with('#') { Vec::new() } else { vec![Person::new(target)] },
            announced: false,
            announcements: Vec::new(),
            resume_point: None,
            idle_since: Instant::now(),
            tokens: VecDeque::new(),
            upload: None,
            downloads: Vec::new(),
        }
    }

    /// The room that it is for, or the present name of the person.
    pub fn present_target(&self) -> &str {
        let person = self.recipients.first().filter(|_| !self.is_for_a_room());
        person.map_or(&self.target, Person::nick)
    }

    pub fn is_for_a_room(&self) -> bool {
        self.target.starts_with('#')
    }

    pub fn recipient(&self, nick: &str) -> Option<&Person> {
        self.recipients.iter().find(|recipient| recipient.is(nick))
    }

    /// Whether somebody may fetch it.
    pub fn is_for(&self, nick: &str) -> bool {
        self.crc.is_some() && (self.sender.is(nick) || self.recipient(nick).is_some())
    }

    /// Enters a token. A new one for an upload makes older ones worthless: the resume point that they promised may no
    /// longer be true.
    pub fn issue(&mut self, secret: String, scope: TokenScope, secure: bool, now: Instant) {
        let puts = scope.is_put();
        self.tokens.retain(|token| token.good_until > now && !(puts && token.scope.is_put()));
        if puts {
            self.idle_since = now;
        }
        self.tokens.push_back(Token { secret, scope, secure, good_until: now + limits::TOKEN_LIFE });
    }

    /// Redeems a token, once, on a connection that is as secure as the one over which it was issued.
    pub fn redeem(&mut self, secret: &str, puts: bool, secure: bool, now: Instant) -> Option<TokenScope> {
        let fits = |token: &Token| token.scope.is_put() == puts && (secure || !token.secure);
        let good = |token: &Token| token.secret == secret && fits(token) && token.good_until > now;
        let at = self.tokens.iter().position(good)?;
        self.tokens.remove(at).map(|token| token.scope)
    }

    /// Enters a data connection. The socket of an upload that it replaces is returned, to be shut down.
    pub fn connect(&mut self, client: ClientId, socket: Arc<Socket>, puts: bool) -> Option<Arc<Socket>> {
        if !puts {
            self.downloads.push((client, socket));
            return None;
        }
        let older = self.interrupt();
        self.upload = Some((client, socket));
        older
    }

    pub fn disconnect(&mut self, client: ClientId) {
        if self.is_uploaded_by(client) {
            (self.upload, self.idle_since) = (None, Instant::now());
        }
        self.downloads.retain(|(other, _)| *other != client);
    }

    /// Ends an upload if one is running; its socket is returned, to be shut down. Tokens for uploads end too.
    pub fn interrupt(&mut self) -> Option<Arc<Socket>> {
        self.tokens.retain(|token| !token.scope.is_put());
        let (_, socket) = self.upload.take()?;
        self.idle_since = Instant::now();
        Some(socket)
    }

    pub fn is_uploaded_by(&self, client: ClientId) -> bool {
        self.upload.as_ref().is_some_and(|(uploader, _)| *uploader == client)
    }

    /// Whether its upload is not complete, and no connection is at it.
    pub fn is_interrupted(&self) -> bool {
        self.crc.is_none() && self.upload.is_none()
    }

    /// How long its upload has been idle, if long enough to give its place to another one.
    pub fn idle(&self, now: Instant) -> Option<Duration> {
        let idle = now.duration_since(self.idle_since);
        (self.is_interrupted() && idle > limits::UPLOAD_IDLE).then_some(idle)
    }

    /// Ends all data connections of a file that was removed. Not under a lock: these are socket calls.
    pub fn shut_down(&self) {
        self.upload.iter().chain(&self.downloads).for_each(|(_, socket)| socket.shutdown(Shutdown::Both));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> SharedFile {
        SharedFile::new(7, 0, "tesla!t@h", "albert", 10, "a.txt")
    }

    #[test]
    fn a_token_is_good_once_for_one_direction_and_expires() {
        let (mut file, now) = (file(), Instant::now());
        file.issue("s".into(), TokenScope::Get("albert".into()), false, now);
        assert_eq!(file.redeem("s", true, false, now), None);
        assert_eq!(file.redeem("t", false, false, now), None);
        assert_eq!(file.redeem("s", false, false, now), Some(TokenScope::Get("albert".into())));
        assert_eq!(file.redeem("s", false, false, now), None);
        file.issue("s".into(), TokenScope::Get("albert".into()), true, now);
        assert_eq!(file.redeem("s", false, false, now), None, "it was issued over TLS");
        assert!(file.redeem("s", false, true, now).is_some());
        file.issue("s".into(), TokenScope::Get("albert".into()), false, now);
        assert_eq!(file.redeem("s", false, false, now + limits::TOKEN_LIFE), None);
        file.issue("t".into(), TokenScope::Get("albert".into()), false, now + limits::TOKEN_LIFE);
        assert_eq!(file.tokens.len(), 1, "an expired token is forgotten");
    }

    #[test]
    fn a_new_token_to_send_replaces_the_old_one() {
        let (mut file, now) = (file(), Instant::now());
        file.issue("get".into(), TokenScope::Get("albert".into()), false, now);
        file.issue("old".into(), TokenScope::Put(ResumePoint::default()), false, now);
        file.issue("new".into(), TokenScope::Put(ResumePoint { bytes: 5, ..ResumePoint::default() }), false, now);
        assert_eq!(file.redeem("old", true, false, now), None);
        assert!(file.redeem("new", true, false, now).is_some());
        assert!(file.redeem("get", false, false, now).is_some());
    }

    #[test]
    fn it_is_for_the_sender_and_the_recipients_once_it_is_whole() {
        let mut file = file();
        assert!(!file.is_for("albert") && !file.is_for("tesla"));
        file.crc = Some(0);
        assert!(file.is_for("Albert") && file.is_for("tesla") && !file.is_for("eve"));
    }
}
