//! Requests to the server whose answers come in several messages, or much later.
//!
//! Part of the state and thus under its lock. A request is put in together with its line, collects the rows that come,
//! and is taken out at the end of its answer. The server answers in order, so a row belongs to the oldest open request
//! of its kind.

use super::limits::{REQUESTS, ROWS, ROWS_BYTES};
use wire::names;

/// A room that we have just entered: who is in it is shown when the names have come.
pub const ENTERED: &str = "entered";
/// A room of which a lost connection has taken us out, and for which something was said meanwhile.
pub const SAID_MEANWHILE: &str = "said meanwhile";
/// A room that we enter with a key: whether the room has one is not known yet.
pub const KEY: &str = "key";

/// A room that we have made and that shall have the key that we came with.
pub const NEW_KEY: &str = "new key";
/// Who is banned from a room.
pub const BANS: &str = "bans";
/// Who is away in a room.
pub const PRESENCE: &str = "who is away";
/// The modes of a room, and who is banned from it, for a view that shows them in its own way.
pub const MODES_FOR_VIEW: &str = "modes for view";
pub const BANS_FOR_VIEW: &str = "bans for view";
/// Whether a person is connected.
pub const ISON: &str = "is on";
/// Whether somebody has a name who is not connected.
pub const TAGMSG: &str = "has name";
/// Nobody has a name about which was asked.
pub const NOBODY: &str = "nobody";

/// The open requests, oldest first.
#[derive(Default)]
pub struct Pending {
    requests: Vec<Request>,
    last_number: u64,
    /// The number of the line that is being carried out, if it says itself where it goes.
    pub line: Option<u64>,
}

/// One request.
pub struct Request {
    pub number: u64,
    pub kind: &'static str,
    /// The line that it is made for, if that says itself where it goes.
    pub line: Option<u64>,
    /// The room or person that it asks about; empty when it asks about all.
    pub about: String,
    /// The parameters of the rows that came so far.
    pub rows: Vec<Vec<String>>,
    /// The bytes that these take.
    bytes: usize,
    /// The answer has ended, and the thread that waits for it takes the request out.
    pub is_complete: bool,
}

impl Pending {
    /// Adds a request, and returns its number.
    pub fn add(&mut self, kind: &'static str, about: &str) -> u64 {
        self.last_number += 1;
        let (number, about) = (self.last_number, about.to_owned());
        if self.requests.len() == REQUESTS {
            self.requests.remove(0);
        }
        let (line, rows) = (self.line, Vec::new());
        self.requests.push(Request { number, kind, line, about, rows, bytes: 0, is_complete: false });
        number
    }

    /// The oldest request of this kind that is open.
    pub fn oldest(&mut self, kind: &str) -> Option<&mut Request> {
        self.open(kind).next()
    }

    /// The same among those about this room or person.
    pub fn about(&mut self, kind: &str, about: &str) -> Option<&mut Request> {
        self.open(kind).find(|request| names::eq_ignore_case(&request.about, about))
    }

    /// The oldest open request of one of these kinds about this room or person.
    pub fn first(&mut self, kinds: [&str; 2], about: &str) -> Option<&mut Request> {
        let is_it = |request: &&mut Request| kinds.contains(&request.kind) && !request.is_complete;
        self.requests.iter_mut().filter(is_it).find(|request| names::eq_ignore_case(&request.about, about))
    }

    fn open(&mut self, kind: &str) -> impl Iterator<Item = &mut Request> {
        self.requests.iter_mut().filter(move |request| request.kind == kind && !request.is_complete)
    }

    /// Takes a request out.
    pub fn take(&mut self, number: u64) -> Option<Request> {
        let at = self.requests.iter().position(|request| request.number == number)?;
        Some(self.requests.remove(at))
    }

    /// Takes out the oldest request of this kind about this room or person.
    pub fn end(&mut self, kind: &str, about: &str) -> Option<Request> {
        let number = self.about(kind, about)?.number;
        self.take(number)
    }

    /// Whether the next answer to a verb that two kinds of request share is for this one.
    pub fn is_before(&mut self, kind: &str, other: &str) -> bool {
        let [first, second] = [kind, other].map(|kind| self.oldest(kind).map(|request| request.number));
        first.is_some_and(|first| second.is_none_or(|second| first < second))
    }

    /// Takes out the requests of this kind, which nobody answers any more.
    pub fn forget(&mut self, kind: &str) {
        self.requests.retain(|request| request.kind != kind);
    }

