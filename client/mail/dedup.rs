//! Remembers which messages were shown, so that a message that comes twice is shown once.
//!
//! A stored message comes again when the server or this client was killed before it was acknowledged. Any message comes
//! again when its sender's connection broke before the server confirmed it. Under the wing's lock; the receiver thread
//! asks, and the thread that shows a message writes.
//!
//! Stored messages are written down in a file per own name, a line each. The id goes there before the message is shown,
//! the end of the line afterwards. So only an id without an end is uncertain: the client was killed at that moment. The
//! next start writes it down with a `?`; if that message comes again it is shown, and marked.

use crate::core::client::Novelty;
use crate::core::settings::{self, lock};
use crate::core::state::SENDER_ID;
use std::collections::{HashSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use wire::crc32::crc32;
use wire::disk::make_private;
use wire::message::Message;
use wire::os::private_file;
use wire::{limits, names, text};

/// Stored messages that are remembered: more than a mailbox can hold, and only those can come again.
const STORED: usize = 2 * limits::MAILBOX;
/// Messages in rooms that are remembered: those that somebody's client may send again are the last ones.
const OTHERS: usize = 1000;
/// Uncertain messages that are remembered: one for each kill at such a moment, mostly acknowledged long ago.
const UNCERTAIN: usize = 100;
/// Bytes of an id that are looked at; those of our servers and clients are half as long.
const ID: usize = 100;

/// What was shown.
#[derive(Debug)]
pub struct Dedup {
    stored: Recent,
    others: Recent,
    /// Stored messages that were being shown when the client was killed.
    uncertain: Recent,
    /// Where stored messages are written down; nowhere when there is no home, or the disk fails.
    file: Option<File>,
}

impl Default for Dedup {
    fn default() -> Self {
        Dedup {
            stored: Recent::new(STORED),
            others: Recent::new(OTHERS),
            uncertain: Recent::new(UNCERTAIN),
            file: None,
        }
    }
}

/// The id of a message: the sender's own, which stays when the message is sent again, or else the server's.
///
/// The sender's id counts together with target and text: otherwise somebody who takes the sender's name for a
/// moment could use up ids of the future, and the messages with these ids would not be shown.
pub fn id(message: &Message<'_>) -> Option<String> {
    let tag = |key| message.tags().find(|&(name, value)| name == key && !value.is_empty()).map(|(_, value)| value);
    let own = |id: &str| {
        let target = message.params.first().map(|target| names::casefold(target)).unwrap_or_default();
        let text = message.params.last().copied().unwrap_or_default();
        let sum = crc32(format!("{target} {text}").as_bytes());
        format!("{}/{sum:08x}/{id}", names::casefold(message.source_nick()))
    };
    let id = tag(SENDER_ID).map(own).or_else(|| tag("msgid").map(|id| format!("/{id}")))?;
    Some(text::truncate(&id, ID).to_owned())
}

impl Dedup {
    /// Reads what was shown to the user who chats as `own_nick`. An error comes with an empty memory that writes
    /// nothing down.
    pub fn load(own_nick: &str) -> (Self, io::Result<()>) {
        match settings::folder().and_then(|folder| Self::read(&folder, &format!("seen-{}", names::casefold(own_nick))))
        {
            Ok(dedup) => (dedup, Ok(())),
            Err(error) => (Self::default(), Err(error)),
        }
    }

    fn read(folder: &Path, name: &str) -> io::Result<Self> {
        make_private(folder)?;
        let path = folder.join(name);
        let open = |path: &Path| private_file(OpenOptions::new().read(true).append(true).create(true)).open(path);
        let mut file = open(&path)?;
        lock(&file, NAME_IN_USE)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut dedup = Dedup::default();
        text.split_inclusive('\n').for_each(|line| dedup.read_line(line));
        if text.lines().count() > 2 * STORED {
            // So that it does not grow for ever.
            let new = path.with_added_extension("new");
            let _ = fs::remove_file(&new);
            file = open(&new)?;
            lock(&file, NAME_IN_USE)?;
            let uncertain = dedup.uncertain.order.iter().flat_map(|id| ["?", id, "\n"]);
            let lines: String = uncertain.chain(dedup.stored.order.iter().flat_map(|id| [id, "\n"])).collect();
            file.write_all(lines.as_bytes())?;
            fs::rename(new, path)?;
        } else if !text.is_empty() && !text.ends_with('\n') {
            let last = text.lines().last().unwrap_or_default();
            file.write_all(format!("\n?{last}\n").as_bytes())?;
        }
        dedup.file = Some(file);
        Ok(dedup)
    }

    /// A later line about a message counts more than an earlier one.
    fn read_line(&mut self, line: &str) {
        let (id, is_sure) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_prefix('?').unwrap_or(line), !line.starts_with('?')),
            None => (line, false),
        };
        let id = text::truncate(id, ID);
        let (from, to) =
            if is_sure { (&mut self.uncertain, &mut self.stored) } else { (&mut self.stored, &mut self.uncertain) };
        from.remove(id);
        to.add(id);
    }

    /// The user has another name, under which stored are remembered from now on.
    pub fn renamed(&mut self, new: &str) {
        let (loaded, _) = Self::load(new);
        let before = std::mem::replace(self, loaded);
        before.stored.order.iter().for_each(|id| self.stored.add(id));
        self.others = before.others;
    }

    /// Takes note of a message that has come, and says whether it did before.
    pub fn check(&mut self, id: &str, is_private: bool) -> Novelty {
        let recent = if is_private { &mut self.stored } else { &mut self.others };
        if recent.set.contains(id) {
            return Novelty::Duplicate;
        }
        recent.add(id);
        if is_private && self.uncertain.remove(id) { Novelty::Uncertain } else { Novelty::New }
    }

    /// A stored message is about to be shown.
    pub fn begin(&mut self, id: &str) {
        self.write(id);
    }

    /// It was shown.
    pub fn end(&mut self) {
        self.write("\n");
    }

    fn write(&mut self, text: &str) {
        if let Some(file) = &mut self.file
            && file.write_all(text.as_bytes()).is_err()
        {
            // A full disk is no reason not to show a message; it may be shown twice.
            self.file = None;
        }
    }
}

