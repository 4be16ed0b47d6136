//! Which messages were shown already, so that one that comes twice is shown once.
//!
//! A letter comes again when the server or this client was killed before it was confirmed, and a line that its
//! sender could not see confirmed is sent again. Part of the screen, under the state's lock.
//!
//! Letters are written down in a file per own name, a line each. A letter's id goes there before it is printed,
//! the end of the line after that: so of an id without an end, and only of that one, a client that was killed
//! cannot say whether it was shown. The next start writes it down with a `?`; if that letter comes again it is
//! shown, and marked.

use crate::settings::{self, lock};
use std::collections::{HashSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use wire::crc32::crc32;
use wire::disk::make_private;
use wire::message::Message;
use wire::{limits, names, text};

/// Letters that are remembered: more than a mailbox can hold, so that can come again.
const LETTERS: usize = 2 * limits::MAILBOX;
/// Messages in rooms that are remembered: those that somebody's client may send again are the last ones.
const OTHERS: usize = 1000;
/// Letters of which it is not sure whether they were shown: one for each kill at such a moment, mostly confirmed long ago.
const UNSURE: usize = 100;
/// Bytes of an id that are looked at; those of our servers and clients are half as long.
const ID: usize = 100;

/// Where the sender's own id of a message is: a client tag, which every server relays.
pub const SENDER_ID: &str = "+groupchat/id";

/// What was shown.
#[derive(Debug)]
pub struct Seen {
    letters: Recent,
    others: Recent,
    /// Letters that were shown just before the client was killed, or would have been next.
    unsure: Recent,
    /// Where letters are written down; nowhere when there is no home, or the disk fails.
    file: Option<File>,
}

impl Default for Seen {
    fn default() -> Self {
        Seen { letters: Recent::new(LETTERS), others: Recent::new(OTHERS), unsure: Recent::new(UNSURE), file: None }
    }
}

/// What there is to say of a message that has come.
#[derive(Debug, PartialEq, Eq)]
pub enum Sighting {
    First,
    Again,
    /// Whether it is the first time cannot be known.
    Unsure,
}

/// What tells a message from all others: the sender's own id for it, which stays when it is sent again, or the server's.
///
/// The sender's counts together with what is said to whom: otherwise somebody who takes the sender's name for a
/// moment could use up the ids that are to come, and what then bears them would not be shown.
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

impl Seen {
    /// Reads what the user who chats as `own_nick` has seen. With an error comes one who has seen nothing and writes nothing down.
    pub fn load(own_nick: &str) -> (Self, io::Result<()>) {
        match settings::folder().and_then(|folder| Self::read(&folder, &format!("seen-{}", names::casefold(own_nick))))
        {
            Ok(seen) => (seen, Ok(())),
            Err(error) => (Self::default(), Err(error)),
        }
    }

    fn read(folder: &Path, name: &str) -> io::Result<Self> {
        make_private(folder)?;
        let path = folder.join(name);
        let open = |path: &Path| OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
        let mut file = open(&path)?;
        lock(&file, NAME_IN_USE)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut seen = Seen::default();
        text.split_inclusive('\n').for_each(|line| seen.read_line(line));
        if text.lines().count() > 2 * LETTERS {
            // So that it does not grow for ever.
            let new = path.with_added_extension("new");
            let _ = fs::remove_file(&new);
            file = open(&new)?;
            lock(&file, NAME_IN_USE)?;
            let unsure = seen.unsure.order.iter().flat_map(|id| ["?", id, "\n"]);
            let lines: String = unsure.chain(seen.letters.order.iter().flat_map(|id| [id, "\n"])).collect();
            file.write_all(lines.as_bytes())?;
            fs::rename(new, path)?;
        } else if !text.is_empty() && !text.ends_with('\n') {
            let last = text.lines().last().unwrap_or_default();
            file.write_all(format!("\n?{last}\n").as_bytes())?;
        }
        seen.file = Some(file);
        Ok(seen)
    }

    /// A later line about a letter counts more than an earlier one.
    fn read_line(&mut self, line: &str) {
        let (id, is_sure) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_prefix('?').unwrap_or(line), !line.starts_with('?')),
            None => (line, false),
        };
        let id = text::truncate(id, ID);
        let (from, to) =
            if is_sure { (&mut self.unsure, &mut self.letters) } else { (&mut self.letters, &mut self.unsure) };
        from.remove(id);
        to.add(id);
    }

    /// The user has another name, under which letters are remembered from now on.
    pub fn renamed(&mut self, new: &str) {
        let (loaded, _) = Self::load(new);
        let before = std::mem::replace(self, loaded);
        before.letters.order.iter().for_each(|id| self.letters.add(id));
        self.others = before.others;
    }

    /// Takes note of a message that has come, and says whether it did before.
    pub fn notice(&mut self, id: &str, is_letter: bool) -> Sighting {
        let recent = if is_letter { &mut self.letters } else { &mut self.others };
        if recent.set.contains(id) {
            return Sighting::Again;
        }
        recent.add(id);
        if is_letter && self.unsure.remove(id) { Sighting::Unsure } else { Sighting::First }
    }

    /// A letter is about to be printed.
    pub fn begin(&mut self, id: &str) {
        self.write(id);
    }

    /// It is printed.
    pub fn end(&mut self) {
        self.write("\n");
    }

    fn write(&mut self, text: &str) {
        if let Some(file) = &mut self.file
            && file.write_all(text.as_bytes()).is_err()
        {
            // A full disk is no reason not to show a letter; it may be shown twice.
            self.file = None;
        }
    }
}

