//! What all threads of the server share: the settings, the registry behind its lock, the way into
//! the global buffer.
//!
//! One `Arc<Server>` for all threads. The lock that matters is the registry's. It is held while events are
//! put into the global buffer, so that the order of the events agrees with the order of the changes;
//! the broadcaster, which empties the buffer, never takes the lock.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use wire::fingerprint::Fingerprint;
use wire::names::wildcard_match;
use wire::tls::{Acceptor, Identity};

use crate::args::{Args, Plain};
use crate::data::DataFolder;
use crate::directory::DirectoryFile;
use crate::entry::Entry;
use crate::event::Event;
use crate::keys::KeyFolder;
use crate::letter::Msgid;
use crate::log::Log;
use crate::mail;
use crate::mailbox::Mailboxes;
use crate::registry::Registry;
use crate::secure;
use crate::spool::Spool;

/// The version that 002, 004 and VERSION tell.
pub const VERSION: &str = concat!("groupchat-", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub struct Server {
    pub name: String,
    pub password: Option<String>,
    /// The lines of the message of the day.
    pub motd: Vec<String>,
    pub max_clients: usize,
    pub max_per_ip: usize,
    /// Lines a second; 0 is no limit.
    pub flood: u32,
    pub ping_interval: Duration,
    pub register_within: Duration,
    pub max_file: u64,
    pub spool_quota: u64,
    pub file_life: Duration,
    pub spool: Spool,
    pub started: SystemTime,
    pub log: Log,
    /// The global buffer's entrance.
    events: SyncSender<Event>,
    /// Set once, when the server ends: the accept loops look at it.
    pub stopping: AtomicBool,
    registry: Mutex<Registry>,
    /// Of the certificate that it shows; `None` in a build without TLS.
    pub fingerprint: Option<Fingerprint>,
    /// Takes TLS connections; `None` likewise.
    pub acceptor: Option<Acceptor>,
    /// Where plain text may come from.
    pub plain: Plain,
    /// Locked for this server as long as it lives.
    pub data: DataFolder,
    /// Where letters are stored.
    pub mailboxes: Mailboxes,
    /// Where it is written down which name belongs to which key.
    pub key_folder: KeyFolder,
    /// Where the directory of multicast rooms is written down.
    pub directory_file: DirectoryFile,
    /// The number of this run: half of a message id.
    run: u64,
    /// Messages so far: the other half.
    messages: AtomicU64,
}

impl Server {
    /// A server with what earlier runs have left in the data folder, or a sentence about what is wrong with that.
    pub fn open(
        args: Args,
        motd: Vec<String>,
        data: DataFolder,
        log: Log,
        events: SyncSender<Event>,
    ) -> Result<Self, String> {
        let (mailboxes, found) = Mailboxes::open(&data.path)?;
        found.troubles.iter().for_each(|trouble| log.line(trouble));
        let (spool, files) = Spool::open(&data.path, &log)?;
        let mut registry = Registry::default();
        registry.files = files;
        registry.post.enter(found.names, found.letters);
        let (key_folder, keys, troubles) = KeyFolder::open(&data.path)?;
        troubles.iter().for_each(|trouble| log.line(trouble));
        registry.keys = keys;
        let (directory_file, directory, troubles) = DirectoryFile::open(&data.path)?;
        troubles.iter().for_each(|trouble| log.line(trouble));
        registry.directory = directory;
        let identity = secure::identity(&args, &data.path)?;
        Ok(Server {
            name: args.name,
            password: args.password,
            motd,
            max_clients: args.max_clients,
            max_per_ip: args.max_per_ip,
            flood: args.flood,
            ping_interval: Duration::from_secs(args.ping_interval),
            register_within: Duration::from_secs(args.register_within),
            max_file: args.max_file,
            spool_quota: args.spool_quota,
            file_life: Duration::from_hours(24) * args.file_days,
            spool,
            started: SystemTime::now(),
            log,
            events,
            stopping: AtomicBool::new(false),
            registry: Mutex::new(registry),
            fingerprint: identity.as_ref().map(Identity::fingerprint),
            acceptor: identity.map(Acceptor::new).transpose()?,
            plain: args.plain,
            data,
            mailboxes,
            key_folder,
            directory_file,
            run: found.run,
            messages: AtomicU64::new(0),
        })
    }

    /// Puts an event into the global buffer. It waits while that is full: this is what slows a flooder.
    pub fn send(&self, event: Event) {
        // The broadcaster is gone only when the server ends, and then nobody is there to be told.
        let _ = self.events.send(event);
    }

    /// Whether a parameter names this server.
    pub fn is_called(&self, name: &str) -> bool {
        wildcard_match(name, &self.name)
    }

    /// The registry, for as long as the guard lives. A thread that panicked while it held the lock
    /// must not take everyone else down with it; its own client is removed all the same.
    pub fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the transfers of files that were taken out of the registry, and removes what is on the disk,
    /// the letters that still wait to announce them among it.
    /// Not to be called under the lock.
    pub fn discard(&self, gone: impl IntoIterator<Item = Entry>) {
        for entry in gone {
            entry.shut_down();
            mail::withdraw(self, &entry.letters);
            if let Err(error) = self.spool.remove(entry.id) {
                self.log.line(format_args!("Cannot remove file {} from the disk: {error}", entry.id));
            }
        }
    }

    /// An id that no other message has, of this run or of another.
    pub fn next_msgid(&self) -> Msgid {
        Msgid { run: self.run, number: self.messages.fetch_add(1, Ordering::Relaxed) }
    }
}

/// Random bytes that nobody can guess, of the system's generator (random(4)).
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
