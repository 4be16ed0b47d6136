//! What happens in a multicast room, and the one place where that becomes a sentence.
//!
//! Pure; made by the room's thread.

use super::engine::RoomEvent;
use crate::core::event::{Sentence, WingEvent};
use wire::datagram::Utterance;
use wire::text::pluralize;

/// Something that happened in a multicast room.
pub struct MulticastEvent {
    /// The room's name.
    pub room: String,
    pub what: RoomEvent,
}

impl WingEvent for MulticastEvent {
    fn sentence(&self) -> Option<Sentence> {
        let room = format!("[{}] ", self.room);
        Some(match &self.what {
            RoomEvent::Said(Utterance { nick, text }) => {
                Sentence::Said { before: room, nick: nick.clone(), after: format!(": {text}") }
            }
            RoomEvent::Joined(nick) => Sentence::News(format!("{room}{nick} joined the conversation")),
            RoomEvent::Left(nick) => Sentence::News(format!("{room}{nick} left the conversation")),
            RoomEvent::Renamed(old, new) => Sentence::News(format!("{room}{old} is now called {new}")),
            RoomEvent::Lost(nick, count) => {
                let (messages, verb) = (pluralize(*count, "message"), if *count == 1 { "was" } else { "were" });
                let whom = if nick.is_empty() { "somebody" } else { nick };
                Sentence::Answer(format!("{room}{messages} from {whom} {verb} lost"))
            }
        })
    }
}
