//! The differences between operating systems, all in one place. This is the version for Unix.
//!
//! No thread of its own and no lock. A port to another system gives these functions a second body.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file made with these options can be read by its owner only.
pub fn private_file(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Makes folders that only their owner can look into.
pub fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

/// Whether only its owner can read a file.
pub fn is_private(metadata: &Metadata) -> bool {
    metadata.mode().trailing_zeros() >= 6
}

/// Whether two names lead to the same file.
pub fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// How many names a file has.
pub fn link_count(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// The bytes of a path. None of them is zero.
pub fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// The path of which these are the bytes.
pub fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Makes a change to the entries of a folder (a new name, a removed one) survive a power cut.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Random bytes that nobody can guess, from the system's generator (random(4)).
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
