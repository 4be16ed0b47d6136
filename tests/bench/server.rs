//! The servers under test as child processes, each on a free loopback port in its own folder.
//!
//! Threads: the generator's, and one that drains our server's stdout. No locks.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wire::tls::Identity;

use crate::options::Options;
use crate::stream::Transport;

/// How long a server may take from its start until it accepts a connection.
const START: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Ours,
    /// Another build of our server.
    Other,
    Ngircd,
    Inspircd,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Ours, Self::Other, Self::Ngircd, Self::Inspircd];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Other => "other",
            Self::Ngircd => "ngircd",
            Self::Inspircd => "inspircd",
        }
    }

    /// How many connections may wait for their welcome at the same time, so that each server
    /// registers clients as fast as it can.
    pub fn connects_in_flight(self) -> usize {
        match self {
            // std listens with a backlog of 128, ngIRCd with one of 10; what overflows a backlog
            // waits a whole second for TCP to try again.
            Self::Ours | Self::Other => 100,
            Self::Ngircd => 10,
            // Welcomes all who wait, but only once a second; its backlog is in its configuration.
            Self::Inspircd => 4000,
        }
    }

    /// Where Debian puts it.
    fn installed_at(self) -> PathBuf {
        Path::new("/usr/sbin").join(self.name())
    }
}

/// A server that can be started as often as needed.
#[derive(Clone)]
pub struct Candidate {
    pub kind: Kind,
    program: PathBuf,
}

impl Candidate {
    /// The server, or a sentence that says why there is none.
    pub fn find(kind: Kind, options: &Options) -> Result<Self, String> {
        let built = option_env!("CARGO_BIN_EXE_chat-server").map(PathBuf::from);
        let program = match kind {
            Kind::Ours => options.ours.clone().or(built).unwrap_or_default(),
            Kind::Other => options.other.clone().unwrap_or_default(),
            Kind::Ngircd | Kind::Inspircd => kind.installed_at(),
        };
        if program.is_file() {
            return Ok(Self { kind, program });
        }
        Err(match kind {
            Kind::Ours | Kind::Other => format!("{0}: no server binary; name one with --{0} PATH", kind.name()),
            _ => format!("{0}: not installed, so left out; try `apt-get install {0}`", kind.name()),
        })
    }

    /// With `Transport::Tls` it takes both plain text and TLS.
    pub fn start(&self, transport: Transport) -> io::Result<Server> {
        let folder = TempFolder::new(self.kind.name())?;
        let mut command = Command::new(&self.program);
        command.current_dir(&folder.0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let ports = free_ports()?;
        match self.kind {
            Kind::Ours | Kind::Other => {
                command.args(["--listen", "127.0.0.1:0", "--flood", "0", "--data-dir"]).arg(&folder.0);
                command.stdout(Stdio::piped());
            }
            Kind::Ngircd => {
                let texts = [include_str!("ngircd.conf"), include_str!("ngircd-tls.conf")];
                command.args(["--nodaemon", "--config"]).arg(configure(&folder.0, texts, ports, transport)?);
            }
            Kind::Inspircd => {
                let texts = [include_str!("inspircd.conf"), include_str!("inspircd-tls.conf")];
                command.args(["--nofork", "--nolog", "--nopid", "--runasroot", "--config"]);
                command.arg(configure(&folder.0, texts, ports, transport)?);
            }
        }
        let [address, tls_address] = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let mut server = Server { kind: self.kind, child: command.spawn()?, address, tls_address, _folder: folder };
        match self.kind {
            Kind::Ours | Kind::Other => server.read_address()?,
            Kind::Ngircd | Kind::Inspircd => server.await_listening(transport)?,
        }
        Ok(server)
    }
}

/// Writes a configuration; its second text, and a certificate, are only for TLS.
fn configure(folder: &Path, texts: [&str; 2], ports: [u16; 2], transport: Transport) -> io::Result<PathBuf> {
    let [mut text, tls] = texts.map(str::to_owned);
    if transport == Transport::Tls {
        let pem = folder.join("server.pem");
        // Of the same kind as our own server's: ECDSA on P-256, signed by itself.
        Identity::load_or_make(&pem, "irc.local").map_err(io::Error::other)?;
        text += &tls.replace("{pem}", &pem.display().to_string());
    }
    let text = text.replace("{port}", &ports[0].to_string()).replace("{tls-port}", &ports[1].to_string());
    let config = folder.join("config");
    fs::write(&config, text)?;
    Ok(config)
}

/// A running server, killed and waited for on drop.
pub struct Server {
    pub kind: Kind,
    child: Child,
    /// Where it takes plain text.
    pub address: SocketAddr,
    /// Where it takes TLS, if it was started so.
    tls_address: SocketAddr,
    _folder: TempFolder,
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn address_for(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Plain => self.address,
            Transport::Tls => self.tls_address,
        }
    }

    /// Our server says where it listens, for both, at the end of its first line.
    fn read_address(&mut self) -> io::Result<()> {
        let stdout = self.child.stdout.take().ok_or_else(|| io::Error::other("ours has no stdout"))?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let last = line.split_whitespace().last().and_then(|word| word.parse().ok());
        self.address = last.ok_or_else(|| io::Error::other(format!("ours did not start: {line:?}")))?;
        self.tls_address = self.address;
        thread::Builder::new().name("drain_loop".to_owned()).spawn(move || drain_loop(stdout))?;
        Ok(())
    }

    fn await_listening(&mut self, transport: Transport) -> io::Result<()> {
        let deadline = Instant::now() + START;
        while TcpStream::connect(self.address_for(transport)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("ended while starting: {status}")));
            }
            if Instant::now() > deadline {
                return Err(io::Error::other("did not listen in time"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either fails only when the child is gone already, which is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes what the server prints, so that it never waits for a full pipe. Ends with the server.
fn drain_loop(mut stdout: impl Read) {
    // A failed read means that the server is gone, too.
    let _ = io::copy(&mut stdout, &mut io::sink());
}

/// Free ports below those that Linux gives to outgoing connections, so that none of the
/// generator's own clients can take one before the server does.
pub fn free_ports() -> io::Result<[u16; 2]> {
    let mut free = (20_000..32_000).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let two = free.next().zip(free.next()).map(<[u16; 2]>::from);
    two.ok_or_else(|| io::Error::other("no two free ports between 20000 and 32000"))
}

pub struct TempFolder(pub PathBuf);

impl TempFolder {
    pub fn new(name: &str) -> io::Result<Self> {
        // In memory where that can be: the disk is not what is compared.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let parent = place.join(format!("groupchat-bench-{}", std::process::id()));
        let folder = parent.join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // What stays behind lies in the system's temporary folder; the next start must not fail for it.
        let _ = fs::remove_dir_all(&self.0);
        if let Some(parent) = self.0.parent() {
            let _ = fs::remove_dir(parent);
        }
    }
}
