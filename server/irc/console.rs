//! `op` at the server's console: the operator of the server makes somebody operator of a room.
//!
//! Runs in the thread `console`, under the registry's lock.

use std::time::SystemTime;

use super::modes::Rank;
use crate::core::console::nobody;
use crate::core::event::Line;
use crate::core::server::Server;

pub fn op(server: &Server, words: &str) -> Result<(), String> {
    let (nick, name) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let mut registry = server.registry();
    let client = registry.by_nick(nick).ok_or_else(|| nobody(nick))?;
    let (id, nick) = (client.id, client.nick().to_owned());
    let name = format!("#{}", name.trim().trim_start_matches('#'));
    let room = registry.room_mut(&name).ok_or_else(|| format!("There is no room {name}; rooms lists all"))?;
    let name = room.name.clone();
    let rank = Rank::of_mut(room, id).ok_or_else(|| format!("{nick} is not in {name}"))?;
    if std::mem::replace(&mut rank.operator, true) {
        return Err(format!("{nick} is an operator of {name} already"));
    }
    let line = Line::new(SystemTime::now(), format_args!(":{} MODE {name} +o {nick}", server.name()));
    server.send_line(room.recipients(None), line);
    server.log.line(format_args!("{nick} is an operator of {name} now"));
    Ok(())
}
