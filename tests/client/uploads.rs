//! Sending files, to a server that does what the test says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use wire::crc32::crc32;

use super::person::{Home, Person, WELCOME};
use super::scripted_server::{ScriptedServer, Session};

/// tesla in the lobby of a server that takes files, with some to send.
pub fn with_files() -> (ScriptedServer, Home, Person, Session) {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    fs::write(home.path().join("a.txt"), "123456789").unwrap();
    fs::write(home.path().join("my file.txt"), "").unwrap();
    let (tesla, session) = server.tesla_with_files(&home, &[]);
    (server, home, tesla, session)
}

/// A file that no socket's buffer holds.
pub fn large() -> Vec<u8> {
    (0..12_000_000_u32).map(|index| index.to_le_bytes()[1]).collect()
}

/// Takes an offer, and all that is sent for it.
#[track_caller]
fn take(server: &ScriptedServer, session: &mut Session, offer: &str, bytes: &[u8]) {
    let offered = session.expect(&format!("FILE OFFER {offer}"));
    session.answer_ping();
    let reference = offered.split(' ').nth(2).unwrap();
    session.send(&format!(":srv FILE PUT {reference} 7 token 0 00000000"));
    let mut data = server.accept();
    data.expect("PUT 7 token 0");
    assert!(data.receive_bytes(bytes.len()) == bytes);
    data.expect(&format!("{:08x}", crc32(bytes)));
    data.send("OK 7");
    data.expect_end();
}

#[test]
fn every_way_to_send_a_file() {
    let (server, home, mut tesla, mut session) = with_files();
    for (typed, offer) in [
        ("/file a.txt", "* #lobby 9 a.txt"),
        ("!FILE a.txt", "* #lobby 9 a.txt"),
        (r"\file a.txt albert", "* albert 9 a.txt"),
        (r"\file\a.txt", "* #lobby 9 a.txt"),
        ("/file ./a.txt #dev", "* #dev 9 a.txt"),
        ("/file ~/a.txt albert", "* albert 9 a.txt"),
    ] {
        tesla.type_line(typed);
        take(&server, &mut session, offer, b"123456789");
        let target = offer.split(' ').nth(1).unwrap();
        tesla.expect_line(&format!("Sending a.txt (9 bytes) to {target}"));
        tesla.expect_line(&format!("Sent a.txt (9 bytes, CRC-32 cbf43926) to {target} in *"));
    }
    for (typed, target) in [
        ("/file my file.txt", "#lobby"),
        ("/file my file.txt bob", "bob"),
        (r#"/file "my file.txt" bob"#, "bob"),
        ("/file 'my file.txt' @bob", "bob"),
        (r"/file my\ file.txt bob", "bob"),
        (r"!FILE ~/my\ file.txt", "#lobby"),
        (r"\file\my\ file.txt bob", "bob"),
    ] {
        tesla.type_line(typed);
        take(&server, &mut session, &format!("* {target} 0 :my file.txt"), b"");
        tesla.skip_to(&format!("Sent my file.txt (0 bytes, CRC-32 00000000) to {target} in *"));
    }
    session.send(":albert!a@h FILE GOT tesla 7 :a.txt");
    tesla.expect_line("albert has a.txt now");
    assert_eq!(fs::read(home.path().join("config/groupchat/uploads-tesla")).unwrap(), b"", "nothing is left to do");
}

#[test]
fn what_cannot_be_sent_is_one_sentence() {
    let (_server, home, mut tesla, mut session) = with_files();
    let secret = home.path().join("secret");
    fs::write(&secret, "x").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = fs::read(&secret).is_ok();
    assert!(Command::new("mkfifo").arg(home.path().join("fifo")).status().unwrap().success());
    let folder = home.path().display().to_string();
    for (typed, sentence) in [
        ("/file", "Usage: /file PATH [TARGET]"),
        ("/file no.txt", &format!("no.txt cannot be sent: there is no file no.txt in {folder}")),
        ("/file no.txt bob", &format!("no.txt cannot be sent: there is no file no.txt in {folder}")),
        ("/file sub/no.txt bob", &format!("sub/no.txt cannot be sent: there is no folder {folder}/sub")),
        ("/file a.txt/x", &format!("a.txt/x cannot be sent: {folder}/a.txt is a file, and no folder")),
        ("/file /none/no.txt", "/none/no.txt cannot be sent: there is no folder /none"),
        ("/file ~/no.txt", &format!("~/no.txt cannot be sent: there is no file no.txt in {folder}")),
        ("/file 'no such.txt' bob", &format!("no such.txt cannot be sent: there is no file no such.txt in {folder}")),
        (
            "/file a.txt two words",
            &format!("a.txt two words cannot be sent: there is no file a.txt two words in {folder}"),
        ),
        ("/file 'a.txt' two words", "/file takes one PATH and one TARGET; put quotes around all of a PATH with spaces"),
        ("/file 'a.txt bob", "The quote ' has no end; put one behind the name, too"),
        ("/file fifo", "fifo cannot be sent: it is no ordinary file"),
        ("/file .", ". cannot be sent: it is a folder; pack it into one file first, such as with tar or zip"),
        ("/file secret", "secret cannot be sent: you may not read it"),
        ("/file a.txt 2x", "\"2x\" cannot be a name: *"),
        ("/get x", "Which file? /get wants a number; /files shows them"),
        ("/decline x", "Which file? /decline wants a number; /files shows them"),
        ("/cancel x", "Which file? /cancel wants a number; /files shows them"),
    ] {
        if !(is_root && typed == "/file secret") {
            tesla.ask(typed, &[sentence]);
        }
    }
    tesla.type_line("/file a.txt bob");
    session.expect("FILE OFFER u1 bob 9 a.txt");
    session.send(":srv FAIL FILE NO_SUCH_TARGET u1 :Nobody is called bob");
    tesla.expect_line("a.txt was not sent to bob: Nobody is called bob");
    // An answer to nothing is shown all the same.
    session.send(":srv FAIL FILE NO_SUCH_FILE 12 :There is no file 12");
    tesla.expect_line("There is no file 12");
}

#[test]
fn a_server_without_files_is_not_bothered() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    fs::write(home.path().join("a.txt"), "x").unwrap();
    let (mut tesla, mut session) = server.tesla(&home);
    for typed in ["/file a.txt", "/files", "/get 7", "/cancel 7", "/decline 7"] {
        tesla.ask(typed, &["This server takes no files"]);
    }
    tesla.type_line("hello");
    session.expect("PRIVMSG #lobby hello");
}

