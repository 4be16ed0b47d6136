//! The console's input: the operator of the server sees who is here, speaks to all, removes people, ends the server.
//!
//! The thread `console` reads standard input, if that is a terminal. It owns nothing of the server while it waits, so
//! the server ends without it. Each command takes the registry's lock for a piece of work at a time.

use std::io::{self, BufRead, IsTerminal, Read};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::SystemTime;

use wire::limits::{LINE, NICK};
use wire::mask::wildcard_match;
use wire::numeric::REMOVED;
use wire::os::TERMINAL_LINE;
use wire::text::{pluralize, printable, split_to_fit, table, truncate};

use super::client::Client;
use super::context::Wings;
use super::event::{Line, Recipients};
use super::limits;
use super::operator::ConsoleCommand;
use super::registry::Registry;
use super::server::Server;

/// All commands, in the order in which `help` lists them. A sender of `stop` ends the server.
pub fn commands(wings: &Wings, stop: Sender<()>) -> Vec<ConsoleCommand> {
    let stop = move |_: &Server, _: &str| stop.send(()).map_err(|_| "The server is shutting down already".to_owned());
    let mut commands = vec![
        ConsoleCommand::new("who", "[NAME]", "Show who is here, or those called NAME (al* is all who begin so)", who),
        ConsoleCommand::new("rooms", "", "Show the rooms, and how many people are in each", rooms),
        ConsoleCommand::new("say", "TEXT", "Say something to everybody", say),
        ConsoleCommand::new("kick", "NAME", "Disconnect somebody; nothing keeps them from coming back", kick),
    ];
    commands.extend(wings.list.iter().flat_map(|wing| Arc::clone(wing).console()));
    commands.push(ConsoleCommand::new("stop", "", "End the server, as Ctrl-C does", stop));
    commands
}

/// Carries out what is typed, until the terminal is gone. The commands of wings stand behind the core's; where several
/// have one name, all are carried out.
pub fn console_loop(server: &Weak<Server>, commands: &[ConsoleCommand]) {
    let mut input = io::stdin().lock();
    // A terminal that was closed is none any more.
    while io::stdin().is_terminal() {
        let mut line = Vec::new();
        let read = input.by_ref().take(limits::CONSOLE_LINE).read_until(b'\n', &mut line);
        let Some(server) = server.upgrade() else { return };
        match read {
            Ok(0) => server.log.line("Type stop to end the server, help for what else there is"),
            Ok(_) if line.last() != Some(&b'\n') || line.len() >= TERMINAL_LINE => {
                server.log.line("That line was cut off by Ctrl-D or is too long for a terminal: nothing was done");
            }
            Ok(_) => carry_out(&server, commands, &String::from_utf8_lossy(&line)),
            // In the background, where reading is an error (see `wire::os::keep_ignored_signals`).
            Err(_) => {
                drop(server);
                thread::sleep(limits::CONSOLE_PAUSE);
            }
        }
    }
}

