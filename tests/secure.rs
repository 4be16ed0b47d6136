//! TLS: who is let in how, and that the keys last.
//!
//! - [`names`]: names that belong to keys, and nine ways to steal one
//! - [`takeover`]: a name goes from one connection to another with the same key, and never to and fro
//! - [`release`]: somebody gives up a name
//! - [`two_clients`]: what people see of that at our client, and irssi
//! - [`recorder`], [`recorded`]: what somebody on the way can read, and who is refused
//! - [`hostile`]: whatever else bytes can be on a port that speaks TLS
//! - [`one_key`]: one server has one key, whatever address it listens on
//! - [`sasl`]: clients that want to hear that their certificate counts
//! - [`stock`]: openssl and irssi

mod hostile;
mod names;
mod one_key;
mod recorded;
mod recorder;
mod release;
mod sasl;
mod shares;
mod stock;
mod takeover;
mod two_clients;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output as Finished};
use std::time::Instant;

use tempfile::TempDir;
use wire::fingerprint::Fingerprint;
use wire::tls::{Connector, Identity, Trust};

use crate::files::{FILES, download, fetch, offer};
use crate::harness::{Client, PATIENCE, Server};

/// What is said to who speaks plain text and may not.
const NOT_IN_PLAIN: &str = "ERROR :Closing connection: Plain text is not taken from your address; connect with TLS";

/// Makes a connection speak TLS from here on, with the certificate of the connector.
fn shake_hands(client: &Client, connector: &Connector) {
    let (stream, deadline) = (client.stream(), Instant::now() + PATIENCE);
    let shaken = connector.connect(stream.socket(), "localhost", Trust::TrustOnFirstUse, deadline);
    stream.secure(Box::new(shaken.expect("the server shakes hands").0));
    stream.socket().set_read_timeout(Some(PATIENCE)).unwrap();
    stream.socket().set_write_timeout(Some(PATIENCE)).unwrap();
}

impl Server {
    /// A connection over TLS that has said nothing yet, from somebody with the key of this name, which is made when it
    /// is not there.
    pub fn connect_with_key(&self, key: &str) -> Client {
        let file = self.folder.path().join(format!("{key}.pem"));
        let connector = Connector::new(Identity::load_or_make(&file, key).unwrap(), None).unwrap();
        let client = self.connect();
        shake_hands(&client, &connector);
        client
    }

    /// The same, registered under this name.
    pub fn client_with_key(&self, nick: &str, key: &str) -> Client {
        let mut client = self.connect_with_key(key);
        client.register(nick);
        client.sync();
        client
    }

    /// The same, when the key has had the name in an earlier session.
    pub fn client_with_known_key(&self, nick: &str, key: &str) -> Client {
        let mut first = self.client_with_key(nick, key);
        first.send("QUIT");
        first.skip_to("ERROR *");
        first.expect_end();
        self.client_with_key(nick, key)
    }
}

/// The fingerprint that the server's window shows.
fn shown_fingerprint(server: &Server) -> String {
    let line = server.program.expect_log("Its key has the fingerprint ");
    line.rsplit(' ').next().unwrap().to_owned()
}

/// Runs the server with options with which it does not stay.
fn run(options: &[&str]) -> Finished {
    Command::new(env!("CARGO_BIN_EXE_chat-server")).args(options).output().unwrap()
}

#[test]
fn one_port_speaks_both() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut tesla = server.client_with_key("tesla", "tesla");
    alice.join("#a");
    tesla.join("#a");
    alice.expect(":tesla!tesla@127.0.0.1 JOIN #a");
    alice.send("PRIVMSG #a :in plain text");
    tesla.expect(":alice!alice@127.0.0.1 PRIVMSG #a :in plain text");
    tesla.send("PRIVMSG #a :over TLS");
    alice.expect(":tesla!tesla@127.0.0.1 PRIVMSG #a :over TLS");
    // Much, in one answer and in many lines.
    for _ in 0..200 {
        alice.send(&format!("PRIVMSG #a :{}", "x".repeat(400)));
    }
    let pattern = format!(":alice!alice@127.0.0.1 PRIVMSG #a :{}", "x".repeat(400));
    assert_eq!((0..200).filter(|_| tesla.expect(&pattern) == pattern).count(), 200);
    tesla.send("QUIT");
    tesla.expect("ERROR :Closing connection: Quit: ");
    tesla.expect_end();
    alice.expect(":tesla!tesla@127.0.0.1 QUIT :Quit: ");
}

