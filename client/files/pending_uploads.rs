//! Uploads that are not finished, in a small file, so that the next run of the client goes on with them.
//!
//! Part of the table of transfers, under the wing's lock. Each change reads and writes the file, which
//! is small: other runs of the client, with other servers, may share it.

use crate::core::settings;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use wire::names;
use wire::os::{path_bytes, path_from_bytes};

/// Ends an entry: no path has this byte.
const END: u8 = 0;

/// A file to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub path: PathBuf,
    /// A room or a nick.
    pub target: String,
    /// The server's number for it, where it comes from an earlier run of the client.
    pub earlier_id: Option<u64>,
}

/// The file, and the server that it is about.
#[derive(Debug, Default)]
pub struct PendingUploads {
    /// Nowhere when the system names no home.
    file: Option<PathBuf>,
    /// A file for bob on one server is not for whoever is called bob on another.
    server: String,
}

impl PendingUploads {
    /// Those of the user who chats as `own_nick` on this server.
    pub fn of(own_nick: &str, server: &str) -> Self {
        let file = settings::folder().map(|folder| folder.join(format!("uploads-{}", names::casefold(own_nick))));
        PendingUploads { file: file.ok(), server: server.to_owned() }
    }

    /// The uploads to go on with.
    pub fn uploads(&self) -> io::Result<Vec<Upload>> {
        let entries = self.read()?;
        Ok(entries.iter().filter_map(|entry| parse(entry)).filter(|(s, _)| *s == self.server).map(|(_, u)| u).collect())
    }

    /// Keeps an upload, or what is new about it.
    pub fn keep(&self, upload: &Upload) -> io::Result<()> {
        self.change(upload, true)
    }

    /// The upload is done, or will never be.
    pub fn forget(&self, upload: &Upload) -> io::Result<()> {
        self.change(upload, false)
    }

    fn change(&self, upload: &Upload, keep: bool) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut entries = self.read()?;
        let is_it = |entry: &Vec<u8>| {
            let same = |(server, other): (String, Upload)| {
                server == self.server
                    && other.path == upload.path
                    && names::eq_ignore_case(&other.target, &upload.target)
            };
            parse(entry).is_some_and(same)
        };
        entries.retain(|entry| !is_it(entry));
        if keep {
            let id = upload.earlier_id.unwrap_or_default();
            let words = format!("{} {} {id} ", self.server, upload.target);
            entries.push([words.as_bytes(), path_bytes(&upload.path)].concat());
        }
        let bytes: Vec<u8> = entries.into_iter().flat_map(|entry| [entry, vec![END]].concat()).collect();
        settings::write_atomically(file, &bytes)
    }

    fn read(&self) -> io::Result<Vec<Vec<u8>>> {
        let bytes = match self.file.as_ref().map(fs::read) {
            None => Vec::new(),
            // Where there can be no file, nothing was kept.
            Some(Err(error)) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Vec::new(),
            Some(read) => read?,
        };
        Ok(bytes.split(|byte| *byte == END).filter(|entry| !entry.is_empty()).map(<[u8]>::to_vec).collect())
    }
}

/// `SERVER TARGET ID PATH`; the id is 0 while there is none.
fn parse(entry: &[u8]) -> Option<(String, Upload)> {
    let mut words = entry.splitn(4, |byte| *byte == b' ');
    let mut word = || words.next().map(|word| String::from_utf8_lossy(word).into_owned());
    let (server, target, id) = (word()?, word()?, word()?.parse().ok()?);
    let path = path_from_bytes(words.next()?);
    Some((server, Upload { path, target, earlier_id: (id > 0).then_some(id) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_survive_and_belong_to_one_server() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/uploads-me");
        let pending = |server: &str| PendingUploads { file: Some(file.clone()), server: server.into() };
        let upload = |path: &[u8], id| Upload { path: path_from_bytes(path), target: "bob".into(), earlier_id: id };
        assert_eq!(pending("a:1").uploads().unwrap(), []);
        let odd = b"/home/me/my \xff\nfile";
        pending("a:1").keep(&upload(odd, None)).unwrap();
        pending("a:1").keep(&upload(b"/x", None)).unwrap();
        pending("b:1").keep(&upload(b"/y", None)).unwrap();
        pending("a:1").keep(&upload(odd, Some(7))).unwrap();
        assert!(wire::os::is_private(&fs::metadata(&file).unwrap()));
        assert_eq!(pending("a:1").uploads().unwrap(), [upload(b"/x", None), upload(odd, Some(7))]);
        pending("a:1").forget(&Upload { target: "BOB".into(), ..upload(odd, None) }).unwrap();
        assert_eq!(pending("a:1").uploads().unwrap(), [upload(b"/x", None)]);
        assert_eq!(pending("b:1").uploads().unwrap(), [upload(b"/y", None)]);
    }

    #[test]
    fn what_is_no_entry_is_left_out() {
        assert_eq!(parse(b"a:1 bob x /path"), None);
        assert_eq!(parse(b"a:1 bob 7"), None);
        assert_eq!(parse(b""), None);
    }
}
