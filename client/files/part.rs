//! A file that is coming: a part beside the others in the folder for downloads, and its final name.
//!
//! Disk only, run by the thread of a download; no lock but that of the file.

use crate::core::settings;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use wire::crc32::Crc32;
use wire::os::{is_same_file, link_count, sync_folder};
use wire::{files, names};

/// The part of a file that has come so far.
pub struct Part {
    path: PathBuf,
    file: File,
    /// Bytes that are there.
    pub length: u64,
    /// Their sum.
    pub sum: Crc32,
}

/// The path of the part of a file. The dot in front keeps it apart from every received file, whose names have none;
/// nick, id and sum keep apart the parts of several clients that share the folder.
pub fn path(folder: &Path, own_nick: &str, id: u64, crc: u32) -> PathBuf {
    let name = files::safe_name(&format!("{}-{id}-{crc:08x}.part", names::casefold(own_nick)));
    folder.join(format!(".{name}"))
}

/// The name of the same part once the user has stopped the download. The next run of the client goes on with a part
/// that it finds, but not with this one.
pub fn stopped(path: &Path) -> PathBuf {
    path.with_extension("stopped")
}

/// The user has stopped a download, of which perhaps nothing has come.
pub fn stop(path: &Path) -> io::Result<()> {
    make_folder(path)?;
    if fs::rename(path, stopped(path)).is_err() {
        // Whatever has the name already marks it as well. It may be a link or a pipe of somebody else, so it is not
        // opened.
        match OpenOptions::new().write(true).create_new(true).open(stopped(path)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Removes a part, and the mark that it is stopped.
pub fn remove(path: &Path) {
    // It may have been renamed, or not begun; and a part that stays costs only room.
    let _ = fs::remove_file(path);
    let _ = fs::remove_file(stopped(path));
}

fn make_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

impl Part {
    /// Opens the part, makes it and its folder where needed, and sums up what is there.
    pub fn open(path: &Path) -> io::Result<Self> {
        make_folder(path)?;
        // The user goes on with it.
        if fs::symlink_metadata(path).is_err() {
            let _ = fs::rename(stopped(path), path);
        }
        // Somebody else who may write to the folder could have put a link to another file there, or a pipe.
        if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other(format!("{} is no ordinary file; remove it", path.display())));
        }
        let mut file = open(path)?;
        let (length, sum) = Crc32::of(&mut file)?;
        Ok(Part { path: path.to_owned(), file, length, sum })
    }

    /// Adds bytes at the end.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        self.sum.update(bytes);
        Ok(())
    }

    /// Whether it has its final name already: its client was ended before the server knew.
    pub fn is_published(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| link_count(&metadata) > 1)
    }

    /// Starts again with nothing. A file that has its final name is the user's, who may have changed it: it stays.
    pub fn restart(&mut self) -> io::Result<()> {
        if self.is_published() {
            fs::remove_file(&self.path)?;
            self.file = open(&self.path)?;
        }
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        (self.length, self.sum) = (0, Crc32::default());
        Ok(())
    }

    /// Gives the whole file a name of its own in the folder, never that of another file. The part stays
    /// as a second name of the same file until [`Part::remove`], so that a client that is ended in between
    /// does not fetch the file again.
    pub fn publish(&self, name: &str) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let open_folder = File::open(folder)?;
        // Where a link cannot be made, another client could take the name between the look and the renaming.
        let _ = open_folder.lock();
        let (stem, ending) = files::split_ending(name);
        let mut number = 0u64;
        let path = loop {
            let free = if number == 0 { name.to_owned() } else { format!("{stem} ({number}){ending}") };
            let path = folder.join(free);
            match fs::hard_link(&self.path, &path) {
                Ok(()) => break path,
                Err(_) if self.is_same(&path) => break path,
                Err(_) if fs::symlink_metadata(&path).is_ok() => number += 1,
                // A file system without hard links; nothing was there a moment ago.
                Err(_) => {
                    fs::rename(&self.path, &path)?;
                    break path;
                }
            }
        };
        sync_folder(folder)?;
        Ok(path)
    }

    fn is_same(&self, path: &Path) -> bool {
        let other = fs::symlink_metadata(path);
        other.is_ok_and(|other| self.file.metadata().is_ok_and(|own| is_same_file(&own, &other)))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the part, or what is left of it after the file has got its name.
    pub fn remove(&self) {
        remove(&self.path);
    }
}