#[test]
fn plain_text_is_refused_where_it_is_not_wanted() {
    let server = Server::start(&["--plain", "never"]);
    let mut plain = server.connect();
    plain.send("NICK eve");
    plain.expect(NOT_IN_PLAIN);
    plain.expect_end();
    let mut data = server.connect();
    data.send("GET 1 token 0");
    data.expect(NOT_IN_PLAIN);
    data.expect_end();
    server.client_with_key("tesla", "tesla").ask("ISON eve", &["303 :"]);
}

#[test]
fn the_end_of_the_server_is_told_over_tls_too() {
    let mut server = Server::start(&[]);
    let mut tesla = server.client_with_key("tesla", "tesla");
    let mut silent = server.connect();
    let mut begun = server.connect();
    begun.send_bytes(&[22, 3, 1]);
    server.wait_until(&mut tesla, "three clients", |server| server.program.count_log(" connected") == 3);
    server.program.signal("TERM");
    tesla.expect("ERROR :Server is shutting down");
    tesla.expect_end();
    silent.expect("ERROR :Server is shutting down");
    // A peer whose handshake has begun could not read that line. It does not keep the server from ending.
    assert_eq!(server.program.exit_code(crate::harness::PATIENCE), Some(0));
}

#[test]
fn the_server_keeps_its_key() {
    let server = Server::start(&[]);
    let shown = shown_fingerprint(&server);
    let file = server.folder.path().join("tls/server.pem");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert_eq!(mode(&server.folder.path().join("keys")), 0o700);
    let folder = server.folder.clone();
    drop(server);
    assert_eq!(shown_fingerprint(&Server::start_in(&folder, &[])), shown);
    fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let data = folder.path().to_str().unwrap();
    let refused = run(&["--listen", "127.0.0.1:0", "--data-dir", data]);
    let errors = String::from_utf8(refused.stderr).unwrap();
    assert!(errors.starts_with("chat-server: others may read the key in "), "{errors}");
    assert_eq!((refused.status.code(), errors.lines().count()), (Some(1), 1));
}

#[test]
fn one_socket_speaks_both_versions_of_ip_where_there_are_both() {
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let server = Server::start(&["--listen", "[::]:0", "--max-per-ip", "0", "--plain", "always"]);
    for (ip, shown) in [("::1", "0::1"), ("127.0.0.1", "127.0.0.1")] {
        let mut alice = server.connect_to(SocketAddr::new(ip.parse().unwrap(), server.addresses[0].port()));
        alice.register("alice");
        alice.ask("USERHOST alice", &[&format!("302 :alice=+alice@{shown}")]);
        alice.send("QUIT");
        alice.skip_to("ERROR *");
    }
}

#[test]
fn a_certificate_can_be_given() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("given.pem");
    let given = Identity::load_or_make(&file, "chat.example.org").unwrap();
    let file = file.to_str().unwrap();
    let server = Server::start(&["--cert", file, "--key", file]);
    assert_eq!(shown_fingerprint(&server).parse(), Ok(given.fingerprint()));
    server.client_with_key("tesla", "tesla").ask("ISON tesla", &["303 :tesla"]);
    let none = folder.path().join("none");
    let none = none.to_str().unwrap();
    for (cert, key, complaint) in [
        (none, file, "cannot read "),
        (file, none, "cannot read "),
        (file, "/dev/null", "there is no private key, or it is damaged"),
    ] {
        let data = TempDir::new().unwrap();
        let data = data.path().to_str().unwrap();
        let refused = run(&["--listen", "127.0.0.1:0", "--data-dir", data, "--cert", cert, "--key", key]);
        let errors = String::from_utf8(refused.stderr).unwrap();
        assert!(errors.contains(complaint) && errors.lines().count() == 1, "{errors}");
        assert_eq!(refused.status.code(), Some(1));
    }
    assert_eq!(run(&["--cert", file]).status.code(), Some(2), "a certificate is of no use without its key");
}

