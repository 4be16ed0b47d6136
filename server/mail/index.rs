//! The mail index: which names are known, which stored messages wait in whose mailbox, and how much room is left.
//!
//! Behind a lock of its own, which is taken only after the registry's. The messages themselves are on the disk, see
//! [`super::maildir`]. All names here are folded. No function walks over all names or all messages of a mailbox.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::time::Instant;

use wire::limits::MAILBOX;

use super::limits;
use super::message::StoredMessage;
use super::names::{IdleNames, Ticket};
use super::shares::{Pool, Refusal};
use crate::core::msgid::Msgid;
use crate::core::party::{Hourly, Party};

/// Every known name has a mailbox, mostly an empty one.
#[derive(Debug, Default)]
pub struct MailIndex {
    mailboxes: BTreeMap<String, Mailbox>,
    idle: IdleNames,
    /// Names that are new and to be remembered.
    new_names: Hourly,
    /// Blocks of all messages but those in `passing`.
    all: Pool,
    /// Blocks of messages to connected clients that found no room in `all`.
    passing: Pool,
    /// Names that came or were used since the file of the names was last written.
    changes: usize,
    /// Names that have become idle, and perhaps have empty folders on the disk.
    abandoned: Vec<String>,
}

#[derive(Debug, Default)]
struct Mailbox {
    /// In the order of delivery.
    messages: VecDeque<StoredMessage>,
    /// How many of them, the oldest, are delivered to the client that has the name, and not yet acknowledged.
    in_flight: usize,
    /// Messages that could not be read; they are tried again when somebody next arrives under this name.
    unreadable: Vec<StoredMessage>,
    /// Blocks of the messages, and of those that are being stored at this moment.
    blocks: Pool,
    /// A client has the name.
    in_use: bool,
    /// The name stays known when it is idle.
    remembered: bool,
    /// There may be a folder on the disk.
    has_folder: bool,
    /// Its place among the idle names.
    idle: Option<Ticket>,
}

impl MailIndex {
    /// Enters what the recovery has found on the disk: known names, the newest last, and the messages in each mailbox
    /// that has a folder.
    pub fn enter(&mut self, names: Vec<String>, messages: Vec<(String, Vec<StoredMessage>)>) {
        for (name, messages) in messages {
            let mailbox = self.mailboxes.entry(name).or_default();
            mailbox.has_folder = true;
            for mut message in messages {
                message.party = message.party.map(|party| self.all.intern(*party));
                self.all.add(message.party.as_ref(), message.blocks());
                mailbox.blocks.add(message.party.as_ref(), message.blocks());
                mailbox.messages.push_back(message);
            }
        }
        for name in names {
            self.mailboxes.entry(name.clone()).or_default().remembered = true;
            self.settle(&name);
        }
    }

    /// Whether a name is known: a client has it, mail waits for it, or the server remembers it.
    pub fn knows(&self, name: &str) -> bool {
        self.mailboxes.contains_key(name)
    }

    /// A client has the name from now on. True when it is new and to be remembered.
    pub fn register(&mut self, name: &str, party: Party, now: Instant) -> bool {
        self.changes += 1;
        let is_remembered = self.mailboxes.get(name).is_some_and(|mailbox| mailbox.remembered);
        let is_new = !is_remembered && self.new_names.count(party, limits::NEW_NAMES, now);
        let mailbox = self.mailboxes.entry(name.into()).or_default();
        mailbox.in_use = true;
        mailbox.remembered |= is_new;
        self.settle(name);
        is_new
    }

