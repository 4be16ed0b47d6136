//! What Tab makes of the word before the cursor: a command, a name, a room or a file, as the table of commands says what
//! each argument is. Tab again takes the next one.
//!
//! Pure but for files, whose folders are read. Part of the prompt.

use super::limits::{CANDIDATES, TEXT};
use super::line::Line;
use crate::core::client::Command;
use crate::core::command;
use crate::core::event::Kind;
use crate::core::model::{Model, is_room};
use std::collections::HashSet;
use std::fs;
use std::path::{MAIN_SEPARATOR, Path};
use wire::names;

/// What there is to complete with.
#[derive(Default)]
pub struct World {
    /// Every spelling of every command.
    pub commands: Vec<String>,
    /// Each spelling that has arguments, and these.
    pub arguments: Vec<(String, &'static str)>,
    /// Names, those who spoke last first.
    pub people: Vec<String>,
    /// Those with whom we have talked alone, the last one first.
    pub partners: Vec<String>,
    pub blacklisted: Vec<String>,
    pub rooms: Vec<String>,
    /// Commands whose argument is a file.
    pub file_commands: Vec<String>,
}

impl World {
    /// What there is in the conversation where the user talks.
    pub fn of(model: &Model, commands: &[Command]) -> World {
        let spellings = |command: &Command| {
            std::iter::once(command.name).chain(command.aliases.iter().copied()).map(str::to_owned).collect::<Vec<_>>()
        };
        let here = model.conversations().iter().filter(|known| model.is_target(&known.name));
        let mut people: Vec<String> = Vec::new();
        let mut add = |nick: &str| {
            let is_wanted = !model.is_me(nick) && !model.blacklist.contains(nick);
            if is_wanted && !people.iter().any(|known| names::eq_ignore_case(known, nick)) {
                people.push(nick.to_owned());
            }
        };
        for known in here {
            for event in known.scrollback.iter().rev() {
                match &event.kind {
                    Kind::Said { from, .. } if known.members.contains_key(&names::casefold(from)) => add(from),
                    _ => {}
                }
            }
            known.members.values().for_each(|nick| add(nick));
        }
        let others = model.conversations().iter().rev().filter(|known| !is_room(&known.name));
        let partners: Vec<_> = others.map(|known| known.name.clone()).collect();
        partners.iter().for_each(|nick| add(nick));
        let with_arguments = commands.iter().filter(|command| !command.arguments.is_empty());
        World {
            commands: commands.iter().flat_map(spellings).collect(),
            arguments: with_arguments
                .flat_map(|command| spellings(command).into_iter().map(|spelling| (spelling, command.arguments)))
                .collect(),
            partners: partners.into_iter().filter(|nick| !model.blacklist.contains(nick)).collect(),
            blacklisted: model.blacklist.people.iter().flatten().cloned().collect(),
            people,
            rooms: model.rooms().map(str::to_owned).collect(),
            file_commands: command::find(commands, "/file").map(spellings).unwrap_or_default(),
        }
    }
}

/// A word that is being completed.
pub struct Completion {
    /// Where the word begins.
    start: usize,
    /// The possible words, the one that was typed last.
    candidates: Vec<String>,
    at: usize,
}

impl Completion {
    /// Begins with the word before the cursor; `None` when nothing fits.
    pub fn begin(line: &Line, world: &World) -> Option<Completion> {
        let (start, mut candidates) = candidates(line.before_cursor(), world);
        let kept = line.text().len() - (line.cursor() - start);
        candidates.retain(|candidate| kept + candidate.len() <= TEXT);
        candidates.truncate(CANDIDATES);
        if line.text()[line.cursor()..].starts_with(' ') {
            candidates.iter_mut().for_each(|candidate| candidate.truncate(candidate.trim_end().len()));
        }
        if candidates.is_empty() {
            return None;
        }
        candidates.push(line.before_cursor()[start..].to_owned());
        let at = candidates.len() - 1;
        Some(Completion { start, candidates, at })
    }

    /// Puts the next candidate into the line, or the one before; in the end what was typed.
    pub fn next(&mut self, line: &mut Line, forward: bool) {
        let count = self.candidates.len();
        self.at = (self.at + if forward { 1 } else { count - 1 }) % count;
        line.replace(self.start, &self.candidates[self.at]);
    }

