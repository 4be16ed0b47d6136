//! What happened, typed: each message of the server and each thing that the user did becomes an event.
//!
//! Pure data. Handlers and the receiver thread make events under the state's lock; views show them.

use std::any::Any;
use std::time::SystemTime;
use wire::limits::LINE;

/// Something that happened.
pub struct Event {
    pub kind: Kind,
    /// The conversation that it belongs to: a room, or the nick of a person. Without one, `Left`, `Renamed` and `Reconnected` belong to
    /// every conversation with that person.
    pub conversation: Option<String>,
    /// It was said to us alone, or it names us.
    pub mentions_us: bool,
    /// The user was talking there when it came, which may be long before it is shown.
    pub was_current: bool,
    pub origin: Origin,
    /// When we noticed it.
    pub noticed: SystemTime,
}

/// The metadata of a message.
#[derive(Default)]
pub struct Origin {
    /// The server's id of the message.
    pub id: Option<String>,
    /// When it was written (RFC 3339, UTC), where the server says so.
    pub time: Option<String>,
    /// It was stored until we came.
    pub waited: bool,
    /// It may have been shown before.
    pub uncertain: bool,
    /// Has to know when the event is shown.
    pub receipt: Option<Box<dyn Receipt>>,
}

/// A wing's way to learn when a message is shown.
pub trait Receipt: Send + Sync {
    /// The message is about to be shown.
    fn begin(&self);
    /// It was shown.
    fn end(&self);
}

/// What kind of thing happened. `by` and `from` are nicks.
pub enum Kind {
    /// A person said something.
    Said { from: String, text: String, manner: Manner },
    /// The server said something to us.
    ServerSaid(String),
    /// Somebody entered the room.
    Joined(String),
    /// Somebody left the room, or the server.
    Left { nick: String, reason: String },
    /// Somebody has a new connection in place of an old one, and comes back into their rooms by it.
    Reconnected(String),
    /// An operator removed somebody from the room.
    Removed { nick: String, by: String, reason: String },
    /// Somebody has another name.
    Renamed { old: String, new: String },
    /// Somebody set the topic of the room, or removed it: then the text is empty.
    Topic { by: String, text: String },
    /// Somebody invites us into the room.
    Invited { by: String },
    /// Somebody changed a mode of the room.
    Mode { by: String, change: String },
    /// We have entered the room, for the first time or after the connection was lost.
    WeJoined,
    /// How many people are in the room that we have entered, on the user's wish, and a few of them. A new room has
    /// nobody else, and no topic.
    Present { count: usize, members: Vec<String>, is_new: bool },
    /// We have left the room.
    WeLeft,
    /// An operator removed us from the room.
    WeWereRemoved { by: String, reason: String },
    /// We have another name.
    WeAreCalled(String),
    /// A line without a command goes to this conversation now, or nowhere.
    TalkingTo(Option<String>),
    /// We said something; whether in another conversation than the current one.
    WeSaid { text: String, manner: Manner, is_elsewhere: bool },
    /// The user has seen what was said there, in another view perhaps.
    Read,
    /// Somebody in our rooms is away or here: as the model knows it now. Without a nick that is about many. For views that
    /// show who is here; nobody says it.
    Presence(Option<String>),
    /// The connection is back.
    Connected,
    /// The connection is lost; after this number of seconds the next attempt begins.
    ConnectionLost { reason: String, seconds: u64 },
    /// A numeric of the server: an answer, a row of a list or of WHO, an error.
    Reply { code: u16, params: Vec<String> },
    /// The server refuses a message that we sent (`FAIL`).
    Refused { verb: String, text: String },
    /// Who is in the room.
    Members(Vec<String>),
    /// A sentence of the client about itself, or its answer to a command.
    Note(String),
    /// Something that only a wing understands.
    Wing(Box<dyn WingEvent>),
}

/// How something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// In words.
    Text,
    /// As an action of the person: `/me waves`.
    Action,
    /// By a program, as a rule.
    Notice,
}

/// An event that a wing adds. A view that draws it, instead of saying it, gets its type by `Any`.
pub trait WingEvent: Any + Send + Sync {
    /// The event in words; `None` when it is only for views that draw it.
    fn sentence(&self) -> Option<Sentence>;

    /// What the user may want to do about it: words for a button, and the command; for views that have buttons.
    fn actions(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The same as a kind of the core, in a conversation that the wing leads; for views that draw those.
    fn drawn(&self) -> Option<&Kind> {
        None
    }
}

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sentence {
    /// A person's words: the name, and the text before and after it.
    Said { before: String, nick: String, after: String },
    /// Something that others did.
    News(String),
    /// An answer to the user, or something about the client itself.
    Answer(String),
    /// The same in several lines.
    Lines(Vec<String>),
}

impl Event {
    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        let options = [&self.conversation, &self.origin.id, &self.origin.time];
        let around: usize = options.into_iter().flatten().map(String::len).sum();
        size_of::<Event>() + around + self.kind.size()
    }

    /// An event in a room or with a person.
    pub fn at(conversation: &str, kind: Kind) -> Self {
        Event { conversation: Some(conversation.to_owned()), ..kind.into() }
    }
}

impl Kind {
    /// The bytes of its texts.
    fn size(&self) -> usize {
        let all = |texts: &[String]| texts.iter().map(|text| size_of::<String>() + text.len()).sum();
        match self {
            Kind::Said { from: one, text: two, .. }
            | Kind::Left { nick: one, reason: two }
            | Kind::Renamed { old: one, new: two }
            | Kind::Topic { by: one, text: two }
            | Kind::Mode { by: one, change: two }
            | Kind::WeWereRemoved { by: one, reason: two }
            | Kind::Refused { verb: one, text: two } => one.len() + two.len(),
            Kind::Removed { nick, by, reason } => nick.len() + by.len() + reason.len(),
            Kind::ServerSaid(text)
            | Kind::Joined(text)
            | Kind::Reconnected(text)
            | Kind::Invited { by: text }
            | Kind::WeAreCalled(text)
            | Kind::TalkingTo(Some(text))
            | Kind::Presence(Some(text))
            | Kind::WeSaid { text, .. }
            | Kind::ConnectionLost { reason: text, .. }
            | Kind::Note(text) => text.len(),
            Kind::Reply { params: texts, .. } | Kind::Members(texts) | Kind::Present { members: texts, .. } => {
                all(texts)
            }
            Kind::WeJoined
            | Kind::WeLeft
            | Kind::Connected
            | Kind::TalkingTo(None)
            | Kind::Read
            | Kind::Presence(None) => 0,
            // It comes from one line.
            Kind::Wing(_) => LINE,
        }
    }
}

impl From<Kind> for Event {
    fn from(kind: Kind) -> Self {
        let noticed = SystemTime::now();
        Event { kind, conversation: None, mentions_us: false, was_current: false, origin: Origin::default(), noticed }
    }
}

impl<E: WingEvent + 'static> From<E> for Event {
    fn from(event: E) -> Self {
        Kind::Wing(Box::new(event)).into()
    }
}