    /// There is no more of the answer to this request.
    pub fn complete(&mut self, number: u64) {
        let found = self.requests.iter_mut().find(|request| request.number == number);
        found.into_iter().for_each(|request| request.is_complete = true);
    }

    /// Whether the answer to this request has not ended.
    pub fn is_open(&self, number: u64) -> bool {
        self.requests.iter().any(|request| request.number == number && !request.is_complete)
    }

    /// A new connection: every line without an answer is sent again, so answers start from the beginning.
    pub fn restart(&mut self) {
        for request in self.requests.iter_mut().filter(|request| !request.is_complete) {
            (request.rows, request.bytes) = (Vec::new(), 0);
        }
    }

    /// Nothing that was asked is answered any more.
    pub fn clear(&mut self) {
        self.requests.clear();
    }
}

impl Request {
    /// Adds a row of the answer.
    pub fn collect(&mut self, row: &[&str]) {
        let words: usize = row.iter().map(|word| size_of::<String>() + word.len()).sum();
        self.bytes += size_of::<Vec<String>>() + words;
        if self.rows.len() < ROWS && self.bytes <= ROWS_BYTES {
            self.rows.push(row.iter().map(|&word| word.to_owned()).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_to_the_oldest_open_request() {
        let mut pending = Pending::default();
        let [first, second] = ["", "#lab"].map(|about| pending.add("LIST", about));
        pending.oldest("LIST").unwrap().collect(&["a"]);
        pending.restart();
        pending.oldest("LIST").unwrap().collect(&["b", "c"]);
        pending.oldest("LIST").unwrap().is_complete = true;
        assert!(!pending.is_open(first) && pending.is_open(second));
        assert_eq!(pending.oldest("LIST").map(|request| request.number), Some(second));
        assert_eq!(pending.take(first).unwrap().rows, [["b", "c"]]);
        assert!(pending.end("LIST", "#other").is_none() && pending.end("LIST", "#LAB").is_some());
        assert!(pending.oldest("LIST").is_none());
    }

    #[test]
    fn an_answer_is_for_the_older_of_two_requests_of_one_verb() {
        let mut pending = Pending::default();
        assert!(!pending.is_before(PRESENCE, "WHO"));
        pending.add(PRESENCE, "#lab");
        assert!(pending.is_before(PRESENCE, "WHO"));
        pending.add("WHO", "#lab");
        assert!(pending.is_before(PRESENCE, "WHO") && !pending.is_before("WHO", PRESENCE));
        pending.forget(PRESENCE);
        assert!(!pending.is_before(PRESENCE, "WHO"));
        pending.add(PRESENCE, "#lab");
        assert!(!pending.is_before(PRESENCE, "WHO"));
    }

    #[test]
    fn an_answer_belongs_to_the_older_of_two_requests() {
        let mut pending = Pending::default();
        let asked = [("MODE", "#lab"), (MODES_FOR_VIEW, "#den"), (MODES_FOR_VIEW, "#lab"), ("MODE", "#den")];
        let numbers = asked.map(|(kind, about)| pending.add(kind, about));
        let mut first = |about| {
            let request = pending.first(["MODE", MODES_FOR_VIEW], about)?;
            request.is_complete = true;
            Some(request.number)
        };
        assert_eq!([first("#LAB"), first("#den")], [Some(numbers[0]), Some(numbers[1])]);
        assert_eq!([first("#lab"), first("#lab"), first("#den")], [Some(numbers[2]), None, Some(numbers[3])]);
    }

    #[test]
    fn no_server_can_make_it_grow_for_ever() {
        let mut pending = Pending::default();
        pending.add("LIST", "");
        (0..2 * ROWS).for_each(|_| pending.oldest("LIST").unwrap().collect(&["x"]));
        assert_eq!(pending.oldest("LIST").unwrap().rows.len(), ROWS);
        pending.clear();
        (0..2 * REQUESTS).for_each(|_| _ = pending.add("LIST", ""));
        assert_eq!(pending.requests.len(), REQUESTS);
        let long = "x".repeat(8000);
        (0..2 * ROWS).for_each(|_| pending.oldest("LIST").unwrap().collect(&[&long]));
        let kept: usize = pending.oldest("LIST").unwrap().rows.concat().iter().map(String::len).sum();
        assert!((ROWS_BYTES / 2..ROWS_BYTES).contains(&kept), "{kept}");
    }
}
