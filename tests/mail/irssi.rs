//! irssi, as somebody who is away and comes back. Where it is not installed, that is said and nothing is tested.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::{Client, Server, skip};
use crate::mail::stored;

/// irssi on a terminal of its own, which logs all that it shows; `how` are settings of the connection, `network` of the
/// network.
pub fn start(home: &TempDir, server: &Server, how: &str, network: &str) -> Child {
    let settings = format!(
        "core = {{ server_reconnect_time = \"10s\"; }}; \"fe-common/core\" = {{ autolog = \"yes\"; autolog_path = \"{}/$0.log\"; }};",
        home.path().display()
    );
    let port = server.addresses[0].port();
    let network = format!("chatnets = {{ Test = {{ type = \"IRC\"; {network} }}; }};");
    let servers = format!(
        "servers = ( {{ address = \"127.0.0.1\"; chatnet = \"Test\"; port = {port}; autoconnect = \"yes\"; {how} }} );"
    );
    fs::write(home.path().join("config"), format!("{servers} {network} settings = {{ {settings} }};")).unwrap();
    let command = format!("irssi --home {} -n irs", home.path().display());
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm");
    script.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

pub fn leave(mut irssi: Child) {
    irssi.stdin.as_mut().unwrap().write_all(b"/quit\r").unwrap();
    irssi.wait().unwrap();
}

#[track_caller]
pub fn wait_until_here(server: &Server, watcher: &mut Client, times: usize) {
    server.wait_until(watcher, "irssi", |server| server.program.count_log("has taken a name  [ irs ]") == times);
}

#[test]
fn irssi_gets_its_letters_exactly_once() {
    let installed = Command::new("irssi").arg("--version").stdout(Stdio::null()).status().is_ok();
    if !installed {
        return skip("irssi is not installed");
    }
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    let mut known = server.client("irs");
    known.send("QUIT");
    while known.receive().is_some() {}
    for text in ["the first", "the second", "the third"] {
        alice.ask(&format!("PRIVMSG irs :{text}"), &[&stored("irs")[..]]);
    }
    let home = TempDir::new().unwrap();
    let waiting = server.folder.path().join("mail/irs/new");
    for times in [2, 3] {
        let irssi = start(&home, &server, "", "");
        wait_until_here(&server, &mut alice, times);
        server.wait_until(&mut alice, "its confirmation", |_| fs::read_dir(&waiting).unwrap().count() == 0);
        leave(irssi);
        server.wait_until(&mut alice, "its end", |server| {
            server.program.count_log("is offline (Quit: leaving)  [ irs ]") == times - 1
        });
    }
    // One for each window: the server's, and the conversation with alice.
    let entries = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
    let logs = entries.filter(|path| path.extension().is_some_and(|ending| ending == "log"));
    let log: String = logs.map(|path| fs::read_to_string(path).unwrap()).collect();
    for text in ["3 messages while you were away", "<alice> the first", "<alice> the second", "<alice> the third"] {
        assert_eq!(log.matches(text).count(), 1, "{text:?} in\n{log}");
    }
}
