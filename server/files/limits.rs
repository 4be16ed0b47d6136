//! The limits of files, each with its unit and its reason.

use std::time::Duration;

/// Bytes of one file, unless `--max-file` says otherwise: a film or a disk image.
pub const MAX_FILE: u64 = 8 * 1024 * 1024 * 1024;
/// Bytes of all files in the spool, unless `--spool-quota` says otherwise; an offer counts with the size that it names.
pub const SPOOL_QUOTA: u64 = 32 * 1024 * 1024 * 1024;
/// Days that a file is kept, unless `--file-days` says otherwise.
pub const FILE_DAYS: u32 = 7;
/// Files of one sender in the spool: each has an entry in memory.
pub const FILES_PER_SENDER: usize = 100;
/// The part of the spool that the files of one sender may take together, `1/SPOOL_SHARE`: nobody shall fill it alone. A
/// sender's only file may be larger.
pub const SPOOL_SHARE: u64 = 4;
/// Recipients of all files in the spool together: each has an entry in memory.
pub const FILE_RECIPIENTS: usize = 1_000_000;
/// Data connections at once: a thread each. They do not count as clients; one address may have as many of them as it
/// may have clients.
pub const TRANSFERS: usize = 1000;
/// Random bytes of the token that opens a data connection: beyond guessing.
pub const TOKEN: usize = 16;
/// How long a token is good for; a client connects at once.
pub const TOKEN_LIFE: Duration = Duration::from_secs(60);
/// Bytes that an upload moves in each [`DATA_PERIOD`] at least, about 1 KiB a second; a slower one is ended like one
/// that stalls.
pub const DATA_SLOW: u64 = 64 * 1024;
/// See [`DATA_SLOW`].
pub const DATA_PERIOD: Duration = Duration::from_mins(1);
/// An upload that has been idle for this time gives up its place in the spool when another one needs it.
pub const UPLOAD_IDLE: Duration = Duration::from_mins(10);
