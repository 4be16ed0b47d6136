//! Where lines go: the label of the prompt, and the ways to another conversation.
//!
//! Pure. Part of the editor.

use super::limits::UNREAD_NAMED;
use super::prompt::Turn;
use crate::core::model::{Model, is_room};

/// What stands before the line: conversations with unread messages by their number, and where the line goes.
pub fn label(model: &Model) -> String {
    let all = model.conversations().iter().enumerate();
    let unread: Vec<_> = all.filter(|(_, known)| known.unread > 0 && !model.is_target(&known.name)).collect();
    let mut parts: Vec<_> = unread
        .iter()
        .take(UNREAD_NAMED)
        .map(|(at, known)| format!("{}:{} {}", at + 1, known.name, known.unread))
        .collect();
    if unread.len() > UNREAD_NAMED {
        parts.push(format!("{} more", unread.len() - UNREAD_NAMED));
    }
    let elsewhere = if parts.is_empty() { String::new() } else { format!("({}) ", parts.join(", ")) };
    match (target(model), &model.idle_prompt) {
        (Some(target), _) => format!("{elsewhere}{target}> "),
        (None, Some(prompt)) => prompt.clone(),
        (None, None) => format!("{elsewhere}> "),
    }
}

/// Where text goes.
pub fn target(model: &Model) -> Option<String> {
    let person = |target: &str| if is_room(target) { target.to_owned() } else { format!("@{target}") };
    model.detour.clone().or_else(|| model.target().map(person))
}

/// The line that leads to another conversation.
pub fn turn_to(turn: Turn, model: &Model) -> Option<String> {
    let all = model.conversations();
    let here = all.iter().position(|known| model.is_target(&known.name));
    let at = match (turn, here) {
        (Turn::To(at), _) => at,
        (Turn::Next, Some(here)) => (here + 1) % all.len(),
        (Turn::Previous, Some(here)) => (here + all.len() - 1) % all.len(),
        (Turn::Next | Turn::Previous, None) => 0,
    };
    all.get(at).filter(|known| !model.is_target(&known.name)).map(|known| format!("/to {}", known.name))
}
