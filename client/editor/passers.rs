//! Those who came into one conversation and left it, counted in one line as long as nothing else is said.
//!
//! Pure. Part of the transcript.

use super::limits::{NAMED, PASSERS};
use crate::core::event::{Event, Kind};
use crate::core::model::{Model, is_room};
use std::collections::HashMap;
use wire::names;

/// People who came into one conversation or left it, with nothing else in between.
#[derive(Default)]
pub struct Passers {
    conversation: String,
    /// In the order in which they passed.
    people: Vec<Passer>,
    /// Where each is in that list, by folded nick.
    places: HashMap<String, usize>,
}

/// One person counts once, however often they come and go.
struct Passer {
    nick: String,
    was_here: bool,
    is_here: bool,
}

/// The conversation in which an event is about somebody who comes or leaves.
pub fn passed(event: &Event, model: &Model) -> Option<String> {
    match (&event.conversation, &event.kind) {
        (Some(name), Kind::Joined(_) | Kind::Left { .. }) => Some(name.clone()),
        // Whoever leaves the server leaves the room that the user sees.
        (None, Kind::Left { .. }) => {
            Some(model.target().filter(|target| is_room(target)).unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

impl Passers {
    pub fn new(conversation: &str) -> Self {
        Passers { conversation: conversation.to_owned(), ..Passers::default() }
    }

    /// Whether what happens in a conversation still goes into this line.
    pub fn takes(&self, conversation: &str) -> bool {
        names::eq_ignore_case(&self.conversation, conversation) && self.people.len() < PASSERS
    }

    /// Somebody has come or left.
    pub fn add(&mut self, kind: &Kind) {
        let (nick, is_here) = match kind {
            Kind::Joined(nick) => (nick, true),
            Kind::Left { nick, .. } => (nick, false),
            _ => return,
        };
        let at = *self.places.entry(names::casefold(nick)).or_insert(self.people.len());
        match self.people.get_mut(at) {
            Some(known) => known.is_here = is_here,
            None => self.people.push(Passer { nick: nick.clone(), was_here: !is_here, is_here }),
        }
    }

    /// `anna, ben and 4 others joined; carl left`
    pub fn summary(&self, model: &Model) -> String {
        let groups = [
            (false, true, "joined"),
            (true, false, "left"),
            (false, false, "joined and left again"),
            (true, true, "left and came back"),
        ];
        let part = |(was_here, is_here, verb)| {
            let those = self.people.iter().filter(|passer| (passer.was_here, passer.is_here) == (was_here, is_here));
            let nicks: Vec<_> = those.map(|passer| &*passer.nick).collect();
            (!nicks.is_empty()).then(|| format!("{} {verb}", list(&nicks)))
        };
        let parts: Vec<_> = groups.into_iter().filter_map(part).collect();
        let room = &self.conversation;
        let prefix = if room.is_empty() || model.is_target(room) { String::new() } else { format!("[{room}] ") };
        format!("{prefix}{}", parts.join("; "))
    }
}

fn list(nicks: &[&str]) -> String {
    match nicks {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if nicks.len() <= NAMED + 1 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} others", nicks[..NAMED].join(", "), nicks.len() - NAMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(acts: &str) -> String {
        let mut passers = Passers::new("#lobby");
        for act in acts.split(' ') {
            let nick = act[1..].to_owned();
            let joins = act.starts_with('+');
            passers.add(&if joins { Kind::Joined(nick) } else { Kind::Left { nick, reason: String::new() } });
        }
        passers.summary(&Model::default()).split_off("[#lobby] ".len())
    }

    #[test]
    fn people_are_counted_and_not_what_they_do() {
        for (acts, expected) in [
            ("+anna +ben", "anna and ben joined"),
            ("+anna +ben +carl", "anna, ben and carl joined"),
            ("+anna +ben +carl +dora +eva +fritz", "anna, ben and 4 others joined"),
            ("+anna -anna", "anna joined and left again"),
            ("+anna -Anna +ANNA", "anna joined"),
            ("+anna +anna", "anna joined"),
            ("-anna +anna", "anna left and came back"),
            ("+anna +ben -anna", "ben joined; anna joined and left again"),
            ("-anna +ben -carl +carl +dora", "ben and dora joined; anna left; carl left and came back"),
        ] {
            assert_eq!(summary(acts), expected, "{acts}");
        }
    }

    #[test]
    fn a_server_that_loses_another_one_and_finds_it_again_is_one_short_line() {
        let acts = |sign: char| (0..200).map(move |number| format!("{sign}n{number}")).collect::<Vec<_>>().join(" ");
        assert_eq!(summary(&acts('-')), "n0, n1 and 198 others left");
        let both = format!("{} {}", acts('-'), acts('+'));
        assert_eq!(summary(&both), "n0, n1 and 198 others left and came back");
    }

    #[test]
    fn one_line_names_a_bounded_number_of_people() {
        let mut passers = Passers::new("#lobby");
        (0..PASSERS).for_each(|number| passers.add(&Kind::Joined(format!("n{number}"))));
        assert!(!passers.takes("#lobby"));
    }
}
