//! What happened, as numbered lines of JSON: pages follow it, each at its own pace.
//!
//! A ring under a lock of its own, which is taken after the state's, and for a moment. Views put lines in; the thread of
//! each page's stream takes them out and writes them without any lock. A page that does not read holds nothing but its
//! own thread, until the time for a write is over; what it then missed is here, or it begins anew.

use super::json::{clean, shown};
use super::limits::{BEAT, EVENT_BYTES, EVENTS, FLUSH, NOTES, RECEIVED, STREAMS};
use crate::core::conversation::Conversation;
use crate::core::model::Model;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use wire::names::casefold;

/// The feed, its lock, and the signal that there is more.
#[derive(Default)]
pub struct Feed {
    lines: Mutex<Lines>,
    changed: Condvar,
    /// A stream has ended, or a page has its answer.
    released: Condvar,
}

/// A page waits for an answer; it has it when this is dropped.
pub struct Answering<'a>(&'a Feed);

/// A stream that follows the feed; it ends with this.
pub struct Follower<'a>(&'a Feed);

#[derive(Default)]
pub struct Lines {
    ring: VecDeque<Arc<str>>,
    bytes: usize,
    /// The number of the last line.
    pub last: u64,
    /// There is nothing behind the last line.
    has_ended: bool,
    /// Streams that follow.
    followers: usize,
    /// How many times all of them were asked whether their page is still there.
    asked: u64,
    /// Pages that wait for the answer to what they sent.
    answering: usize,
    /// The last lines about no conversation.
    pub notes: VecDeque<Arc<str>>,
    /// What people said since a page, or the terminal, showed a conversation, by its folded name.
    unread: HashMap<String, usize>,
    /// The conversations as the pages know them.
    pub conversations: Vec<Summary>,
    /// All names of people on the blacklist, as the pages know them.
    pub blacklist: Vec<String>,
    /// The transfers as the pages know them.
    pub transfers: Value,
    /// Files that have come, the newest last.
    received: VecDeque<(u64, Received)>,
}

/// A conversation in the lists of a page.
#[derive(Clone, PartialEq, Eq)]
pub struct Summary {
    name: String,
    unread: usize,
    people: usize,
    topic: String,
    /// That of [`Conversation`].
    id: u64,
    /// A wing leads it, without the server.
    is_aside: bool,
}

/// A file that has come.
#[derive(Clone)]
pub struct Received {
    pub path: PathBuf,
    pub name: String,
}

/// What a page gets next.
pub enum Next {
    Lines(Vec<Arc<str>>),
    /// Nothing has happened for a while.
    Beat,
    /// Lines that it has not got are forgotten.
    Lost,
    /// The client ends.
    End,
}

impl Feed {
    pub fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the streams.
    pub fn signal(&self) {
        self.changed.notify_all();
    }

    /// A new stream; `None` when there are too many. Those whose page has been left end as soon as they are asked.
    pub fn follow(&self) -> Option<Follower<'_>> {
        let is_full = |lines: &mut Lines| lines.followers >= STREAMS;
        let mut lines = self.lock();
        if is_full(&mut lines) {
            lines.asked += 1;
            self.changed.notify_all();
            let waited = self.released.wait_timeout_while(lines, FLUSH, is_full);
            lines = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if is_full(&mut lines) {
            return None;
        }
        lines.followers += 1;
        Some(Follower(self))
    }

    /// A page has sent something, and shall have its answer before the client ends.
    pub fn answering(&self) -> Answering<'_> {
        self.lock().answering += 1;
        Answering(self)
    }

    /// The client ends: waits for a moment until all streams have ended, and all answers are given.
    pub fn end(&self) {
        self.lock().has_ended = true;
        self.signal();
        let is_busy = |lines: &mut Lines| lines.answering > 0 || lines.followers > 0;
        drop(self.released.wait_timeout_while(self.lock(), FLUSH, is_busy));
    }
}

impl Follower<'_> {
    /// Waits for lines behind this number.
    pub fn after(&self, number: u64) -> Next {
        let lines = self.0.lock();
        let asked = lines.asked;
        let waiting = |lines: &mut Lines| lines.last == number && lines.asked == asked && !lines.has_ended;
        let waited = self.0.changed.wait_timeout_while(lines, BEAT, waiting);
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        lines.after(number)
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.0.lock().followers -= 1;
        self.0.released.notify_all();
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.lock().answering -= 1;
        self.0.released.notify_all();
    }
}

