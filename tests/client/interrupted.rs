//! Uploads that do not go through at once: broken, refused, cancelled, killed.

use std::fs;

use wire::crc32::crc32;

use super::person::{Person, WELCOME};
use super::scripted_server::{ScriptedServer, Session};
use super::uploads::{large, with_files};

/// Tesla sends albert a file, whose number becomes 7, and nothing of it has come yet.
#[track_caller]
fn upload(server: &ScriptedServer, tesla: &mut Person, session: &mut Session, name: &str, size: u64) -> Session {
    tesla.type_line(&format!("/file {name} albert"));
    session.expect(&format!("FILE OFFER u1 albert {size} {name}"));
    session.answer_ping();
    session.send(":srv FILE PUT u1 7 one 0 00000000");
    let mut data = server.accept();
    data.expect("PUT 7 one 0");
    data
}

#[test]
fn a_broken_upload_goes_on_where_the_server_has_it() {
    let (server, home, mut tesla, mut session) = with_files();
    let bytes = large();
    fs::write(home.path().join("film.mp4"), &bytes).unwrap();
    let mut data = upload(&server, &mut tesla, &mut session, "film.mp4", 12_000_000);
    assert!(data.receive_bytes(1_000_000) == bytes[..1_000_000]);
    drop(data);
    tesla.expect_line("Sending film.mp4 (11.4 MiB) to albert");
    tesla.expect_line("film.mp4 is interrupted (*); trying again");
    session.expect("FILE OFFER u1 albert 12000000 film.mp4");
    session.answer_ping();
    session.send(&format!(":srv FILE PUT u1 7 two 1000000 {:08x}", crc32(&bytes[..1_000_000])));
    let mut data = server.accept();
    data.expect("PUT 7 two 1000000");
    // A progress line may come before, when the machine is very busy.
    tesla.skip_to("Going on with film.mp4 at 8 %");
    // This time the server says why it does not want more.
    data.send("ERROR :The disk is full");
    drop(data);
    tesla.expect_line("film.mp4 is interrupted (*); trying again");
    session.expect("FILE OFFER u1 albert 12000000 film.mp4");
    session.answer_ping();
    // What the server has is something else: all of it is sent again.
    session.send(":srv FILE PUT u1 7 three 1000000 12345678");
    let mut data = server.accept();
    data.expect("PUT 7 three 0");
    assert!(data.receive_bytes(bytes.len()) == bytes);
    data.expect(&format!("{:08x}", crc32(&bytes)));
    data.send("OK 7");
    tesla.skip_to("Sent film.mp4 (12000000 bytes, CRC-32 *) to albert in *");
}

#[test]
fn a_refusal_on_the_data_connection_ends_it() {
    let (server, _home, mut tesla, mut session) = with_files();
    tesla.type_line("/file a.txt bob");
    for token in ["one", "two", "three"] {
        session.expect("FILE OFFER u1 bob 9 a.txt");
        session.answer_ping();
        session.send(&format!(":srv FILE PUT u1 7 {token} 0 00000000"));
        let mut data = server.accept();
        data.expect(&format!("PUT 7 {token} 0"));
        data.receive_bytes(9);
        data.expect("cbf43926");
        data.send("ERROR :No");
    }
    tesla.skip_to("a.txt was not sent: No");
    // The server knows that it has nothing: it is not told to cancel it.
    tesla.type_line("/topic");
    session.expect("TOPIC #lobby");
}

/// The sender was killed when all was sent, and its next run asks while the server still puts the file on its disk.
#[test]
fn an_upload_that_ends_as_it_is_offered_again_is_not_taken_back() {
    let (server, home, mut tesla, mut session) = with_files();
    let mut data = upload(&server, &mut tesla, &mut session, "a.txt", 9);
    data.receive_bytes(9);
    tesla.signal("KILL");
    drop((tesla, session, data));
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = server.accept_with_files(&["7 tesla albert 9 00000000 partial :a.txt"]);
    session.expect("FILE LIST");
    session.answer_ping();
    session.send(":srv FILE ITEM 7 tesla albert 9 00000000 partial :a.txt");
    session.send(":srv FILE END");
    session.expect("FILE OFFER u1 albert 9 a.txt");
    session.send(":srv FAIL FILE NO_SUCH_FILE u1 :The upload has just ended, or was begun again; FILE LIST tells how");
    session.answer_ping();
    session.expect("FILE LIST");
    session.answer_ping();
    session.send(":srv FILE ITEM 7 tesla albert 9 cbf43926 sent :a.txt");
    session.send(":srv FILE END");
    tesla.skip_to("a.txt is with albert already");
}