/// Carries out one line.
fn carry_out(server: &Server, commands: &[ConsoleCommand], line: &str) {
    let line = printable(line);
    let (name, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    // As in the client.
    let (name, rest) = (name.trim_start_matches('/'), rest.trim());
    let mut named = commands.iter().filter(|command| command.name.eq_ignore_ascii_case(name)).peekable();
    match named.peek() {
        None if name.is_empty() => {}
        None if name.eq_ignore_ascii_case("help") => help(commands).iter().for_each(|line| server.log.line(line)),
        None => {
            server.log.line(format_args!("There is no command {name}; help lists all of them, stop ends the server"));
        }
        Some(command) if !command.takes(rest) => server.log.line(format_args!("Usage: {}", command.usage())),
        Some(_) => {
            named.filter_map(|command| (command.run)(server, rest).err()).for_each(|why| server.log.line(why));
        }
    }
}

fn help(commands: &[ConsoleCommand]) -> Vec<String> {
    let is_first = |at: usize| commands[..at].iter().all(|other| other.name != commands[at].name);
    let shown = commands.iter().enumerate().filter(|(at, _)| is_first(*at)).map(|(_, command)| command);
    let mut rows: Vec<_> = shown.map(|command| [command.usage(), command.help.to_owned()]).collect();
    rows.push(["help".into(), "Show this list".into()]);
    table(&rows, &[])
}

/// What `copy` takes of each client that has registered: a piece of them each time that the registry is locked.
fn clients<T>(server: &Server, copy: impl Fn(&Registry, &Client) -> T) -> Vec<T> {
    let (mut found, mut slot) = (Vec::new(), 0);
    loop {
        let (registry, first) = (server.registry(), slot);
        for (next, client) in registry.slots_from(first).take(limits::PIECE) {
            slot = next;
            found.extend(client.map(|client| copy(&registry, client)));
        }
        if slot < first + limits::PIECE {
            return found;
        }
    }
}

/// Shows rows, the first ones of very many.
pub fn show<const COLUMNS: usize>(server: &Server, rows: &[[String; COLUMNS]]) {
    let shown = &rows[..rows.len().min(limits::CONSOLE_ROWS)];
    table(shown, &[]).iter().for_each(|row| server.log.line(format_args!("    {row}")));
    if shown.len() < rows.len() {
        server.log.line(format_args!("    and {} more", rows.len() - shown.len()));
    }
}

fn who(server: &Server, name: &str) -> Result<(), String> {
    let row = |registry: &Registry, client: &Client| {
        let name = |folded: &String| registry.room(folded).map(|room| room.name.clone());
        let mut rooms: Vec<_> = client.rooms.iter().take(limits::ROOMS_SHOWN).filter_map(name).collect();
        if client.rooms.len() > rooms.len() {
            rooms.push(format!("and {} more", client.rooms.len() - rooms.len()));
        }
        let address = format!("{}, {}", client.address.ip(), client.address.port());
        [client.nick().to_owned(), address, rooms.join(" ")]
    };
    let mut rows = clients(server, row);
    rows.retain(|[nick, ..]| name.is_empty() || wildcard_match(name, nick));
    rows.sort();
    if rows.is_empty() {
        return Err(if name.is_empty() { "Nobody is here".into() } else { nobody(name) });
    }
    server.log.line(format_args!("Here: {}", rows.len()));
    show(server, &rows);
    Ok(())
}

fn rooms(server: &Server, _: &str) -> Result<(), String> {
    let (mut rows, mut last) = (Vec::new(), String::new());
    loop {
        let (registry, before) = (server.registry(), rows.len());
        for (folded, room) in registry.rooms_after(&last.clone()).take(limits::PIECE) {
            folded.clone_into(&mut last);
            rows.push([room.name.clone(), pluralize(room.members().len(), "member")]);
        }
        if rows.len() < before + limits::PIECE {
            break;
        }
    }
    if rows.is_empty() {
        return Err("There is no room".into());
    }
    server.log.line(format_args!("Rooms: {}", rows.len()));
    show(server, &rows);
    Ok(())
}

/// Says something to everybody, in as many lines as it takes.
fn say(server: &Server, text: &str) -> Result<(), String> {
    let all = clients(server, |_, client| (client.id, client.nick().to_owned()));
    for (number, (id, nick)) in all.iter().enumerate() {
        if number % limits::PIECE == 0 {
            server.wait_for_broadcaster();
        }
        let head = format!(":{} NOTICE {nick} :", server.name());
        for part in split_to_fit(text, LINE - "\r\n".len() - head.len()) {
            let line = Line::new(SystemTime::now(), format_args!("{head}{part}"));
            server.send_line(Recipients::of([*id]), line);
        }
    }
    if all.is_empty() {
        return Err("Nobody is here".into());
    }
    server.log.line(format_args!("Said to {}", people(all.len())));
    Ok(())
}

/// Why something cannot be done with somebody.
pub fn nobody(name: &str) -> String {
    format!("Nobody who is here is called {}", truncate(name, NICK))
}

fn people(count: usize) -> String {
    if count == 1 { "1 person".into() } else { format!("{count} people") }
}

fn kick(server: &Server, name: &str) -> Result<(), String> {
    let registry = server.registry();
    let client = registry.holder(name).ok_or_else(|| nobody(name))?;
    server.disconnect(client.id, REMOVED);
    server.log.line(format_args!("{} is removed", client.nick()));
    Ok(())
}
