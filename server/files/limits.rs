//! The limits of files, each with its unit and its reason.

use std::time::Duration;

/// Bytes of one file, unless `--max-file` says otherwise: a film or a disk image.
pub const MAX_FILE: u64 = 8 * 1024 * 1024 * 1024;
/// Bytes of all files in the spool, unless `--spool-quota` says otherwise; of an upload that is not complete those that
/// have come.
pub const SPOOL_QUOTA: u64 = 32 * 1024 * 1024 * 1024;
/// Days that a file is kept, unless `--file-days` says otherwise.
pub const FILE_DAYS: u32 = 7;
/// Files of one party in the spool: each has an entry in memory.
pub const FILES_PER_SENDER: usize = 100;
/// Recipients of all files in the spool together: each has an entry in memory.
pub const FILE_RECIPIENTS: usize = 1_000_000;
/// Data connections at once: a thread each. They do not count as clients; one address may have as many of them as it
/// may have clients.
pub const TRANSFERS: usize = 1000;
/// Random bytes of the token that opens a data connection: beyond guessing.
pub const TOKEN: usize = 16;
/// How long a token is good for; a client connects at once.
pub const TOKEN_LIFE: Duration = Duration::from_secs(60);
/// Good tokens that one person has for one file: more than a client needs, even one that downloads parts side by side.
pub const TOKENS_PER_RECIPIENT: usize = 8;
/// Good tokens of all recipients for one file: a client uses its own at once, so that few wait.
pub const TOKENS_PER_FILE: usize = 1000;
/// Bytes that a data connection moves in each [`DATA_PERIOD`] at least, about 1 KiB a second; a slower one is ended like
/// one that stalls.
pub const DATA_SLOW: u64 = 64 * 1024;
/// See [`DATA_SLOW`].
pub const DATA_PERIOD: Duration = Duration::from_mins(1);
/// An upload to which no byte has come for this time gives up its place in the spool when another one needs it.
pub const UPLOAD_IDLE: Duration = Duration::from_mins(10);
/// Seconds since 1970: 2025-01-01. No server is older, so the clock of one that noted an earlier offer was wrong.
pub const EARLIEST_OFFER: u64 = 1_735_689_600;
/// The highest number of a file. No server counts that far; one that finds a higher number finds damage.
pub const HIGHEST_ID: u64 = 1 << 53;
