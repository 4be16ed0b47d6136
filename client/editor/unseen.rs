//! What happened in rooms where the user does not talk just now: it waits until the user turns to them.
//!
//! Pure. Part of the editor. The scrollback of the model owns the events; what it has forgotten is lost here, too.

use super::limits::UNSEEN;
use crate::core::conversation::Conversation;
use crate::core::event::{Event, Kind};
use crate::core::model::{Model, is_room};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use time::OffsetDateTime;
use wire::names;

/// Where an event is shown.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    Here,
    /// In another room, when the user turns to it; one that mentions us at once, too.
    Room(String),
    /// Nowhere: it is about somebody who is not in the room where the user talks.
    Nowhere,
}

/// The events that wait, by folded room.
#[derive(Default)]
pub struct Unseen {
    waiting: HashMap<String, Waiting>,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<(OffsetDateTime, Weak<Event>)>,
    /// How many of them are messages, with those that are forgotten already.
    messages: usize,
    /// How many of these the user has read in another view.
    read: usize,
}

/// Private messages, answers and whatever is about no room are shown at once.
pub fn place(event: &Event, model: &Model) -> Place {
    let Some(target) = model.target().filter(|_| model.detour.is_none()) else { return Place::Here };
    match (&event.conversation, &event.kind) {
        (
            Some(room),
            Kind::Said { .. }
            | Kind::Joined(_)
            | Kind::Left { .. }
            | Kind::Removed { .. }
            | Kind::Topic { .. }
            | Kind::Mode { .. },
        ) if is_room(room) && !event.was_current && !model.is_target(room) && model.is_in(room) => {
            Place::Room(room.clone())
        }
        (None, Kind::Left { nick, .. } | Kind::Renamed { new: nick, .. } | Kind::Reconnected(nick)) => {
            let is_with_them = |known: &&Conversation| {
                known.members.contains_key(&names::casefold(nick)) || names::eq_ignore_case(&known.name, nick)
            };
            let mut with_them = model.conversations().iter().filter(is_with_them).peekable();
            let is_known = with_them.peek().is_some();
            let is_here = with_them.any(|known| names::eq_ignore_case(&known.name, target));
            if is_here || !is_known { Place::Here } else { Place::Nowhere }
        }
        _ => Place::Here,
    }
}

impl Unseen {
    /// Lets an event of a room wait.
    pub fn hold(&mut self, room: &str, event: &Event, model: &Model, moment: OffsetDateTime) {
        let conversation = model.conversations().iter().find(|known| names::eq_ignore_case(&known.name, room));
        let mut recorded = conversation.into_iter().flat_map(|known| known.scrollback.iter().rev());
        let Some(event) = recorded.find(|recorded| std::ptr::eq(&raw const ***recorded, event)) else { return };
        let waiting = self.waiting.entry(names::casefold(room)).or_default();
        waiting.messages += usize::from(matches!(event.kind, Kind::Said { .. }));
        waiting.events.push_back((moment, Arc::downgrade(event)));
        if waiting.events.len() > UNSEEN {
            waiting.events.pop_front();
        }
    }

    /// How many messages wait in a room.
    pub fn messages(&self, room: &str) -> usize {
        self.waiting.get(&names::casefold(room)).map_or(0, |waiting| waiting.messages - waiting.read)
    }

    /// The user has read what waits in a room, in another view. It is still shown here when they turn to it.
    pub fn mark_read(&mut self, room: &str) {
        self.waiting.get_mut(&names::casefold(room)).into_iter().for_each(|waiting| waiting.read = waiting.messages);
    }

    /// The user turns to a room: what waited there, and how many messages are forgotten already.
    pub fn take(&mut self, room: &str) -> (Vec<(OffsetDateTime, Arc<Event>)>, usize) {
        let waiting = self.waiting.remove(&names::casefold(room)).unwrap_or_default();
        let events: Vec<_> =
            waiting.events.into_iter().filter_map(|(moment, event)| Some((moment, event.upgrade()?))).collect();
        let kept = events.iter().filter(|(_, event)| matches!(event.kind, Kind::Said { .. })).count();
        (events, waiting.messages - kept)
    }

