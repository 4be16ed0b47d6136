//! One person at two clients, and the people who see that.

use std::fs;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use wire::numeric::{HELD, REPLACED};

use crate::client::person::{Home, Person, WELCOME};
use crate::client::scripted_server::ScriptedServer;
use crate::harness::{Server, skip};

const HELD_SENTENCE: &str = "The name tesla is in use by another client of yours";
const REPLACED_SENTENCE: &str = "another client of yours has the name now; start this one again to have it back here";

/// A server, a home with a key where tesla is in the lobby, and albert, who sees her.
fn tesla_and_albert(options: &[&str]) -> (Server, Home, Person, Person) {
    let server = Server::start(options);
    let home = Home::calling_by_default(server.addresses[0]);
    let tesla = home.person("tesla");
    let albert = Home::calling(server.addresses[0]).person("albert");
    (server, home, tesla, albert)
}

impl Person {
    /// Ends, since another client of the same person has taken its place.
    #[track_caller]
    fn expect_replaced(&mut self) {
        self.skip_to("DISCONNECTED!!");
        self.expect_failure(REPLACED_SENTENCE);
    }
}

#[test]
fn a_script_takes_a_name_over_only_if_it_is_told_to() {
    let (server, home, mut tesla, mut albert) = tesla_and_albert(&[]);
    tesla.expect_line("albert joined the conversation");
    let mut second = home.script(&["--nick", "tesla"], "hello\n");
    second.expect_failure(&format!("{HELD_SENTENCE}; --take-over takes it from there; choose another with --nick"));
    let mut third = home.start(&["--nick", "tesla", "--take-over"]);
    third.skip_to(WELCOME);
    tesla.expect_replaced();
    // Nobody is alarmed, and nobody has joined who was here.
    albert.expect_lines(&["tesla has a new connection", "groupchat set mode +o tesla"]);
    third.type_line("hello");
    albert.expect_line("tesla: hello");
    albert.ask("/info", &["2 people in #lobby: albert, tesla"]);
    third.type_line("tata");
    third.skip_to("DISCONNECTED!!");
    albert.expect_line("tesla left the conversation");
    drop(server);
}

#[test]
fn a_client_that_does_not_answer_is_replaced_and_ends_when_it_notices() {
    let (_server, home, mut tesla, mut albert) = tesla_and_albert(&[]);
    tesla.signal("STOP");
    let mut second = home.start(&["--nick", "tesla"]);
    second.skip_to("Another connection of yours has the name tesla; is it still there? One moment ...");
    second.skip_to(WELCOME);
    albert.expect_lines(&["tesla has a new connection", "groupchat set mode +o tesla"]);
    albert.ask("@tesla hi", &["(to tesla) hi"]);
    second.skip_to("albert (to you): hi");
    tesla.signal("CONT");
    tesla.expect_line("albert joined the conversation");
    tesla.expect_replaced();
    second.ask("/info", &["2 people in #lobby: albert, tesla"]);
}

#[test]
fn a_name_is_not_taken_from_a_living_client_by_a_change_of_names() {
    let (_server, home, mut tesla, _albert) = tesla_and_albert(&[]);
    let mut second = home.start(&["--nick", "nikola"]);
    second.skip_to(WELCOME);
    let how = "a client started with --take-over takes it from there";
    second.ask("/name tesla", &[&format!("{HELD_SENTENCE}; {how}")]);
    tesla.skip_to("nikola joined the conversation");
    tesla.ask("/info", &["3 people in #lobby: albert, nikola, tesla"]);
}

#[test]
fn a_client_that_comes_back_takes_nothing_from_a_living_one_and_ends() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, session) = server.tesla(&home);
    drop(session);
    tesla.expect_line("Connection lost (*). Trying again in 1 s ...");
    for next in [Some(2), Some(4), None] {
        let mut session = server.accept();
        session.expect_registration("tesla");
        session.send(&format!(":srv 433 * tesla :{HELD}"));
        if let Some(seconds) = next {
            tesla.expect_line(&format!("Connection lost ({HELD_SENTENCE}). Trying again in {seconds} s ..."));
        }
    }
    tesla.expect_line("DISCONNECTED!!");
    tesla.expect_failure(&format!("{HELD_SENTENCE}; --take-over takes it from there; choose another with --nick"));
}

/// A network between clients and a server, which forgets its connections without a word to the server.
struct Network {
    address: SocketAddr,
    /// The ends towards clients and the server.
    connections: Arc<Mutex<Vec<(TcpStream, TcpStream)>>>,
}