    /// The client that had the name has given it up: messages that it did not acknowledge will be delivered again, and
    /// unreadable ones are tried again.
    pub fn gave_up(&mut self, name: &str) {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return };
        mailbox.in_use = false;
        mailbox.in_flight = 0;
        if !mailbox.unreadable.is_empty() {
            mailbox.messages.extend(mailbox.unreadable.drain(..));
            mailbox.messages.make_contiguous().sort_by_key(|message| message.id);
        }
        self.settle(name);
    }

    /// The name shall not be known any more: what is written to it later is for nobody.
    pub fn forget(&mut self, name: &str) {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return };
        mailbox.remembered = false;
        if let Some(ticket) = mailbox.idle.take() {
            self.idle.remove(ticket);
        }
        self.settle(name);
        self.changes += limits::NAME_CHANGES + self.mailboxes.len() / 4 + 1;
    }

    /// Puts a name among the idle ones, or takes it out from there. Called after each change of its mailbox.
    fn settle(&mut self, name: &str) {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return };
        let is_idle = !mailbox.in_use && mailbox.blocks.used() == 0;
        match mailbox.idle {
            Some(ticket) if !is_idle => {
                self.idle.remove(ticket);
                mailbox.idle = None;
            }
            None if is_idle => {
                if std::mem::take(&mut mailbox.has_folder) {
                    self.abandoned.push(name.into());
                }
                if mailbox.remembered {
                    mailbox.idle = Some(self.idle.add(name.into()));
                } else {
                    self.mailboxes.remove(name);
                }
                while let Some(forgotten) = self.idle.take_excess() {
                    self.mailboxes.remove(&forgotten);
                }
            }
            _ => {}
        }
    }

    /// Whether there is room for a message of so many blocks, and whether it is in `passing`.
    fn room(&self, name: &str, connected: bool, party: Option<&Party>, blocks: usize) -> Result<bool, Refusal> {
        let mailbox = self.mailboxes.get(name).map(|mailbox| &mailbox.blocks);
        let in_mailbox = mailbox.map_or(Ok(()), |mailbox| mailbox.has_room(MAILBOX, party, blocks));
        in_mailbox.map_err(Refusal::Mailbox)?;
        let Err(full) = self.all.has_room(limits::MAIL_BYTES / limits::BLOCK, party, blocks) else { return Ok(false) };
        // A client that is connected and acknowledges what it gets needs room for a moment only.
        let passes = connected && mailbox.map_or(0, Pool::used) + blocks <= limits::PASSING_EACH;
        let has_room = || self.passing.has_room(limits::PASSING_BYTES / limits::BLOCK, party, blocks).is_ok();
        if passes && has_room() { Ok(true) } else { Err(Refusal::AllMailboxes(full)) }
    }

    /// Whether there is room for a short message; if not, why.
    pub fn has_room(&self, name: &str, connected: bool, party: &Party) -> Result<(), Refusal> {
        self.room(name, connected, Some(party), 1).map(drop)
    }

    /// Takes the room for a message that is to be stored.
    pub fn reserve(&mut self, name: &str, connected: bool, message: &mut StoredMessage) -> Result<(), Refusal> {
        message.passing = self.room(name, connected, message.party.as_deref(), message.blocks())?;
        message.party = message.party.as_ref().map(|party| self.all.intern(**party));
        self.pool(message).add(message.party.as_ref(), message.blocks());
        let mailbox = self.mailboxes.entry(name.into()).or_default();
        mailbox.blocks.add(message.party.as_ref(), message.blocks());
        mailbox.has_folder = true;
        self.settle(name);
        Ok(())
    }

    /// Gives back the room of a message that is gone, or was not stored.
    pub fn release(&mut self, name: &str, message: &StoredMessage) {
        self.pool(message).remove(message.party.as_ref(), message.blocks());
        if let Some(mailbox) = self.mailboxes.get_mut(name) {
            mailbox.blocks.remove(message.party.as_ref(), message.blocks());
        }
        self.settle(name);
    }

    fn pool(&mut self, message: &StoredMessage) -> &mut Pool {
        if message.passing { &mut self.passing } else { &mut self.all }
    }

    /// Adds a message that was stored in the room reserved for it. True when all before it are delivered, so that this
    /// one may follow.
    pub fn add(&mut self, name: &str, message: StoredMessage) -> bool {
        let mailbox = self.mailboxes.entry(name.into()).or_default();
        mailbox.messages.push_back(message);
        mailbox.in_flight + 1 == mailbox.messages.len()
    }

    /// The next messages to deliver.
    pub fn pending(&self, name: &str, most: usize) -> Vec<StoredMessage> {
        let mailbox = self.mailboxes.get(name).into_iter();
        mailbox.flat_map(|mailbox| mailbox.messages.range(mailbox.in_flight..)).take(most).cloned().collect()
    }

    /// Whether messages wait in a mailbox, delivered or not.
    pub fn has_mail(&self, name: &str) -> bool {
        self.mailboxes.get(name).is_some_and(|mailbox| mailbox.blocks.used() > 0)
    }

    /// How many messages are still to be delivered.
    pub fn count_pending(&self, name: &str) -> usize {
        self.mailboxes.get(name).map_or(0, |mailbox| mailbox.messages.len() - mailbox.in_flight)
    }

    /// A message is delivered; false when it is not the one whose turn it is.
    pub fn mark_in_flight(&mut self, name: &str, id: Msgid) -> bool {
        let Some(mailbox) = self.mailboxes.get_mut(name) else { return false };
        let is_next = mailbox.messages.get(mailbox.in_flight).is_some_and(|message| message.id == id);
        mailbox.in_flight += usize::from(is_next);
        is_next
    }

    fn take(&mut self, name: &str, id: Msgid) -> Option<StoredMessage> {
        let mailbox = self.mailboxes.get_mut(name)?;
        // Nearly always the first.
        let at = mailbox.messages.iter().position(|message| message.id == id)?;
        mailbox.in_flight -= usize::from(at < mailbox.in_flight);
        mailbox.messages.remove(at)
    }

    fn take_unreadable(&mut self, name: &str, id: Msgid) -> Option<StoredMessage> {
        let unreadable = &mut self.mailboxes.get_mut(name)?.unreadable;
        let at = unreadable.iter().position(|message| message.id == id)?;
        Some(unreadable.swap_remove(at))
    }

    /// Removes a message that is acknowledged, revoked or damaged; `None` when it was removed before.
    pub fn remove(&mut self, name: &str, id: Msgid) -> Option<StoredMessage> {
        let message = self.take(name, id).or_else(|| self.take_unreadable(name, id))?;
        self.release(name, &message);
        Some(message)
    }

    /// Defers a message that cannot be read now; false when it was removed before.
    pub fn defer(&mut self, name: &str, id: Msgid) -> bool {
        let Some(message) = self.take(name, id) else { return false };
        let mailbox = self.mailboxes.get_mut(name).map(|mailbox| &mut mailbox.unreadable);
        mailbox.into_iter().for_each(|unreadable| unreadable.push(message.clone()));
        true
    }

    /// Removes messages that were stored by that time, from a few of the next mailboxes behind a name. Returns them,
    /// and the name behind which it goes on. A client that is connected is getting its messages, however old they
    /// are.
    pub fn expire(&mut self, after: &str, time: u64) -> (Vec<(String, Vec<StoredMessage>)>, Option<String>) {
        let (mut expired, mut left, mut next) = (Vec::new(), limits::WALK, None);
        for (name, mailbox) in self.mailboxes.range_mut::<str, _>(behind(after)).take(limits::WALK) {
            let is_over = |message: &StoredMessage| message.time <= time;
            let mut removed = Vec::new();
            while left > 0 && !mailbox.in_use && mailbox.messages.front().is_some_and(is_over) {
                removed.extend(mailbox.messages.pop_front());
                left -= 1;
            }
            if !removed.is_empty() {
                expired.push((name.clone(), removed));
            }
            if left == 0 {
                // There may be more of it.
                next = next.or_else(|| Some(after.to_owned()));
                break;
            }
            next = Some(name.clone());
        }
        for (name, messages) in &expired {
            messages.iter().for_each(|message| self.release(name, message));
        }
        (expired, next)
    }

    /// The names to remember among the next ones behind a name, each with its place in the order of use, and the name
    /// behind which it goes on.
    pub fn remembered(&self, after: &str) -> (Vec<(Ticket, String)>, Option<String>) {
        let piece = || self.mailboxes.range::<str, _>(behind(after)).take(limits::WALK);
        let kept = piece().filter(|(_, mailbox)| mailbox.remembered);
        let names = kept.map(|(name, mailbox)| (mailbox.idle.unwrap_or(Ticket::MAX), name.clone())).collect();
        (names, piece().last().map(|(name, _)| name.clone()))
    }

    /// The known names that no client has among the next ones behind a name, each with the number of its messages, and the
    /// name behind which it goes on.
    pub fn absent(&self, after: &str) -> (Vec<(String, usize)>, Option<String>) {
        let piece = || self.mailboxes.range::<str, _>(behind(after)).take(limits::WALK);
        let absent = piece().filter(|(_, mailbox)| !mailbox.in_use);
        let names = absent.map(|(name, mailbox)| (name.clone(), mailbox.messages.len())).collect();
        (names, piece().last().map(|(name, _)| name.clone()))
    }

    /// Whether the file of the names is to be written anew: after so many changes that it costs little for each.
    pub fn names_are_due(&self) -> bool {
        self.changes > limits::NAME_CHANGES + self.mailboxes.len() / 4
    }

    pub fn names_are_written(&mut self) {
        self.changes = 0;
    }

    /// The names whose folders may be empty, once they are so many that it matters.
    pub fn take_abandoned(&mut self) -> Vec<String> {
        if self.abandoned.len() < limits::EMPTY_FOLDERS { Vec::new() } else { std::mem::take(&mut self.abandoned) }
    }
}

fn behind(name: &str) -> (Bound<&str>, Bound<&str>) {
    (Bound::Excluded(name), Bound::Unbounded)
}

#[cfg(test)]
mod tests;