    /// Forgets rooms that we have left since, and which the model has forgotten with all that was said there.
    pub fn forget_rooms(&mut self) {
        self.waiting.retain(|_, waiting| waiting.events.iter().any(|(_, event)| event.strong_count() > 0));
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::Clock;
    use super::*;
    use crate::core::event::Manner;

    /// We are in two rooms, with albert in the other one, and talk in the first.
    fn model() -> Model {
        let mut model = Model::default();
        model.nick = "mel".into();
        model.enter("#lobby");
        model.enter("#lab").members.insert("albert".into(), "albert".into());
        model.set_target(Some("#lobby"));
        model
    }

    fn said(conversation: &str) -> Event {
        Event::at(conversation, Kind::Said { from: "albert".into(), text: "hi".into(), manner: Manner::Text })
    }

    #[test]
    fn other_rooms_wait_and_people_do_not() {
        let mut model = model();
        let here = |event: &Event, model: &Model| place(event, model) == Place::Here;
        assert_eq!(place(&said("#LAB"), &model), Place::Room("#LAB".into()));
        assert!(here(&said("#lobby"), &model) && here(&said("albert"), &model) && here(&said("#unknown"), &model));
        assert!(here(&Event { was_current: true, ..said("#lab") }, &model), "the user slept, and is elsewhere now");
        assert!(here(&Event::at("#lab", Kind::WeLeft), &model));
        model.set_target(None);
        assert!(here(&said("#lab"), &model), "talking to nobody, the user sees all");
        model.set_target(Some("#lobby"));
        model.detour = Some("[attic]".into());
        assert!(here(&said("#lab"), &model));
    }

    #[test]
    fn those_who_leave_the_server_are_missed_where_they_were() {
        let mut model = model();
        let left = |nick: &str| Kind::Left { nick: nick.into(), reason: String::new() }.into();
        assert_eq!([place(&left("Albert"), &model), place(&left("tesla"), &model)], [Place::Nowhere, Place::Here]);
        model.set_target(Some("#lab"));
        assert_eq!(place(&left("albert"), &model), Place::Here);
    }

    #[test]
    fn what_waited_is_shown_once_and_in_order() {
        let (mut model, mut unseen, now) = (model(), Unseen::default(), Clock::at(0).now());
        let events: Vec<_> = (0..UNSEEN + 3).map(|_| Arc::new(said("#lab"))).collect();
        for event in &events {
            model.record(event);
            unseen.hold("#lab", event, &model, now);
        }
        assert_eq!(unseen.messages("#LAB"), UNSEEN + 3);
        let (taken, lost) = unseen.take("#Lab");
        assert_eq!((taken.len(), lost), (UNSEEN, 3));
        assert!(Arc::ptr_eq(&taken[0].1, &events[3]) && Arc::ptr_eq(&taken[UNSEEN - 1].1, events.last().unwrap()));
        assert!(unseen.take("#lab").0.is_empty() && unseen.messages("#lab") == 0);
    }

    #[test]
    fn what_was_read_in_another_view_is_not_counted_and_still_shown() {
        let (mut model, mut unseen) = (model(), Unseen::default());
        let mut hold = |unseen: &mut Unseen| {
            let event = Arc::new(said("#lab"));
            model.record(&event);
            unseen.hold("#lab", &event, &model, Clock::at(0).now());
        };
        hold(&mut unseen);
        unseen.mark_read("#LAB");
        unseen.mark_read("#attic");
        assert_eq!(unseen.messages("#lab"), 0);
        hold(&mut unseen);
        assert_eq!(unseen.messages("#lab"), 1);
        let (waited, lost) = unseen.take("#lab");
        assert_eq!((waited.len(), lost), (2, 0));
    }

    #[test]
    fn a_room_that_we_have_left_is_forgotten() {
        let (mut model, mut unseen) = (model(), Unseen::default());
        let event = Arc::new(said("#lab"));
        model.record(&event);
        unseen.hold("#lab", &event, &model, Clock::at(0).now());
        drop(event);
        unseen.forget_rooms();
        assert_eq!(unseen.messages("#lab"), 1);
        model.forget("#lab");
        unseen.forget_rooms();
        assert_eq!(unseen.messages("#lab"), 0);
    }
}
