//! What happened, typed: each message of the server and each thing that the user did becomes an event.
//!
//! Pure data. Handlers and the receiver thread make events under the state's lock; views show them.

/// Something that happened.
pub struct Event {
    pub kind: Kind,
    /// The conversation that it belongs to: a room, or the nick of a person.
    pub conversation: Option<String>,
    /// It was said to us alone, or it names us.
    #[expect(dead_code, reason = "the plain terminal does not mark it; a view with windows will")]
    pub mentions_us: bool,
    pub origin: Origin,
}

/// The metadata of a message.
#[derive(Default)]
pub struct Origin {
    /// The server's id of the message.
    #[expect(dead_code, reason = "the plain terminal does not need it; history will")]
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

/// Called around the moment at which a message is shown.
pub trait Receipt: Send + Sync {
    /// The message is about to be shown.
    fn begin(&self);
    /// It was shown.
    fn end(&self);
}

/// What kind of thing happened.
pub enum Kind {
    /// A person said something.
    Said {
        from: String,
        text: String,
        manner: Manner,
    },
    /// The server said something to us.
    ServerSaid(String),
    /// Somebody entered the room.
    Joined(String),
    /// Somebody left the room, or the server.
    Left {
        nick: String,
        reason: String,
    },
    /// An operator removed somebody from the room.
    Removed {
        nick: String,
        by: String,
        reason: String,
    },
    Renamed {
        old: String,
        new: String,
    },
    Topic {
        by: String,
        text: String,
    },
    /// Somebody invites us into the room.
    Invited {
        by: String,
    },
    Mode {
        by: String,
        change: String,
    },
    /// We have left the room.
    WeLeft,
    WeWereRemoved {
        by: String,
        reason: String,
    },
    /// We have another name.
    WeAreCalled(String),
    /// A line without a command goes to this conversation now, or nowhere.
    TalkingTo(Option<String>),
    /// We said something in a conversation that is not the current one.
    WeSaid(String),
    Connected,
    ConnectionLost {
        reason: String,
        seconds: u64,
    },
    /// A numeric of the server: an answer, a row of a list or of WHO, an error.
    Reply {
        code: u16,
        params: Vec<String>,
    },
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
    Text,
    /// An action of the person: `/me waves`.
    Action,
    Notice,
}

/// An event that a wing adds.
pub trait WingEvent: Send + Sync {
    /// The event in words; `None` when it is only for views that draw it.
    fn sentence(&self) -> Option<Sentence>;
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
    pub fn new(kind: Kind) -> Self {
        Event { kind, conversation: None, mentions_us: false, origin: Origin::default() }
    }

    /// The same in a room or with a person.
    pub fn at(conversation: &str, kind: Kind) -> Self {
        Event { conversation: Some(conversation.to_owned()), ..Event::new(kind) }
    }
}

impl From<Kind> for Event {
    fn from(kind: Kind) -> Self {
        Event::new(kind)
    }
}

impl<E: WingEvent + 'static> From<E> for Event {
    fn from(event: E) -> Self {
        Event::new(Kind::Wing(Box::new(event)))
    }
}
