//! Programs that others have written: openssl by hand, and irssi. Where one is not installed, that is said.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;
use wire::numeric::{BOUND, REPLACED};
use wire::tls::{Connector, Identity};

use super::shake_hands;
use crate::harness::{PATIENCE, Server, fits, skip};
use crate::mail::irssi;

fn is_installed(program: &str) -> bool {
    let version = if program == "openssl" { "version" } else { "--version" };
    let installed = Command::new(program).arg(version).stdout(Stdio::null()).status().is_ok();
    if !installed {
        skip(&format!("{program} is not installed"));
    }
    installed
}

/// `openssl s_client`, as somebody uses it who types IRC by hand.
struct SClient {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl SClient {
    fn start(server: &Server, options: &[&str]) -> SClient {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &server.addresses[0].to_string()]).args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        let stderr = child.stderr.take().unwrap();
        let outputs: [Box<dyn Read + Send>; 2] = [Box::new(stdout), Box::new(stderr)];
        for output in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        SClient { child, stdin, lines }
    }

    fn types(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Reads on until this line comes.
    #[track_caller]
    fn expect(&mut self, pattern: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{pattern} never came"));
            if fits(pattern, line.trim_end_matches('\r')) {
                return line;
            }
        }
    }
}

impl Drop for SClient {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn openssl_joins_and_talks_by_hand() {
    if !is_installed("openssl") {
        return;
    }
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.join("#a");
    let mut by_hand = SClient::start(&server, &[]);
    by_hand.expect("*TLSv1.3*");
    by_hand.types("NICK hand\nUSER hand 0 * :by hand");
    by_hand.expect(":groupchat 001 hand :Welcome *");
    by_hand.types("JOIN #a\nPRIVMSG #a :typed");
    alice.skip_to(":hand!hand@127.0.0.1 PRIVMSG #a :typed");
    // A K at the start of what it reads is openssl's own command: other keys for both directions.
    for _ in 0..10 {
        by_hand.types("K");
        by_hand.expect("KEYUPDATE");
    }
    by_hand.types("PRIVMSG #a :with new keys");
    alice.skip_to(":hand!hand@127.0.0.1 PRIVMSG #a :with new keys");
    alice.send("PRIVMSG #a :I see");
    by_hand.expect(":alice!alice@127.0.0.1 PRIVMSG #a :I see");
    // The certificate is what the server's window says.
    let file = server.folder.path().join("tls/server.pem");
    let output =
        Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let fingerprint = text.trim().split_once('=').unwrap().1.replace(':', "").to_lowercase();
    assert_eq!(fingerprint, super::shown_fingerprint(&server));
}

#[test]
fn what_is_older_than_tls_1_3_is_refused() {
    if !is_installed("openssl") {
        return;
    }
    let server = Server::start(&[]);
    let mut old = SClient::start(&server, &["-tls1_2"]);
    server.program.expect_log("is offline (No TLS connection: ");
    assert!(!old.child.wait().unwrap().success());
    server.client_with_key("tesla", "tesla").ask("ISON tesla", &["303 :tesla"]);
}

/// A certificate with its key, made as the manuals of IRC networks say, and irssi's settings for it.
fn certificate(home: &TempDir) -> (PathBuf, String) {
    let file = home.path().join("irs.pem");
    let pem = file.to_str().unwrap();
    let mut make = Command::new("openssl");
    make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=irs", "-keyout", pem]);
    assert!(make.args(["-out", &format!("{pem}.cert")]).stderr(Stdio::null()).status().unwrap().success());
    let both = fs::read_to_string(pem).unwrap() + &fs::read_to_string(format!("{pem}.cert")).unwrap();
    fs::write(pem, both).unwrap();
    let tls = format!("use_tls = \"yes\"; tls_verify = \"no\"; tls_cert = \"{pem}\";");
    (file, tls)
}

#[test]
fn two_irssi_that_come_back_by_themselves_do_not_replace_each_other() {
    if !is_installed("openssl") || !is_installed("irssi") {
        return;
    }
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    let homes = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let (pem, tls) = certificate(&homes[0]);
    let has = |name: &str| server.program.count_log(&format!("has taken a name  [ {name} ]")) > 0;
    let one = irssi::start(&homes[0], &server, &tls, "");
    server.wait_until(&mut alice, "one irssi", |_| has("irs"));
    // It answers, so the other one chooses another name.
    let two = irssi::start(&homes[1], &server, &tls, "");
    server.wait_until(&mut alice, "another irssi", |_| has("irs_"));
    // Their owner takes the name away with a third client, and the first irssi comes back.
    let mut third = server.connect();
    shake_hands(&third, &Connector::new(Identity::load(&pem, &pem).unwrap(), None).unwrap());
    third.register("third");
    third.send("REGAIN irs");
    third.skip_to(":third!third@127.0.0.1 NICK :irs");
    let deadline = Instant::now() + 3 * PATIENCE;
    while !has("irs__") {
        assert!(Instant::now() < deadline, "it never came back");
        let pings: Vec<_> = third.sync().into_iter().filter(|line| line.starts_with("PING :key-")).collect();
        pings.iter().for_each(|ping| third.send(&ping.replace("PING", "PONG")));
    }
    assert_eq!(server.program.count_log(REPLACED), 1);
    [one, two].into_iter().for_each(irssi::leave);
}

#[test]
fn irssi_keeps_its_name_by_its_certificate() {
    if !is_installed("openssl") || !is_installed("irssi") {
        return;
    }
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    let home = TempDir::new().unwrap();
    let (_, tls) = certificate(&home);
    for times in [1, 2] {
        // With this irssi leaves if the server does not say that it has logged in.
        let irssi = irssi::start(&home, &server, &tls, "sasl_mechanism = \"EXTERNAL\";");
        irssi::wait_until_here(&server, &mut alice, times);
        alice.send("WHOIS irs");
        alice.skip_to("671 irs");
        alice.skip_to("276 irs :has client certificate fingerprint *");
        alice.skip_to("318 *");
        irssi::leave(irssi);
        server.wait_until(&mut alice, "its end", |server| {
            server.program.count_log("is offline (Quit: leaving)  [ irs ]") == times
        });
        // Between its visits nobody else has the name.
        let mut thief = server.connect_with_key("eve");
        thief.send("NICK irs");
        thief.expect(&format!("433 irs :{BOUND}"));
    }
    server.program.expect_log("has the name for the key ");
    assert_eq!(server.program.count_log("has the name for the key "), 1);
}
