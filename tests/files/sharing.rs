//! Files from one chat client to others through the real server: whole, once, and whoever is killed on the way.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::client::person::{Home, Person, WELCOME, address_of_its_own};
use crate::harness::Server;

/// A file that takes a while, and is not the same everywhere.
fn film() -> Vec<u8> {
    (0..3_000_000_u32).flat_map(|index| (index.wrapping_mul(0x9e37_79b9)).to_le_bytes()).collect()
}

/// Somebody with a folder for downloads of their own.
#[track_caller]
fn comes_in(home: &Home, nick: &str) -> Person {
    let mut person = home.start(&["--nick", nick, "--downloads", nick]);
    person.skip_to(WELCOME);
    person
}

/// The names in somebody's folder, sorted; those of parts begin with a dot.
fn names(home: &Home, nick: &str) -> Vec<String> {
    let entries = fs::read_dir(home.path().join(nick)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn expect_same(home: &Home, path: &str, bytes: &[u8]) {
    assert!(fs::read(home.path().join(Path::new(path))).unwrap() == bytes, "{path} is another file");
}

#[test]
fn a_room_shares_a_file() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    fs::write(home.path().join("my photo.jpg"), "123456789").unwrap();
    let (mut tesla, mut albert, mut clara) =
        (comes_in(&home, "tesla"), comes_in(&home, "albert"), comes_in(&home, "clara"));
    albert.skip_to("clara joined the conversation");
    clara.ask("/black tesla", &["You will see nothing more from tesla; /unblock tesla ends that"]);
    clara.ask("/info", &["3 people in #lobby: albert, clara, tesla"]);
    tesla.type_line("!FILE my photo.jpg");
    albert.expect_line("tesla shared my photo.jpg (9 bytes) with #lobby");
    albert.skip_to("Received my photo.jpg from tesla: albert/my photo.jpg (9 bytes, CRC-32 cbf43926) in *");
    // The one is said on the connection of the file, the other in the chat.
    tesla.skip_to_all(&["Sent my photo.jpg (9 bytes, CRC-32 cbf43926) to #lobby in *", "albert has my photo.jpg now"]);
    expect_same(&home, "albert/my photo.jpg", b"123456789");
    albert
        .ask("/files", &["ID  FROM   TO         SIZE  STATE  NAME", " 1  tesla  #lobby  9 bytes  had    my photo.jpg"]);
    tesla
        .ask("/files", &["ID  FROM   TO         SIZE  STATE  NAME", " 1  tesla  #lobby  9 bytes  sent   my photo.jpg"]);
    // What the blacklisted send comes when asked for, and not by itself.
    clara.ask("/files", &["No file was sent to you or by you"]);
    clara.type_line("/get 1");
    clara.skip_to("Received my photo.jpg*: clara/my photo.jpg (9 bytes, CRC-32 cbf43926) in *");
    tesla.expect_line("clara has my photo.jpg now");
}

#[test]
fn what_was_not_fetched_is_found_later_and_names_do_not_clash() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = home.start(&["--nick", "albert", "--auto-accept", "0"]);
    albert.expect_line(WELCOME);
    for text in ["first", "second"] {
        fs::write(home.path().join("a.txt"), text).unwrap();
        let mut script = home.script(&["--nick", "tesla"], "/file a.txt albert\n");
        script.skip_to("Sent a.txt (* bytes, CRC-32 *) to albert in *");
        script.expect_goodbye();
        albert.skip_to("tesla sends you a.txt (* bytes); /get * fetches it");
    }
    albert.type_line("tata");
    albert.skip_to("DISCONNECTED!!");
    assert_eq!(albert.expect_exit(0), "");
    let mut script = home.script(&["--nick", "tesla"], "/file a.txt stranger\n");
    script.skip_to("a.txt was not sent to stranger: *");
    script.expect_refused("line 1 (/file a.txt stranger): a.txt was not sent to stranger: *");
    // Even a script that says nothing gets them.
    let mut albert = home.script(&["--nick", "albert", "--downloads", "albert"], "");
    albert.skip_to("Received a.txt from tesla: albert/a*.txt *");
    albert.skip_to("Received a.txt from tesla: albert/a*.txt *");
    albert.skip_to("DISCONNECTED!!");
    assert_eq!(albert.expect_exit(0), "");
    assert_eq!(names(&home, "albert"), ["a (1).txt", "a.txt"]);
    let mut texts =
        ["a.txt", "a (1).txt"].map(|name| fs::read_to_string(home.path().join("albert").join(name)).unwrap());
    texts.sort();
    assert_eq!(texts, ["first", "second"]);
    // They are had now.
    let mut albert = home.script(&["--nick", "albert", "--downloads", "albert"], "");
    albert.expect_line(WELCOME);
    albert.expect_goodbye();
}