#[test]
fn a_lost_last_word_is_looked_up() {
    let (server, _home, mut tesla, mut session) = with_files();
    let mut data = upload(&server, &mut tesla, &mut session, "a.txt", 9);
    data.receive_bytes(9);
    data.expect("cbf43926");
    drop(data);
    session.expect("FILE LIST");
    session.send(":srv FILE ITEM 7 tesla albert 9 cbf43926 sent :a.txt");
    session.send(":srv FILE END");
    tesla.skip_to("a.txt is with albert already");
}

#[test]
fn an_upload_can_be_cancelled() {
    let (server, home, mut tesla, mut session) = with_files();
    fs::write(home.path().join("film.mp4"), large()).unwrap();
    let mut data = upload(&server, &mut tesla, &mut session, "film.mp4", 12_000_000);
    data.receive_bytes(1_000_000);
    tesla.ask("/file film.mp4 albert", &["Sending film.mp4 *", "film.mp4 is being sent to albert already"]);
    tesla.ask("/cancel 7", &["film.mp4 is cancelled"]);
    session.expect("FILE CANCEL 7");
    session.answer_ping();
    tesla.ask("/cancel 7", &["The server is asked to cancel file 7"]);
    session.expect("FILE CANCEL 7");
    session.answer_ping();
    // One that has no number yet goes by its name.
    tesla.type_line("/file a.txt albert");
    session.expect("FILE OFFER u2 albert 9 a.txt");
    session.answer_ping();
    tesla.ask("/cancel a.txt", &["a.txt is cancelled"]);
    session.send(":srv FILE PUT u2 8 one 0 00000000");
    session.expect("FILE CANCEL 8");
}

#[test]
fn a_file_that_changes_is_taken_back() {
    let (server, home, mut tesla, mut session) = with_files();
    let path = home.path().join("film.mp4");
    fs::write(&path, large()).unwrap();
    let mut data = upload(&server, &mut tesla, &mut session, "film.mp4", 12_000_000);
    fs::File::options().write(true).open(&path).unwrap().set_len(11_999_999).unwrap();
    data.receive_bytes(11_999_999);
    session.expect("FILE CANCEL 7");
    tesla.skip_to("film.mp4 became shorter while it was being sent, and is taken back; send it again");
}

#[test]
fn ctrl_c_waits_for_no_file() {
    let (server, home, mut tesla, mut session) = with_files();
    let _data = upload(&server, &mut tesla, &mut session, "a.txt", 9);
    tesla.expect_line("Sending a.txt (9 bytes) to albert");
    tesla.type_line("tata");
    tesla.expect_line("Waiting for 1 file; Ctrl-C leaves at once, and then it goes on next time");
    tesla.signal("INT");
    tesla.expect_goodbye();
    let kept = fs::read_to_string(home.path().join("config/groupchat/uploads-tesla")).unwrap();
    assert_eq!(kept, format!("{} albert 7 {}\0", server.address, home.path().join("a.txt").display()));
}

#[test]
fn an_upload_survives_the_client() {
    let (server, home, mut tesla, mut session) = with_files();
    let data = upload(&server, &mut tesla, &mut session, "a.txt", 9);
    tesla.signal("KILL");
    drop((tesla, session, data));
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = server.accept_with_files(&["7 tesla albert 9 00000000 partial :a.txt"]);
    tesla.expect_line(WELCOME);
    // It may have arrived just before the end, so that is looked up.
    session.expect("FILE LIST");
    session.answer_ping();
    session.send(":srv FILE ITEM 7 tesla albert 9 00000000 partial :a.txt");
    session.send(":srv FILE END");
    session.expect("FILE OFFER u1 albert 9 a.txt");
    session.answer_ping();
    session.send(&format!(":srv FILE PUT u1 7 two 4 {:08x}", crc32(b"1234")));
    let mut data = server.accept();
    data.expect("PUT 7 two 4");
    assert_eq!(data.receive_bytes(5), b"56789");
    data.expect("cbf43926");
    data.send("OK 7");
    tesla.expect_line("Going on with a.txt at 44 %");
    tesla.expect_line("Sent a.txt (9 bytes, CRC-32 cbf43926) to albert in *");
}
