//! The hooks of stored messages.
//!
//! Called with the state locked, mostly by the receiver thread; the locks of this wing are held for a moment.

use super::dedup::{self, Dedup, Novelty};
use crate::core::client::{Client, Wing};
use crate::core::event::{Origin, Receipt};
use crate::core::state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wire::message::Message;

/// The wing.
#[derive(Default)]
pub struct Mail {
    dedup: Arc<Mutex<Dedup>>,
    /// The token of a PING that is answered once the user has seen the messages before it.
    deferred_pong: Mutex<Option<String>>,
}

/// Writes down that a stored message is shown.
struct StoredReceipt {
    dedup: Arc<Mutex<Dedup>>,
    id: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wing for Mail {
    fn connected(&self, _: &Client, state: &mut State, is_first: bool) {
        *lock(&self.deferred_pong) = None;
        if is_first {
            let loaded = Dedup::load(&state.model.nick);
            if let Err(error) = &loaded {
                state.note(format!("What you have read cannot be remembered ({error}); a message may be shown twice"));
            }
            // Without a file it remembers until the client ends.
            *lock(&self.dedup) = loaded.unwrap_or_default();
        }
    }

    /// Another client may use our name now.
    fn disconnected(&self) {
        *lock(&self.dedup) = Dedup::default();
    }

    /// The server asks after stored messages whether we have them, and removes them from its disk then. So the answer
    /// waits until they are shown.
    fn message(&self, _: &Client, state: &mut State, message: &Message<'_>) -> bool {
        let token = message.params.last().filter(|token| message.verb == "PING" && token.starts_with("mail-"));
        let Some(token) = token.filter(|_| state.owes_receipts()) else { return false };
        *lock(&self.deferred_pong) = Some((*token).to_owned());
        true
    }

    fn is_new(&self, message: &Message<'_>, is_private: bool, origin: &mut Origin) -> bool {
        let Some(id) = dedup::id(message) else { return true };
        let novelty = lock(&self.dedup).check(&id, is_private);
        origin.uncertain = novelty == Novelty::Uncertain;
        let receipt = StoredReceipt { dedup: Arc::clone(&self.dedup), id };
        origin.receipt = is_private.then(|| Box::new(receipt) as Box<dyn Receipt>);
        novelty != Novelty::Duplicate
    }

    fn renamed(&self, nick: &str) {
        lock(&self.dedup).renamed(nick);
    }

    fn tick(&self, _: &Client, state: &mut State) -> Option<Duration> {
        let token = if state.owes_receipts() { None } else { lock(&self.deferred_pong).take() };
        token.into_iter().for_each(|token| state.write(&[format!("PONG :{token}")]));
        None
    }
}

impl Receipt for StoredReceipt {
    fn begin(&self) {
        lock(&self.dedup).write(&self.id);
    }

    fn end(&self) {
        lock(&self.dedup).write("\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::{Event, Kind, Manner};
    use crate::core::terminal::tests::{Paper, client};

    fn plugged_in() -> (Arc<Mail>, Arc<Client>, Paper) {
        let (mail, paper) = (Arc::new(Mail::default()), Paper::default());
        let client = client(&paper, vec![Arc::clone(&mail) as Arc<dyn Wing>]);
        (mail, client, paper)
    }

    /// How many of some private messages have not come before.
    fn new_ones(lines: &[&str]) -> usize {
        let (_, client, _) = plugged_in();
        lines.iter().filter(|line| client.origin(&Message::parse(line).unwrap(), true).is_some()).count()
    }

    #[test]
    fn a_message_that_comes_twice_is_shown_once() {
        let twice = |line| new_ones(&[line, line]);
        assert_eq!(twice("@msgid=1 :albert!a@h PRIVMSG me :psst"), 1);
        assert_eq!(twice("@msgid=1 :albert!a@h PRIVMSG #lobby :hi"), 1);
        assert_eq!(twice(":albert!a@h PRIVMSG me :psst"), 2);
        let again = [
            "@msgid=1;+groupchat.local/id=x :a!a@h PRIVMSG me :hi",
            "@+groupchat.local/id=x;msgid=2 :a!a@h PRIVMSG me :hi",
        ];
        assert_eq!(new_ones(&again), 1);
        assert_eq!(new_ones(&[again[0], "@msgid=1;+groupchat.local/id=x :b!b@h PRIVMSG me :ho"]), 2);
    }

    #[test]
    fn a_message_is_acknowledged_once_it_is_shown() {
        let (mail, client, paper) = plugged_in();
        let ping = Message::parse("PING :mail-1").unwrap();
        let mut state = client.lock();
        assert!(!mail.message(&client, &mut state, &ping), "nothing waits");
        state.sleep(Duration::from_secs(1000));
        let stored = Message::parse("@msgid=1 :albert!a@h PRIVMSG me :psst").unwrap();
        let kind = Kind::Said { from: "albert".into(), text: "psst".into(), manner: Manner::Text };
        state.emit(Event { origin: client.origin(&stored, true).unwrap(), ..Event::at("albert", kind) });
        assert!(mail.message(&client, &mut state, &ping));
        client.tick(&mut state);
        assert!(lock(&mail.deferred_pong).is_some());
        state.wake();
        client.tick(&mut state);
        assert!(lock(&mail.deferred_pong).is_none());
        assert!(paper.take().ends_with("albert (to you): psst\n"));
    }
}
