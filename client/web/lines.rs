//! Lines from a page: each says where it goes, and is carried out as if it were typed there.
//!
//! Run by the thread of a connection, which takes the turn for it. The state is locked for a moment at a time.

use super::http::Refusal;
use super::limits::{TEXT, TURN};
use crate::core::arguments::is_room;
use crate::core::client::{Client, Command};
use crate::core::grammar::{self, Input};
use crate::core::input;
use crate::core::model::{Placed, is_aside_name};
use wire::names;

/// The command that ends the chat for the terminal and all pages, so its user is asked before.
const LEAVE: &str = "/quit";
/// Commands that say something where they are entered.
const SAYING: [&str; 2] = ["/say", "/me"];
/// The command that says something to the person whom it names.
const TO_SOMEBODY: &str = "/msg";
/// Commands about the terminal alone.
const OF_TERMINAL: [&str; 2] = ["/keys", "/clear"];

/// Commands that need no server.
const ALWAYS: [&str; 2] = ["/help", "/quit"];

/// A line from a page.
pub struct Line<'a> {
    /// Where it was written, if it was in a conversation.
    pub conversation: Option<&'a str>,
    /// Its id as the page knows it.
    pub id: Option<u64>,
    pub text: &'a str,
    /// The user was asked whether to leave.
    pub is_sure: bool,
}

/// Whether a command can be used in a page.
pub fn is_for_page(command: &Command) -> bool {
    !OF_TERMINAL.contains(&command.name)
}

/// Carries out a line. The conversation in which the user is then.
pub fn carry_out(client: &Client, line: &Line<'_>) -> Result<Option<String>, Refusal> {
    let &Line { conversation, id, text, .. } = line;
    check_text(client, line)?;
    check_person(client, line)?;
    let placed = Placed { target: conversation.map(str::to_owned), refused: None };
    let busy = || Refusal::new(503, "Nothing was sent: the line before is still being carried out; try again");
    let turn = client.turn(TURN, Some(placed)).ok_or_else(busy)?;
    // From now on nobody but this thread leaves a conversation that a wing leads.
    check_place(client, conversation, id)?;
    check_way(client, conversation)?;
    if !client.wings.iter().any(|wing| wing.typed(client, Some(text))) {
        input::act(client, text);
    }
    let placed = turn.end().unwrap_or_default();
    placed.refused.map_or(Ok(placed.target), |why| Err(Refusal::new(422, why)))
}

/// Whether there is a chat. Before, the user is perhaps being asked for a name.
pub fn check_begun(client: &Client) -> Result<(), Refusal> {
    let has_begun = client.lock().is_receiving;
    if has_begun { Ok(()) } else { Err(Refusal::new(503, "Nothing was sent: you are not connected to the server yet")) }
}

/// Whether what is sent now gets to the server: the chat does not end, and not too much waits for a confirmation already.
/// The line would wait for that, and all others for the line.
pub fn check_way(client: &Client, conversation: Option<&str>) -> Result<(), Refusal> {
    let state = client.lock();
    let why = if state.leaving || state.quit.is_some() {
        "the chat is ending"
    } else if state.is_full() && !conversation.is_some_and(|name| state.model.is_aside(name)) {
        "much is on its way already; wait until the server has confirmed it"
    } else {
        return Ok(());
    };
    Err(Refusal::new(503, format!("Nothing was sent: {why}")))
}

/// Asks the user once before something is said to a person who had left: the name may be somebody else's.
fn check_person(client: &Client, line: &Line<'_>) -> Result<(), Refusal> {
    let nick = match grammar::parse(&client.commands, line.text.lines().next().unwrap_or_default()) {
        Input::Run(command, arguments) if command.name == TO_SOMEBODY => arguments.split_whitespace().next(),
        Input::Run(command, _) => line.conversation.filter(|_| SAYING.contains(&command.name)),
        Input::Text(_) => line.conversation,
        _ => None,
    };
    let Some(nick) = nick else { return Ok(()) };
    let mut state = client.lock();
    if line.is_sure {
        state.model.take_doubt(nick);
    }
    if !state.model.may_be_another(nick) {
        return Ok(());
    }
    let why = format!("Nothing was sent: {nick} had left; unless a key keeps the name, this may be somebody else");
    Err(Refusal { verb: Some(format!("Send it to {nick}")), ..Refusal::new(409, why) })
}

/// Whether there is this conversation: a room in which we are, one that a wing leads, or anybody. A page may not have heard
/// yet that somebody else has a name now: with an id, it has to be the same conversation.
pub fn check_place(client: &Client, conversation: Option<&str>, id: Option<u64>) -> Result<(), Refusal> {
    let model = &client.lock().model;
    let is_another = |name| id.is_some() && id != model.conversation(name).map(|known| known.id);
    let why = match conversation {
        Some(room) if model.is_aside(room) => return Ok(()),
        Some(nick) if !is_room(nick) && !is_aside_name(nick) && is_another(nick) => {
            format!("Nothing was sent: {nick} has another name now, or is somebody else")
        }
        Some(room) if is_aside_name(room) || is_room(room) && !model.is_in(room) => {
            format!("Nothing was sent: you are not in {room} any more")
        }
        Some(nick) if !is_room(nick) && !names::is_nick(nick) && !model.knows(nick) => {
            format!("Nothing was sent: nobody can be called {nick}")
        }
        _ => return Ok(()),
    };
    Err(Refusal::new(422, why))
}

fn check_text(client: &Client, line: &Line<'_>) -> Result<(), Refusal> {
    let &Line { text, is_sure, .. } = line;
    let refuse = |status, why: &str| Err(Refusal::new(status, format!("Nothing was sent: {why}")));
    if text.len() > TEXT {
        return refuse(413, "the text is too long; send it as a file");
    }
    if text.chars().any(|c| c.is_control() && !"\n\t".contains(c)) {
        return refuse(422, "there is a control character in the text");
    }
    let mut rows = text.split('\n');
    let first = grammar::parse(&client.commands, rows.next().unwrap_or_default());
    let is_text = |row: &str| matches!(grammar::parse(&client.commands, row), Input::Text(_) | Input::Empty);
    match first {
        Input::Run(command, _) if !is_for_page(command) => {
            return refuse(422, &format!("{} works in the terminal only", command.name));
        }
        Input::Run(command, _) if command.name == LEAVE && !is_sure => {
            let word = if text.starts_with('/') { "" } else { "; /say before it sends it as text" };
            let why = format!("This leaves the chat in all windows and at the terminal{word}");
            return Err(Refusal { verb: Some("Leave the chat".to_owned()), ..Refusal::new(409, why) });
        }
        Input::Text(_) | Input::Empty if !rows.all(is_text) => {
            return refuse(422, "a row in the middle looks like a command; /say before the text sends it as it is");
        }
        Input::Text(_) | Input::Empty => {}
        _ if text.contains('\n') => return refuse(422, "a command has one row"),
        _ => {}
    }
    let works_always = matches!(first, Input::Run(command, _) if ALWAYS.contains(&command.name));
    if !works_always {
        check_begun(client)?;
    }
    let state = client.lock();
    let leads = matches!(first, Input::Run(command, _) if command.leads_elsewhere);
    if !state.is_connected() && leads {
        return refuse(503, "there is no connection to the server just now");
    }
    Ok(())
}
