//! People who leave the server and come back while a line for them is being typed: the name may be somebody else's now.
//!
//! Pure. Part of the editor.

use super::limits::STRANGERS;
use super::lines::{self, Receiver};
use crate::core::client::Command;
use crate::core::event::{Event, Kind};
use crate::core::model::{Model, is_room};
use std::collections::HashSet;
use wire::names;

#[derive(Default)]
pub struct Strangers {
    /// Folded names of those who have left the server.
    left: HashSet<String>,
    /// The names among them that somebody has had since the line was begun.
    back: HashSet<String>,
}

impl Strangers {
    /// Something happened, while a line is being typed or not.
    pub fn follow(&mut self, event: &Event, is_typing: bool) {
        if !is_typing {
            self.back.clear();
        }
        match &event.kind {
            Kind::Left { nick, .. } if event.conversation.is_none() && self.left.len() < STRANGERS => {
                self.left.insert(names::casefold(nick));
            }
            Kind::Renamed { old, new } if !names::eq_ignore_case(old, new) => {
                self.left.insert(names::casefold(old));
                self.came(new, is_typing);
            }
            Kind::Joined(nick) | Kind::Said { from: nick, .. } => self.came(nick, is_typing),
            _ => {}
        }
    }

    fn came(&mut self, nick: &str, is_typing: bool) {
        let nick = names::casefold(nick);
        if self.left.remove(&nick) && is_typing {
            self.back.insert(nick);
        }
    }

    /// The person for whom a line is, if that may be somebody else than when it was begun. Said once.
    pub fn take(&mut self, line: &str, model: &Model, commands: &[Command]) -> Option<String> {
        let first = line.lines().next().unwrap_or_default();
        match lines::receiver(first, commands) {
            Receiver::Target => self.take_name(model.target().filter(|_| model.detour.is_none())?),
            Receiver::Other(to) => self.take_name(&to),
            Receiver::Nobody => None,
        }
    }

    /// The same for what goes to this person, perhaps with `@`, or to this room, which nobody is.
    pub fn take_name(&mut self, to: &str) -> Option<String> {
        let person = Some(to.trim_start_matches('@')).filter(|person| !is_room(person))?;
        self.back.remove(&names::casefold(person)).then(|| person.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::command;

    #[test]
    fn a_line_that_was_begun_for_one_who_left_is_not_for_the_next_of_that_name() {
        let (mut strangers, mut model, commands) = (Strangers::default(), Model::default(), command::core());
        let left = || Kind::Left { nick: "Bob".into(), reason: String::new() }.into();
        let joined = Event::at("#lobby", Kind::Joined("bob".into()));
        strangers.follow(&left(), false);
        strangers.follow(&joined, false);
        assert_eq!(strangers.take("@bob psst", &model, &commands), None, "the user saw it before");
        strangers.follow(&left(), true);
        strangers.follow(&joined, true);
        assert_eq!(strangers.take("hello", &model, &commands), None);
        assert_eq!(strangers.take("@BOB psst\nrow", &model, &commands).as_deref(), Some("BOB"));
        assert_eq!(strangers.take("@bob psst", &model, &commands), None, "said once");
        assert_eq!(strangers.take_name("#lobby"), None);
        let renamed = |old: &str, new: &str| Kind::Renamed { old: old.into(), new: new.into() }.into();
        strangers.follow(&renamed("bob", "ben"), true);
        strangers.follow(&renamed("eve", "bob"), true);
        model.set_target(Some("bob"));
        assert_eq!(strangers.take("psst", &model, &commands).as_deref(), Some("bob"));
        strangers.follow(&left(), true);
        strangers.follow(&joined, true);
        assert_eq!(strangers.take_name("@Bob").as_deref(), Some("Bob"), "a file is not for them, either");
    }
}
