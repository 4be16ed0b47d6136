//! The handshake with the server: TLS, and only if the server has the key that it must have.
//!
//! Run by whichever thread needs a connection. The lock is held for a moment at a time, never while the network is
//! waited for.

use super::known_servers::{Known, KnownServers};
use crate::core::dialer::{Failure, Handshake};
use crate::core::settings;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wire::fingerprint::Fingerprint;
use wire::stream::{SecureChannel, Stream};
use wire::tls::{Connector, Identity, Refused, Tls, Trust};

/// How long the other end may take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// Our key, and how to know the server.
pub struct SecureDialer {
    connector: Connector,
    /// Of our own certificate.
    pub fingerprint: Fingerprint,
    /// The fingerprint that the user has given.
    pin: Option<Fingerprint>,
    /// The user has named the authorities.
    by_authority: bool,
    file: KnownServers,
    /// How the server was known in this run, which counts also where the file cannot be written.
    known: Mutex<Option<Known>>,
}

impl Handshake for SecureDialer {
    fn first(
        &self,
        server: &str,
        socket: &TcpStream,
        news: &mut Vec<String>,
    ) -> Result<Box<dyn SecureChannel>, Failure> {
        Ok(Box::new(self.shake_hands(server, socket, news)?))
    }

    fn again(&self, server: &str, socket: &TcpStream, first: &Stream) -> io::Result<Box<dyn SecureChannel>> {
        let pin = first.channel().and_then(SecureChannel::peer);
        let pin = pin.ok_or_else(|| io::Error::other("the server has no key"))?;
        let shaken = self.connector.connect(socket, host(server), Trust::Pin(pin), Instant::now() + HANDSHAKE);
        let (tls, _) = shaken.map_err(|refused| match refused {
            Refused::Lost(error) => error,
            Refused::Changed(_) => io::Error::other("the server has another key now"),
            Refused::Failed(why) | Refused::Unverified(why) => io::Error::other(why),
            Refused::PlainText(text) => io::Error::other(complaint(&text)),
        })?;
        Ok(Box::new(tls))
    }
}

/// What a server says in plain text instead of shaking hands.
fn complaint(text: &str) -> String {
    let text = text.trim().trim_start_matches("ERROR :");
    format!("the server says in plain text, without a key: {text}")
}

