//! The mail index: which names are known, and which stored messages wait in whose mailbox.
//!
//! Behind a lock of its own, which is taken only after the registry's. The messages themselves are on the disk, see
//! [`super::maildir`]. All names here are folded.

use std::collections::{HashMap, VecDeque};

use wire::limits::MAILBOX;

use super::limits;
use crate::core::msgid::Msgid;

/// Every known name has a mailbox, mostly an empty one.
#[derive(Debug, Default)]
pub struct MailIndex {
    mailboxes: HashMap<String, Mailbox>,
    /// Stored messages in all of them.
    messages: usize,
}

#[derive(Debug, Default)]
struct Mailbox {
    /// In the order of delivery.
    messages: VecDeque<Msgid>,
    /// How many of them, the oldest, are delivered to the client that has the name, and not yet acknowledged.
    in_flight: usize,
    /// Messages that could not be read; they are tried again when somebody next arrives under this name.
    unreadable: Vec<Msgid>,
}

impl Mailbox {
    fn len(&self) -> usize {
        self.messages.len() + self.unreadable.len()
    }
}

/// What became of a name.
#[derive(Debug, PartialEq, Eq)]
pub enum Registered {
    Known,
    New,
    /// It is new, and because there were too many this other one is forgotten.
    InPlaceOf(String),
    /// There are too many, and all of them have mail.
    TooMany,
}

impl MailIndex {
    /// Enters what the recovery has found on the disk: known names, and the messages in each mailbox. Names beyond the
    /// limit are left out, except those that have mail.
    pub fn enter(&mut self, names: Vec<String>, messages: Vec<(String, Vec<Msgid>)>) {
        for (name, messages) in messages {
            self.messages += messages.len();
            self.mailboxes.insert(name, Mailbox { messages: messages.into(), ..Mailbox::default() });
        }
        // The newest are last.
        for name in names.into_iter().rev() {
            if self.mailboxes.len() < limits::KNOWN_NAMES {
                self.mailboxes.entry(name).or_default();
            }
        }
    }

    /// Whether a name is known: somebody has registered with it.
    pub fn knows(&self, name: &str) -> bool {
        self.mailboxes.contains_key(name)
    }

    /// Makes a name known. When there are too many, one without mail that is not in use is forgotten.
    pub fn register(&mut self, name: &str, in_use: impl Fn(&str) -> bool) -> Registered {
        if self.knows(name) {
            return Registered::Known;
        }
        let mut registered = Registered::New;
        if self.mailboxes.len() >= limits::KNOWN_NAMES {
            let is_idle = |(name, mailbox): &(&String, &Mailbox)| mailbox.len() == 0 && !in_use(name);
            let Some((idle, _)) = self.mailboxes.iter().find(is_idle) else { return Registered::TooMany };
            let idle = idle.clone();
            self.mailboxes.remove(&idle);
            registered = Registered::InPlaceOf(idle);
        }
        self.mailboxes.insert(name.into(), Mailbox::default());
        registered
    }