#[test]
fn whois_shows_keys_to_compare() {
    let server = Server::start(&[]);
    let mut tesla = server.client_with_key("tesla", "tesla");
    let mut alice = server.client("alice");
    let key = Identity::load_or_make(&server.folder.path().join("tesla.pem"), "tesla").unwrap().fingerprint();
    alice.send("WHOIS tesla");
    alice.skip_to("671 tesla");
    let line = alice.expect("276 tesla :has client certificate fingerprint *");
    assert_eq!(line.rsplit(' ').next().unwrap().parse::<Fingerprint>(), Ok(key));
    tesla.send("WHOIS alice");
    let about: Vec<_> = tesla.sync();
    assert!(about.iter().all(|line| !tesla.is("671 *", line) && !tesla.is("276 *", line)), "{about:#?}");
}

#[test]
fn a_token_from_over_tls_is_not_good_in_plain_text() {
    let server = Server::start(&[]);
    let mut tesla = server.client_with_key("tesla", "tesla");
    let mut bob = server.client_with("bob", FILES);
    let no_good = "ERROR :This token is not, or no longer, good; ask for another one";
    let offered = offer(&mut tesla, "bob", 9, "a.txt");
    let first_line = format!("PUT {} {} 0", offered.id, offered.token);
    let mut plain = server.connect();
    plain.send(&first_line);
    plain.expect(no_good);
    let mut secure = server.connect_with_key("tesla");
    secure.send(&first_line);
    secure.send_bytes(b"123456789cbf43926\r\n");
    secure.expect("OK 1");
    secure.expect_end();
    bob.skip_to(":tesla!tesla@127.0.0.1 FILE ANNOUNCE bob 1 9 cbf43926 :a.txt");
    // bob has chosen plain text for all that he says; that is up to him.
    assert_eq!(download(&server, &mut bob, 1), b"123456789");
    let token = fetch(&mut bob, 1);
    let mut data = server.connect_with_key("bob");
    data.send(&format!("GET 1 {token} 0"));
    data.expect("OK 9");
    assert_eq!(data.receive_bytes(100), b"123456789");
}

#[test]
fn the_key_of_a_room_is_handed_out_over_tls_only() {
    let server = Server::start(&[]);
    let mut tesla = server.client_with_key("tesla", "tesla");
    tesla.ask("MAKEROOM lab 239.1.2.3 4000", &[":groupchat MAKEROOM lab 239.1.2.3 4000"]);
    let item = |client: &mut Client, asked: &str| {
        let lines = client.ask(asked, &[":groupchat GETDIR ITEM lab 239.1.2.3 4000 tesla *", ":groupchat GETDIR END"]);
        lines[0].rsplit(' ').next().unwrap().to_owned()
    };
    let key = item(&mut tesla, "GETDIR lab");
    assert!(key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit()), "{key}");
    assert_eq!(item(&mut tesla, "GETDIR"), "sealed");
    assert_eq!(item(&mut server.client("plain"), "GETDIR lab"), "sealed");
    assert_eq!(item(&mut server.client_with_key("albert", "albert"), "GETDIR lab"), key);
    // A room belongs to the key that has made it, under whichever name.
    tesla.send("QUIT");
    tesla.skip_to("ERROR *");
    tesla.expect_end();
    let not_his = ":groupchat FAIL DELETEROOM NOT_YOURS lab *";
    server.client_with_key("carl", "carl").ask("DELETEROOM lab", &[not_his]);
    server.client_with_key("nikola", "tesla").ask("DELETEROOM lab", &[":groupchat DELETEROOM lab"]);
}
