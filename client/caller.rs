//! Calling the server: over TCP, then with TLS, and only if it is who it has to be.
//!
//! Run by whichever thread needs a connection: main for the first one, the receiver for later ones, those of
//! transfers for theirs. The lock here is held for a moment at a time, never while the network is waited for.

use crate::args::Args;
use crate::connection::Failure;
use crate::known::{Known, KnownServers};
use crate::settings;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wire::fingerprint::Fingerprint;
use wire::stream::{SecureChannel, Stream};
use wire::tls::{self, Connector, Identity, Refused, Tls, Trust};

/// How long one address may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the other end may take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// Who calls, whom, and how.
pub struct Caller {
    /// `HOST:PORT`, as the user gave it.
    server: String,
    /// What TLS takes; `None` in plain text.
    secure: Option<Secure>,
}

struct Secure {
    connector: Connector,
    /// Our own certificate.
    fingerprint: Fingerprint,
    /// The fingerprint that the user has given.
    pin: Option<Fingerprint>,
    /// The user has named the authorities.
    by_authority: bool,
    file: KnownServers,
    /// How the server was known in this run, which counts also where the file cannot be written.
    known: Mutex<Option<Known>>,
}

/// An open connection, and what the user is to be told about it.
pub struct Call {
    pub stream: Stream,
    pub news: Vec<String>,
}

impl Caller {
    /// Our key is made when there is none. An error is one sentence.
    pub fn new(args: &Args) -> Result<Self, String> {
        let asks_for_tls = args.pin.is_some() || args.ca.is_some();
        if asks_for_tls && !tls::BUILT_IN {
            return Err(
                "this client was built without TLS, so it has no use for --pin and --ca; build it with --features tls"
                    .into(),
            );
        }
        let secure = if args.plain || !tls::BUILT_IN { None } else { Some(Secure::new(args)?) };
        Ok(Caller { server: args.server.clone(), secure })
    }

    /// In plain text.
    #[cfg(test)]
    pub fn plain(server: &str) -> Self {
        Caller { server: server.to_owned(), secure: None }
    }

    /// Our own fingerprint; `None` in plain text.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.secure.as_ref().map(|secure| secure.fingerprint)
    }

    /// Connects, or says what to do.
    pub fn call(&self) -> Result<Call, Failure> {
        let socket = self.connect().map_err(Failure::Lost)?;
        let mut news = Vec::new();
        let tls = match &self.secure {
            Some(secure) => Some(secure.shake_hands(&self.server, &socket, &mut news)?),
            None => None,
        };
        if !tls::BUILT_IN && !socket.peer_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback()) {
            news.push(
                "This client was built without TLS: whoever is on the way can read all of this, and change it".into(),
            );
        }
        let stream = Stream::new(socket);
        tls.into_iter().for_each(|tls| stream.secure(Box::new(tls)));
        Ok(Call { stream, news })
    }

    /// Opens a second connection to where the first one leads, which has to be the very same server.
    pub fn call_again(&self, first: &Stream) -> io::Result<Stream> {
        let socket = connect(&first.socket().peer_addr()?)?;
        let Some(secure) = &self.secure else { return Ok(Stream::new(socket)) };
        let pin =
            first.channel().and_then(SecureChannel::peer).ok_or_else(|| io::Error::other("the server has no key"))?;
        let deadline = Instant::now() + HANDSHAKE;
        let shaken = secure.connector.connect(&socket, host(&self.server), Trust::Pin(pin), deadline);
        let (tls, _) = shaken.map_err(|refused| match refused {
            Refused::Lost(error) => error,
            Refused::Changed(_) => io::Error::other("the server has another key now"),
            Refused::Failed(why) | Refused::Unverified(why) => io::Error::other(why),
            Refused::PlainText(text) => io::Error::other(complaint(&text)),
        })?;
        let stream = Stream::new(socket);
        stream.secure(Box::new(tls));
        Ok(stream)
    }

    fn connect(&self) -> Result<TcpStream, String> {
        let server = &self.server;
        let unknown = |error| format!("there is no host of the name in {server} ({error}); check --server");
        let mut failure = format!("{server} has no address; check --server");
        for address in server.to_socket_addrs().map_err(unknown)? {
            match connect(&address) {
                Ok(socket) => return Ok(socket),
                Err(error) => {
                    failure = match error.kind() {
                        ErrorKind::ConnectionRefused => {
                            format!(
                                "nobody listens at {server}; start the server with make run-server, or check --server"
                            )
                        }
                        ErrorKind::TimedOut => format!("{server} does not answer; check --server and the network"),
                        _ => format!("cannot reach {server} ({error}); check --server and the network"),
                    }
                }
            }
        }
        Err(failure)
    }
}

fn connect(address: &SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(address, CONNECT)?;
    // What is written shall not wait for the answer to what was written before.
    socket.set_nodelay(true)?;
    Ok(socket)
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

impl Secure {
    fn new(args: &Args) -> Result<Self, String> {
        let no_folder = |error| format!("{error}, so there is no place for your key; set one of them, or say --plain");
        let key = settings::folder().map_err(no_folder)?.join("identity.pem");
        let identity = Identity::load_or_make(&key, "groupchat")?;
        Ok(Secure {
            fingerprint: identity.fingerprint(),
            connector: Connector::new(identity, args.ca.as_deref())?,
            pin: args.pin,
            by_authority: args.ca.is_some(),
            file: KnownServers::open().map_err(no_folder)?,
            known: Mutex::new(None),
        })
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
                "no authority vouches for {server} ({why}); name the authority with --ca, or ask who runs it for its fingerprint and give that with --pin"
            )),
            // Ours says so when it has no place for anybody, before it knows who speaks what.
            (Refused::PlainText(text), _) if text.starts_with("ERROR :") => Failure::Lost(complaint(&text)),
            (Refused::PlainText(_), _) => Failure::Refused(format!(
                "{server} does not speak TLS; --plain speaks to it so that everybody on the way can read it"
            )),
            (Refused::Lost(error), _) if error.kind() == ErrorKind::TimedOut => Failure::Lost(format!(
                "{server} does not answer in TLS; if it knows only plain text, --plain speaks to it so that everybody on the way can read it"
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
                "{server} is not the server that you mean.\nIts key has the fingerprint {shown}\nand not, as --pin says,    {pin}"
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
