//! The differences between operating systems, all in one place. This is the version for Unix.
//!
//! No thread of its own and no lock. A port to another system gives these functions a second body.

use std::collections::HashSet;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Bytes of the longest line that a terminal gives out, with its end: 4096 on Linux (termios(3)), 1024 (`MAX_CANON`) on
/// other systems. What is typed beyond that is dropped.
pub const TERMINAL_LINE: usize = if cfg!(target_os = "linux") { 4096 } else { 1024 };

/// The standard input, for a thread that reads it while another one waits for a line.
pub fn second_stdin() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// A file made with these options can be read by its owner only.
pub fn private_file(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Lets only its owner read a file that others could read.
pub fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o600))
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

/// Whether the program, or the whole system, has as many files and sockets open as it may (`EMFILE`, `ENFILE`): some
/// close soon.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
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

/// The addresses of this machine by which others may reach it: first those of IPv4. Linux lists them all (proc(5)); of
/// another system it is the one that leads outside.
pub fn addresses() -> Vec<IpAddr> {
    let table = fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
    let mut found: Vec<IpAddr> = Vec::new();
    let mut last = None;
    for line in table.lines().map(str::trim) {
        match line.strip_prefix("|-- ") {
            Some(address) => last = address.parse::<Ipv4Addr>().ok(),
            None if line == "/32 host LOCAL" => found.extend(last.map(IpAddr::V4)),
            None => {}
        }
    }
    let table = fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    found.extend(table.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        // The fourth word is the scope; 00 is global.
        words.nth(2).filter(|scope| *scope == "00").map(|_| IpAddr::V6(Ipv6Addr::from_bits(address)))
    }));
    if found.is_empty() {
        // No datagram is sent: the system only looks up the way to an address of a documentation (RFC 5737).
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0));
        let outside = socket.and_then(|socket| socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr()));
        found.extend(outside.map(|address| address.ip()));
    }
    let mut seen = HashSet::new();
    found.retain(|ip| !ip.is_loopback() && seen.insert(*ip));
    found
}

/// Keeps the signals ignored that the process was started with ignored, as `nohup` does with SIGHUP. To be called first
/// of all. A program that `reads_console` in a thread of its own ignores SIGTTIN, too, which would stop all of it when it
/// is in the background: there a read is an error then.
///
/// A handler of Ctrl-C takes all of them, and std cannot ignore one. So the process runs itself anew by `env` (GNU
/// coreutils), which blocks them: then they are never delivered. Where that is not possible, nothing happens.
pub fn keep_ignored_signals(reads_console: bool) {
    const TTIN: u32 = if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 26 } else { 21 };
    const SIGNALS: [(&str, u32); 4] = [("HUP", 1), ("INT", 2), ("TERM", 15), ("TTIN", TTIN)];
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = |name| {
        let digits = status.lines().find_map(|line| line.strip_prefix(name))?;
        u64::from_str_radix(digits.trim(), 16).ok()
    };
    let (Some(ignored), Some(blocked)) = (mask("SigIgn:"), mask("SigBlk:")) else { return };
    let to_block = (ignored | u64::from(reads_console) << (TTIN - 1)) & !blocked;
    let names: Vec<_> = SIGNALS.iter().filter(|(_, number)| to_block >> (number - 1) & 1 == 1).collect();
    let Ok(program) = env::current_exe() else { return };
    if names.is_empty() {
        return;
    }
    let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
    let through_env = || {
        let mut command = Command::new("env");
        command.arg(format!("--block-signal={}", names.join(",")));
        command
    };
    let is_possible = through_env().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if is_possible {
        // It returns only when it fails.
        let _ = through_env().arg(program).args(env::args_os().skip(1)).exec();
    }
}

/// How many more files and sockets this process may open; `None` where the system does not say (Linux: proc(5)).
pub fn free_descriptors() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let limit: usize = limit.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(fs::read_dir("/proc/self/fd").ok()?.count()))
}

/// How many more threads this process may start before memory mappings run out, of which the allocator keeps an eighth;
/// `None` where the system does not say (Linux: proc(5), `max_map_count`). Each thread takes four: a stack, and the one on
/// which std reports its overflow, each with a guard page. Without the last of them std ends the thread before it runs.
pub fn free_threads() -> Option<usize> {
    let most: usize = fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()?;
    let used = fs::read_to_string("/proc/self/maps").ok()?.lines().count();
    Some(most.saturating_sub(used) / 8 * 7 / 4)
}

/// The columns of the terminal that controls this process; `None` where there is none. std does not know them, so stty(1)
/// is asked.
pub fn terminal_width() -> Option<usize> {
    let terminal = File::open("/dev/tty").ok()?;
    let size = Command::new("stty").arg("size").stdin(terminal).stderr(Stdio::null()).output().ok()?;
    // Rows and columns. A terminal that was told neither has none.
    String::from_utf8(size.stdout).ok()?.split_whitespace().nth(1)?.parse().ok().filter(|&columns| columns > 0)
}

/// Random bytes that nobody can guess, from the system's generator (random(4)).
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    // Opened once: later there may be no descriptor left.
    static DEVICE: OnceLock<File> = OnceLock::new();
    if DEVICE.get().is_none() {
        let opened = File::open("/dev/urandom")?;
        DEVICE.get_or_init(|| opened);
    }
    let mut device = DEVICE.get().ok_or(io::ErrorKind::NotFound)?;
    let mut bytes = [0; N];
    device.read_exact(&mut bytes)?;
    Ok(bytes)
}
