//! Sending text: to the target, to one person, to another room.
//!
//! Run by the main thread; the state is locked for a moment at a time.

use super::arguments::{self, bare_nick, first_word, nick};
use super::client::Client;
use super::conversation::Conversation;
use super::event::{Event, Kind, Manner};
use super::{people, rooms, rows};
use wire::names;

/// The mark of a message about an action of its sender ("* albert waves"): CTCP ACTION.
pub const ACTION: &str = "\u{1}ACTION ";
/// The end of a CTCP message.
pub const CTCP_END: &str = "\u{1}";

/// Sends text to the target.
pub fn say(client: &Client, text: &str) {
    if let Some(target) = target(client) {
        send(client, &target, text, Manner::Text, false);
    }
}

/// `/me waves`
pub fn me(client: &Client, text: &str) {
    if let Some(target) = target(client) {
        send(client, &target, text, Manner::Action, false);
    }
}

/// `/msg NAME text`, `@NAME text`
pub fn msg(client: &Client, arguments: &str) {
    let (name, text) = first_word(arguments);
    if arguments::is_room(name) {
        room_msg(client, arguments);
    } else if let Some(name) = nick(client, name) {
        send(client, name, text, Manner::Text, true);
    }
}

/// `&room text`
pub fn room_msg(client: &Client, arguments: &str) {
    let (room, text) = first_word(arguments);
    match arguments::room(room) {
        Ok(room) => send(client, &room, text, Manner::Text, true),
        Err(reason) => client.refuse(format!("Nothing was sent: {reason}")),
    }
}

/// `/to NAME`, `/to #room`
pub fn to(client: &Client, arguments: &str) {
    let (target, rest) = first_word(arguments);
    if !rest.is_empty() {
        client.refuse("Usage: /to NAME|#room; nothing was sent (/msg NAME text sends text at once)");
        return rooms::not_moved(client);
    }
    if arguments::is_room(target) {
        return rooms::join(client, target);
    }
    if let Ok(number) = target.parse() {
        let named = client.lock().model.numbered(number).map(|known| known.name.clone());
        if let Some(name) = named {
            return to(client, &name);
        }
        client.refuse(format!("There is no conversation {number}"));
        return rooms::not_moved(client);
    }
    match nick(client, target) {
        Some(nick) if people::is_known(client, nick) => client.lock().go_to(nick),
        Some(nick) => {
            client.refuse(format!("Nobody is called {nick}"));
            rooms::not_moved(client);
        }
        None => rooms::not_moved(client),
    }
}

/// `/close [NAME]`
pub fn close(client: &Client, name: &str) {
    let mut state = client.lock();
    let name = match state.model.here() {
        _ if !name.is_empty() => bare_nick(name).to_owned(),
        Ok(Some(target)) => target.to_owned(),
        Ok(None) => return state.refuse("You are talking to nobody"),
        Err(elsewhere) => return state.refuse(elsewhere),
    };
    let is_known = |known: &Conversation| names::eq_ignore_case(&known.name, &name);
    if arguments::is_room(&name) {
        state.refuse(format!("{name} is a room; /part {name} leaves it"));
    } else if state.model.conversations().iter().any(is_known) {
        state.forget(&name);
        state.note(format!("The conversation with {name} is closed"));
    } else {
        state.refuse(format!("There is no conversation with {name}"));
    }
}

fn target(client: &Client) -> Option<String> {
    let mut state = client.lock();
    let why = match state.model.here() {
        Ok(Some(target)) => return Some(target.to_owned()),
        Ok(None) => "you are talking to nobody; go on with /join #room or /to NAME".to_owned(),
        Err(elsewhere) => elsewhere,
    };
    state.refuse(format!("Nothing was sent: {why}"));
    None
}

/// Sends text in as many messages as it needs. Where the prompt shows another target, the user is told where it went.
fn send(client: &Client, target: &str, text: &str, manner: Manner, is_elsewhere: bool) {
    let (before, after) = if manner == Manner::Action { (ACTION, CTCP_END) } else { ("", "") };
    let mut state = client.lock();
    // The terminal may show another target than the line has.
    let is_at_terminal = state.model.detour.is_none() && state.model.is_target(target);
    let is_elsewhere = is_elsewhere || state.model.placed.is_some() && !is_at_terminal;
    state.emit(Event::at(target, Kind::WeSaid { text: text.to_owned(), manner, is_elsewhere }));
    let space = state.model.text_space(target).saturating_sub(before.len() + after.len());
    // The mark of an action stands around each row.
    let limits = state.model.multiline.filter(|_| manner == Manner::Text);
    drop(state);
    for message in rows::messages(text, space, limits) {
        client.send("PRIVMSG", &[target, &format!("{before}{message}{after}")]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::terminal::tests::{Paper, client};

    /// What is to be sent for a text, by a server with or without messages of several rows.
    fn sent(limits: Option<&str>, send: impl Fn(&Client)) -> Vec<String> {
        let client = client(&Paper::default(), Vec::new());
        let mut state = client.lock();
        state.model.set_target(Some("#lobby"));
        state.model.multiline = limits.and_then(rows::Limits::parse);
        drop(state);
        send(&client);
        let state = client.lock();
        state.unconfirmed.iter().map(|sent| sent.line.clone()).collect()
    }

    #[test]
    fn a_text_of_several_lines_is_one_message_where_the_server_takes_it() {
        const ABLE: Option<&str> = Some("max-bytes=4096,max-lines=3");
        let text = "one\n\n  two";
        assert_eq!(sent(ABLE, |client| say(client, text)), ["PRIVMSG #lobby :one\n\n  two"]);
        assert_eq!(sent(ABLE, |client| msg(client, "bob one\ntwo")), ["PRIVMSG bob one\ntwo"]);
        assert_eq!(sent(ABLE, |client| room_msg(client, "dev one\ntwo")), ["PRIVMSG #dev one\ntwo"]);
        assert_eq!(sent(ABLE, |client| say(client, "1\n2\n3\n4")), ["PRIVMSG #lobby 1\n2\n3", "PRIVMSG #lobby 4"]);
        assert_eq!(sent(None, |client| say(client, text)), ["PRIVMSG #lobby one", "PRIVMSG #lobby :  two"]);
        let waves = ["waves", "bows"].map(|what| format!("PRIVMSG #lobby :{ACTION}{what}{CTCP_END}"));
        assert_eq!(sent(ABLE, |client| me(client, "waves\nbows")), waves);
        let long = "x".repeat(1000);
        assert_eq!(sent(ABLE, |client| say(client, &long)), [format!("PRIVMSG #lobby {long}")]);
        assert_eq!(sent(None, |client| say(client, &long)).len(), 3);
    }
}
