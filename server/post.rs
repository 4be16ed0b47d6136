//! The post: which names are known, and which letters wait in whose mailbox.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock. The
//! letters themselves are on the disk, see [`crate::mailbox`].

use std::collections::{HashMap, VecDeque};

use wire::limits;
use wire::names::fold;

use crate::letter::Msgid;

/// Every known name has a mailbox, mostly an empty one.
#[derive(Debug, Default)]
pub struct Post {
    /// By folded name.
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
}

impl Post {
    /// Enters what was found on the disk: known names, and the letters in one mailbox. Names beyond
    /// the limit are left out, but for those that have mail.
    pub fn enter(&mut self, names: Vec<String>, letters: Vec<(String, Vec<Msgid>)>) {
        for (name, letters) in letters {
            self.letters += letters.len();
            self.mailboxes.insert(name, Mailbox { letters: letters.into(), handed: 0 });
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
        self.mailboxes.contains_key(&fold(name))
    }

    /// Makes a name known; whether it is a new one. When there are too many, one that has no mail and whom
    /// nobody has now is forgotten; when there is none, the new name is not learned.
    pub fn learn(&mut self, name: &str, is_here: impl Fn(&str) -> bool) -> bool {
        if self.knows(name) {
            return false;
        }
        if self.mailboxes.len() >= limits::KNOWN_NAMES {
            let is_idle = |(name, mailbox): &(&String, &Mailbox)| mailbox.letters.is_empty() && !is_here(name);
            let Some(forgotten) = self.mailboxes.iter().find(is_idle).map(|(name, _)| name.clone()) else {
                return false;
            };
            self.mailboxes.remove(&forgotten);
        }
        self.mailboxes.insert(fold(name), Mailbox::default());
        true
    }

    /// Whether there is room for another letter; if not, why. Those that are being stored at this moment do not count yet.
    pub fn has_room(&self, name: &str) -> Result<(), &'static str> {
        match self.mailboxes.get(&fold(name)) {
            Some(mailbox) if mailbox.letters.len() >= limits::MAILBOX => Err("the mailbox is full"),
            None if self.mailboxes.len() >= limits::KNOWN_NAMES => Err("the server knows too many names"),
            _ if self.letters >= limits::MAIL => Err("all mailboxes together are full"),
            _ => Ok(()),
        }
    }

    /// Adds a letter that was stored. True when all before it are handed over, so that this one may follow.
    pub fn add(&mut self, name: &str, id: Msgid) -> bool {
        let mailbox = self.mailboxes.entry(fold(name)).or_default();
        mailbox.letters.push_back(id);
        self.letters += 1;
        mailbox.handed + 1 == mailbox.letters.len()
    }

    /// The next letters to hand over.
    pub fn next(&self, name: &str, most: usize) -> Vec<Msgid> {
        let mailbox = self.mailboxes.get(&fold(name));
        mailbox
            .map_or_else(Vec::new, |mailbox| mailbox.letters.iter().skip(mailbox.handed).take(most).copied().collect())
    }

    /// How many letters are still to be handed over.
    pub fn waiting(&self, name: &str) -> usize {
        self.mailboxes.get(&fold(name)).map_or(0, |mailbox| mailbox.letters.len() - mailbox.handed)
    }

    /// Takes note that a letter is handed over; false when it is not the one whose turn it is.
    pub fn hand_over(&mut self, name: &str, id: Msgid) -> bool {
        let Some(mailbox) = self.mailboxes.get_mut(&fold(name)) else { return false };
        let is_next = mailbox.letters.get(mailbox.handed) == Some(&id);
        mailbox.handed += usize::from(is_next);
        is_next
    }

    /// Removes a letter: it was confirmed, or cannot be read.
    pub fn remove(&mut self, name: &str, id: Msgid) {
        let Some(mailbox) = self.mailboxes.get_mut(&fold(name)) else { return };
        // Nearly always the first.
        let Some(index) = mailbox.letters.iter().position(|letter| *letter == id) else { return };
        mailbox.letters.remove(index);
        mailbox.handed -= usize::from(index < mailbox.handed);
        self.letters -= 1;
    }

    /// Who had the name has it no more: what was not confirmed will be handed over again.
    pub fn gone(&mut self, name: &str) {
        if let Some(mailbox) = self.mailboxes.get_mut(&fold(name)) {
            mailbox.handed = 0;
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
        assert!(post.learn("Albert", |_| false) && !post.learn("ALBERT", |_| false));
        assert!(post.add("albert", id(1)), "nothing is before it");
        assert!(!post.add("albert", id(2)), "the first one is not handed over yet");
        assert_eq!(post.next("Albert", 9), [id(1), id(2)]);
        assert!(!post.hand_over("albert", id(2)) && post.hand_over("albert", id(1)));
        assert_eq!((post.next("albert", 9), post.waiting("albert")), (vec![id(2)], 1));
        post.hand_over("albert", id(2));
        assert!(post.add("albert", id(3)));
        post.remove("albert", id(1));
        post.remove("albert", id(1));
        assert_eq!(post.next("albert", 9), [id(3)]);
        post.gone("albert");
        assert_eq!(post.next("albert", 9), [id(2), id(3)]);
        assert_eq!(post.letters, 2);
    }

    #[test]
    fn the_bounds_are_told() {
        let mut post = Post::default();
        (0..limits::MAILBOX as u64).for_each(|number| _ = post.add("albert", id(number)));
        assert_eq!(post.has_room("Albert"), Err("the mailbox is full"));
        assert_eq!(post.has_room("tesla"), Ok(()));
        post.remove("albert", id(7));
        assert_eq!(post.has_room("albert"), Ok(()));
        post.letters = limits::MAIL;
        assert_eq!(post.has_room("tesla"), Err("all mailboxes together are full"));
    }

    #[test]
    fn one_name_without_mail_is_forgotten_for_each_new_one() {
        let mut post = Post::default();
        let names: Vec<_> = (0..=limits::KNOWN_NAMES).map(|number| format!("n{number}")).collect();
        post.enter(names, vec![("old".into(), vec![id(1)])]);
        assert_eq!(post.mailboxes.len(), limits::KNOWN_NAMES);
        assert!(post.knows("old") && post.knows(&format!("n{}", limits::KNOWN_NAMES)) && !post.knows("n0"));
        assert!(post.learn("new", |name| name == "n5"));
        assert!(post.knows("new") && post.knows("old") && post.knows("n5"));
        assert_eq!(post.mailboxes.len(), limits::KNOWN_NAMES);
        assert!(!post.learn("newer", |_| true));
        assert_eq!(post.has_room("newer"), Err("the server knows too many names"));
    }
}
