//! Which messages were shown already, so that one that comes twice is shown once.
//!
//! A letter comes again when the server or this client was killed before it was confirmed, and a line that its
//! sender could not see confirmed is sent again. Part of the screen, under the state's lock.
//!
//! Letters are written down in a file per own name, a line each. A letter's id goes there before it is printed,
//! the end of the line after that: so of an id without an end, and only of that one, a client that was killed
//! cannot say whether it was shown. The next start writes it down with a `?`; if that letter comes again it is
//! shown, and marked.

use crate::blacklist::folder;
use std::collections::{HashSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use wire::message::Message;
use wire::{limits, names, text};

/// Letters that are remembered: more than a mailbox can hold, so than can come again.
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
pub fn id(message: &Message<'_>) -> Option<String> {
    let tag = |key| message.tags().find(|&(name, value)| name == key && !value.is_empty()).map(|(_, value)| value);
    let own = tag(SENDER_ID).map(|id| format!("{}/{id}", names::fold(message.source_nick())));
    let id = own.or_else(|| tag("msgid").map(str::to_owned))?;
    Some(text::shorten(&id, ID).to_owned())
}

impl Seen {
    /// Reads what the user who chats as `own_nick` has seen. With an error comes one who has seen nothing and writes nothing down.
    pub fn load(own_nick: &str) -> (Self, io::Result<()>) {
        match folder().and_then(|folder| Self::read(&folder, &format!("seen-{}", names::fold(own_nick)))) {
            Ok(seen) => (seen, Ok(())),
            Err(error) => (Self::default(), Err(error)),
        }
    }

    fn read(folder: &Path, name: &str) -> io::Result<Self> {
        let file = folder.join(name);
        let bytes = match fs::read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let mut seen = Seen::default();
        for line in String::from_utf8_lossy(&bytes).split_inclusive('\n') {
            match line.strip_suffix('\n').ok_or(line) {
                Err(id) => seen.unsure.add(id),
                Ok(line) => match line.strip_prefix('?') {
                    Some(id) => seen.unsure.add(id),
                    None => seen.shown(line),
                },
            }
        }
        crate::blacklist::make_private(folder)?;
        let new = file.with_added_extension("new");
        let mut output = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        // Written anew, so that it does not grow for ever; from here on it is added to.
        let unsure = seen.unsure.order.iter().flat_map(|id| ["?", id, "\n"]);
        let lines: String = unsure.chain(seen.letters.order.iter().flat_map(|id| [id, "\n"])).collect();
        output.write_all(lines.as_bytes())?;
        fs::rename(new, file)?;
        seen.file = Some(output);
        Ok(seen)
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

    fn shown(&mut self, id: &str) {
        self.letters.add(id);
        self.unsure.remove(id);
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
        show(&mut seen, "1");
        show(&mut seen, "2");
        assert_eq!(seen.notice("2", true), Sighting::Again);
        seen.begin("3");
        // It may be killed again before that letter comes again.
        drop(read(&folder));
        let mut seen = read(&folder);
        assert_eq!(["1", "2", "3", "3"].map(|id| seen.notice(id, true)), {
            use Sighting::{Again, Unsure};
            [Again, Again, Unsure, Again]
        });
        show(&mut seen, "4");
        (0..=LETTERS).for_each(|id| show(&mut seen, &format!("x{id}")));
        let mut seen = read(&folder);
        assert_eq!(seen.notice("4", true), Sighting::First, "so old that it cannot come again");
        assert_eq!(seen.notice(&format!("x{LETTERS}"), true), Sighting::Again);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_sender_s_id_counts_more_than_the_server_s() {
        let id_of = |line| id(&Message::parse(line).unwrap());
        assert_eq!(id_of("@msgid=7;+groupchat/id=x :Tesla!t@h PRIVMSG a :b").as_deref(), Some("tesla/x"));
        assert_eq!(id_of("@msgid=7;+groupchat/id= :tesla!t@h PRIVMSG a :b").as_deref(), Some("7"));
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