/// The host of `HOST:PORT`, without the brackets of IPv6.
fn host(server: &str) -> &str {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

impl SecureDialer {
    /// With the fingerprint that the server must have, or authorities, if the user gives them. An error is one sentence.
    pub fn new(pin: Option<Fingerprint>, authorities: Option<&Path>) -> Result<Self, String> {
        let no_folder = |error| format!("{error}, so there is no place for your key; set one of them, or say --plain");
        let key = settings::folder().map_err(no_folder)?.join("identity.pem");
        let identity = Identity::load_or_make(&key, "groupchat")?;
        Ok(SecureDialer {
            fingerprint: identity.fingerprint(),
            connector: Connector::new(identity, authorities)?,
            pin,
            by_authority: authorities.is_some(),
            file: KnownServers::open().map_err(no_folder)?,
            known: Mutex::new(None),
        })
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shakes hands for the chat connection.
    fn shake_hands(&self, server: &str, socket: &TcpStream, news: &mut Vec<String>) -> Result<Tls, Failure> {
        let filed = self.file.find(server).map_err(Failure::Refused)?;
        let known = self.known().or(filed.map(|(known, _)| known));
        let trust = match (self.pin, known) {
            (Some(pin), _) | (None, Some(Known::Pinned(pin))) if !self.by_authority => Trust::Pin(pin),
            (None, None) if !self.by_authority => Trust::TrustOnFirstUse,
            _ => Trust::Authority,
        };
        let shaken = self.connector.connect(socket, host(server), trust, Instant::now() + HANDSHAKE);
        let (tls, proof) = shaken.map_err(|refused| self.explain(server, trust, refused))?;
        let proved = if proof.by_authority { Known::ByAuthority } else { Known::Pinned(proof.fingerprint) };
        self.remember(server, filed.map(|(known, _)| known), proved, news)?;
        *self.known() = Some(proved);
        Ok(tls)
    }

    /// Writes down how the server is known, if that is new.
    fn remember(
        &self,
        server: &str,
        filed: Option<Known>,
        proved: Known,
        news: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let written = match filed {
            Some(filed) if filed == proved || self.pin.is_none() => return Ok(()),
            Some(_) => {
                news.push(format!("{server} is known by the fingerprint that you have given from now on"));
                self.file.replace(server, proved)
            }
            None => {
                news.push(match proved {
                    Known::Pinned(_) if self.pin.is_some() => format!("{server} has the key that you have given"),
                    Known::Pinned(key) => format!("First contact with {server}. Its key has the fingerprint\n{key}"),
                    Known::ByAuthority => format!("First contact with {server}. An authority vouches for it"),
                });
                match self.file.add(server, proved) {
                    Ok(Some(other)) if other != proved => {
                        let why = "another client of yours has just met it with another key; try again to see which";
                        return Err(Failure::Refused(format!("{server} cannot be trusted: {why}")));
                    }
                    added => added.map(drop),
                }
            }
        };
        let path = self.file.path.display();
        news.push(match written {
            Ok(()) => format!("From now on it has to be the same; {path} remembers it"),
            Err(error) => {
                format!("It cannot be remembered ({path}: {error}), so the next time will be a first contact, too")
            }
        });
        Ok(())
    }

    /// What a user has to know when there is no TLS connection.
    fn explain(&self, server: &str, trust: Trust, refused: Refused) -> Failure {
        match (refused, trust) {
            (Refused::Changed(shown), Trust::Pin(pin)) => Failure::Refused(self.changed(server, pin, shown)),
            (Refused::Unverified(why), _) => Failure::Refused(format!(
                "no authority vouches for {server} ({why}); name the authority with --ca, \
                 or ask who runs it for its fingerprint and give that with --pin"
            )),
            // Our server says so when it is full, before it knows whether the client speaks TLS.
            (Refused::PlainText(text), _) if text.starts_with("ERROR :") => Failure::Lost(complaint(&text)),
            (Refused::PlainText(_), _) => Failure::Refused(format!(
                "{server} does not speak TLS; --plain speaks to it \
                 so that everybody on the way can read it"
            )),
            (Refused::Lost(error), _) if error.kind() == ErrorKind::TimedOut => Failure::Lost(format!(
                "{server} does not answer in TLS; if it knows only plain text, --plain speaks to it \
                 so that everybody on the way can read it"
            )),
            (Refused::Lost(error), _) if error.kind() == ErrorKind::UnexpectedEof => {
                Failure::Lost(format!("{server} has closed the connection instead of answering in TLS"))
            }
            (Refused::Lost(error), _) => Failure::Lost(format!("the connection to {server} is lost ({error})")),
            (Refused::Failed(why), _) => Failure::Lost(format!("no TLS connection to {server}: {why}")),
            (Refused::Changed(_), _) => Failure::Lost(format!("{server} has another key")),
        }
    }

    fn changed(&self, server: &str, pin: Fingerprint, shown: Fingerprint) -> String {
        if self.pin.is_some() {
            return format!(
                "{server} is not the server that you mean.\n\
                 Its key has the fingerprint {shown}\nand not, as --pin says,    {pin}"
            );
        }
        let line = self.file.find(server).ok().flatten().map(|(_, line)| format!("line {line} of "));
        let place = format!("{}{}", line.unwrap_or_default(), self.file.path.display());
        format!(
            "THE KEY OF THE SERVER HAS CHANGED! Nothing was sent to it.\n\
             Somebody may be between you and {server}, or in its place, and want to read\n\
             what you write. It may also be that the server was set up anew. Ask who runs it for\n\
             the fingerprint of its key. The one that it shows now is\n    {shown}\n\
             The one that you know is in {place}:\n    {pin}\n\
             If the new one is right, remove that line, or start once with --pin and the new one."
        )
    }
}
