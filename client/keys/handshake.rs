//! The handshake with the server: TLS, and only if the server has the key that it must have.
//!
//! Run by whichever thread needs a connection. The lock is held for a moment at a time, never while the network is
//! waited for.

use super::known_servers::{Known, KnownServers};
use crate::core::dialer::{Failure, Handshake};
use crate::core::settings;
use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wire::fingerprint::Fingerprint;
use wire::stream::{SecureChannel, Stream};
use wire::tls::{Connector, Identity, Refused, Trust};

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
        let filed = self.file.find(&known_as(server)).map_err(Failure::Refused)?.map(|(known, _)| known);
        let known = self.known().or(filed);
        let trust = match (self.pin, known) {
            (Some(pin), _) | (None, Some(Known::Pinned(pin))) if !self.by_authority => Trust::Pin(pin),
            (None, None) if !self.by_authority => Trust::TrustOnFirstUse,
            _ => Trust::Authority,
        };
        let shaken = self.connector.connect(socket, host(server), trust, Instant::now() + HANDSHAKE);
        let (tls, proof) = shaken.map_err(|refused| match trust {
            Trust::TrustOnFirstUse => explain(server, refused),
            _ => self.suspect(server, trust, refused),
        })?;
        let proved = if proof.by_authority { Known::ByAuthority } else { Known::Pinned(proof.fingerprint) };
        if filed.is_none_or(|filed| filed != proved && self.pin.is_some()) {
            self.remember(server, filed.is_some(), proved, news)?;
        }
        *self.known() = Some(proved);
        Ok(Box::new(tls))
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

/// The host of `HOST:PORT`, without the brackets and the zone of IPv6: the zone is the interface of this machine that
/// leads to the host, and no part of the host's name.
fn host(server: &str) -> &str {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.split_once('%').map_or(host, |(address, _)| address)
}

/// `HOST:PORT` as `known_servers` has it, without the zone: by another interface it is the same server.
fn known_as(server: &str) -> Cow<'_, str> {
    match server.split_once('%').and_then(|(address, rest)| Some((address, rest.split_once(']')?.1))) {
        Some((address, port)) => format!("{address}]{port}").into(),
        None => server.into(),
    }
}

/// What a user has to know when a server that was never met before does not answer in TLS.
fn explain(server: &str, refused: Refused) -> Failure {
    let plain = "--plain speaks to it so that everybody on the way can read it";
    match refused {
        // Our server says so when it is full, before it knows whether the client speaks TLS.
        Refused::PlainText(text) if text.starts_with("ERROR :") => Failure::Lost(complaint(&text)),
        Refused::PlainText(_) => Failure::Refused(format!("{server} does not speak TLS; {plain}")),
        Refused::Lost(error) if error.kind() == ErrorKind::TimedOut => {
            Failure::Lost(format!("{server} does not answer in TLS; if it knows only plain text, {plain}"))
        }
        Refused::Lost(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Failure::Lost(format!("{server} has closed the connection instead of answering in TLS"))
        }
        Refused::Lost(error) => Failure::Lost(format!("the connection to {server} is lost ({error})")),
        Refused::Failed(why) | Refused::Unverified(why) => {
            Failure::Lost(format!("no TLS connection to {server}: {why}"))
        }
        Refused::Changed(_) => Failure::Lost(format!("{server} has another key")),
    }
}

