//! The post: which names are known, and which letters wait in whose mailbox.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock. The
//! letters themselves are on the disk, see [`crate::mailbox`]. All names here are folded.

use std::collections::{HashMap, VecDeque};

use wire::limits;

use crate::letter::Msgid;

/// Every known name has a mailbox, mostly an empty one.
#[derive(Debug, Default)]
pub struct Post {
    mailboxes: HashMap<String, Mailbox>,
    /// Letters in all of them.
    letters: usize,
}

#[derive(Debug, Default)]
struct Mailbox {
    /// In the order in which they are handed over.
    letters: VecDeque<Msgid>,
    /// So many of them, the oldest, are handed over to who has the name now, and not yet confirmed.
    handed: usize,
    /// Letters that could not be read; they are tried again when somebody comes with this name next.
    unreadable: Vec<Msgid>,
}

impl Mailbox {
    fn len(&self) -> usize {
        self.letters.len() + self.unreadable.len()
    }
}

/// What became of a name.
#[derive(Debug, PartialEq, Eq)]
pub enum Learned {
    Known,
    New,
    /// It is new, and there were so many that this other one is forgotten.
    InPlaceOf(String),
    /// There are too many, and all of them have mail.
    TooMany,
}

impl Post {
    /// Enters what was found on the disk: known names, and the letters in one mailbox. Names beyond
    /// the limit are left out, but for those that have mail.
    pub fn enter(&mut self, names: Vec<String>, letters: Vec<(String, Vec<Msgid>)>) {
        for (name, letters) in letters {
            self.letters += letters.len();
            self.mailboxes.insert(name, Mailbox { letters: letters.into(), ..Mailbox::default() });
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

    /// Makes a name known. When there are too many, one that has no mail and that nobody has now is forgotten.
    pub fn learn(&mut self, name: &str, is_here: impl Fn(&str) -> bool) -> Learned {
        if self.knows(name) {
            return Learned::Known;
        }
        let mut learned = Learned::New;
        if self.mailboxes.len() >= limits::KNOWN_NAMES {
            let is_idle = |(name, mailbox): &(&String, &Mailbox)| mailbox.len() == 0 && !is_here(name);
            let Some((idle, _)) = self.mailboxes.iter().find(is_idle) else { return Learned::TooMany };
            let idle = idle.clone();
            self.mailboxes.remove(&idle);
            learned = Learned::InPlaceOf(idle);
        }
        self.mailboxes.insert(name.into(), Mailbox::default());
        learned
    }

    /// Whether there is room for another letter; if not, why. Who is here and confirms what comes needs room for a
    /// moment only, and always has it. Letters that are being stored at this moment do not count yet.
    pub fn has_room(&self, name: &str, is_here: bool) -> Result<(), &'static str> {
        let mailbox = self.mailboxes.get(name);
        match mailbox.map(Mailbox::len) {
            Some(count) if count >= limits::MAILBOX => Err("the mailbox is full"),
            None | Some(0) if is_here => Ok(()),
            None if self.mailboxes.len() >= limits::KNOWN_NAMES => Err("the server knows too many names"),
            _ if self.letters >= limits::MAIL => Err("all mailboxes together are full"),
            _ => Ok(()),
        }
    }

    /// Adds a letter that was stored. True when all before it are handed over, so that this one may follow.
    pub fn add(&mut self, name: &str, id: Msgid) -> bool {
        let mailbox = self.mailboxes.entry(name.into()).or_default();
        mailbox.letters.push_back(id);
        self.letters += 1;
        mailbox.handed + 1 == mailbox.letters.len()
    }

    /// The next letters to hand over.
    pub fn next(&self, name: &str, most: usize) -> Vec<Msgid> {
        let mailbox = self.mailboxes.get(name).into_iter();
        mailbox.flat_map(|mailbox| mailbox.letters.iter().skip(mailbox.handed)).take(most).copied().collect()
    }

    /// How many letters are still to be handed over.
    pub fn waiting(&self, name: &str) -> usize {
        self.mailboxes.get(name).map_or(0, |mailbox| mailbox.letters.len() - mailbox.handed)
    }

    /// Takes note that a letter is handed over; false when it is not the one whose turn it is.
    pub fn mark_handed(&mut self, name: &str, id: Msgid) -> bool {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return false };
        let is_next = mailbox.letters.get(mailbox.handed) == Some(&id);
        mailbox.handed += usize::from(is_next);
        is_next
    }

