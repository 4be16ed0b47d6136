//! The file that an upload reads: its bytes, their sum, and whether it is still the one that was offered.
//!
//! Disk only, run by the thread of an upload; no lock.

use super::transfers::TransferError;
use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{self, Path, PathBuf};
use std::time::SystemTime;
use wire::crc32::Crc32;
use wire::limits;

/// The file on our disk.
pub struct Source {
    file: File,
    pub name: String,
    /// Its size when it was offered.
    pub size: u64,
    /// The time of its last change when it was offered.
    modified: Option<SystemTime>,
    /// Length and sum of the part that was read: a long file must not be read again for each attempt.
    known: (u64, Crc32),
}

impl Source {
    /// Opens a file to be sent under this name, or says why it cannot be sent.
    pub fn open(path: &Path, name: &str) -> Result<Self, String> {
        let look = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => missing(path),
            ErrorKind::PermissionDenied => "you may not read it".to_owned(),
            ErrorKind::NotADirectory => {
                format!("{} is a file, and no folder", whole(path).parent().unwrap_or(path).display())
            }
            _ => error.to_string(),
        };
        // Before it is opened: a pipe would wait for its other end.
        let metadata = fs::metadata(path).map_err(look)?;
        if metadata.is_dir() {
            return Err("it is a folder; pack it into one file first, such as with tar or zip".to_owned());
        }
        if !metadata.is_file() {
            return Err("it is no ordinary file".to_owned());
        }
        let file = File::open(path).map_err(look)?;
        let (size, modified) = (metadata.len(), metadata.modified().ok());
        Ok(Source { file, name: name.to_owned(), size, modified, known: (0, Crc32::default()) })
    }

    /// The sum of what was read so far.
    pub fn sum(&self) -> Crc32 {
        self.known.1
    }

    /// The sum of the first `length` bytes; the next read goes on after them.
    pub fn sum_up(&mut self, length: u64) -> Result<Crc32, TransferError> {
        if self.known.0 > length {
            self.known = (0, Crc32::default());
        }
        self.file.seek(SeekFrom::Start(self.known.0)).map_err(|error| self.unreadable(&error))?;
        let mut buffer = vec![0; limits::COPY_BUFFER];
        while self.known.0 < length {
            let most = usize::try_from(length - self.known.0).map_or(buffer.len(), |left| left.min(buffer.len()));
            if self.read(&mut buffer[..most])? == 0 {
                break;
            }
        }
        Ok(self.known.1)
    }

    /// Reads the next bytes and adds them to the sum; 0 at the end that the file had when it was offered.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TransferError> {
        let left = self.size - self.known.0;
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = loop {
            match self.file.read(&mut buffer[..most]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.map_err(|error| self.unreadable(&error))?,
            }
        };
        if count == 0 && left > 0 {
            return Err(self.changed("became shorter"));
        }
        self.known.0 += count as u64;
        self.known.1.update(&buffer[..count]);
        Ok(count)
    }

    pub fn check_unchanged(&self) -> Result<(), TransferError> {
        let metadata = self.file.metadata().map_err(|error| self.unreadable(&error))?;
        match metadata.len().cmp(&self.size) {
            Ordering::Less => Err(self.changed("became shorter")),
            Ordering::Greater => Err(self.changed("became longer")),
            Ordering::Equal if metadata.modified().ok() != self.modified => Err(self.changed("was changed")),
            Ordering::Equal => Ok(()),
        }
    }

    fn changed(&self, how: &str) -> TransferError {
        let name = &self.name;
        TransferError::LocalFile(format!("{name} {how} while it was being sent, and is taken back; send it again"))
    }

    fn unreadable(&self, error: &io::Error) -> TransferError {
        TransferError::LocalFile(format!("{} cannot be read any more: {error}", self.name))
    }
}

fn whole(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What is not there: the file in its folder, or already the folder.
fn missing(path: &Path) -> String {
    let whole = whole(path);
    let (folder, name) = (whole.parent().unwrap_or(&whole), whole.file_name().unwrap_or_default().display());
    if !folder.is_dir() {
        format!("there is no folder {}", folder.display())
    } else if fs::symlink_metadata(path).is_ok() {
        format!("{name} in {} is a link to a file that is not there", folder.display())
    } else {
        format!("there is no file {name} in {}", folder.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::crc32::crc32;

    fn source(bytes: &[u8]) -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        fs::write(&path, bytes).unwrap();
        (folder, Source::open(&path, "a.bin").unwrap())
    }

    #[test]
    fn sums_of_beginnings_and_what_follows_them() {
        let (_folder, mut source) = source(b"123456789");
        assert_eq!(source.sum_up(4).ok().unwrap().value(), crc32(b"1234"));
        let mut buffer = [0; 100];
        assert_eq!(source.read(&mut buffer).ok(), Some(5));
        assert_eq!((&buffer[..5], source.sum().value()), (&b"56789"[..], 0xcbf4_3926));
        assert_eq!(source.sum_up(2).ok().unwrap().value(), crc32(b"12"));
        assert!(source.check_unchanged().is_ok());
    }

    #[test]
    fn a_file_that_changes_its_size_is_noticed() {
        let says = |error| matches!(error, Err(TransferError::LocalFile(why)) if why.contains("became shorter"));
        let (folder, mut source) = source(b"123456789");
        let path = folder.path().join("a.bin");
        fs::write(&path, b"12").unwrap();
        let mut buffer = [0; 100];
        assert_eq!(source.read(&mut buffer).ok(), Some(2));
        assert!(says(source.read(&mut buffer).map(drop)) && says(source.check_unchanged()));
        fs::write(&path, b"1234567890").unwrap();
        assert!(
            matches!(source.check_unchanged(), Err(TransferError::LocalFile(why)) if why.contains("became longer"))
        );
    }

    #[test]
    fn what_is_no_file_is_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let open = |path: &Path| Source::open(path, "a.bin").err().unwrap_or_default();
        assert!(open(folder).starts_with("it is a folder"));
        let at = folder.display();
        assert_eq!(open(&folder.join("no-such-file")), format!("there is no file no-such-file in {at}"));
        assert_eq!(open(&folder.join("sub/x")), format!("there is no folder {at}/sub"));
        fs::write(folder.join("file"), "").unwrap();
        assert_eq!(open(&folder.join("file/x")), format!("{at}/file is a file, and no folder"));
        std::os::unix::fs::symlink("nowhere", folder.join("link")).unwrap();
        assert_eq!(open(&folder.join("link")), format!("link in {at} is a link to a file that is not there"));
        assert_eq!(open(Path::new("/dev/null")), "it is no ordinary file");
    }
}