impl Lines {
    /// Puts a line at the end, with its number.
    pub fn push(&mut self, mut value: Value) {
        self.last += 1;
        value["n"] = self.last.into();
        let line: Arc<str> = format!("{value}\n").into();
        self.bytes += line.len();
        self.ring.push_back(Arc::clone(&line));
        // The newest stays, however long it is.
        while self.ring.len() > EVENTS || self.bytes > EVENT_BYTES && self.ring.len() > 1 {
            self.bytes -= self.ring.pop_front().map_or(0, |line| line.len());
        }
        if value.get("sentence").is_some() && value.get("conversation").or(value.get("conversations")).is_none() {
            self.notes.push_back(line);
            if self.notes.len() > NOTES {
                self.notes.pop_front();
            }
        }
    }

    fn after(&self, number: u64) -> Next {
        let missing = self.last.checked_sub(number).and_then(|missing| usize::try_from(missing).ok());
        match missing.filter(|&missing| missing <= self.ring.len()) {
            None => Next::Lost,
            Some(0) if self.has_ended => Next::End,
            Some(0) => Next::Beat,
            Some(missing) => Next::Lines(self.ring.range(self.ring.len() - missing..).cloned().collect()),
        }
    }

    /// Somebody said something there.
    pub fn count(&mut self, conversation: &str) {
        *self.unread.entry(casefold(conversation)).or_default() += 1;
    }

    /// The user has seen what was said there.
    pub fn mark_read(&mut self, conversation: &str) {
        self.unread.remove(&casefold(conversation));
    }

    /// Somebody has another name: what waits there waits for the same person still.
    fn rename(&mut self, old: &str, new: &str) {
        if let Some(unread) = self.unread.remove(&casefold(old)) {
            *self.unread.entry(casefold(new)).or_default() += unread;
        }
    }

    /// Tells the pages which conversations have changed, and the blacklist.
    pub fn compare(&mut self, model: &Model) {
        if !model.blacklist.people.iter().flatten().eq(&self.blacklist) {
            self.blacklist = model.blacklist.people.concat();
            let names: Vec<_> = self.blacklist.iter().map(|name| shown(name)).collect();
            self.push(json!({ "type": "blacklist", "names": names }));
        }
        let (known, now) = (&self.conversations, model.conversations().iter().chain(&model.aside));
        let now: Vec<&Conversation> = now.collect();
        let renamed = renamed(known, &now);
        for (old, new) in &renamed {
            self.rename(old, new);
        }
        let known = &self.conversations;
        if known.len() == now.len() && known.iter().zip(&now).all(|(known, now)| self.is_current(known, now)) {
            return;
        }
        let now: Vec<_> = now.iter().map(|known| self.summary(known, model.is_aside(&known.name))).collect();
        let before = std::mem::replace(&mut self.conversations, now.clone());
        let is_there = |old: &Summary| now.iter().any(|new| new.name == old.name);
        let is_renamed = |old: &Summary| renamed.iter().any(|(was, _)| *was == old.name);
        for gone in before.iter().filter(|old| !is_there(old) && !is_renamed(old)) {
            self.unread.remove(&casefold(&gone.name));
            self.push(json!({ "type": "closed", "name": shown(&gone.name) }));
        }
        // Most stand where they stood.
        let is_known = |at: usize, new: &Summary| before.get(at) == Some(new) || before.contains(new);
        for (_, changed) in now.iter().enumerate().filter(|&(at, new)| !is_known(at, new)) {
            let mut value = changed.json();
            value["type"] = "conversation".into();
            if let Some((was, _)) = renamed.iter().find(|(_, name)| *name == changed.name) {
                value["was"] = shown(was).into();
            }
            self.push(value);
        }
    }

    fn unread(&self, name: &str) -> usize {
        self.unread.get(&casefold(name)).copied().unwrap_or_default()
    }

    fn is_current(&self, known: &Summary, now: &Conversation) -> bool {
        known.name == now.name
            && known.id == now.id
            && known.people == now.members.len()
            && known.topic == now.topic
            && known.unread == self.unread(&now.name)
    }

    fn summary(&self, conversation: &Conversation, is_aside: bool) -> Summary {
        let unread = self.unread(&conversation.name);
        let Conversation { name, topic, id, .. } = conversation;
        let (name, topic, id) = (name.clone(), topic.clone(), *id);
        Summary { name, unread, people: conversation.members.len(), topic, id, is_aside }
    }

