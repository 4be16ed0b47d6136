//! Uploads that are not finished, in a small file, so that the next run of the client goes on with them.
//!
//! Under a lock of its own, which is for the disk. Each change reads and writes the file, which
//! is small: other runs of the client, with other servers, may share it.

use crate::core::settings;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use wire::os::{path_bytes, path_from_bytes};
use wire::{files, names};

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

impl Upload {
    /// Whether it sends the same file to the same target.
    pub fn is_same(&self, other: &Upload) -> bool {
        self.path == other.path && names::eq_ignore_case(&self.target, &other.target)
    }

    /// The name under which the file is offered.
    pub fn name(&self) -> String {
        files::safe_name(&self.path.file_name().unwrap_or_default().to_string_lossy())
    }
}

/// The file, and the server that it is about.
#[derive(Debug)]
pub struct PendingUploads {
    /// `None` when the system names no home: then nothing is kept.
    file: Option<PathBuf>,
    /// Entries of other servers stay as they are: bob on one server is not bob on another.
    server: String,
}

impl PendingUploads {
    /// No file yet. The server is `HOST:PORT`, as the user gave it.
    pub fn new(server: &str) -> Self {
        PendingUploads { file: None, server: server.to_owned() }
    }

    /// Chooses the file of the user who chats as `own_nick`.
    pub fn belong_to(&mut self, own_nick: &str) {
        let file = settings::folder().map(|folder| folder.join(format!("uploads-{}", names::casefold(own_nick))));
        self.file = file.ok();
    }

    /// The uploads to go on with.
    pub fn uploads(&self) -> io::Result<Vec<Upload>> {
        Ok(self.read()?.into_iter().filter(|(server, _)| *server == self.server).map(|(_, upload)| upload).collect())
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
        entries.retain(|(server, other)| *server != self.server || !other.is_same(upload));
        if keep {
            entries.push((self.server.clone(), upload.clone()));
        }
        let write = |(server, upload): &(String, Upload)| {
            let words = format!("{server} {} {} ", upload.target, upload.earlier_id.unwrap_or_default());
            [words.as_bytes(), path_bytes(&upload.path), &[END]].concat()
        };
        settings::write_atomically(file, &entries.iter().flat_map(write).collect::<Vec<_>>())
    }

    /// The uploads of all servers.
    fn read(&self) -> io::Result<Vec<(String, Upload)>> {
        let bytes = match self.file.as_ref().map(fs::read) {
            None => Vec::new(),
            // Where there can be no file, nothing was kept.
            Some(Err(error)) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Vec::new(),
            Some(read) => read?,
        };
        Ok(bytes.split(|byte| *byte == END).filter_map(parse).collect())
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