#[test]
fn who_is_away_is_told_and_gets_it_later() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    fs::write(home.path().join("a.txt"), "123456789").unwrap();
    let mut albert = comes_in(&home, "albert");
    albert.type_line("tata");
    albert.expect_goodbye();
    let mut script = home.script(&["--nick", "tesla"], "/file a.txt albert\n");
    script.skip_to("Sent a.txt (9 bytes, CRC-32 cbf43926) to albert in *");
    script.skip_to("DISCONNECTED!!");
    assert_eq!(script.expect_exit(0), "");
    let mut albert = home.start(&["--nick", "albert", "--downloads", "albert"]);
    albert.skip_to("[20* UTC] tesla sends you a.txt (9 bytes)");
    albert.skip_to("Received a.txt from tesla: albert/a.txt (9 bytes, CRC-32 cbf43926) in *");
    expect_same(&home, "albert/a.txt", b"123456789");
}

#[test]
fn a_stock_client_is_told_and_a_file_can_be_too_large() {
    let server = Server::start(&["--max-file", "1000"]);
    let home = Home::calling(server.addresses[0]);
    fs::write(home.path().join("a.txt"), "123456789").unwrap();
    fs::write(home.path().join("big.txt"), "x".repeat(1001)).unwrap();
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut tesla = comes_in(&home, "tesla");
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
    tesla.ask("/file big.txt", &["big.txt was not sent to #lobby: *"]);
    tesla.type_line("/file a.txt");
    albert.expect(":tesla!tesla@127.0.0.1 NOTICE #lobby :*a.txt*");
}

#[test]
fn kill_9_of_either_client_loses_nothing() {
    let server = Server::start(&[]);
    let home = Home::calling_by_default(server.addresses[0]);
    let film = film();
    fs::write(home.path().join("film.mp4"), &film).unwrap();
    let mut albert = comes_in(&home, "albert");
    let mut tesla = comes_in(&home, "tesla");
    tesla.type_line("/file film.mp4 albert");
    tesla.skip_to("Sending film.mp4 (11.4 MiB) to albert");
    tesla.signal("KILL");
    drop(tesla);
    server.program.expect_lost("tesla");
    // Its next run goes on with it.
    let mut tesla = home.person("tesla");
    albert.skip_to("Fetching film.mp4 (11.4 MiB) from tesla");
    albert.signal("KILL");
    drop(albert);
    server.program.expect_lost("albert");
    let mut albert = home.start(&["--nick", "albert", "--downloads", "albert"]);
    // Said by the run that was killed, if it was that fast.
    tesla.skip_to("albert has film.mp4 now");
    albert.type_line("tata");
    albert.skip_to("DISCONNECTED!!");
    // It comes twice if the run was killed between the last byte and its word to the server.
    let received = names(&home, "albert");
    assert!(received.contains(&"film.mp4".to_owned()) && received.len() <= 2, "{received:?}");
    received.iter().for_each(|name| expect_same(&home, &format!("albert/{name}"), &film));
}

#[test]
fn kill_9_of_the_server_loses_nothing() {
    let server = Server::start(&["--listen", &format!("{}:0", address_of_its_own())]);
    let (address, folder) = (server.addresses[0].to_string(), Arc::clone(&server.folder));
    let home = Home::calling_by_default(&address);
    let film = film();
    fs::write(home.path().join("film.mp4"), &film).unwrap();
    let (mut albert, mut tesla) = (comes_in(&home, "albert"), comes_in(&home, "tesla"));
    tesla.type_line("/file film.mp4 albert");
    tesla.skip_to("Sending film.mp4 (11.4 MiB) to albert");
    drop(server);
    let server = Server::start_in(&folder, &["--listen", &address]);
    albert.skip_to("Fetching film.mp4 (11.4 MiB) from tesla");
    drop(server);
    let _server = Server::start_in(&folder, &["--listen", &address]);
    albert.skip_to("Received film.mp4 from tesla: albert/film.mp4 (12000000 bytes, CRC-32 *) in *");
    expect_same(&home, "albert/film.mp4", &film);
    // What waits for the lost connection is sent when it is back.
    tesla.skip_to("albert has film.mp4 now");
    albert.type_line("tata");
    albert.skip_to("DISCONNECTED!!");
    assert_eq!(names(&home, "albert"), ["film.mp4"]);
}