impl SecureDialer {
    /// With the fingerprint that the server must have, or authorities, if the user gives them. An error is one sentence.
    pub fn new(pin: Option<Fingerprint>, authorities: Option<&Path>) -> Result<Self, String> {
        let folder = settings::folder()
            .map_err(|error| format!("{error}, so there is no place for your key; set one of them, or say --plain"))?;
        let identity = Identity::load_or_make(&folder.join("identity.pem"), "groupchat")?;
        Ok(SecureDialer {
            fingerprint: identity.fingerprint(),
            connector: Connector::new(identity, authorities)?,
            pin,
            by_authority: authorities.is_some(),
            file: KnownServers { path: folder.join("known_servers") },
            known: Mutex::new(None),
        })
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down how the server is known from now on.
    fn remember(&self, server: &str, is_filed: bool, proved: Known, news: &mut Vec<String>) -> Result<(), Failure> {
        news.push(match proved {
            _ if is_filed => format!("{server} is known by the fingerprint that you have given from now on"),
            Known::Pinned(_) if self.pin.is_some() => format!("{server} has the key that you have given"),
            Known::Pinned(key) => format!(
                "First contact with {server}. Its key has the fingerprint\n{key}\n\
                 Compare it with the one that the server shows when it starts; whoever runs it can see that one"
            ),
            Known::ByAuthority => format!("First contact with {server}. An authority vouches for it"),
        });
        let written = if is_filed {
            self.file.replace(&known_as(server), proved).map(|()| None)
        } else {
            self.file.add(&known_as(server), proved)
        };
        if let Ok(Some(other)) = written
            && other != proved
        {
            let why = "another client of yours has just met it with another key; try again to see which";
            return Err(Failure::Refused(format!("{server} cannot be trusted: {why}")));
        }
        let path = self.file.path.display();
        news.push(match written {
            Ok(_) => format!("From now on it has to be the same; {path} remembers it"),
            Err(error) => {
                format!("It cannot be remembered ({path}: {error}), so the next time will be a first contact, too")
            }
        });
        Ok(())
    }

    /// What a user has to know when a server that has a key, as the user knows, does not show it. Plain text would give
    /// everything to whoever stands between the two, so it is no way out.
    fn suspect(&self, server: &str, trust: Trust, refused: Refused) -> Failure {
        let what = match (refused, trust) {
            (Refused::Changed(shown), Trust::Pin(pin)) => return Failure::Refused(self.changed(server, pin, shown)),
            (Refused::Unverified(why), _) => {
                return Failure::Refused(format!(
                    "no authority vouches for {server} ({why}); name the authority with --ca, \
                     or ask who runs it for its fingerprint and give that with --pin"
                ));
            }
            (Refused::PlainText(text), _) if text.starts_with("ERROR :") => {
                format!("something says in plain text, as anybody could: {}", text.trim_start_matches("ERROR :").trim())
            }
            (Refused::PlainText(_), _) => "something answers in plain text".to_owned(),
            (Refused::Lost(error), _) if error.kind() == ErrorKind::TimedOut => "nothing answers in TLS".to_owned(),
            (Refused::Lost(error), _) if error.kind() == ErrorKind::UnexpectedEof => {
                "the connection was closed instead".to_owned()
            }
            (Refused::Lost(error), _) => format!("the connection was lost ({error})"),
            (Refused::Failed(why), _) => format!("TLS failed ({why})"),
            (Refused::Changed(_), _) => "it has another key".to_owned(),
        };
        Failure::Lost(format!(
            "{server} has to prove itself by its key, but {what}; nothing was sent. If it is not just down or busy, \
             SOMEBODY MAY BE BETWEEN YOU AND IT: ask whoever runs it"
        ))
    }

    fn changed(&self, server: &str, pin: Fingerprint, shown: Fingerprint) -> String {
        if self.pin.is_some() {
            return format!(
                "{server} is not the server that you mean.\n\
                 Its key has the fingerprint {shown}\nand not, as --pin says,    {pin}"
            );
        }
        let line = self.file.find(&known_as(server)).ok().flatten().map(|(_, line)| format!("line {line} of "));
        let place = format!("{}{}", line.unwrap_or_default(), self.file.path.display());
        format!(
            "THE KEY OF THE SERVER HAS CHANGED! Nothing was sent to it.\n\
             Somebody may be between you and {server}, or in its place, and want to read\n\
             what you write. It may also be that the server was set up anew. Ask who runs it for\n\
             the fingerprint of its key. The one that it shows now is\n    {shown}\n\
             The one that you know is in {place}:\n    {pin}\n\
             If the new one is right, remove that line, or start once with --pin and the new one\n\
             (make run-client ARGS=\"--pin FINGERPRINT\", or run-gui)."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_no_part_of_the_name() {
        for (server, name, known) in [
            ("chat.example.org:6667", "chat.example.org", "chat.example.org:6667"),
            ("[::1]:6667", "::1", "[::1]:6667"),
            ("[fe80::1%eth0]:6667", "fe80::1", "[fe80::1]:6667"),
            ("[fe80::1%2]:6667", "fe80::1", "[fe80::1]:6667"),
        ] {
            assert_eq!((host(server), &*known_as(server)), (name, known));
        }
    }

    #[test]
    fn a_known_server_that_does_not_show_its_key_is_suspicious_and_plain_text_is_no_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::load_or_make(&folder.path().join("identity.pem"), "test").unwrap();
        let dialer = SecureDialer {
            fingerprint: identity.fingerprint(),
            connector: Connector::new(identity, None).unwrap(),
            pin: None,
            by_authority: false,
            file: KnownServers { path: folder.path().join("known_servers") },
            known: Mutex::new(None),
        };
        let plain_text = |text: &str| Refused::PlainText(text.to_owned());
        let lost = |kind: ErrorKind| Refused::Lost(kind.into());
        let says = |failure: Failure| match failure {
            Failure::Lost(why) => why,
            _ => "final".to_owned(),
        };
        for (refused, what) in [
            (plain_text(":srv NOTICE * :hi"), "answers in plain text"),
            (plain_text("ERROR :full"), "says in plain text, as anybody could: full;"),
            (lost(ErrorKind::TimedOut), "nothing answers in TLS"),
            (lost(ErrorKind::UnexpectedEof), "was closed instead"),
            (lost(ErrorKind::ConnectionReset), "the connection was lost (connection reset)"),
            (Refused::Failed("odd".into()), "TLS failed (odd)"),
        ] {
            let why = says(dialer.suspect("a:1", Trust::Pin(dialer.fingerprint), refused));
            assert!(why.contains(what) && why.contains("SOMEBODY MAY BE BETWEEN YOU AND IT"), "{why}");
            assert!(!why.contains("--plain"), "{why}");
        }
        // Only a server that was never met may know nothing but plain text.
        assert!(says(explain("a:1", lost(ErrorKind::TimedOut))).contains("--plain"));
        assert!(matches!(explain("a:1", plain_text("hi")), Failure::Refused(why) if why.contains("--plain")));
    }
}
