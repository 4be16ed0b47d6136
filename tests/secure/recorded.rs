//! What somebody on the way hears, and what becomes of somebody who stands in the server's place.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;

use tempfile::TempDir;
use wire::fingerprint::Fingerprint;
use wire::tls::Identity;

use super::recorder::Recorder;
use super::shown_fingerprint;
use crate::client::person::{Home, Person, WELCOME};
use crate::harness::Server;

const IN_ROOM: &str = "the meeting is at noon";
const IN_PRIVATE: &str = "and the cellar is open";
const IN_FILE: &str = "what the file says is nobody's business";

/// Two people talk through a recorder, in a room, in private, and by a file.
fn talk(home: &Home) {
    fs::write(home.path().join("plan.txt"), IN_FILE).unwrap();
    let comes_in = |nick: &str| {
        let mut person = home.start(&["--nick", nick, "--downloads", nick]);
        person.skip_to(WELCOME);
        person
    };
    let (mut tesla, mut albert) = (comes_in("tesla"), comes_in("albert"));
    tesla.expect_line("albert joined the conversation");
    tesla.type_line(IN_ROOM);
    albert.expect_line(&format!("tesla: {IN_ROOM}"));
    tesla.ask(&format!("@albert {IN_PRIVATE}"), &[&format!("(to albert) {IN_PRIVATE}")]);
    albert.expect_line(&format!("tesla (to you): {IN_PRIVATE}"));
    tesla.type_line("/file plan.txt albert");
    albert.skip_to("Received plan.txt from tesla: albert/plan.txt (39 bytes, *");
    tesla.skip_to_all(&["Sent plan.txt *", "albert has plan.txt now"]);
    assert_eq!(fs::read_to_string(home.path().join("albert/plan.txt")).unwrap(), IN_FILE);
    // Who speaks and who is spoken to is nobody's business either.
    tesla.type_line("tata");
    tesla.expect_goodbye();
}

#[test]
fn whoever_records_the_way_hears_no_word() {
    const WORDS: [&str; 6] = [IN_ROOM, IN_PRIVATE, IN_FILE, "PRIVMSG", "albert", "plan.txt"];
    let server = Server::start(&[]);
    let plain = Recorder::before(server.addresses[0]);
    talk(&Home::calling(plain.address));
    for word in WORDS {
        assert!(plain.has_heard(word.as_bytes()), "in plain text {word:?} should have passed");
    }
    let server = Server::start(&[]);
    let secure = Recorder::before(server.addresses[0]);
    talk(&Home::calling_by_default(secure.address));
    assert!(secure.heard() > 1000);
    for word in WORDS {
        assert!(!secure.has_heard(word.as_bytes()), "{word:?} has passed in clear");
    }
}

/// The fingerprint that `known_servers` has.
fn known(home: &Home) -> String {
    let text = fs::read_to_string(home.path().join("config/groupchat/known_servers")).unwrap();
    text.trim().rsplit(' ').next().unwrap().to_owned()
}

#[track_caller]
fn expect_changed(mut person: Person, shown: &str, pinned: &str) {
    let errors = person.expect_exit(1);
    assert!(
        errors.starts_with("chat-client: THE KEY OF THE SERVER HAS CHANGED! Nothing was sent to it.\n"),
        "{errors}"
    );
    assert!(errors.contains(shown) && errors.contains(pinned), "{errors}");
    assert!(errors.contains("is in line 1 of ") && errors.contains("/config/groupchat/known_servers:"), "{errors}");
}

/// Starts another server, with a key of its own, on the address of one that has ended.
fn take_the_place_of(server: Server) -> Server {
    let address = server.addresses[0].to_string();
    drop(server);
    Server::start(&["--listen", &address])
}

