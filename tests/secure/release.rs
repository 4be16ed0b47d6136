//! RELEASE: the owner of a name gives it up, and nobody gets what was for the owner.

use std::fs;

use wire::numeric::BOUND;

use crate::client::person::{Home, WELCOME};
use crate::files::{FILES, upload};
use crate::harness::{Client, Server};
use crate::mail::{letters, stored};

const GIVEN_UP: &str =
    ":groupchat NOTICE nikola :tesla belongs to your key no longer; whoever takes the name next has it";

/// nikola, who was called tesla until now, and has both names.
fn nikola(server: &Server) -> Client {
    let mut nikola = server.client_with_known_key("tesla", "tesla");
    nikola.send("NICK nikola");
    nikola.nick = "nikola".into();
    nikola.skip_to("*NOTICE nikola :nikola belongs to your key *");
    nikola
}

#[test]
fn a_name_that_its_owner_gives_up_is_free_and_unknown() {
    let server = Server::start(&[]);
    let mut nikola = nikola(&server);
    let mut eve = server.client_with_key("eve", "eve");
    eve.ask("NICK tesla", &[&format!("433 tesla :{BOUND}")]);
    eve.ask("PRIVMSG tesla :psst", &[&stored("tesla")[..]]);
    nikola.ask("NICK tesla", &["*NICK :tesla", "*NOTICE*", "*NOTICE*", "*PRIVMSG tesla :psst"]);
    nikola.nick = "tesla".into();
    server.wait_until(&mut nikola, "her acknowledgement", |server| letters(server, "tesla") == 0);
    nikola.ask("NICK nikola", &["*NICK :nikola"]);
    nikola.nick = "nikola".into();
    nikola.ask("RELEASE Tesla", &[&GIVEN_UP.replace(":tesla", ":Tesla")]);
    server.program.expect_log("has given up the name tesla  [ nikola ]");
    assert!(!server.folder.path().join("keys/tesla").exists());
    // What is written to it now is for nobody, and so not for the next owner.
    eve.ask("PRIVMSG tesla :psst", &["401 tesla"]);
    nikola.ask("RELEASE tesla", &[":groupchat FAIL RELEASE NOT_YOURS tesla :tesla does not belong to your key"]);
    eve.ask("NICK tesla", &["*NICK :tesla", "*NOTICE tesla :tesla belongs to your key from now on*"]);
    nikola.ask("NICK tesla", &[&format!("433 tesla :{BOUND}")]);
}

/// Not even kill -9 brings it back to mind: otherwise mail for its old owner would wait for the next one.
#[test]
fn a_name_that_was_given_up_is_unknown_after_a_restart() {
    let mut server = Server::start(&[]);
    let mut nikola = nikola(&server);
    nikola.ask("RELEASE tesla", &[GIVEN_UP]);
    server.program.stop();
    let server = Server::start_in(&server.folder, &[]);
    let mut eve = server.client_with_key("eve", "eve");
    eve.ask("PRIVMSG tesla :psst", &["401 tesla"]);
    eve.ask("NICK tesla", &["*NICK :tesla", "*NOTICE tesla :tesla belongs to your key from now on*"]);
}

#[test]
fn nobody_gives_up_a_name_of_others_or_one_in_use() {
    let server = Server::start(&[]);
    let mut nikola = nikola(&server);
    let not_yours =
        |nick: &str| format!(":groupchat FAIL RELEASE NOT_YOURS {nick} :{nick} does not belong to your key");
    let mut eve = server.client_with_key("eve", "eve");
    let mut plain = server.client("plain");
    for thief in [&mut eve, &mut plain] {
        thief.ask("RELEASE tesla", &[&not_yours("tesla")]);
        thief.ask("RELEASE nobody", &[&not_yours("nobody")]);
        thief.ask("RELEASE", &["461 RELEASE"]);
    }
    server.connect_with_key("tesla").ask("RELEASE tesla", &["451"]);
    let in_use = ":groupchat FAIL RELEASE IN_USE nikola :You are called nikola now; take another name first, then give this one up";
    nikola.ask("RELEASE nikola", &[in_use]);
    let _second = server.client_with_key("tesla", "tesla");
    let in_use =
        ":groupchat FAIL RELEASE IN_USE tesla :Another connection with your key is called tesla; change its name first";
    nikola.ask("RELEASE tesla", &[in_use]);
    eve.ask("NICK tesla", &[&format!("433 tesla :{BOUND}")]);
}

#[test]
fn what_waits_for_a_name_keeps_it_from_being_given_up() {
    let server = Server::start(&[]);
    let mut nikola = nikola(&server);
    let kept = ":groupchat FAIL RELEASE NOT_EMPTY tesla :Messages or files are kept for tesla; *";
    let mut albert = server.client_with("albert", FILES);
    albert.ask("PRIVMSG tesla :for you alone", &[&stored("tesla")[..]]);
    nikola.ask("RELEASE tesla", &[kept]);
    nikola.send("NICK tesla");
    nikola.nick = "tesla".into();
    nikola.skip_to("*PRIVMSG tesla :for you alone");
    nikola.sync();
    // A file that was sent to tesla is nikola's now, but tesla's again once she has left.
    upload(&server, &mut albert, "tesla", "a.txt", b"x");
    server.wait_until(&mut nikola, "her acknowledgement", |server| letters(server, "tesla") == 0);
    nikola.ask("NICK nikola", &["*NICK :nikola"]);
    nikola.nick = "nikola".into();
    nikola.ask("RELEASE tesla", &[kept]);
    nikola.ask("FILE CANCEL 1", &[]);
    nikola.ask("RELEASE tesla", &[GIVEN_UP]);
}

#[test]
fn a_name_that_was_given_up_can_be_had_again() {
    let server = Server::start(&[]);
    let mut nikola = nikola(&server);
    nikola.ask("RELEASE tesla", &[GIVEN_UP]);
    nikola.ask("NICK tesla", &["*NICK :tesla", "*NOTICE tesla :tesla belongs to your key from now on*"]);
    assert_eq!(fs::read_to_string(server.folder.path().join("keys/tesla")).unwrap().lines().count(), 2);
}

#[test]
fn a_disk_that_fails_is_told() {
    let server = Server::start(&[]);
    let mut nikola = nikola(&server);
    // Even root cannot remove a folder like a file.
    let file = server.folder.path().join("keys/tesla");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let fails = "tesla cannot be given up now: the server's disk fails; try again later";
    nikola.ask("RELEASE tesla", &[&format!(":groupchat FAIL RELEASE UNAVAILABLE tesla :{fails}")]);
    server.program.expect_log("The name tesla cannot be given up for good: ");
}

#[test]
fn people_give_up_their_names_in_words() {
    let server = Server::start(&[]);
    let home = Home::calling_by_default(server.addresses[0]);
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.skip_to(WELCOME);
    let refused =
        "The server refused RELEASE: You are called tesla now; take another name first, then give this one up";
    tesla.ask("/release tesla", &[refused]);
    tesla.type_line("/name nikola");
    tesla.skip_to("*nikola belongs to your key from now on; nobody else can take the name");
    tesla.ask("/release @tesla", &["*tesla belongs to your key no longer; whoever takes the name next has it"]);
    tesla.ask("/release eve", &["The server refused RELEASE: eve does not belong to your key"]);
    tesla.ask("/release", &["*/release NAME*"]);
}