    /// Whether nothing else fits.
    pub fn is_only(&self) -> bool {
        self.candidates.len() == 2
    }
}

/// Where the word begins that is completed, and what it can become.
fn candidates(before: &str, world: &World) -> (usize, Vec<String>) {
    if let Some(start) = path_start(before, world) {
        return (start, paths(&before[start..]));
    }
    let start =
        before.rfind(char::is_whitespace).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let typed = &before[start..];
    let is_first = before[..start].rsplit('\n').next().is_none_or(|row| row.trim().is_empty());
    let begins = |full: &&String| starts_like(full, typed);
    if is_first && typed.starts_with(['/', '\\', '!']) {
        let space =
            |command: &String| if command.ends_with(['\\', ' ']) { command.clone() } else { format!("{command} ") };
        return (start, world.commands.iter().filter(begins).map(space).collect());
    }
    let wanted = argument(before, start, world).unwrap_or_default();
    if wanted.contains("COMMAND") {
        let names = world.commands.iter().filter(|command| command.starts_with('/'));
        let bare = |name: &String| if typed.starts_with('/') { name.clone() } else { name[1..].to_owned() };
        return (start, names.map(bare).filter(|name| begins(&name)).map(|name| name + " ").collect());
    }
    if wanted.contains("NAME") || wanted.contains("#room") && !typed.starts_with('#') {
        return (start, names_wanted(wanted, before, typed, world));
    }
    if typed.starts_with('#') {
        return (start, world.rooms.iter().filter(begins).map(|room| format!("{room} ")).collect());
    }
    if is_first && typed.starts_with('&') {
        let rooms = world.rooms.iter().map(|room| room.trim_start_matches('#'));
        return (start, rooms.filter(|room| starts_like(room, &typed[1..])).map(|room| format!("&{room} ")).collect());
    }
    let (mark, name) = typed.strip_prefix('@').map_or(("", typed), |name| ("@", name));
    // Nothing to go by: the last speaker is most probably meant, but only where a line begins.
    if name.is_empty() && mark.is_empty() && !is_first {
        return (start, Vec::new());
    }
    let end = if is_first && mark.is_empty() { ": " } else { " " };
    let people = world.people.iter().filter(|nick| starts_like(nick, name));
    (start, people.map(|nick| format!("{mark}{nick}{end}")).collect())
}

/// What the table of commands calls the argument that begins here; `None` where it is none, or text.
fn argument(before: &str, start: usize, world: &World) -> Option<&'static str> {
    let mut words = before[..start].split_whitespace();
    let command = words.next()?;
    let (_, arguments) = world.arguments.iter().find(|(spelling, _)| spelling.eq_ignore_ascii_case(command))?;
    arguments.split(' ').nth(words.count())
}

/// People or rooms, whatever an argument can be. A room may be typed without its mark.
fn names_wanted(wanted: &str, before: &str, typed: &str, world: &World) -> Vec<String> {
    let (mark, name) = typed.strip_prefix('@').map_or(("", typed), |name| ("@", name));
    let begins_room = |room: &&String| starts_like(room, typed) || starts_like(room.trim_start_matches('#'), typed);
    let rooms = world.rooms.iter().filter(|_| wanted.contains("#room")).filter(begins_room).cloned();
    let mut people: Vec<&String> = if before.trim_start().to_ascii_lowercase().starts_with("/unblock ") {
        world.blacklisted.iter().collect()
    } else {
        world.partners.iter().chain(&world.people).collect()
    };
    let mut seen = HashSet::new();
    people.retain(|nick| wanted.contains("NAME") && starts_like(nick, name) && seen.insert(names::casefold(nick)));
    rooms.chain(people.into_iter().map(|nick| format!("{mark}{nick}"))).map(|name| name + " ").collect()
}

fn starts_like(full: &str, start: &str) -> bool {
    full.get(..start.len()).is_some_and(|same| same.eq_ignore_ascii_case(start))
}

/// Where the path begins in a command that wants one. It may hold spaces.
fn path_start(before: &str, world: &World) -> Option<usize> {
    let command = world.file_commands.iter().find(|command| starts_like(before, command))?;
    let behind = &before[command.len()..];
    let is_apart = command.ends_with(['\\', ' ']) || behind.starts_with(' ');
    is_apart.then(|| before.len() - behind.trim_start().len())
}

/// The files and folders whose path begins like this.
fn paths(typed: &str) -> Vec<String> {
    let split = typed.rfind(MAIN_SEPARATOR).map_or(0, |separator| separator + 1);
    let (folder, name) = typed.split_at(split);
    let entries = fs::read_dir(if folder.is_empty() { Path::new(".") } else { Path::new(folder) });
    let mut found: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let found = entry.file_name().into_string().ok()?;
            let is_meant = found.starts_with(name) && (!found.starts_with('.') || name.starts_with('.'));
            let is_folder = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            let end = if is_folder { MAIN_SEPARATOR.to_string() } else { String::new() };
            (is_meant && found.chars().all(wire::text::is_printable)).then(|| format!("{folder}{found}{end}"))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests;