#[test]
fn another_key_is_refused_after_the_first_contact() {
    let address = format!("{}:0", crate::client::person::address_of_its_own());
    let server = Server::start(&["--listen", &address]);
    let key = shown_fingerprint(&server);
    let home = Home::calling_by_default(server.addresses[0]);
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.expect_line(&format!("First contact with {}. Its key has the fingerprint", server.addresses[0]));
    tesla.expect_line(&key);
    tesla.expect_line("Compare it with the one that the server shows when it starts; *");
    tesla.expect_line("From now on it has to be the same; */config/groupchat/known_servers remembers it");
    tesla.skip_to(WELCOME);
    assert_eq!(known(&home), key);
    // The next contact says nothing of it.
    let mut albert = home.start(&["--nick", "albert"]);
    albert.expect_lines(&["*** albert belongs to your key *", WELCOME]);
    drop(albert);
    // Somebody with a key of their own answers instead, while tesla connects again and when she comes anew.
    let eve = take_the_place_of(server);
    let eves = shown_fingerprint(&eve);
    tesla.skip_to("Connection lost (*). Trying again in 1 s ...");
    tesla.skip_to("DISCONNECTED!!");
    expect_changed(tesla, &eves, &key);
    expect_changed(home.script(&["--nick", "tesla"], "a secret\n"), &eves, &key);
    assert_eq!(known(&home), key);
    assert_eq!(eve.program.count_log("has taken a name"), 0);
    eve.program.expect_log("is offline (No TLS connection: received fatal alert: AccessDenied)");
    // Whoever knows better says so, once.
    let mut tesla = home.start(&["--nick", "tesla", "--pin", &eves]);
    tesla.expect_line("* is known by the fingerprint that you have given from now on");
    tesla.skip_to(WELCOME);
    assert_eq!(known(&home), eves);
    home.person("albert");
}

#[test]
fn a_fingerprint_that_is_known_beforehand_has_to_be_the_right_one() {
    let server = Server::start(&[]);
    let key = shown_fingerprint(&server);
    let home = Home::calling_by_default(server.addresses[0]);
    let wrong = Fingerprint([7; 32]).to_string();
    let mut refused = home.script(&["--nick", "tesla", "--pin", &wrong], "hello\n");
    let errors = refused.expect_exit(1);
    assert!(errors.starts_with(&format!("chat-client: {} is not the server that you mean.\n", server.addresses[0])));
    assert!(errors.contains(&key) && errors.contains(&wrong), "{errors}");
    let colons: Vec<_> = key.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase()).collect();
    let mut tesla = home.start(&["--nick", "tesla", "--pin", &colons.join(":")]);
    tesla.expect_line(&format!("{} has the key that you have given", server.addresses[0]));
    tesla.skip_to(WELCOME);
    assert_eq!(known(&home), key);
    for (options, hint) in [
        (&["--pin", "12"][..], "a fingerprint has 64 digits"),
        (&["--pin", &key, "--plain"], "cannot be used with"),
        (&["--ca", "x", "--plain"], "cannot be used with"),
    ] {
        let errors = home.start(options).expect_exit(2);
        assert!(errors.contains(hint), "{errors}");
    }
}

#[test]
fn an_authority_has_to_vouch_from_then_on() {
    // The server's own certificate vouches for itself, when it is named as an authority.
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("chat.pem");
    Identity::load_or_make(&file, "localhost").unwrap();
    let path = file.to_str().unwrap();
    let server = Server::start(&["--cert", path, "--key", path]);
    let mut home = Home::calling_by_default(format!("localhost:{}", server.addresses[0].port()));
    home.script(&["--nick", "tesla", "--ca", "/none"], "").expect_failure("cannot take authorities from /none: *");
    let mut tesla = home.start(&["--nick", "tesla", "--ca", path]);
    tesla.expect_line("First contact with localhost:*. An authority vouches for it");
    tesla.skip_to(WELCOME);
    assert_eq!(known(&home), "authority");
    // Without it the server is not taken for one that is met for the first time.
    home.script(&["--nick", "albert"], "a secret\n").expect_failure("no authority vouches for localhost:*");
    home.server = server.addresses[0].to_string();
    home.script(&["--nick", "albert", "--ca", path], "").expect_failure("no authority vouches for 127.0.0.1:*");
}

#[test]
fn nothing_falls_back_to_plain_text() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::calling_by_default(listener.local_addr().unwrap());
    // Whatever comes, a server of plain text answers as such servers do.
    let answering = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut heard = [0; 64];
        let count = socket.read(&mut heard).unwrap();
        socket.write_all(b":srv 451 * :You have not registered\r\nERROR :Closing connection\r\n").unwrap();
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest);
        listener.set_nonblocking(true).unwrap();
        (heard[..count].to_vec(), rest, listener.accept().is_err())
    });
    let mut tesla = home.script(&["--nick", "tesla", "--password", "secret"], "hello\n");
    tesla.expect_failure("* does not speak TLS; --plain speaks to it so that everybody on the way can read it");
    let (heard, rest, alone) = answering.join().unwrap();
    assert!(alone, "there was no second try");
    for bytes in [heard, rest] {
        assert!(
            !bytes.windows(4).any(|window| [b"NICK", b"PASS", b"tesl", b"secr"].contains(&window.try_into().unwrap()))
        );
    }
}