impl Network {
    fn before(server: SocketAddr) -> Network {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&connections);
        // It ends with the tests' process.
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let server = TcpStream::connect(server).unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    thread::spawn(move || io::copy(&mut from, &mut to));
                }
                all.lock().unwrap().push((client, server));
            }
        });
        Network { address, connections }
    }

    fn forget(&self) {
        let connections = self.connections.lock().unwrap();
        connections.iter().for_each(|(client, _)| client.shutdown(Shutdown::Both).unwrap());
    }
}

#[test]
fn a_client_that_comes_back_has_its_name_soon_and_its_lines_are_not_lost() {
    let server = Server::start(&[]);
    let network = Network::before(server.addresses[0]);
    let home = Home::calling_by_default(network.address);
    let mut tesla = home.person("tesla");
    let mut albert = Home::calling(server.addresses[0]).person("albert");
    tesla.expect_line("albert joined the conversation");
    network.forget();
    tesla.expect_line("Connection lost (*). Trying again in 1 s ...");
    albert.ask("@tesla hi", &["(to tesla) hi"]);
    tesla.type_line("typed in the dark");
    tesla.expect_line("Another connection of yours has the name tesla; is it still there? One moment ...");
    tesla.skip_to("*albert (to you): hi");
    albert.expect_lines(&["tesla has a new connection", "groupchat set mode +o tesla"]);
    albert.expect_line("tesla: typed in the dark");
    tesla.skip_to("groupchat set mode +o tesla");
    tesla.ask("/info", &["2 people in #lobby: albert, tesla"]);
}

#[test]
fn a_client_that_was_replaced_does_not_come_back() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    session.send(&format!("ERROR :Closing connection: {REPLACED}"));
    drop(session);
    tesla.expect_replaced();
}

#[test]
fn the_directory_prompt_stays_when_its_connection_was_replaced() {
    let (server, home, mut tesla, _albert) = tesla_and_albert(&[]);
    let mut prompt = home.start(&["--directory", "--nick", "tesla", "--take-over"]);
    prompt.type_line("connect");
    prompt.skip_to("You are connected to * as tesla");
    tesla.expect_replaced();
    let mut third = home.start(&["--nick", "tesla", "--take-over"]);
    third.skip_to(WELCOME);
    prompt.expect_line(&format!("You are no longer connected to {}: {REPLACED_SENTENCE}", server.addresses[0]));
    prompt.ask("bye", &["You are not connected; connect does that"]);
}

#[test]
fn plain_text_is_said_to_show_no_key() {
    let (server, home, mut tesla, _albert) = tesla_and_albert(&[]);
    tesla.type_line("tata");
    tesla.skip_to("DISCONNECTED!!");
    let sentence = "The name tesla belongs to a key, and plain text shows none: \
                    connect with TLS, without --plain, if it is yours";
    let mut plain = home.script(&["--nick", "tesla", "--plain"], "hello\n");
    plain.expect_failure(&format!("{sentence}; choose another with --nick"));
    let mut plain = Home::calling(server.addresses[0]).person("nikola");
    plain.ask("/name tesla", &[sentence]);
}

/// The client on a terminal of its own, which writes all that it shows into a file.
fn on_a_terminal(home: &Home, file: &str) -> Child {
    let client = home.client(&["--nick", "tesla"]);
    let words: Vec<_> = [client.get_program()].into_iter().chain(client.get_args()).collect();
    let command = words.iter().map(|word| format!("'{}'", word.display())).collect::<Vec<_>>().join(" ");
    let mut script = Command::new("script");
    script.args(["-qefc", &command, file]).current_dir(home.path()).env("TERM", "xterm");
    script.envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_user_at_a_terminal_is_asked() {
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        return skip("script is not installed");
    }
    let (server, home, mut tesla, _albert) = tesla_and_albert(&[]);
    tesla.expect_line("albert joined the conversation");
    let mut watcher = server.client("watcher");
    let question = format!("{HELD_SENTENCE}. Take it from there? [y/N] ");
    for (answer, file) in [("n", "no"), ("y", "yes")] {
        let mut terminal = on_a_terminal(&home, file);
        let shown = || fs::read_to_string(home.path().join(file)).unwrap_or_default();
        server.wait_until(&mut watcher, "the question", |_| shown().contains(&question));
        let mut input = terminal.stdin.take().unwrap();
        input.write_all(format!("{answer}\n").as_bytes()).unwrap();
        if answer == "n" {
            server.wait_until(&mut watcher, "another question", |_| shown().contains("Enter username: "));
            tesla.ask("@tesla still here", &["(to tesla) still here", "tesla (to you): still here"]);
        } else {
            server.wait_until(&mut watcher, "the welcome", |_| shown().contains(WELCOME));
        }
        input.write_all(b"tata\n").unwrap();
        assert!(terminal.wait().unwrap().success());
    }
    tesla.expect_replaced();
}
