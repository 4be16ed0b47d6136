//! What happens in a multicast room, and the one place where that becomes a sentence.
//!
//! Pure; made by the room's thread, and by that which carries out a command.

use super::engine::RoomEvent;
use crate::core::event::{Kind, Manner, Sentence, WingEvent};
use wire::datagram::Utterance;
use wire::text::pluralize;

/// Something that happened in a multicast room.
pub struct MulticastEvent {
    /// The room's name.
    room: String,
    /// What would have happened in a room of the server.
    kind: Kind,
}

impl MulticastEvent {
    pub fn new(room: &str, what: RoomEvent) -> Self {
        let kind = match what {
            RoomEvent::Said(Utterance { nick, text }) => Kind::Said { from: nick, text, manner: Manner::Text },
            RoomEvent::Joined(nick) => Kind::Joined(nick),
            RoomEvent::Left(nick) => Kind::Left { nick, reason: String::new() },
            RoomEvent::Renamed(old, new) => Kind::Renamed { old, new },
            RoomEvent::Lost(nick, count) => {
                let (messages, verb) = (pluralize(count, "message"), if count == 1 { "was" } else { "were" });
                let whom = if nick.is_empty() { "somebody" } else { &nick };
                Kind::Note(format!("{messages} from {whom} {verb} lost"))
            }
        };
        MulticastEvent { room: room.to_owned(), kind }
    }
}

impl WingEvent for MulticastEvent {
    fn sentence(&self) -> Option<Sentence> {
        let room = format!("[{}] ", self.room);
        Some(match &self.kind {
            Kind::Said { from, text, .. } => {
                Sentence::Said { before: room, nick: from.clone(), after: format!(": {text}") }
            }
            Kind::Joined(nick) => Sentence::News(format!("{room}{nick} joined the conversation")),
            Kind::Left { nick, .. } => Sentence::News(format!("{room}{nick} left the conversation")),
            Kind::Renamed { old, new } => Sentence::News(format!("{room}{old} is now called {new}")),
            Kind::Note(text) => Sentence::Answer(format!("{room}{text}")),
            _ => return None,
        })
    }

    fn drawn(&self) -> Option<&Kind> {
        Some(&self.kind)
    }
}

/// Other people are in the room than before. There is nothing to say: those who come and go are said one by one.
pub struct MembersChanged;

impl WingEvent for MembersChanged {
    fn sentence(&self) -> Option<Sentence> {
        None
    }
}

/// The rows of an answer: the counters, or who is there.
pub struct Rows(pub Vec<String>);

impl WingEvent for Rows {
    fn sentence(&self) -> Option<Sentence> {
        Some(Sentence::Lines(self.0.clone()))
    }
}