    /// Whether there is room for another message; if not, why. A client that is connected and acknowledges what it gets
    /// needs room for a moment only, and always has it. Messages that are being stored at this moment do not count yet.
    pub fn has_room(&self, name: &str, is_connected: bool) -> Result<(), &'static str> {
        let mailbox = self.mailboxes.get(name);
        match mailbox.map(Mailbox::len) {
            Some(count) if count >= MAILBOX => Err("the mailbox is full"),
            None | Some(0) if is_connected => Ok(()),
            _ if self.messages >= limits::MAIL => Err("all mailboxes together are full"),
            _ => Ok(()),
        }
    }

    /// Adds a message that was stored. True when all before it are delivered, so that this one may follow.
    pub fn add(&mut self, name: &str, id: Msgid) -> bool {
        let mailbox = self.mailboxes.entry(name.into()).or_default();
        mailbox.messages.push_back(id);
        self.messages += 1;
        mailbox.in_flight + 1 == mailbox.messages.len()
    }

    /// The next messages to deliver.
    pub fn pending(&self, name: &str, most: usize) -> Vec<Msgid> {
        let mailbox = self.mailboxes.get(name).into_iter();
        mailbox.flat_map(|mailbox| mailbox.messages.iter().skip(mailbox.in_flight)).take(most).copied().collect()
    }

    /// How many messages are still to be delivered.
    pub fn count_pending(&self, name: &str) -> usize {
        self.mailboxes.get(name).map_or(0, |mailbox| mailbox.messages.len() - mailbox.in_flight)
    }

    /// A message is delivered; false when it is not the one whose turn it is.
    pub fn mark_in_flight(&mut self, name: &str, id: Msgid) -> bool {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return false };
        let is_next = mailbox.messages.get(mailbox.in_flight) == Some(&id);
        mailbox.in_flight += usize::from(is_next);
        is_next
    }

    /// Removes a message that is acknowledged, revoked or damaged; false when it was removed before.
    pub fn remove(&mut self, name: &str, id: Msgid) -> bool {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return false };
        // Nearly always the first.
        let Some(at) = mailbox.messages.iter().position(|message| *message == id) else { return false };
        mailbox.messages.remove(at);
        mailbox.in_flight -= usize::from(at < mailbox.in_flight);
        self.messages -= 1;
        true
    }

    /// Defers a message that cannot be read now; false when it was removed before.
    pub fn defer(&mut self, name: &str, id: Msgid) -> bool {
        let was_there = self.remove(name, id);
        if was_there && let Some(mailbox) = self.mailboxes.get_mut(name) {
            mailbox.unreadable.push(id);
            self.messages += 1;
        }
        was_there
    }

    /// The client that had the name has given it up: messages that it did not acknowledge will be delivered again, and
    /// unreadable ones are tried again.
    pub fn reset_in_flight(&mut self, name: &str) {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return };
        mailbox.in_flight = 0;
        if !mailbox.unreadable.is_empty() {
            mailbox.messages.extend(mailbox.unreadable.drain(..));
            mailbox.messages.make_contiguous().sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> Msgid {
        Msgid { run: 1, number }
    }

    #[test]
    fn messages_are_delivered_in_order_and_again_until_they_are_acknowledged() {
        let mut index = MailIndex::default();
        assert_eq!(index.register("albert", |_| false), Registered::New);
        assert_eq!(index.register("albert", |_| false), Registered::Known);
        assert!(index.add("albert", id(1)), "nothing is before it");
        assert!(!index.add("albert", id(2)), "the first one is not delivered yet");
        assert_eq!(index.pending("albert", 9), [id(1), id(2)]);
        assert!(!index.mark_in_flight("albert", id(2)) && index.mark_in_flight("albert", id(1)));
        assert_eq!((index.pending("albert", 9), index.count_pending("albert")), (vec![id(2)], 1));
        index.mark_in_flight("albert", id(2));
        assert!(index.add("albert", id(3)));
        assert!(index.remove("albert", id(1)) && !index.remove("albert", id(1)));
        assert_eq!(index.pending("albert", 9), [id(3)]);
        index.reset_in_flight("albert");
        assert_eq!(index.pending("albert", 9), [id(2), id(3)]);
        assert_eq!(index.messages, 2);
    }

    #[test]
    fn an_unreadable_message_holds_up_no_other_and_is_tried_again() {
        let mut index = MailIndex::default();
        (1..=3).for_each(|number| _ = index.add("albert", id(number)));
        assert!(index.defer("albert", id(1)) && !index.defer("albert", id(1)));
        assert_eq!((index.pending("albert", 9), index.messages), (vec![id(2), id(3)], 3));
        index.mark_in_flight("albert", id(2));
        index.reset_in_flight("albert");
        assert_eq!((index.pending("albert", 9), index.messages), (vec![id(1), id(2), id(3)], 3));
    }

    #[test]
    fn the_bounds_are_told() {
        let mut index = MailIndex::default();
        (0..MAILBOX as u64).for_each(|number| _ = index.add("albert", id(number)));
        assert_eq!(index.has_room("albert", true), Err("the mailbox is full"));
        assert_eq!(index.has_room("tesla", false), Ok(()));
        index.remove("albert", id(7));
        assert_eq!(index.has_room("albert", false), Ok(()));
        index.messages = limits::MAIL;
        assert_eq!(index.has_room("tesla", false), Err("all mailboxes together are full"));
        assert_eq!(index.has_room("tesla", true), Ok(()), "it will not stay there");
    }

    #[test]
    fn one_name_without_mail_is_forgotten_for_each_new_one() {
        let mut index = MailIndex::default();
        let names: Vec<_> = (0..=limits::KNOWN_NAMES).map(|number| format!("n{number}")).collect();
        index.enter(names, vec![("old".into(), vec![id(1)])]);
        assert_eq!(index.mailboxes.len(), limits::KNOWN_NAMES);
        assert!(index.knows("old") && index.knows(&format!("n{}", limits::KNOWN_NAMES)) && !index.knows("n0"));
        let Registered::InPlaceOf(forgotten) = index.register("new", |name| name == "n5") else { panic!("it is full") };
        assert!(index.knows("new") && index.knows("old") && index.knows("n5") && !index.knows(&forgotten));
        assert_eq!(index.mailboxes.len(), limits::KNOWN_NAMES);
        assert_eq!(index.register("newer", |_| true), Registered::TooMany);
    }
}