#[test]
fn a_known_server_that_does_not_show_its_key_is_a_warning_and_no_reason_for_plain_text() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let home = Home::calling_by_default(address);
    let key = Fingerprint([7; 32]).to_string();
    let config = home.path().join("config/groupchat");
    fs::create_dir_all(&config).unwrap();
    for (answer, what, options) in [
        (&b":srv NOTICE * :hello\r\n"[..], "something answers in plain text", &[][..]),
        (b"HTTP/1.1 302 Found\r\n\r\n", "something answers in plain text", &[]),
        (
            b"ERROR :Full, use plain text\r\n",
            "something says in plain text, as anybody could: Full, use plain text",
            &[],
        ),
        (b"", "the connection was closed instead", &[]),
        (b":srv NOTICE * :hello\r\n", "something answers in plain text", &["--pin", &key]),
    ] {
        let known = if options.is_empty() { format!("{address} {key}\n") } else { String::new() };
        fs::write(config.join("known_servers"), known).unwrap();
        let mut tesla = home.script(&[&["--nick", "tesla"], options].concat(), "hello\n");
        let (mut socket, _) = listener.accept().unwrap();
        let mut hello = [0; 1024];
        assert!(socket.read(&mut hello).unwrap() > 0);
        socket.write_all(answer).unwrap();
        // The end of what is said, not of the connection: that would be a reset where something is still unread.
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let warning =
            "nothing was sent. If it is not just down or busy, SOMEBODY MAY BE BETWEEN YOU AND IT: ask whoever runs it";
        tesla.expect_failure(&format!("{address} has to prove itself by its key, but {what}; {warning}"));
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap();
        assert!(!rest.windows(5).any(|bytes| bytes == b"tesla"), "{rest:?}");
    }
}

#[test]
fn a_server_that_was_known_in_this_run_is_not_believed_in_plain_text() {
    let server = Server::start(&[]);
    let home = Home::calling_by_default(server.addresses[0]);
    let mut tesla = home.person("tesla");
    // The file is lost, but the client remembers.
    fs::remove_file(home.path().join("config/groupchat/known_servers")).unwrap();
    drop(server);
    let listener = TcpListener::bind(&home.server).unwrap();
    tesla.skip_to("Connection lost (*");
    let (mut socket, _) = listener.accept().unwrap();
    socket.write_all(b":groupchat 001 tesla :Welcome\r\n").unwrap();
    tesla.skip_to("Connection lost (* has to prove itself by its key, but something answers in plain text; *");
}

#[test]
fn a_server_that_is_full_says_so_before_it_speaks_tls() {
    let server = Server::start(&["--max-clients", "1"]);
    let _first = server.client("first");
    let home = Home::calling_by_default(server.addresses[0]);
    let sentence = "the server says in plain text, without a key: The server is full (1 clients); try again later";
    home.script(&["--nick", "tesla"], "hello\n").expect_failure(sentence);
}

#[test]
fn somebody_who_strips_tls_away_gets_nothing() {
    // He passes on what the client says, but speaks plain text to the server in its name.
    let server = Server::start(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut home = Home::calling_by_default(server.addresses[0]);
    home.person("tesla").type_line("tata");
    let stripped = listener.local_addr().unwrap();
    let mut bob = server.client("bob");
    let stripping = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(b":groupchat 001 tesla :Welcome to the chat\r\n").unwrap();
        let mut heard = Vec::new();
        let _ = BufReader::new(socket).read_until(b'\n', &mut heard);
        heard
    });
    home.server = stripped.to_string();
    let mut tesla = home.script(&["--nick", "tesla"], "hello\n");
    tesla.expect_failure("* does not speak TLS; *");
    let heard = stripping.join().unwrap();
    assert!(heard.starts_with(&[22, 3]) && !heard.windows(5).any(|window| window == b"tesla"));
    bob.expect_nothing();
}
