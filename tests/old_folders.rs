//! A data folder and a client's folder as an earlier build has written them, byte for byte, are read by this one.
//!
//! Only keys are made anew. What changes a format must still read this one, or say what becomes of it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;
use wire::numeric::BOUND;
use wire::tls::Identity;

use crate::client::person::{Home, address_of_its_own};
use crate::harness::{Server, fits};
use crate::mail::letters;

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

/// Four lines wait for tesla: a message that she has seen, another, a file, and a message from eve. A file for her is whole,
/// and half of one from her was uploaded.
fn write_data(data: &Path, tesla: &str) {
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let room = format!("lab 239.1.2.3 4000 tesla {tesla} 12b010abe0082644 {}\n", "eb".repeat(32));
    let film = format!("offer {now} 18 albert!albert@127.0.0.1 tesla :film.txt\n");
    write(
        data,
        &[
            ("directory", &room),
            ("keys/tesla", &format!("{tesla}\n")),
            ("names", "tesla\nalbert\neve"),
            ("run", "1795704260995876\n"),
            ("lock", ""),
            ("files/last", "2\n"),
            ("files/1.data", "for tesla: a film\n"),
            ("files/1.info", &format!("{film}done 75fb84a8 tesla\ntold tesla 06612efa992b24-0000000002\n")),
            ("files/2.data", "1234"),
            ("files/2.info", &format!("offer {now} 8 tesla!tesla@127.0.0.1 albert :large.bin\n")),
        ],
    );
    let mailbox = data.join("mail/tesla/new");
    fs::create_dir_all(mailbox.with_file_name("tmp")).unwrap();
    for (number, id, who, what) in [
        (0, ";+groupchat/id=23c0e897a067c25d-1", "albert", "PRIVMSG tesla :the first"),
        (1, ";+groupchat/id=e1d09954a6a445ac-1", "albert", "PRIVMSG tesla :the second"),
        (2, "", "albert", "FILE ANNOUNCE tesla 1 18 75fb84a8 :film.txt"),
        (3, ";+groupchat/id=d481dbd140f275aa-1", "eve", "PRIVMSG tesla :from eve"),
    ] {
        let msgid = format!("06612efa992b24-000000000{number}");
        let tags = format!("@time=2026-11-26T14:44:21.104Z;msgid={msgid}{id}");
        write(&mailbox, &[(&msgid, &format!("{tags} :{who}!{who}@127.0.0.1 {what}\r\n"))]);
    }
}

#[test]
fn what_an_earlier_build_has_written_is_read() {
    let folder = Arc::new(TempDir::new().unwrap());
    let listen = format!("{}:0", address_of_its_own());
    let mut home = Home::calling_by_default("");
    let config = home.path().join("config/groupchat");
    fs::create_dir_all(folder.path().join("tls")).unwrap();
    fs::create_dir_all(&config).unwrap();
    let of_server = Identity::load_or_make(&folder.path().join("tls/server.pem"), "groupchat").unwrap().fingerprint();
    let of_tesla = Identity::load_or_make(&config.join("identity.pem"), "groupchat").unwrap().fingerprint();
    write_data(folder.path(), &of_tesla.to_string());
    let server = Server::start_in(&folder, &["--listen", &listen]);
    home.server = server.addresses[0].to_string();
    let (large, address) = (home.path().join("large.bin"), &home.server);
    fs::write(&large, "12345678").unwrap();
    write(
        &config,
        &[
            ("blacklist-tesla", "eve\n"),
            ("known_servers", &format!("{address} {of_server}\n")),
            // She has seen the first.
            ("seen-tesla", "albert/83dc706e/23c0e897a067c25d-1\n/06612ef6ceaa2d-0000000004\n"),
            ("uploads-tesla", &format!("{address} albert 2 {}\0", large.display())),
        ],
    );

    let mut thief = server.connect_with_key("eve");
    thief.ask("NICK tesla", &[&format!("433 tesla :{BOUND}")]);
    // No word about a server that is new, nor about a key.
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.expect_line("*** 4 messages while you were away");
    tesla.expect_line("[2026-11-26 14:44 UTC] albert (to you): the second");
    tesla.expect_line("[2026-11-26 14:44 UTC] albert sends you film.txt (18 bytes)");
    let mut more: Vec<String> = Vec::new();
    for done in [
        "Received film.txt from albert: downloads/film.txt (18 bytes, CRC-32 75fb84a8) *",
        "Sent large.bin (8 bytes, *",
    ] {
        while !more.iter().any(|line| fits(done, line)) {
            more.push(tesla.read().unwrap());
        }
    }
    assert!(more.iter().any(|line| line == "Going on with large.bin at 50 %"), "{more:#?}");
    assert!(!more.iter().any(|line| line.contains("eve") || line.contains("the first")), "{more:#?}");
    assert_eq!(fs::read_to_string(home.path().join("downloads/film.txt")).unwrap(), "for tesla: a film\n");
    assert_eq!(fs::read_to_string(folder.path().join("files/2.data")).unwrap(), "12345678");
    tesla.ask("/blacklist", &["eve"]);
    tesla.ask("/getdir", &["ROOM  ADDRESS         OWNER", "lab   239.1.2.3:4000  tesla"]);
    tesla.ask("/deleteroom lab", &["The room lab is in the directory no more"]);
    server.wait_until(&mut server.client("albert"), "an empty mailbox", |server| letters(server, "tesla") == 0);
}