/// Opens a part, which one client at a time may write.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    settings::lock(&file, "another client is fetching it")?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::settings::turn;
    use wire::crc32::crc32;

    #[test]
    fn goes_on_where_it_was_and_starts_again() {
        let _turn = turn();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let path = path(&folder.join("sub"), "Me", 7, 9);
        assert!(path.ends_with(".me-7-00000009.part"));
        Part::open(&path).unwrap().write(b"1234").unwrap();
        let mut part = Part::open(&path).unwrap();
        assert_eq!((part.length, part.sum.value()), (4, crc32(b"1234")));
        assert_eq!(Part::open(&path).err().map(|error| error.kind()), Some(ErrorKind::WouldBlock));
        part.write(b"56789").unwrap();
        assert_eq!((part.length, part.sum.value()), (9, 0xcbf4_3926));
        part.restart().unwrap();
        part.write(b"x").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }

    #[test]
    fn a_stopped_part_is_kept_under_another_name_until_it_goes_on() {
        let _turn = turn();
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder.path().join("sub"), "me", 7, 9);
        stop(&path).unwrap();
        assert!(!path.exists() && stopped(&path).ends_with(".me-7-00000009.stopped"));
        let mut part = Part::open(&path).unwrap();
        part.write(b"1234").unwrap();
        stop(part.path()).unwrap();
        drop(part);
        assert!(!path.exists());
        let part = Part::open(&path).unwrap();
        assert_eq!(part.length, 4);
        assert!(path.exists() && !stopped(&path).exists());
        stop(&path).unwrap();
        part.remove();
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn it_is_a_file_in_its_folder_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let odd = path(folder, "x/../../y", 7, 9);
        assert_eq!(odd.parent(), Some(folder));
        fs::write(folder.join("mine"), "mine").unwrap();
        std::os::unix::fs::symlink(folder.join("mine"), &odd).unwrap();
        assert!(Part::open(&odd).is_err());
        assert_eq!(fs::read_to_string(folder.join("mine")).unwrap(), "mine");
    }

    #[test]
    fn the_mark_of_a_stopped_download_does_not_follow_a_link_or_open_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let (linked, piped) = (path(folder.path(), "me", 7, 9), path(folder.path(), "me", 8, 9));
        let elsewhere = folder.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, stopped(&linked)).unwrap();
        let _turn = turn();
        assert!(std::process::Command::new("mkfifo").arg(stopped(&piped)).status().unwrap().success());
        stop(&linked).unwrap();
        stop(&piped).unwrap();
        assert!(!elsewhere.exists());
    }

    #[test]
    fn a_file_that_has_its_name_is_not_touched_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let path = path(folder, "me", 7, 9);
        let mut part = Part::open(&path).unwrap();
        part.write(b"whole").unwrap();
        let published = part.publish("a.txt").unwrap();
        drop(part);
        // The client was ended here, and the user has gone on with the file.
        fs::write(&published, "whole, and more").unwrap();
        let mut part = Part::open(&path).unwrap();
        assert!(part.is_published());
        part.restart().unwrap();
        part.write(b"whole").unwrap();
        assert!(!part.is_published());
        assert_eq!(fs::read_to_string(published).unwrap(), "whole, and more");
        assert_eq!(part.publish("a.txt").unwrap(), folder.join("a (1).txt"));
    }

    #[test]
    fn a_name_never_hides_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("a.txt"), "mine").unwrap();
        std::os::unix::fs::symlink("/nowhere", folder.join("a (1).txt")).unwrap();
        let mut part = Part::open(&path(folder, "me", 7, 9)).unwrap();
        part.write(b"theirs").unwrap();
        assert_eq!(part.publish("a.txt").unwrap(), folder.join("a (2).txt"));
        // The same again, as after an end in between, makes no third copy.
        assert_eq!(part.publish("a.txt").unwrap(), folder.join("a (2).txt"));
        part.remove();
        assert_eq!(fs::read_to_string(folder.join("a.txt")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(folder.join("a (2).txt")).unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 3);
    }
}
