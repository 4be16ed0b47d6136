//! From events to JSON, as the contract in [`mod.rs`](super) says.
//!
//! Pure. Under the state's lock for what happens, which costs about as much as printing it; without any for a scrollback.
//! Control characters, and those that turn the order of writing, are left out here, so that no text can disguise another.

use super::address::Address;
use crate::core::event::{Event, Kind, Manner, Sentence};
use crate::core::model::{Model, is_room};
use crate::core::question::{Question, Wants};
use crate::core::sentence;
use crate::files::{Comes, FileEvent, Offer, UnderWay};
use serde_json::{Value, json};
use std::any::Any;
use wire::text::printable;
use wire::time::iso8601;

/// Text without characters that are not seen. A message of several rows keeps its rows.
pub fn clean(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// A model in which the user talks in this conversation, as the page does that shows it: a sentence does not name it then.
pub fn lens(model: &Model, conversation: Option<&str>) -> Model {
    let mut lens = Model::default();
    lens.nick.clone_from(&model.nick);
    lens.set_target(conversation);
    lens
}

/// What a page draws of an event: of one in a conversation that a wing leads, what it would be in another.
pub fn drawn(event: &Event) -> &Kind {
    let wing = match &event.kind {
        Kind::Wing(wing) if event.conversation.is_some() => wing.drawn(),
        _ => None,
    };
    wing.unwrap_or(&event.kind)
}

/// An event; `None` for one that is of no interest to a page.
pub fn of(event: &Event, model: &Model) -> Option<Value> {
    let kind = drawn(event);
    let mut value = match kind {
        Kind::Said { from, text, manner } => {
            json!({ "type": "said", "from": clean(from), "text": clean(text), "manner": name_of(*manner) })
        }
        Kind::WeSaid { text, manner, .. } => {
            json!({ "type": "we_said", "from": model.nick, "text": clean(text), "manner": name_of(*manner) })
        }
        Kind::Joined(nick) => json!({ "type": "joined", "nick": clean(nick) }),
        Kind::Left { nick, .. } => json!({ "type": "left", "nick": clean(nick) }),
        Kind::Removed { nick, .. } => json!({ "type": "removed", "nick": clean(nick) }),
        Kind::Renamed { old, new } => json!({ "type": "renamed", "old": clean(old), "new": clean(new) }),
        Kind::Topic { text, .. } => json!({ "type": "topic", "topic": clean(text) }),
        Kind::Invited { by } => json!({ "type": "invited", "by": clean(by) }),
        Kind::Mode { .. } => json!({ "type": "mode" }),
        Kind::WeJoined => json!({ "type": "we_joined" }),
        Kind::WeLeft | Kind::WeWereRemoved { .. } => json!({ "type": "we_left" }),
        Kind::WeAreCalled(nick) => json!({ "type": "nick", "nick": clean(nick) }),
        Kind::Connected => json!({ "type": "connected" }),
        Kind::ConnectionLost { seconds, .. } => json!({ "type": "lost", "seconds": seconds }),
        Kind::Presence(nick) => return Some(presence(nick.as_deref(), model)),
        // That is the terminal's target; a page has its own.
        Kind::TalkingTo(_) => return None,
        Kind::Wing(wing) => {
            let wing: &dyn Any = &**wing;
            if wing.is::<Address>() {
                return None;
            }
            wing.downcast_ref().and_then(of_file).unwrap_or_else(|| json!({ "type": "note" }))
        }
        _ => json!({ "type": "note" }),
    };
    if !matches!(kind, Kind::Said { .. } | Kind::WeSaid { .. } | Kind::WeJoined) {
        let lens = lens(model, event.conversation.as_deref());
        let sentence = sentence::of_kind(kind, event, &lens)?;
        if matches!(sentence, Sentence::Lines(_)) {
            value["is_table"] = true.into();
        }
        value["sentence"] = clean(&match sentence {
            Sentence::Said { before, nick, after } => [before, nick, after].concat(),
            Sentence::News(text) | Sentence::Answer(text) => text,
            Sentence::Lines(lines) => lines.join("\n"),
        })
        .into();
    }
    if let Kind::Wing(wing) = kind
        && let actions = wing.actions()
        && !actions.is_empty()
    {
        let actions = actions.iter().map(|(words, command)| json!([clean(words), command]));
        value["actions"] = actions.collect();
    }
    match (&event.conversation, kind) {
        (Some(name), _) => value["conversation"] = clean(name).into(),
        (None, Kind::Left { nick, .. } | Kind::Renamed { new: nick, .. } | Kind::Reconnected(nick)) => {
            let with_them = model.conversations().iter().filter(|known| known.is_with(nick));
            value["conversations"] = with_them.map(|known| clean(&known.name)).collect();
        }
        _ => {}
    }
    value["time"] = event.origin.time.clone().unwrap_or_else(|| iso8601(event.noticed)).into();
    let marks =
        [("mentions", event.mentions_us), ("waited", event.origin.waited), ("uncertain", event.origin.uncertain)];
    marks.into_iter().filter(|(_, is_so)| *is_so).for_each(|(mark, _)| value[mark] = true.into());
    event.origin.id.iter().for_each(|id| value["msgid"] = id.clone().into());
    Some(value)
}

/// Whether somebody is away, or that it has changed for many.
fn presence(nick: Option<&str>, model: &Model) -> Value {
    let away = nick.and_then(|nick| model.presence.away(nick)).map(clean);
    json!({ "type": "presence", "nick": nick.map(clean), "away": away })
}

fn name_of(manner: Manner) -> &'static str {
    match manner {
        Manner::Text => "text",
        Manner::Action => "action",
        Manner::Notice => "notice",
    }
}

