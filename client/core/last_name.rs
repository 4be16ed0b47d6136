//! The name that the user had last on each server, to offer it when none is given.
//!
//! Kept in one file of lines `HOST:PORT NAME`, the latest first. The main thread reads it, and writes it after the
//! login; the receiver thread writes it when the user has another name, with the state locked.

use super::limits::LAST_NAMES;
use super::settings;
use std::path::{Path, PathBuf};
use std::{env, fs};
use wire::names;

/// The name to offer: the last one on this server, or else the user's name on this machine.
pub fn offered(server: &str) -> Option<String> {
    let last = file().and_then(|file| last(&file, server));
    let of_user = || ["USER", "USERNAME"].into_iter().find_map(|variable| env::var(variable).ok());
    last.or_else(of_user).filter(|name| names::is_nick(name))
}

/// Remembers the name. Where that is not possible, it is not offered next time, and that is all.
pub fn remember(server: &str, nick: &str) {
    if let Some(file) = file() {
        let _ = settings::write_atomically(&file, with(&file, server, nick).as_bytes());
    }
}

fn file() -> Option<PathBuf> {
    settings::folder().ok().map(|folder| folder.join("last-names"))
}

fn last(file: &Path, server: &str) -> Option<String> {
    let lines = fs::read_to_string(file).ok()?;
    lines.lines().find_map(|line| Some(line.strip_prefix(server)?.strip_prefix(' ')?.to_owned()))
}

/// The lines of the file, with the server in front.
fn with(file: &Path, server: &str, nick: &str) -> String {
    let lines = fs::read_to_string(file).unwrap_or_default();
    let others = lines.lines().filter(|line| line.split(' ').next() != Some(server)).map(str::to_owned);
    std::iter::once(format!("{server} {nick}")).chain(others).take(LAST_NAMES).map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_last_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("last-names");
        assert_eq!(last(&file, "a:1"), None);
        for (server, nick) in [("a:1", "albert"), ("a:12", "tesla"), ("a:1", "bert")] {
            fs::write(&file, with(&file, server, nick)).unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "a:1 bert\na:12 tesla\n");
        assert_eq!(
            ["a:1", "a:12", "a:"].map(|server| last(&file, server)),
            [Some("bert".into()), Some("tesla".into()), None]
        );
    }

    #[test]
    fn servers_without_number_do_not_fill_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("last-names");
        for number in 0..2 * LAST_NAMES {
            fs::write(&file, with(&file, &format!("a:{number}"), "albert")).unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), LAST_NAMES);
    }
}
