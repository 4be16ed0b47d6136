//! Clocks that jump and disks that lose something: nothing that was acknowledged goes silently.

use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

use tempfile::TempDir;
use wire::time::{DAY, unix_seconds};

use crate::files::{FILES, download, fetch, spooled, upload};
use crate::harness::{Server, clock_at};

/// A folder with files of an earlier version, which were offered at these times.
fn folder(times: &[u64]) -> Arc<TempDir> {
    let folder = Arc::new(TempDir::new().unwrap());
    let spool = folder.path().join("files");
    fs::create_dir_all(&spool).unwrap();
    for (id, time) in (1..).zip(times) {
        let info = format!("offer {time} 3 alice!a@h bob :{id}.txt\ndone 352441c2 bob\ntold\n");
        fs::write(spool.join(format!("{id}.info")), info).unwrap();
        fs::write(spool.join(format!("{id}.data")), b"abc").unwrap();
    }
    folder
}

#[test]
fn a_clock_that_was_wrong_deletes_nothing() {
    // In 1970 before NTP, and in the distant future.
    let folder = folder(&[0, 1000, 99_999_999_999]);
    for _ in 0..2 {
        let server = Server::start_in(&folder, &[]);
        let mut bob = server.client("bob");
        assert_eq!(bob.ask("FILE LIST", &["*"; 4])[3], ":groupchat FILE END");
        assert_eq!(download(&server, &mut bob, 1), b"abc");
    }
}

#[test]
fn files_expire_by_the_time_that_the_folder_remembers() {
    // The machine's clock has jumped back since.
    let remembered = unix_seconds(SystemTime::now()) + 100 * DAY;
    let folder = folder(&[remembered - 3 * DAY, remembered - DAY]);
    fs::write(folder.path().join("clock"), clock_at(remembered)).unwrap();
    let server = Server::start_in(&folder, &["--file-days", "2"]);
    server.program.expect_log("File 1 (1.txt, from alice to bob) expires after 3 days");
    assert_eq!(download(&server, &mut server.client("bob"), 2), b"abc");
    let mut alice = server.client("alice");
    let id = upload(&server, &mut alice, "bob", "a.txt", b"abc");
    let journal = fs::read_to_string(folder.path().join(format!("files/{id}.info"))).unwrap();
    let offered: u64 = journal.split(' ').nth(1).unwrap().parse().unwrap();
    assert!((remembered..remembered + DAY).contains(&offered), "{journal}");
}

#[test]
fn bytes_that_are_lost_while_the_server_runs_are_told() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", FILES);
    for (id, name) in [(1, "a.txt"), (2, "b.txt")] {
        assert_eq!(upload(&server, &mut alice, "alice", name, b"abc"), id);
        alice.sync();
    }
    fs::remove_file(server.folder.path().join("files/1.data")).unwrap();
    fs::write(server.folder.path().join("files/2.data"), "a").unwrap();
    for (id, why) in [(1, "its bytes are missing"), (2, "there are 1 bytes of 3 in the spool")] {
        let token = fetch(&mut alice, id);
        let mut data = server.connect();
        data.send(&format!("GET {id} {token} 0"));
        data.expect("ERROR :The server has lost the file; its sender has to send it again");
        data.expect_end();
        server.program.expect_log(&format!("File {id} is damaged: {why}"));
    }
    let folder = Arc::clone(&server.folder);
    drop(server);
    let server = Server::start_in(&folder, &[]);
    server.program.expect_log("(a.txt, from alice to alice: its bytes are missing)");
    server.program.expect_log("(b.txt, from alice to alice: there are 1 bytes of 3)");
    assert_eq!(spooled(&folder), ["1.info.damaged", "2.data.damaged", "2.info.damaged"]);
}