#[test]
fn the_sender_takes_it_back() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    fs::write(home.path().join("a.txt"), "123456789").unwrap();
    let mut albert = home.start(&["--nick", "albert", "--auto-accept", "0"]);
    albert.skip_to(WELCOME);
    let mut tesla = comes_in(&home, "tesla");
    tesla.type_line("/file a.txt albert");
    albert.skip_to("tesla sends you a.txt (9 bytes); /get 1 fetches it");
    tesla.skip_to("Sent a.txt *");
    tesla.ask("/cancel 1", &["The server is asked to cancel file 1"]);
    albert.expect_line("tesla took a.txt back");
    albert.ask("/get 1", &["File 1 does not come: *"]);
}

#[test]
fn a_file_is_declined_for_good_and_the_sender_learns_that() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    ["a.txt", "b.txt"].iter().for_each(|name| fs::write(home.path().join(name), "123456789").unwrap());
    let mut albert = home.start(&["--nick", "albert", "--auto-accept", "0"]);
    albert.skip_to(WELCOME);
    let mut tesla = comes_in(&home, "tesla");
    for (id, name) in [(1, "a.txt"), (2, "b.txt")] {
        tesla.type_line(&format!("/file {name} albert"));
        tesla.skip_to(&format!("Sent {name} *"));
        albert.skip_to(&format!("tesla sends you {name} (9 bytes); /get {id} fetches it"));
    }
    tesla.ask("/decline 1", &["You have sent a.txt yourself; /cancel 1 takes it back"]);
    tesla.ask("/decline 9", &["There is no such file, any more or for you"]);
    let ways = "a.txt is not coming just now; /get 1 goes on with it, /decline 1 refuses it for good";
    albert.ask("/cancel 1", &[ways]);
    albert.ask("/decline 1", &["You declined a.txt"]);
    tesla.expect_line("albert does not want a.txt");
    albert.ask("/decline 1", &["There is no such file, any more or for you"]);
    albert.ask("/get 1", &["File 1 does not come: There is no such file, any more or for you"]);
    albert.ask("/files", &["ID  FROM   TO         SIZE  STATE  NAME", " 2  tesla  albert  9 bytes  new    b.txt"]);
    // A sender who has left learns it later.
    tesla.type_line("tata");
    tesla.skip_to("DISCONNECTED!!");
    albert.expect_line("tesla left the conversation");
    albert.ask("/decline 2", &["You declined b.txt"]);
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.skip_to("[20* UTC] albert does not want b.txt");
    tesla.skip_to(WELCOME);
    tesla.ask("/files", &["No file was sent to you or by you"]);
}

/// A name for which the server keeps a file cannot be released.
#[test]
fn a_received_file_is_taken_off_the_list() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    fs::write(home.path().join("a.txt"), "123456789").unwrap();
    let mut albert = comes_in(&home, "albert");
    home.script(&["--nick", "tesla"], "/file a.txt albert\n").skip_to("DISCONNECTED!!");
    albert.skip_to("Received a.txt from tesla: *");
    albert.ask("/decline 1", &["You have a.txt already; /cancel 1 takes it off your list"]);
    albert.ask("/files", &["ID *", " 1  tesla  albert  9 bytes  *  a.txt"]);
    albert.ask("/cancel 1", &["The server is asked to cancel file 1"]);
    albert.ask("/files", &["No file was sent to you or by you"]);
    assert!(home.path().join("albert/a.txt").exists());
}

#[test]
fn a_script_fails_with_its_files_and_names_their_lines() {
    let server = Server::start(&["--max-file", "1000"]);
    let home = Home::calling(server.addresses[0]);
    fs::write(home.path().join("a b.txt"), "123456789").unwrap();
    fs::write(home.path().join("big"), "x".repeat(1001)).unwrap();
    let mut albert = comes_in(&home, "albert");
    let script =
        "/file 'a b.txt' @albert\n/file big albert\n/file a\\ b.txt nobody\n/cancel 99\n/decline 99\n/get 99\n";
    let mut tesla = home.script(&["--nick", "tesla"], script);
    tesla.skip_to("DISCONNECTED!!");
    tesla.expect_failure("line 2 (/file big albert): big was not sent to albert: A file may have 1000 bytes at most; also refused: lines 3, 4, 5, 6");
    albert.skip_to("Received a b.txt from tesla: albert/a b.txt *");
    // Whatever follows it, what was asked for in vain has failed.
    for stop in ["/cancel 99", "/decline 99"] {
        let mut tesla = home.script(&["--nick", "tesla"], &format!("/get 99\n{stop}\n"));
        tesla.skip_to("DISCONNECTED!!");
        tesla.expect_failure("line 1 (/get 99): File 99 does not come: *; also refused: line 2");
    }
    // To change one's mind is no failure.
    let mut tesla = home.script(&["--nick", "tesla"], "/file 'a b.txt' albert\n/cancel a b.txt\n");
    tesla.skip_to("DISCONNECTED!!");
    tesla.expect_exit(0);
}
