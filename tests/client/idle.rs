//! A client for which there is nothing to do sleeps: none of its threads wakes up to look whether there is something.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::person::Home;
use super::scripted_server::ScriptedServer;
use crate::harness::{PATIENCE, Server};

/// How long no thread may wake up. A thread that looks at something again and again does so more often.
const WATCHED: Duration = Duration::from_secs(1);

/// How often each thread of a process has gone to sleep until now (proc(5)).
fn sleeps(process: u32) -> BTreeMap<String, String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let sleeps = |status: String| {
        let of = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim).map(str::to_owned);
        Some((format!("{} {}", of("Name:")?, of("Pid:")?), of("voluntary_ctxt_switches:")?))
    };
    // A thread may end while it is looked at.
    threads.filter_map(|thread| sleeps(fs::read_to_string(thread.ok()?.path().join("status")).ok()?)).collect()
}

/// Waits until all threads sleep for a while.
#[track_caller]
pub fn expect_sleep(process: u32) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let before = sleeps(process);
        thread::sleep(WATCHED);
        let after = sleeps(process);
        if before == after && after.keys().any(|name| name.starts_with("receiver ")) {
            return;
        }
        assert!(Instant::now() < deadline, "it never sleeps: {before:?}, then {after:?}");
    }
}

#[test]
fn an_idle_client_never_wakes_up() {
    let server = Server::start(&[]);
    let home = Home::calling_by_default(server.addresses[0]);
    let mut tesla = home.person("tesla");
    expect_sleep(tesla.pid());
    // Not even while the user wants to hear nothing.
    tesla.ask("/sleep 5m", &["Good night. *"]);
    expect_sleep(tesla.pid());
}

#[test]
fn a_client_without_a_connection_sleeps_between_its_attempts() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, session) = server.tesla(&home);
    drop((session, server));
    tesla.skip_to("Connection lost (*). Trying again in 2 s ...");
    expect_sleep(tesla.pid());
}