    /// A file has come.
    pub fn keep(&mut self, id: u64, received: Received) {
        self.received.retain(|(known, _)| *known != id);
        self.received.push_back((id, received));
        if self.received.len() > RECEIVED {
            self.received.pop_front();
        }
    }

    pub fn received(&self, id: u64) -> Option<Received> {
        self.received.iter().find(|(known, _)| *known == id).map(|(_, received)| received.clone())
    }
}

/// The people who have another name than the pages know, as old and new. No event has to say so: it may be held back while
/// the user sleeps.
fn renamed(before: &[Summary], now: &[&Conversation]) -> Vec<(String, String)> {
    let pairs = before.iter().filter(|old| !old.is_aside).filter_map(|old| {
        let now = now.iter().find(|new| new.id == old.id && new.name != old.name)?;
        Some((old.name.clone(), now.name.clone()))
    });
    pairs.collect()
}

impl Summary {
    pub fn json(&self) -> Value {
        let Summary { name, unread, people, topic, id, is_aside } = self;
        let topic = clean(topic);
        let name = shown(name);
        json!({ "name": name, "id": id, "unread": unread, "people": people, "topic": topic, "is_aside": is_aside })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(next: &Next) -> Vec<u64> {
        let Next::Lines(lines) = next else { return Vec::new() };
        lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_u64().unwrap()).collect()
    }

    #[test]
    fn a_page_goes_on_from_its_number_or_begins_anew() {
        let mut lines = Lines::default();
        assert!(matches!(lines.after(0), Next::Beat));
        (0..5).for_each(|_| lines.push(json!({ "type": "note" })));
        assert_eq!(numbers(&lines.after(0)), [1, 2, 3, 4, 5]);
        assert_eq!(numbers(&lines.after(3)), [4, 5]);
        assert!(matches!(lines.after(5), Next::Beat));
        assert!(matches!(lines.after(6), Next::Lost), "of another run");
        (0..EVENTS).for_each(|_| lines.push(json!({ "type": "note" })));
        assert!(matches!(lines.after(4), Next::Lost));
        assert_eq!(numbers(&lines.after(5)).len(), EVENTS);
        lines.has_ended = true;
        assert_eq!(numbers(&lines.after(5)).len(), EVENTS, "the end comes last");
        assert!(matches!(lines.after(lines.last), Next::End));
    }

    #[test]
    fn long_lines_are_fewer() {
        let mut lines = Lines::default();
        let long = "x".repeat(EVENT_BYTES / 4);
        (0..9).for_each(|_| lines.push(json!({ "sentence": long })));
        assert!(lines.bytes <= EVENT_BYTES && lines.ring.len() == 3);
        lines.push(json!({ "sentence": "x".repeat(2 * EVENT_BYTES) }));
        assert_eq!(numbers(&lines.after(9)), [10]);
    }

    #[test]
    fn conversations_are_told_when_they_change() {
        let (mut lines, mut model) = (Lines::default(), Model::default());
        let told = |lines: &mut Lines, model: &Model| {
            let before = lines.last;
            lines.compare(model);
            let Next::Lines(new) = lines.after(before) else { return Vec::new() };
            let value = |line: &Arc<str>| serde_json::from_str::<Value>(line).unwrap();
            new.iter().map(value).map(|v| format!("{} {} {}", v["type"], v["name"], v["unread"])).collect()
        };
        model.blacklist.people = vec![vec!["evil".into(), "ev\u{202e}il".into()]];
        assert_eq!(told(&mut lines, &model), ["\"blacklist\" null null"]);
        assert!(told(&mut lines, &model).is_empty() && lines.blacklist.len() == 2);
        model.enter("#lab");
        assert_eq!(told(&mut lines, &model), ["\"conversation\" \"#lab\" 0"]);
        lines.count("#LAB");
        assert_eq!(told(&mut lines, &model), ["\"conversation\" \"#lab\" 1"]);
        assert!(told(&mut lines, &model).is_empty());
        lines.mark_read("#lab");
        assert_eq!(told(&mut lines, &model), ["\"conversation\" \"#lab\" 0"]);
        model.forget("#lab");
        assert_eq!(told(&mut lines, &model), ["\"closed\" \"#lab\" null"]);
    }
}