/// Other clients of the same name would spoil each other's notes.
const NAME_IN_USE: &str = "another client with your name is running";

/// The most recent different ids.
#[derive(Debug)]
struct Recent {
    set: HashSet<String>,
    order: VecDeque<String>,
    most: usize,
}

impl Recent {
    fn new(most: usize) -> Self {
        Recent { set: HashSet::new(), order: VecDeque::new(), most }
    }

    fn add(&mut self, id: &str) {
        if !self.set.insert(id.to_owned()) {
            return;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }

    fn remove(&mut self, id: &str) -> bool {
        let was_there = self.set.remove(id);
        if was_there {
            self.order.retain(|other| other != id);
        }
        was_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(folder: &Path) -> Dedup {
        Dedup::read(folder, "seen-me").unwrap()
    }

    fn show(dedup: &mut Dedup, id: &str) {
        assert_eq!(dedup.check(id, true), Novelty::New);
        dedup.begin(id);
        dedup.end();
    }

    #[test]
    fn what_was_shown_is_known_after_a_kill_and_only_the_last_one_is_uncertain() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut dedup = read(folder);
        assert!(Dedup::read(folder, "seen-me").is_err(), "one client has it at a time");
        show(&mut dedup, "1");
        show(&mut dedup, "2");
        assert_eq!(dedup.check("2", true), Novelty::Duplicate);
        dedup.begin("3");
        drop(dedup);
        // The client may be killed again before that message comes again.
        drop(read(folder));
        let mut dedup = read(folder);
        assert_eq!(["1", "2", "3", "3"].map(|id| dedup.check(id, true)), {
            use Novelty::{Duplicate, Uncertain};
            [Duplicate, Duplicate, Uncertain, Duplicate]
        });
        show(&mut dedup, "4");
        (0..=2 * STORED).for_each(|id| show(&mut dedup, &format!("x{id}")));
        drop(dedup);
        drop(read(folder));
        let mut dedup = read(folder);
        // Those, and the one that is still uncertain.
        assert_eq!(fs::read_to_string(folder.join("seen-me")).unwrap().lines().count(), STORED + 1);
        assert_eq!(dedup.check("4", true), Novelty::New, "so old that it cannot come again");
        assert_eq!(dedup.check(&format!("x{}", 2 * STORED), true), Novelty::Duplicate);
    }

    #[test]
    fn the_sender_s_id_counts_more_than_the_server_s() {
        let id_of = |line| id(&Message::parse(line).unwrap());
        let own = id_of("@msgid=7;+groupchat/id=x :Tesla!t@h PRIVMSG Albert :b");
        assert!(own.as_ref().is_some_and(|id| id.starts_with("tesla/") && id.ends_with("/x")), "{own:?}");
        assert_eq!(own, id_of("@msgid=8;+groupchat/id=x :tesla!t@h PRIVMSG albert b"));
        assert_ne!(own, id_of("@msgid=8;+groupchat/id=x :tesla!t@h PRIVMSG albert :another text"));
        assert_ne!(own, id_of("@msgid=8;+groupchat/id=x :tesla!t@h PRIVMSG #room b"));
        assert_eq!(id_of("@msgid=?7;+groupchat/id= :tesla!t@h PRIVMSG a :b").as_deref(), Some("/?7"));
        assert_eq!(id_of(":tesla!t@h PRIVMSG a :b"), None);
        let long = format!("@msgid={} :t!t@h PRIVMSG a :b", "x".repeat(4000));
        assert_eq!(id_of(&long).map(|id| id.len()), Some(ID));
    }

    #[test]
    fn messages_in_rooms_are_remembered_for_a_while() {
        let mut dedup = Dedup::default();
        assert_eq!(dedup.check("a", false), Novelty::New);
        assert_eq!(dedup.check("a", false), Novelty::Duplicate);
        (0..OTHERS).for_each(|id| _ = dedup.check(&id.to_string(), false));
        assert_eq!(dedup.check("a", false), Novelty::New);
    }
}