    /// Removes a letter that was confirmed, or is none; false when it was not there any more.
    pub fn remove(&mut self, name: &str, id: Msgid) -> bool {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return false };
        // Nearly always the first.
        let Some(index) = mailbox.letters.iter().position(|letter| *letter == id) else { return false };
        mailbox.letters.remove(index);
        mailbox.handed -= usize::from(index < mailbox.handed);
        self.letters -= 1;
        true
    }

    /// Puts off a letter that cannot be read now; false when it was not there any more.
    pub fn put_off(&mut self, name: &str, id: Msgid) -> bool {
        let was_there = self.remove(name, id);
        if was_there && let Some(mailbox) = self.mailboxes.get_mut(name) {
            mailbox.unreadable.push(id);
            self.letters += 1;
        }
        was_there
    }

    /// Who had the name has it no more: what was not confirmed will be handed over again, and what could
    /// not be read is tried again.
    pub fn gone(&mut self, name: &str) {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return };
        mailbox.handed = 0;
        if !mailbox.unreadable.is_empty() {
            mailbox.letters.extend(mailbox.unreadable.drain(..));
            mailbox.letters.make_contiguous().sort_unstable();
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
    fn letters_are_handed_over_in_order_and_again_until_they_are_confirmed() {
        let mut post = Post::default();
        assert_eq!(post.learn("albert", |_| false), Learned::New);
        assert_eq!(post.learn("albert", |_| false), Learned::Known);
        assert!(post.add("albert", id(1)), "nothing is before it");
        assert!(!post.add("albert", id(2)), "the first one is not handed over yet");
        assert_eq!(post.next("albert", 9), [id(1), id(2)]);
        assert!(!post.mark_handed("albert", id(2)) && post.mark_handed("albert", id(1)));
        assert_eq!((post.next("albert", 9), post.waiting("albert")), (vec![id(2)], 1));
        post.mark_handed("albert", id(2));
        assert!(post.add("albert", id(3)));
        assert!(post.remove("albert", id(1)) && !post.remove("albert", id(1)));
        assert_eq!(post.next("albert", 9), [id(3)]);
        post.gone("albert");
        assert_eq!(post.next("albert", 9), [id(2), id(3)]);
        assert_eq!(post.letters, 2);
    }

    #[test]
    fn what_cannot_be_read_is_in_nobody_s_way_and_tried_again() {
        let mut post = Post::default();
        (1..=3).for_each(|number| _ = post.add("albert", id(number)));
        assert!(post.put_off("albert", id(1)) && !post.put_off("albert", id(1)));
        assert_eq!((post.next("albert", 9), post.letters), (vec![id(2), id(3)], 3));
        post.mark_handed("albert", id(2));
        post.gone("albert");
        assert_eq!((post.next("albert", 9), post.letters), (vec![id(1), id(2), id(3)], 3));
    }

    #[test]
    fn the_bounds_are_told() {
        let mut post = Post::default();
        (0..limits::MAILBOX as u64).for_each(|number| _ = post.add("albert", id(number)));
        assert_eq!(post.has_room("albert", true), Err("the mailbox is full"));
        assert_eq!(post.has_room("tesla", false), Ok(()));
        post.remove("albert", id(7));
        assert_eq!(post.has_room("albert", false), Ok(()));
        post.letters = limits::MAIL;
        assert_eq!(post.has_room("tesla", false), Err("all mailboxes together are full"));
        assert_eq!(post.has_room("tesla", true), Ok(()), "it will not stay there");
    }

    #[test]
    fn one_name_without_mail_is_forgotten_for_each_new_one() {
        let mut post = Post::default();
        let names: Vec<_> = (0..=limits::KNOWN_NAMES).map(|number| format!("n{number}")).collect();
        post.enter(names, vec![("old".into(), vec![id(1)])]);
        assert_eq!(post.mailboxes.len(), limits::KNOWN_NAMES);
        assert!(post.knows("old") && post.knows(&format!("n{}", limits::KNOWN_NAMES)) && !post.knows("n0"));
        let Learned::InPlaceOf(forgotten) = post.learn("new", |name| name == "n5") else { panic!("it is full") };
        assert!(post.knows("new") && post.knows("old") && post.knows("n5") && !post.knows(&forgotten));
        assert_eq!(post.mailboxes.len(), limits::KNOWN_NAMES);
        assert_eq!(post.learn("newer", |_| true), Learned::TooMany);
        assert_eq!(post.has_room("newer", false), Err("the server knows too many names"));
    }
}
