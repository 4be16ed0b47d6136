//! The directory of multicast rooms: who may enter and remove what, and that it lasts.

use std::fs;
use std::thread;

use crate::client::person::Home;
use crate::harness::{Client, Server};
use crate::limits::limit;

/// What a listing shows of a room's key.
const KEY: &str = if cfg!(feature = "tls") { "sealed" } else { "open" };

#[track_caller]
fn make(client: &mut Client, name: &str, address: &str, port: u16) {
    let line = format!("MAKEROOM {name} {address} {port}");
    client.ask(&line, &[&format!(":groupchat {line}")]);
}

#[test]
fn rooms_are_made_listed_and_deleted() {
    let server = Server::start(&[]);
    let mut tesla = server.client("tesla");
    let mut albert = server.client("albert");
    albert.ask("GETDIR", &[":groupchat GETDIR END"]);
    make(&mut tesla, "Lab", "239.1.2.3", 4000);
    make(&mut albert, "café", "239.255.255.255", 65535);
    let lab = format!(":groupchat GETDIR ITEM Lab 239.1.2.3 4000 tesla * {KEY}");
    let cafe = format!(":groupchat GETDIR ITEM café 239.255.255.255 65535 albert * {KEY}");
    albert.ask("GETDIR", &[&cafe, &lab, ":groupchat GETDIR END"]);
    let one = albert.ask("getdir LAB", &[&lab, ":groupchat GETDIR END"]);
    assert_eq!(one[0].split(' ').nth(7).unwrap().len(), 16, "{one:?}");
    let not_hers = ":groupchat FAIL DELETEROOM NOT_YOURS lab :Lab is a room of tesla, who alone can delete it";
    albert.ask("DELETEROOM lab", &[not_hers]);
    tesla.ask("DELETEROOM lab", &[":groupchat DELETEROOM Lab"]);
    let gone = ":There is no such room in the directory";
    tesla.ask("DELETEROOM lab", &[&format!(":groupchat FAIL DELETEROOM NO_SUCH_ROOM lab {gone}")]);
    albert.ask("GETDIR lab", &[&format!(":groupchat FAIL GETDIR NO_SUCH_ROOM lab {gone}")]);
    albert.ask("GETDIR", &[&cafe, ":groupchat GETDIR END"]);
    // What was deleted can be made again, and is another room.
    make(&mut albert, "lab", "239.1.2.3", 4000);
    let again = albert.ask("GETDIR lab", &[":groupchat GETDIR ITEM lab 239.1.2.3 4000 albert *", "*END"]);
    assert_ne!(again[0].split(' ').nth(7), one[0].split(' ').nth(7));
}

#[test]
fn what_cannot_be_a_room_is_refused_and_changes_nothing() {
    let server = Server::start(&[]);
    let mut tesla = server.client("tesla");
    make(&mut tesla, "lab", "239.1.2.3", 4000);
    for (words, code, text) in [
        ("LAB 239.1.2.4 4000", "NAME_TAKEN LAB", "There is a room lab already"),
        ("b 239.1.2.3 4000", "ADDRESS_TAKEN b", "The members of lab meet there already"),
        ("#b 239.1.2.4 4000", "INVALID_PARAMS #b", "A room's name has *"),
        ("b,c 239.1.2.4 4000", "INVALID_PARAMS b,c", "A room's name has *"),
        ("b 224.0.0.1 4000", "INVALID_PARAMS b", "Members meet at an address from 239.0.0.0 *"),
        ("b 239.1.2 4000", "INVALID_PARAMS b", "Members meet at an address from 239.0.0.0 *"),
        ("b 239.1.2.4 1023", "INVALID_PARAMS b", "Members meet at an address from 239.0.0.0 *"),
        ("b 239.1.2.4 65536", "INVALID_PARAMS b", "Members meet at an address from 239.0.0.0 *"),
        ("b 239.1.2.4 x", "INVALID_PARAMS b", "Members meet at an address from 239.0.0.0 *"),
    ] {
        tesla.ask(&format!("MAKEROOM {words}"), &[&format!(":groupchat FAIL MAKEROOM {code} :{text}")]);
    }
    tesla.ask("MAKEROOM b 239.1.2.4", &["461 MAKEROOM"]);
    tesla.ask("DELETEROOM", &["461 DELETEROOM"]);
    server.connect().ask("GETDIR", &["451"]);
    tesla.ask("GETDIR", &[":groupchat GETDIR ITEM lab *", ":groupchat GETDIR END"]);
    // The same address at another port, and the other way round, are others' to take.
    make(&mut tesla, "b", "239.1.2.3", 4001);
    make(&mut tesla, "c", "239.1.2.4", 4000);
}

#[test]
fn the_directory_survives_the_server_and_damage() {
    let server = Server::start(&[]);
    let mut tesla = server.client("tesla");
    make(&mut tesla, "lab", "239.1.2.3", 4000);
    make(&mut tesla, "b", "239.1.2.4", 4000);
    let before = tesla.ask("GETDIR", &["*b *", "*lab *", "*END"]);
    let folder = server.folder.clone();
    drop(server);
    let path = folder.path().join("directory");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("nonsense\n{text}\n{text}")).unwrap();
    let server = Server::start_in(&folder, &[]);
    let mut tesla = server.client("tesla");
    assert_eq!(tesla.ask("GETDIR", &["*b *", "*lab *", "*END"]), before);
    server.program.expect_log("Line 1 of ");
    server.program.expect_log("The directory as it was is in ");
    tesla.ask("DELETEROOM b", &[":groupchat DELETEROOM b"]);
    drop(server);
    let server = Server::start_in(&folder, &[]);
    server.client("tesla").ask("GETDIR", &[&before[1], "*END"]);
    assert!(fs::read_to_string(folder.path().join("directory.damaged")).unwrap().starts_with("nonsense"));
}