#[test]
fn a_script_waits_for_its_files_and_fails_with_them() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    fs::write(home.path().join("a.txt"), "123456789").unwrap();
    let mut script = home.script(&["--nick", "tesla"], "/file a.txt bob\n");
    let mut session = server.accept_with_files(&[]);
    script.expect_line(WELCOME);
    take(&server, &mut session, "u1 bob 9 a.txt", b"123456789");
    session.expect("QUIT");
    drop(session);
    script.skip_to("Sent a.txt (9 bytes, CRC-32 cbf43926) to bob in *");
    script.expect_goodbye();

    let mut script = home.script(&["--nick", "tesla"], "/file a.txt bob\n");
    let mut session = server.accept_with_files(&[]);
    session.expect("FILE OFFER u1 bob 9 a.txt");
    session.answer_ping();
    session.send(":srv FAIL FILE SPOOL_FULL u1 :There is no room for it now");
    session.expect("QUIT");
    drop(session);
    script.skip_to("a.txt was not sent to bob: There is no room for it now");
    script.expect_refused("line 1 (/file a.txt bob): a.txt was not sent to bob: There is no room for it now");

    let mut script = home.script(&["--nick", "tesla"], "/file no.txt bob\n");
    let mut session = server.accept_with_files(&[]);
    session.expect("QUIT");
    drop(session);
    script.expect_line("*");
    script.expect_line("no.txt cannot be sent: there is no file no.txt in *");
    script.expect_refused("line 1 (/file no.txt bob): no.txt cannot be sent: there is no file no.txt in *");
}
