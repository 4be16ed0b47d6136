//! One server has one key and one data folder, whatever address it listens on.
//!
//! The ports are fixed, so each server runs in a network namespace of its own. That takes root and the programs `unshare`
//! and `ip`; where they are not to be had a test says that it was skipped, and fails if `NAMESPACES=required` is set.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::{Output, PATIENCE, Program, skip};

/// Runs what follows in a namespace with a loopback interface that has two addresses more.
const SETUP: &str = "ip link set lo up && ip addr add 192.0.2.7/24 dev lo && ip -6 addr add 2001:db8::7/64 dev lo nodad \
                     && exec \"$0\" \"$@\"";

fn in_namespace(program: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", SETUP, program]);
    command
}

fn can_be_made() -> bool {
    let run = in_namespace("true").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let can = run.is_ok_and(|status| status.success());
    assert!(can || std::env::var("NAMESPACES").as_deref() != Ok("required"), "no network namespace can be made");
    if !can {
        skip("no network namespace can be made (it takes root, unshare and ip)");
    }
    can
}

/// Starts a server whose user has this home, and waits until it listens, or ends.
fn start(home: &Path, listen: &[&str]) -> Program {
    let mut command = in_namespace(env!("CARGO_BIN_EXE_chat-server"));
    command.env_remove("XDG_DATA_HOME").env("HOME", home);
    listen.iter().for_each(|address| _ = command.args(["--listen", address]));
    Program::start(command, "Server has started listening on ", listen.len(), Output::Read)
}

/// Where it keeps its data, and its fingerprint.
fn data_and_key(server: &Program) -> (String, String) {
    let after = |text: &str| server.expect_log(text).split_once(text).unwrap().1.to_owned();
    (after("are kept in "), after("has the fingerprint "))
}

#[test]
fn a_port_has_one_key_whatever_the_address() {
    if !can_be_made() {
        return;
    }
    let home = TempDir::new().unwrap();
    let folders = home.path().join(".local/share/groupchat");
    let known = data_and_key(&start(home.path(), &["127.0.0.1:6667"]));
    assert_eq!(known.0, folders.join("6667").to_str().unwrap());
    for listen in ["0.0.0.0:6667", "[::]", "localhost", ":6667", "6667"] {
        assert_eq!(data_and_key(&start(home.path(), &[listen])), known, "{listen}");
    }
    assert_ne!(data_and_key(&start(home.path(), &["127.0.0.1:6668"])), known, "another port is another server");

    // As an earlier version called it.
    fs::rename(folders.join("6667"), folders.join("127.0.0.1-6667")).unwrap();
    let server = start(home.path(), &["0.0.0.0:6667"]);
    assert_eq!(data_and_key(&server), known);
    server.expect_log("127.0.0.1-6667 until now; that folder was moved");
    assert!(!folders.join("127.0.0.1-6667").exists());
    drop(server);

    fs::rename(folders.join("6667"), folders.join("127.0.0.1-6667")).unwrap();
    fs::create_dir(folders.join("0.0.0.0-6667")).unwrap();
    let mut server = start(home.path(), &["0.0.0.0:6667"]);
    assert_eq!(server.exit_code(PATIENCE), Some(1));
    let [one, other] = ["0.0.0.0-6667", "127.0.0.1-6667"].map(|name| folders.join(name).display().to_string());
    let sentence = format!("stderr: chat-server: there are several data folders for port 6667: {one} and {other}; ");
    assert!(server.text().starts_with(&sentence) && !server.text().contains('\n'), "{}", server.text());
}

#[test]
fn an_open_server_says_what_to_type_on_another_computer() {
    if !can_be_made() {
        return;
    }
    let home = TempDir::new().unwrap();
    let lines = |listen: &[&str]| {
        let server = start(home.path(), listen);
        let (_, key) = data_and_key(&server);
        // The last line is there, too, once the server ends.
        server.signal("TERM");
        server.expect_log("Server is shutting down");
        let text = server.text();
        let lines = text.lines().filter_map(|line| line.strip_prefix("From another computer: "));
        lines.map(|line| line.replace(&key, "KEY")).collect::<Vec<_>>()
    };
    let line = |address: &str| format!("./chat-client --server {address} --pin KEY");
    assert_eq!(lines(&["0.0.0.0:6667"]), [line("192.0.2.7:6667")]);
    assert_eq!(lines(&["[::]:6667"]), [line("192.0.2.7:6667"), line("[2001:db8::7]:6667")]);
    assert_eq!(lines(&["127.0.0.1:6667"]), [""; 0]);
    assert_eq!(lines(&["127.0.0.1:6667", "192.0.2.7:6668"]), [line("192.0.2.7:6668")]);
}

#[test]
fn the_zone_of_an_address_may_be_a_name_or_a_number() {
    const LINK_LOCAL: &str = "ip -6 addr add fe80::7/64 dev lo nodad && ";
    if !can_be_made() {
        return;
    }
    let home = TempDir::new().unwrap();
    for zone in ["lo", "1"] {
        let mut command = Command::new("unshare");
        let setup = SETUP.replace("exec ", &format!("{LINK_LOCAL} exec "));
        command.args(["--net", "sh", "-c", &setup, env!("CARGO_BIN_EXE_chat-server")]);
        command.env("HOME", home.path()).args(["--listen", &format!("[fe80::7%{zone}]:6667")]);
        let server = Program::start(command, "Server has started listening on ", 1, Output::Read);
        assert_eq!(server.ready(), ["[fe80::7%1]:6667"], "{}", server.text());
    }
}