#[test]
fn many_make_rooms_at_once_and_each_is_there_once() {
    let server = Server::start(&["--flood", "0"]);
    let made = |number: usize| {
        let mut client = server.client(&format!("c{number}"));
        let same = format!("MAKEROOM same 239.9.9.{number} 4000");
        client.send(&same);
        let answer = client.receive().unwrap();
        (0..20)
            .for_each(|room| make(&mut client, &format!("r{number}-{room}"), &format!("239.2.{number}.{room}"), 4000));
        answer == format!(":groupchat {same}")
    };
    let winners = thread::scope(|scope| {
        let makers: Vec<_> = (0..8).map(|number| scope.spawn(move || made(number))).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(winners, 1);
    let folder = server.folder.clone();
    drop(server);
    let server = Server::start_in(&folder, &[]);
    let mut tesla = server.client("tesla");
    tesla.send("GETDIR");
    assert_eq!(tesla.sync().len(), 8 * 20 + 1 + 1);
}

#[test]
fn people_at_the_client_use_it() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    tesla.ask("/getdir", &["There is no multicast room in the directory; /makeroom makes one"]);
    tesla.ask("/makeroom lab 239.1.2.3 4000", &["The room lab is in the directory, at 239.1.2.3:4000"]);
    tesla.ask("/makeroom #attic 239.1.2.3 5000", &["The room attic is in the directory, at 239.1.2.3:5000"]);
    tesla.ask("/makeroom lab 239.1.2.4 4000", &["There is a room lab already"]);
    tesla.ask("/makeroom lab 10.0.0.1 4000", &["Members meet at an address from 239.0.0.0 *"]);
    tesla.ask("/makeroom lab here", &["Usage: /makeroom NAME ADDRESS PORT"]);
    tesla.ask("/makeroom lab here now", &["Members meet at an address from 239.0.0.0 *"]);
    let rows = ["ROOM   ADDRESS         OWNER", "attic  239.1.2.3:5000  tesla", "lab    239.1.2.3:4000  tesla"];
    tesla.ask("/getdir", &rows);
    home.person("albert").ask("/deleteroom lab", &["lab is a room of tesla, who alone can delete it"]);
    tesla.skip_to("albert left the conversation*");
    tesla.ask("/deleteroom lab", &["The room lab is in the directory no more"]);
    tesla.ask("/deleteroom lab", &["There is no such room in the directory"]);
}

#[test]
fn the_directory_has_a_bound() {
    let server = Server::start(&["--flood", "0"]);
    let mut tesla = server.client("tesla");
    for number in 0..limit("DIRECTORY_ROOMS") {
        tesla.send(&format!("MAKEROOM r{number} 239.3.{}.{} 4000", number / 250, number % 250));
        tesla.expect(&format!(":groupchat MAKEROOM r{number} *"));
    }
    let full = ":groupchat FAIL MAKEROOM TOO_MANY one_more :There are 1000 rooms; no more are taken";
    tesla.ask("MAKEROOM one_more 239.4.0.0 4000", &[full]);
    tesla.ask("DELETEROOM r7", &[":groupchat DELETEROOM r7"]);
    make(&mut tesla, "one_more", "239.4.0.0", 4000);
}

#[test]
fn a_disk_that_fails_is_told_and_nothing_changes() {
    let server = Server::start(&[]);
    let mut tesla = server.client("tesla");
    make(&mut tesla, "lab", "239.1.2.3", 4000);
    // Even root cannot write a file where a folder is.
    fs::create_dir(server.folder.path().join("directory.new")).unwrap();
    let why = ":The server's disk fails; try again later, or tell who runs it";
    tesla.ask("MAKEROOM b 239.1.2.4 4000", &[&format!(":groupchat FAIL MAKEROOM UNAVAILABLE b {why}")]);
    tesla.ask("DELETEROOM lab", &[&format!(":groupchat FAIL DELETEROOM UNAVAILABLE lab {why}")]);
    tesla.ask("GETDIR", &[":groupchat GETDIR ITEM lab *", ":groupchat GETDIR END"]);
    server.program.expect_log("The directory cannot be written: ");
    assert_eq!(server.program.count_log("The directory cannot be written: "), 1, "not a line for each");
}

#[test]
fn a_build_without_multicast_says_so() {
    if cfg!(feature = "multicast") {
        return;
    }
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    tesla.ask("/makeroom lab 239.1.2.3 4000", &["The room lab is in the directory, at 239.1.2.3:4000"]);
    tesla.ask("/chat lab", &["This client was built without multicast; build it with --features multicast"]);
    // What was meant for that room goes nowhere else.
    tesla.ask("for the attic alone", &["Nothing was sent: you are talking to nobody; *"]);
}
