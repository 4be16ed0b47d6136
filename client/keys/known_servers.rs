//! The file `known_servers`: the key of each server that the user has met, a line each.
//!
//! Disk only, in whichever thread connects. The folder is locked while a line is added, since several clients do that.
//!
//! ```text
//! chat.example.org:6667 3f2a…        the fingerprint of its certificate
//! irc.example.net:6697 authority     a server for whose name an authority signs
//! ```

use crate::core::settings;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use wire::disk;
use wire::fingerprint::Fingerprint;
use wire::os::private_file;

/// How a server is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// By its certificate.
    Pinned(Fingerprint),
    /// By its name, for which an authority has signed.
    ByAuthority,
}

/// The word for it in the file.
const AUTHORITY: &str = "authority";

/// The file.
#[derive(Debug, Clone)]
pub struct KnownServers {
    pub path: PathBuf,
}

impl KnownServers {
    /// In the user's folder for settings.
    pub fn open() -> io::Result<Self> {
        Ok(KnownServers { path: settings::folder()?.join("known_servers") })
    }

    /// How a server is known, and the number of the line that says so. An error is one sentence.
    pub fn find(&self, server: &str) -> Result<Option<(Known, usize)>, String> {
        let path = self.path.display();
        let text = self.text().map_err(|error| {
            format!("cannot read {path} ({error}), without which nobody knows whether {server} is still the same")
        })?;
        for (number, line) in (1..).zip(text.lines()) {
            let mut words = line.split_whitespace();
            if words.next().is_none_or(|word| !word.eq_ignore_ascii_case(server)) {
                continue;
            }
            let known = words.next().and_then(|word| match word {
                AUTHORITY => Some(Known::ByAuthority),
                word => word.parse().ok().map(Known::Pinned),
            });
            let known = known.ok_or_else(|| {
                format!("line {number} of {path} holds no fingerprint; correct it, or remove it to trust {server} anew")
            })?;
            return Ok(Some((known, number)));
        }
        Ok(None)
    }

    fn text(&self) -> io::Result<String> {
        // Some editors put a mark in front of a file.
        Ok(disk::read_text(&self.path)?.trim_start_matches('\u{feff}').to_owned())
    }

    /// Keeps other clients from changing the file, until the returned guard is dropped.
    fn lock(&self) -> io::Result<Option<File>> {
        let Some(folder) = self.path.parent() else { return Ok(None) };
        disk::make_private(folder)?;
        let folder = File::open(folder)?;
        // Some file systems know no locks. Then two first contacts at once leave two lines, of which the first counts.
        let _ = folder.lock();
        Ok(Some(folder))
    }

    /// Adds a server that is not known yet. Another client may have met it meanwhile: then this is how it knows it.
    pub fn add(&self, server: &str, known: Known) -> io::Result<Option<Known>> {
        let _lock = self.lock()?;
        if let Some((other, _)) = self.find(server).map_err(io::Error::other)? {
            return Ok(Some(other));
        }
        // Somebody may have edited it and left the end of the last line out.
        let text = self.text()?;
        let start = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let mut file = private_file(OpenOptions::new().append(true).create(true)).open(&self.path)?;
        file.write_all(format!("{start}{}\n", line(server, known)).as_bytes())?;
        file.sync_all()?;
        Ok(None)
    }

    /// Knows a server by something else from now on.
    pub fn replace(&self, server: &str, known: Known) -> io::Result<()> {
        let _lock = self.lock()?;
        let text = self.text()?;
        let is_it = |line: &str| line.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case(server));
        let new = line(server, known);
        let lines = text.lines().map(|line| if is_it(line) { &new } else { line });
        settings::write_atomically(&self.path, lines.flat_map(|line| [line, "\n"]).collect::<String>().as_bytes())
    }
}

fn line(server: &str, known: Known) -> String {
    match known {
        Known::Pinned(fingerprint) => format!("{server} {fingerprint}"),
        Known::ByAuthority => format!("{server} {AUTHORITY}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_server_is_known_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let servers = KnownServers { path: folder.path().join("sub/known_servers") };
        let pinned = |byte| Known::Pinned(Fingerprint([byte; 32]));
        assert_eq!(servers.find("a:1"), Ok(None));
        assert_eq!(servers.add("a:1", pinned(7)).unwrap(), None);
        assert_eq!(servers.add("a:1", pinned(8)).unwrap(), Some(pinned(7)), "somebody was faster");
        servers.add("a:12", Known::ByAuthority).unwrap();
        fs::write(&servers.path, format!("# mine\n{}", fs::read_to_string(&servers.path).unwrap().trim_end())).unwrap();
        servers.add("b:1", pinned(8)).unwrap();
        assert_eq!(servers.find("A:1"), Ok(Some((pinned(7), 2))));
        assert_eq!(servers.find("a:12"), Ok(Some((Known::ByAuthority, 3))));
        servers.replace("a:1", pinned(9)).unwrap();
        assert_eq!(servers.find("a:1"), Ok(Some((pinned(9), 2))));
        assert_eq!(servers.find("b:1"), Ok(Some((pinned(8), 4))));
        for damaged in ["c:1", "c:1 12ab", "c:1 Authority"] {
            fs::write(&servers.path, damaged).unwrap();
            assert!(servers.find("c:1").unwrap_err().starts_with("line 1 of "), "{damaged}");
        }
        fs::remove_file(&servers.path).unwrap();
        fs::create_dir(&servers.path).unwrap();
        assert!(servers.find("a:1").unwrap_err().starts_with("cannot read "));
    }
}
