//! What Linux tells about a process and its sockets under /proc.
//!
//! Thread: the generator's only one. No locks.

use std::fs;
use std::io;
use std::time::Duration;

/// The unit of the times in /proc/PID/stat: `USER_HZ`, which is 100 on every Linux in use.
const TICK: Duration = Duration::from_millis(10);

/// CPU time that all threads, even ended ones, have used. One cheap read, exact to one tick.
pub fn cpu(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name in parentheses and may contain spaces.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u32 = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}

/// CPU time that the living threads have used, in nanoseconds. One read per thread, so too slow
/// to be taken while latency is measured.
pub fn exact_cpu(pid: u32) -> io::Result<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end between the listing and this read.
        let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        nanos += text.split(' ').next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanos))
}

/// How often the threads of a process have gone to sleep until now: their voluntary context switches (proc(5)).
pub fn sleeps(pid: u32) -> io::Result<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        sum += field(&task?.path().join("status").display().to_string(), "voluntary_ctxt_switches:")?;
    }
    Ok(sum)
}

/// Segments with data that all connections of this host have sent, and sent for the first time (`TCPOrigDataSent`).
pub fn data_segments() -> io::Result<f64> {
    let text = fs::read_to_string("/proc/net/netstat")?;
    // Names in one line, values in the next.
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt:")).map(str::split_whitespace);
    let found = lines.next().zip(lines.next()).and_then(|(names, values)| {
        names.zip(values).find(|(name, _)| *name == "TCPOrigDataSent").and_then(|(_, value)| value.parse().ok())
    });
    found.ok_or_else(|| io::Error::other("/proc/net/netstat has no TCPOrigDataSent"))
}

/// Resident memory in KiB.
pub fn resident_kib(pid: u32) -> io::Result<f64> {
    status(pid, "VmRSS:")
}

pub fn threads(pid: u32) -> io::Result<f64> {
    status(pid, "Threads:")
}

fn status(pid: u32, name: &str) -> io::Result<f64> {
    field(&format!("/proc/{pid}/status"), name)
}

fn field(file: &str, name: &str) -> io::Result<f64> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let number = line.split_whitespace().next().and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("{file} has no {name}")))
}

/// How many files this process, and each server that inherits its limits, may have open.
pub fn open_files_limit() -> io::Result<usize> {
    let text = fs::read_to_string("/proc/self/limits")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    // "unlimited" does not parse, and needs no reduction.
    Ok(line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX))
}

/// What the kernel knows of some connections between this process and a server.
#[derive(Default)]
pub struct Connections {
    /// Bytes in the sender's queue, or in the receiver's.
    pub queued: u64,
    /// Those that the server has not closed.
    pub open: usize,
}

/// The connections that clients with these local ports have made to a server's port. Linux gives the same port of ours
/// to connections to different ports.
pub fn connections(client_ports: &[u16], server_port: u16) -> io::Result<Connections> {
    let text = fs::read_to_string("/proc/net/tcp")?;
    let mut sum = Connections::default();
    for socket in text.lines().filter_map(Socket::parse) {
        let servers_end = socket.local == server_port && client_ports.contains(&socket.remote);
        if servers_end || socket.remote == server_port && client_ports.contains(&socket.local) {
            sum.queued += socket.queued;
        }
        // A closed end may live on with another state until its queue is empty.
        sum.open += usize::from(servers_end && socket.established);
    }
    Ok(sum)
}

struct Socket {
    local: u16,
    remote: u16,
    established: bool,
    queued: u64,
}

impl Socket {
    /// A line reads `sl local:port remote:port state tx_queue:rx_queue …`, all in hex.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_whitespace().skip(1);
        let mut port = || u16::from_str_radix(fields.next()?.split_once(':')?.1, 16).ok();
        let (local, remote) = (port()?, port()?);
        let established = fields.next()? == "01";
        let (sending, received) = fields.next()?.split_once(':')?;
        let queued = u64::from_str_radix(sending, 16).ok()? + u64::from_str_radix(received, 16).ok()?;
        Some(Self { local, remote, established, queued })
    }
}
