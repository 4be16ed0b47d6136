//! Lines from a page: each says where it goes, and is carried out as if it were typed there.
//!
//! Run by the thread of a connection, which takes the turn for it. The state is locked for a moment at a time.

use super::http::Refusal;
use super::limits::{TEXT, TURN};
use crate::core::arguments::is_room;
use crate::core::client::Client;
use crate::core::grammar::{self, Input};
use crate::core::input;
use crate::core::model::Placed;
use wire::names;

/// Commands that take the lines of the terminal away from the chat.
const OF_TERMINAL: [&str; 1] = ["/chat"];

/// Commands that need no server.
const ALWAYS: [&str; 2] = ["/help", "/quit"];

/// Carries out a line that was written in a conversation, or in none. The conversation in which the user is then.
pub fn carry_out(client: &Client, conversation: Option<&str>, text: &str) -> Result<Option<String>, Refusal> {
    check_place(client, conversation)?;
    check_text(client, text)?;
    let placed = Placed { target: conversation.map(str::to_owned), refused: None };
    let busy = || Refusal::new(503, "Nothing was sent: the line before is still being carried out; try again");
    let turn = client.turn(TURN, Some(placed)).ok_or_else(busy)?;
    input::act(client, text);
    let placed = turn.end().unwrap_or_default();
    placed.refused.map_or(Ok(placed.target), |why| Err(Refusal::new(422, why)))
}

/// Whether there is a chat. Before, the user is perhaps being asked for a name.
pub fn check_begun(client: &Client) -> Result<(), Refusal> {
    let has_begun = client.lock().is_receiving;
    if has_begun { Ok(()) } else { Err(Refusal::new(503, "Nothing was sent: you are not connected to the server yet")) }
}

/// Whether there is this conversation: a room in which we are, or anybody.
pub fn check_place(client: &Client, conversation: Option<&str>) -> Result<(), Refusal> {
    let model = &client.lock().model;
    let why = match conversation {
        Some(room) if is_room(room) && !model.is_in(room) => {
            format!("Nothing was sent: you are not in {room} any more")
        }
        Some(nick) if !is_room(nick) && !names::is_nick(nick) && !model.knows(nick) => {
            format!("Nothing was sent: nobody can be called {nick}")
        }
        _ => return Ok(()),
    };
    Err(Refusal::new(422, why))
}

fn check_text(client: &Client, text: &str) -> Result<(), Refusal> {
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
        Input::Run(command, _) if OF_TERMINAL.contains(&command.name) => {
            return refuse(422, &format!("{} works in the terminal only", command.name));
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
    if state.is_full() {
        return refuse(503, "much is on its way already; wait until the server has confirmed it");
    }
    Ok(())
}
