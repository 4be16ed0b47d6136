//! The settings of a room, for a page that shows them: the server is asked each time.
//!
//! Run by the thread of a connection, which takes the turn to ask, and then waits for the answers without any lock.

use super::http::Refusal;
use super::json::clean;
use super::limits::TURN;
use crate::core::client::Client;
use crate::core::model::Placed;
use crate::core::rooms;
use serde_json::{Value, json};

/// The modes of a room in which we are, with their parameters, and the masks of those who are banned.
pub fn settings(client: &Client, room: &str) -> Result<Value, Refusal> {
    let state = client.lock();
    if !state.model.is_in(room) {
        return Err(Refusal::new(404, format!("You are not in {room}")));
    }
    if !state.is_connected() || state.is_full() {
        return Err(Refusal::new(503, "The server cannot be asked just now; try again"));
    }
    drop(state);
    let placed = Placed { target: Some(room.to_owned()), refused: None };
    let busy = || Refusal::new(503, "A line is still being carried out; try again");
    let turn = client.turn(TURN, Some(placed)).ok_or_else(busy)?;
    let asked = rooms::ask_for_settings(client, room);
    drop(turn);
    let silent = || Refusal::new(503, format!("The server does not say what the settings of {room} are"));
    let texts = rooms::settings(client, asked).ok_or_else(silent)?;
    let [modes, bans] = texts.map(|texts| texts.iter().map(|text| clean(text)).collect::<Vec<_>>());
    Ok(json!({ "modes": modes, "bans": bans }))
}
