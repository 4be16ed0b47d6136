//! What the registry knows about one client.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use wire::ack_queue::AckQueue;
use wire::fingerprint::Fingerprint;

use crate::event::{Caps, ClientId};
use crate::mail::{Handed, nothing_handed};

/// What is known about a connection.
#[derive(Debug)]
pub struct Client {
    pub id: ClientId,
    pub address: SocketAddr,
    /// What others see of the address.
    pub host: String,
    /// It speaks TLS.
    pub secure: bool,
    /// The certificate that it has shown, and proved to have the key of.
    pub key: Option<Fingerprint>,
    /// Reserved for this client from the moment it is accepted, even before registration ends.
    pub nick: Option<String>,
    pub user: Option<String>,
    pub realname: String,
    /// The password that it sent, while it registers.
    pub password: Option<String>,
    /// It has begun to negotiate capabilities and not ended: registration waits.
    pub negotiating: bool,
    pub registered: bool,
    /// It has changed its nick since.
    pub renamed: bool,
    /// It is a data connection whose token was good; such a one never registers.
    pub is_transfer: bool,
    pub caps: Caps,
    /// It negotiates by version 302, which has `cap-notify` always on.
    pub cap_302: bool,
    /// User mode +i: found only by who knows the nick or shares a room.
    pub invisible: bool,
    pub away: Option<String>,
    /// Letters that it was handed and has not confirmed.
    pub handed: AckQueue<Handed>,
    /// The rooms it is in, folded, in the order of joining.
    pub rooms: Vec<String>,
    pub since: SystemTime,
    /// When it last wrote a message.
    pub spoke: Instant,
}

impl Client {
    pub fn new(id: ClientId, address: SocketAddr, host: String) -> Self {
        Client {
            id,
            address,
            host,
            secure: false,
            key: None,
            nick: None,
            user: None,
            realname: String::new(),
            password: None,
            negotiating: false,
            registered: false,
            renamed: false,
            is_transfer: false,
            caps: Caps::default(),
            cap_302: false,
            invisible: false,
            away: None,
            handed: nothing_handed(),
            rooms: Vec::new(),
            since: SystemTime::now(),
            spoke: Instant::now(),
        }
    }

    /// The nick, or `*` as the protocol has it for who has none yet.
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
