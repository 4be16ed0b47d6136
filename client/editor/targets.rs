//! Where lines go: the label of the prompt, and the ways to another conversation.
//!
//! Pure. Part of the editor.

use super::limits::UNREAD_NAMED;
use super::prompt::Turn;
use super::unseen::Unseen;
use crate::core::conversation::Conversation;
use crate::core::model::{Model, is_room};

/// What stands before the line: rooms in which messages wait by their number, and where the line goes.
pub fn label(model: &Model, unseen: &Unseen) -> String {
    let waiting = |known: &&Conversation| unseen.messages(&known.name);
    let unread: Vec<_> = in_order(model).into_iter().filter(|known| waiting(known) > 0).collect();
    let named = unread.iter().take(UNREAD_NAMED);
    let mut parts: Vec<_> = named.map(|known| format!("{}:{} {}", known.number, known.name, waiting(known))).collect();
    if unread.len() > UNREAD_NAMED {
        parts.push(format!("{} more", unread.len() - UNREAD_NAMED));
    }
    if parts.is_empty() { short_label(model) } else { format!("({}) {}", parts.join(", "), short_label(model)) }
}

/// The same without what waits, for lines that were entered.
pub fn short_label(model: &Model) -> String {
    match (target(model), &model.idle_prompt) {
        (Some(target), _) => format!("{target}> "),
        (None, Some(prompt)) => prompt.clone(),
        (None, None) => "> ".to_owned(),
    }
}

/// Where text goes.
pub fn target(model: &Model) -> Option<String> {
    let person = |target: &str| if is_room(target) { target.to_owned() } else { format!("@{target}") };
    model.detour.clone().or_else(|| model.target().map(person))
}

/// The line that leads to another conversation; an error when there is none, empty when the user is there already.
pub fn turn_to(turn: Turn, model: &Model) -> Result<String, String> {
    let all = in_order(model);
    let here = all.iter().position(|known| model.is_target(&known.name));
    let meant = match (turn, here) {
        (Turn::To(at), _) => model.numbered(at + 1),
        (Turn::Next, Some(here)) => all.get((here + 1) % all.len()).copied(),
        (Turn::Previous, Some(here)) => all.get((here + all.len() - 1) % all.len()).copied(),
        (Turn::Next | Turn::Previous, None) => all.first().copied(),
    };
    let named = || all.iter().map(|known| format!("{} {}", known.number, known.name)).collect::<Vec<_>>().join(", ");
    match (meant, turn) {
        (Some(known), _) if model.is_target(&known.name) => Err(String::new()),
        (Some(known), _) => Ok(format!("/to {}", known.name)),
        (None, Turn::To(at)) if !all.is_empty() => {
            Err(format!("There is no conversation {}; there are {}", at + 1, named()))
        }
        (None, _) => Err("There is no conversation".to_owned()),
    }
}

fn in_order(model: &Model) -> Vec<&Conversation> {
    let mut all: Vec<_> = model.conversations().iter().collect();
    all.sort_by_key(|known| known.number);
    all
}
