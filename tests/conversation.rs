//! The conversations of the seeds, held by two or three chat clients: with our server, and with
//! another one if it is installed.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use crate::client::person::{Home, Person, WELCOME, address_of_its_own};
use crate::harness::{Output, Program, Server, fits, skip};

/// Somebody who starts the client without a name, and is asked for one.
#[track_caller]
fn comes_in(home: &Home, name: &str) -> Person {
    let mut person = home.start(&[]);
    person.expect_lines(&["CREATING NEW ID:", "Enter username: "]);
    person.type_line(name);
    person.expect_line(WELCOME);
    person
}

#[test]
fn tesla_and_albert() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = comes_in(&home, "tesla");
    tesla.type_line("Hello");
    server.program.expect_log("wrote to #lobby  [ tesla ]");
    let mut albert = comes_in(&home, "albert");
    tesla.expect_line("albert joined the conversation");
    albert.type_line("World");
    tesla.expect_line("albert: World");
    tesla.type_line("Hello albert");
    albert.expect_line("tesla: Hello albert");
    albert.type_line("tata");
    albert.expect_goodbye();
    tesla.expect_line("albert left the conversation");
    // And the other way round.
    let mut albert = comes_in(&home, "albert");
    tesla.expect_line("albert joined the conversation");
    tesla.type_line("exit");
    tesla.expect_goodbye();
    albert.expect_line("tesla left the conversation");
    expect_window(&server);
}

/// The server's window shows who comes, speaks and goes, and not what was said.
#[track_caller]
fn expect_window(server: &Server) {
    server.program.expect_log("is offline (Quit)  [ tesla ]");
    let window = server.program.text();
    let of_tesla: Vec<_> = window.lines().filter(|line| line.ends_with("  [ tesla ]")).collect();
    let expected = ["has taken a name", "joined #lobby", "wrote to #lobby", "wrote to #lobby", "is offline (Quit)"];
    assert_eq!(of_tesla.len(), expected.len(), "{of_tesla:#?}");
    for (line, did) in of_tesla.iter().zip(expected) {
        assert!(fits(&format!("Client (127.0.0.1, *) {did}  [ tesla ]"), line), "{line:?} is not {did:?}");
    }
    assert!(fits("Server has started listening on 127.0.0.1:*", window.lines().next().unwrap()));
    assert_eq!(window.lines().filter(|line| fits("Client (127.0.0.1, *) connected", line)).count(), 3);
    assert!(!window.contains("Hello") && !window.contains("World"), "{window}");
}

/// Tesla, albert and clara, who have come in this order and seen each other come.
fn three_people(home: &Home) -> [Person; 3] {
    let (mut tesla, mut albert) = (home.person("tesla"), home.person("albert"));
    let clara = home.person("clara");
    tesla.expect_lines(&["albert joined the conversation", "clara joined the conversation"]);
    albert.expect_line("clara joined the conversation");
    [tesla, albert, clara]
}

#[test]
fn a_rename_is_seen_by_all() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let [mut tesla, mut albert, mut clara] = three_people(&home);
    for (typed, old, new) in
        [(r"\name\nikola", "tesla", "nikola"), ("/name nik", "nikola", "nik"), ("/nick Tesla", "nik", "Tesla")]
    {
        tesla.ask(typed, &[&format!("You are now called {new}")]);
        for other in [&mut albert, &mut clara] {
            other.expect_line(&format!("{old} is now called {new}"));
        }
        tesla.type_line("do you see me?");
        for other in [&mut albert, &mut clara] {
            other.expect_line(&format!("{new}: do you see me?"));
        }
    }
    albert.ask("!INFO", &["3 people in #lobby: albert, clara, Tesla"]);
    clara.type_line("what did he ask?");
    albert.expect_line("clara: what did he ask?");
    tesla.expect_line("clara: what did he ask?");
}

#[test]
fn three_people_and_a_secret() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let [mut tesla, mut albert, mut clara] = three_people(&home);
    tesla.ask("@albert do not tell clara", &["(to albert) do not tell clara"]);
    albert.expect_line("tesla (to you): do not tell clara");
    albert.ask("/join #lab", &["You are now talking to #lab"]);
    tesla.ask("/join #lab", &["You are now talking to #lab"]);
    albert.expect_line("tesla joined the conversation");
    tesla.type_line("/me whispers");
    albert.expect_line("* tesla whispers");
    albert.ask("&lobby where is everybody?", &["(to #lobby) where is everybody?"]);
    clara.expect_line("albert: where is everybody?");
    tesla.expect_line("[#lobby] albert: where is everybody?");
    clara.ask("!INFO", &["3 people in #lobby: albert, clara, tesla"]);
    clara.type_line("!DISCONNECT");
    clara.expect_goodbye();
    tesla.expect_line("clara left the conversation");
    albert.expect_line("clara left the conversation");
}

const NGIRCD: &str = "/usr/sbin/ngircd";

fn start_ngircd(home: &Home, address: Ipv4Addr) -> Program {
    let config = home.path().join("ngircd.conf");
    let settings = format!(
        "[Global]\nName = irc.local\nInfo = test\nAdminEMail = nobody@irc.local\nListen = {address}\nPorts = 6667\n\
         MotdPhrase = Hello\n[Limits]\nMaxPenaltyTime = 0\n[Options]\nDNS = no\nIdent = no\nPAM = no\n"
    );
    fs::write(&config, settings).unwrap();
    let mut command = Command::new(NGIRCD);
    command.arg("--nodaemon").arg("--config").arg(&config);
    Program::start(command, "Now listening on ", 1, Output::Read)
}

#[test]
fn with_ngircd_too() {
    if !Path::new(NGIRCD).exists() {
        skip(&format!("{NGIRCD} is not installed"));
        return;
    }
    let address = address_of_its_own();
    let home = Home::calling(format!("{address}:6667"));
    let _ngircd = start_ngircd(&home, address);
    let long = home.script(&["--nick", "nikola_tesla"], "").expect_exit(1);
    assert!(fits("*nikola_tesla*choose another with --nick\n", &long), "{long}");
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.skip_to(WELCOME);
    let mut albert = home.start(&["--nick", "tesla2"]);
    albert.skip_to(WELCOME);
    tesla.expect_line("tesla2 joined the conversation");
    albert.ask("/name albert", &["You are now called albert"]);
    tesla.expect_line("tesla2 is now called albert");
    tesla.type_line("Hello");
    albert.expect_line("tesla: Hello");
    albert.type_line("World");
    tesla.expect_line("albert: World");
    tesla.ask("!INFO", &["2 people in #lobby: albert, tesla"]);
    tesla.ask("@albert psst", &["(to albert) psst"]);
    albert.expect_line("tesla (to you): psst");
    albert.ask("@nobody hi", &["(to nobody) hi", "Nobody is called nobody"]);
    let long = "é漢🙂x".repeat(100);
    albert.type_line(&long);
    let mut whole = String::new();
    while whole.len() < long.len() {
        whole.push_str(tesla.expect_line("albert: *").trim_start_matches("albert: "));
    }
    assert_eq!(whole, long);
    albert.type_line("tata");
    albert.skip_to("DISCONNECTED!!");
    albert.expect_failure("line 3 (@nobody hi): Nobody is called nobody");
    tesla.expect_line("albert left the conversation");
    let mut bot = home.script(&["--nick", "bot"], "hello\n");
    bot.skip_to("DISCONNECTED!!");
    bot.expect_exit(0);
    tesla.expect_lines(&["bot joined the conversation", "bot: hello", "bot left the conversation"]);
}
