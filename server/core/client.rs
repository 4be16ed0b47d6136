//! One client, as the registry knows it.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use wire::fingerprint::Fingerprint;

use super::event::{Caps, ClientId};
use super::extensions::Extensions;
use super::party::Party;

/// Whether the server itself keeps a client's lines waiting, so that an answer may come late.
#[derive(Debug, Clone, Copy)]
pub enum Busy {
    /// Its thread waits for something else than the client, mostly for the disk.
    Now,
    /// It did so, or throttles the client, until this moment.
    Until(Instant),
}

impl Busy {
    /// Whether it was so at this moment or later.
    pub fn since(self, moment: Instant) -> bool {
        match self {
            Busy::Now => true,
            Busy::Until(end) => end >= moment,
        }
    }
}

#[derive(Debug)]
pub struct Client {
    pub id: ClientId,
    pub address: SocketAddr,
    /// What others see of the address.
    pub host: String,
    /// The connection is encrypted.
    pub secure: bool,
    /// The certificate that it has shown, and proved to have the key of.
    pub key: Option<Fingerprint>,
    /// Who answers for what it uses.
    pub party: Party,
    /// Reserved from the moment it is accepted, even before the registration ends.
    pub nick: Option<String>,
    pub user: Option<String>,
    pub realname: String,
    /// The password that it sent, while it registers.
    pub password: Option<String>,
    /// A capability negotiation is open: registration waits.
    pub negotiating: bool,
    pub registered: bool,
    /// It has changed its nick since it registered.
    pub renamed: bool,
    /// A wing has taken its connection over, which is no chat.
    pub detached: bool,
    pub caps: Caps,
    /// It negotiates by version 302, which has `cap-notify` always on.
    pub cap_302: bool,
    pub busy: Busy,
    /// Lines of it that were rejected before anything was carried out. Part of something larger may be among them.
    pub rejected: u64,
    pub away: Option<String>,
    /// The rooms it is in, folded, in the order of joining.
    pub rooms: Vec<String>,
    pub connected_at: SystemTime,
    /// When it last wrote a message.
    pub spoke_at: SystemTime,
    pub wings: Extensions,
}

impl Client {
    pub fn new(id: ClientId, address: SocketAddr, host: String) -> Self {
        let now = SystemTime::now();
        Client {
            id,
            address,
            host,
            secure: false,
            key: None,
            party: Party::of(address.ip()),
            nick: None,
            user: None,
            realname: String::new(),
            password: None,
            negotiating: false,
            registered: false,
            renamed: false,
            detached: false,
            caps: Caps::default(),
            cap_302: false,
            busy: Busy::Until(Instant::now()),
            rejected: 0,
            away: None,
            rooms: Vec::new(),
            connected_at: now,
            spoke_at: now,
            wings: Extensions::default(),
        }
    }

    /// The nick, or `*`, which the protocol writes while there is none.
    pub fn nick(&self) -> &str {
        self.nick.as_deref().unwrap_or("*")
    }

    /// The user name, or `*` before it is known.
    pub fn user(&self) -> &str {
        self.user.as_deref().unwrap_or("*")
    }

    /// `nick!user@host`, the source of its messages.
    pub fn source(&self) -> String {
        format!("{}!{}@{}", self.nick(), self.user(), self.host)
    }
}