/// What a page draws of files; the rest is only said.
fn of_file(event: &FileEvent) -> Option<Value> {
    Some(match event {
        FileEvent::Offered { offer: Offer { id, sender, target, size, name, .. }, comes } => json!({
            "type": "offered", "id": id, "name": clean(name), "size": size, "from": clean(sender),
            "to_room": is_room(target), "comes": *comes == Comes::ByItself,
        }),
        FileEvent::Saved { id, name, from, size, .. } => {
            json!({ "type": "saved", "id": id, "name": clean(name), "size": size, "from": clean(from) })
        }
        FileEvent::Sent { name, size, target, .. } => {
            json!({ "type": "sent", "name": clean(name), "size": size, "to": clean(target) })
        }
        _ => return None,
    })
}

/// A question to the user.
pub fn of_question(question: &Question) -> Value {
    let Question { number, reason, text, wants } = question;
    let (wants, offer) = match wants {
        Wants::Name { offer } => ("name", &**offer),
        Wants::Consent => ("consent", ""),
    };
    json!({ "number": number, "reason": clean(reason), "text": clean(text), "wants": wants, "offer": clean(offer) })
}

/// The transfers that run, or wait.
pub fn of_transfers(transfers: &[UnderWay]) -> Value {
    let one = |transfer: &UnderWay| {
        let UnderWay { id, name, peer, is_upload, is_running, done, total, figures } = transfer;
        json!({
            "id": id, "name": clean(name), "peer": clean(peer), "is_upload": is_upload, "is_running": is_running,
            "done": done, "total": total, "figures": figures,
        })
    };
    transfers.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::WingEvent;

    fn in_lobby() -> Model {
        let mut model = Model::default();
        model.nick = "mel".into();
        model.set_target(Some("#lobby"));
        model
    }

    #[test]
    fn what_is_said_has_its_parts_and_no_hidden_characters() {
        let evil = "<script>\u{202e}\u{1b}[2J\"><img onerror=x>\na";
        let kind = Kind::Said { from: "bob\u{200b}".into(), text: evil.into(), manner: Manner::Action };
        let mut event = Event { mentions_us: true, ..Event::at("#lab", kind) };
        event.origin.time = Some("2026-11-25T09:30:00.000Z".into());
        assert_eq!(
            of(&event, &in_lobby()).unwrap(),
            json!({
                "type": "said", "from": "bob", "text": "<script>[2J\"><img onerror=x>\na", "manner": "action",
                "conversation": "#lab", "time": "2026-11-25T09:30:00.000Z", "mentions": true,
            })
        );
    }

    #[test]
    fn sentences_do_not_name_the_conversation_in_which_they_are_shown() {
        let value = of(&Event::at("#lab", Kind::Joined("bob".into())), &in_lobby()).unwrap();
        assert_eq!((&value["sentence"], &value["nick"]), (&json!("bob joined the conversation"), &json!("bob")));
    }

    /// Something of a wing.
    struct Happened;

    impl WingEvent for Happened {
        fn sentence(&self) -> Option<Sentence> {
            Some(Sentence::Lines(vec!["ROOM  OWNER".into(), "lab\u{202e}   bob".into()]))
        }

        fn actions(&self) -> Vec<(String, String)> {
            vec![("Enter lab".into(), "/chat lab".into())]
        }

        fn drawn(&self) -> Option<&Kind> {
            Some(&Kind::WeJoined)
        }
    }

    #[test]
    fn what_a_wing_says_is_drawn_where_the_wing_leads_the_conversation() {
        let value = of(&Happened.into(), &in_lobby()).unwrap();
        assert_eq!((&value["type"], &value["is_table"]), (&json!("note"), &json!(true)));
        assert_eq!(value["sentence"], "ROOM  OWNER\nlab   bob");
        assert_eq!(value["actions"], json!([["Enter lab", "/chat lab"]]));
        let there = Event { conversation: Some("[lab] (multicast)".into()), ..Happened.into() };
        assert_eq!(of(&there, &in_lobby()).unwrap()["type"], "we_joined");
    }

    #[test]
    fn somebody_who_leaves_the_server_leaves_the_conversations_with_them() {
        let mut model = in_lobby();
        ["#lobby", "#lab", "#attic"].iter().for_each(|room| _ = model.enter(room));
        for room in ["#lobby", "#attic"] {
            model.enter(room).members.insert("bob".into(), "Bob".into());
        }
        let value = of(&Kind::Left { nick: "Bob".into(), reason: "bye".into() }.into(), &model).unwrap();
        assert_eq!(value["conversations"], json!(["#lobby", "#attic"]));
        assert_eq!(value["sentence"], "Bob left the conversation (bye)");
    }

    #[test]
    fn the_address_with_its_token_is_for_the_terminal_alone() {
        assert_eq!(of(&Address("http://127.0.0.1:1/#secret".into()).into(), &in_lobby()), None);
        assert_eq!(of(&Kind::TalkingTo(Some("#lab".into())).into(), &in_lobby()), None);
    }
}