/// Other clients of the same name would spoil each other's notes.
const NAME_IN_USE: &str = "another client with your name is running";

/// The last so many different ids.
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

    fn read(folder: &Path) -> Seen {
        Seen::read(folder, "seen-me").unwrap()
    }

    fn show(seen: &mut Seen, id: &str) {
        assert_eq!(seen.notice(id, true), Sighting::First);
        seen.begin(id);
        seen.end();
    }

    #[test]
    fn what_was_shown_is_known_after_a_kill_and_only_the_last_one_is_unsure() {
        let folder = std::env::temp_dir().join(format!("groupchat-seen-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let mut seen = read(&folder);
        assert!(Seen::read(&folder, "seen-me").is_err(), "one client has it at a time");
        show(&mut seen, "1");
        show(&mut seen, "2");
        assert_eq!(seen.notice("2", true), Sighting::Again);
        seen.begin("3");
        drop(seen);
        // It may be killed again before that letter comes again.
        drop(read(&folder));
        let mut seen = read(&folder);
        assert_eq!(["1", "2", "3", "3"].map(|id| seen.notice(id, true)), {
            use Sighting::{Again, Unsure};
            [Again, Again, Unsure, Again]
        });
        show(&mut seen, "4");
        (0..=2 * LETTERS).for_each(|id| show(&mut seen, &format!("x{id}")));
        drop(seen);
        drop(read(&folder));
        let mut seen = read(&folder);
        // Those, and the one that is still unsure.
        assert_eq!(fs::read_to_string(folder.join("seen-me")).unwrap().lines().count(), LETTERS + 1);
        assert_eq!(seen.notice("4", true), Sighting::First, "so old that it cannot come again");
        assert_eq!(seen.notice(&format!("x{}", 2 * LETTERS), true), Sighting::Again);
        fs::remove_dir_all(folder).unwrap();
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
        let mut seen = Seen::default();
        assert_eq!(seen.notice("a", false), Sighting::First);
        assert_eq!(seen.notice("a", false), Sighting::Again);
        (0..OTHERS).for_each(|id| _ = seen.notice(&id.to_string(), false));
        assert_eq!(seen.notice("a", false), Sighting::First);
    }
}
