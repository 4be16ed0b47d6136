//! Data connections: those that carry a file, those that break off, and those that are wrong.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use wire::crc32::crc32;

use crate::files::{FILES, Offered, download, fetch, offer, put, spooled, upload};
use crate::harness::{Client, Server};

const LARGE: usize = 30_000_000;
const NO_GOOD: &str = "ERROR :This token is not, or no longer, good; ask for another one";

/// Begins an upload, and waits until the server has written so many bytes.
#[track_caller]
pub fn begin(server: &Server, client: &mut Client, offered: &Offered, bytes: &[u8]) -> Client {
    let mut data = server.connect();
    data.send(&format!("PUT {} {} {}", offered.id, offered.token, offered.offset));
    data.send_bytes(bytes);
    let path = server.folder.path().join("files").join(format!("{}.data", offered.id));
    let length = (offered.offset + bytes.len()) as u64;
    server.wait_until(client, "the bytes", |_| fs::metadata(&path).is_ok_and(|data| data.len() == length));
    data
}

/// A data connection with this first line.
fn data(server: &Server, line: &str) -> Client {
    let mut data = server.connect();
    data.send(line);
    data
}

/// Many bytes, no two places alike.
fn many() -> Vec<u8> {
    (0..300_000u32).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn an_upload_goes_on_after_the_server_was_killed() {
    let bytes = many();
    let mut server = Server::start(&[]);
    let mut alice = server.client("alice");
    let _bob = server.client("bob");
    let offered = offer(&mut alice, "bob", bytes.len(), "a.bin");
    begin(&server, &mut alice, &offered, &bytes[..700_000]);
    server.program.stop();
    let server = Server::start_in(&server.folder, &[]);
    let mut alice = server.client("alice");
    let mut bob = server.client_with("bob", FILES);
    for half in [700_000, 900_000] {
        let offered = offer(&mut alice, "bob", bytes.len(), "a.bin");
        assert_eq!((offered.id, offered.offset), (1, half));
        assert_eq!(offered.crc, format!("{:08x}", crc32(&bytes[..half])));
        if half == 700_000 {
            let mut data = begin(&server, &mut alice, &offered, &bytes[half..900_000]);
            data.half_close();
            data.expect("ERROR :The connection ended after 900000 of 1200000 bytes; offer the file again to go on");
            data.expect_end();
        } else {
            put(&server, &offered, &bytes).expect("OK 1");
        }
    }
    bob.expect_only(&[&format!(":alice!alice@127.0.0.1 FILE ANNOUNCE bob 1 1200000 {:08x} :a.bin", crc32(&bytes))]);
    assert!(download(&server, &mut bob, 1) == bytes);
}

#[test]
fn a_download_goes_on_where_it_was() {
    let (bytes, server) = (many(), Server::start(&[]));
    let mut alice = server.client("alice");
    let id = upload(&server, &mut alice, "alice", "a.bin", &bytes);
    alice.sync();
    for offset in [0, 1, 1_000_000, bytes.len()] {
        let token = fetch(&mut alice, id);
        let mut data = data(&server, &format!("get {id} {token} {offset}"));
        data.expect(&format!("OK {}", bytes.len() - offset));
        assert!(data.receive_bytes(usize::MAX) == bytes[offset..]);
    }
    let token = fetch(&mut alice, id);
    data(&server, &format!("GET {id} {token} {}", bytes.len() + 1))
        .expect("ERROR :The file has no more than 1200000 bytes");
}

#[test]
fn four_gibibytes_are_not_too_many() {
    let folder = Arc::new(TempDir::new().unwrap());
    let spool = folder.path().join("files");
    fs::create_dir_all(&spool).unwrap();
    let size = (4u64 << 30) + 5;
    fs::write(spool.join("1.info"), format!("offer 9999999999 {size} a!a@h bob :a\ndone 12345678 bob\ntold\n"))
        .unwrap();
    let sparse = File::create(spool.join("1.data")).unwrap();
    sparse.write_all_at(b"12345", 4 << 30).unwrap();
    let server = Server::start_in(&folder, &[]);
    let mut bob = server.client("bob");
    let token = fetch(&mut bob, 1);
    let mut data = data(&server, &format!("GET 1 {token} {}", 4u64 << 30));
    data.expect("OK 5");
    assert_eq!(data.receive_bytes(100), b"12345");
}

#[test]
fn garbage_in_the_first_line() {
    let server = Server::start(&[]);
    for line in ["GET", "PUT x", "PUT 1 2", "put 1 x -1", "GET /", "PUT 1 x 99999999999999999999", "GET 1 a 0 b"] {
        let mut data = data(&server, line);
        data.expect("ERROR :Write PUT or GET, then the number of the file, the token and an offset");
        data.expect_end();
    }
    for line in ["GET 1 x 0", "PUT 1 x 0"] {
        let mut data = data(&server, line);
        data.send_bytes(&vec![b'x'; 100_000]);
        data.expect(NO_GOOD);
        data.expect_end();
    }
    data(&server, &format!("PUT {}", "1".repeat(600))).expect("417 :Line too long*");
    let mut later = server.connect();
    later.ask("PING x", &[":groupchat PONG groupchat :x"]);
    later.ask("GET 1 x 0", &["451 :*"]);
    server.program.expect_log("is refused: no good token for file 1");
}

#[test]
fn a_token_is_for_one_connection_one_file_and_one_direction() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let id = upload(&server, &mut alice, "alice", "a", b"abc");
    alice.sync();
    let token = fetch(&mut alice, id);
    let offered = offer(&mut alice, "alice", 3, "b");
    for line in [
        format!("PUT {id} {token} 0"),
        format!("GET {} {token} 0", offered.id),
        format!("GET {} {} 0", offered.id, offered.token),
        format!("PUT {id} {} 0", offered.token),
    ] {
        data(&server, &line).expect(NO_GOOD);
    }
    data(&server, &format!("GET {id} {token} 0")).expect("OK 3");
    data(&server, &format!("GET {id} {token} 0")).expect(NO_GOOD);
    put(&server, &offered, b"abc").expect("OK 2");
    put(&server, &offered, b"abc").expect(NO_GOOD);
    alice.sync();
    let offered = offer(&mut alice, "alice", 3, "c");
    data(&server, &format!("PUT {} {} 1", offered.id, offered.token)).expect("ERROR :The offset is 0");
}

#[test]
fn of_a_wrong_file_nothing_is_kept() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", FILES);
    for body in ["abd352441c2\r\n", "abcd352441c2\r\n", "abc352441c\r\n", "ab352441c2\r\n\r\n352441c2\r\n"] {
        let offered = offer(&mut alice, "alice", 3, "a");
        let mut data = data(&server, &format!("PUT {} {} 0", offered.id, offered.token));
        data.send_bytes(body.as_bytes());
        data.expect("ERROR :Behind the 3 bytes there was not their checksum; nothing was kept");
        data.expect_end();
        alice.ask("FILE LIST", &[":groupchat FILE END"]);
    }
    assert_eq!(spooled(&server.folder), [""; 0]);
}

#[test]
fn how_the_bytes_arrive_changes_nothing() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let body = "\n\r\nGET x";
    let sum = crc32(body.as_bytes());
    for (number, (end, by)) in [("\r\n", 1), ("\n", 1), ("\r\n", 1000), ("\n", 1000)].into_iter().enumerate() {
        let offered = offer(&mut alice, "alice", body.len(), &format!("{number}"));
        let all = format!("PUT {} {} 0{end}{body}{sum:08x}{end}", offered.id, offered.token);
        let mut data = server.connect();
        for piece in all.as_bytes().chunks(by) {
            data.send_bytes(piece);
        }
        data.expect(&format!("OK {}", offered.id));
        alice.sync();
        assert_eq!(download(&server, &mut alice, offered.id), body.as_bytes());
    }
    let empty = upload(&server, &mut alice, "alice", "empty", b"");
    alice.sync();
    assert_eq!(download(&server, &mut alice, empty), b"");
}

#[test]
fn a_newer_offer_ends_an_upload_that_runs() {
    let (bytes, server) = (many(), Server::start(&[]));
    let mut alice = server.client("alice");
    let first = offer(&mut alice, "alice", bytes.len(), "a");
    let mut older = begin(&server, &mut alice, &first, &bytes[..500_000]);
    let second = offer(&mut alice, "alice", bytes.len(), "a");
    assert_eq!((second.id, second.offset), (first.id, 500_000));
    older.expect_end();
    let third = offer(&mut alice, "alice", bytes.len(), "a");
    data(&server, &format!("PUT {} {} {}", second.id, second.token, second.offset)).expect(NO_GOOD);
    // From the beginning, though the server has more.
    let again = Offered { offset: 0, ..third };
    put(&server, &again, &bytes).expect("OK 1");
    alice.sync();
    assert!(download(&server, &mut alice, 1) == bytes);
}

/// A download of file 1 that has begun, and an upload of file 2 that goes on no further.
fn two_transfers(server: &Server, alice: &mut Client) -> (Client, Client) {
    // More than all buffers between the two hold.
    let id = upload(server, alice, "alice", "a", &vec![7; LARGE]);
    alice.sync();
    let mut download = data(server, &format!("GET {id} {} 0", fetch(alice, id)));
    download.expect(&format!("OK {LARGE}"));
    let offered = offer(alice, "alice", 10, "b");
    let upload = begin(server, alice, &offered, b"12345");
    (download, upload)
}

#[test]
fn a_cancelled_file_ends_its_transfers() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let (mut download, mut upload) = two_transfers(&server, &mut alice);
    alice.send("FILE CANCEL 1");
    alice.send("FILE CANCEL 2");
    alice.expect_only(&[":alice!alice@127.0.0.1 NOTICE alice :took a file back: a"]);
    upload.expect_end();
    assert!(download.receive_bytes(usize::MAX).len() < LARGE);
    assert_eq!(spooled(&server.folder), [""; 0]);
    server.program.expect_log("is offline (Download of file 1 broken off)");
    server.program.expect_log("is offline (The upload was ended: cancelled, or begun again)");
}

#[test]
fn the_end_of_the_server_ends_transfers_at_once() {
    let mut server = Server::start(&[]);
    let mut alice = server.client("alice");
    let (mut download, mut upload) = two_transfers(&server, &mut alice);
    server.program.signal("INT");
    alice.expect("ERROR :Server is shutting down");
    upload.expect_end();
    assert_eq!(server.program.exit_code(Duration::from_secs(5)), Some(0));
    assert!(download.receive_bytes(usize::MAX).len() < LARGE);
    let server = Server::start_in(&server.folder, &[]);
    let mut alice = server.client("alice");
    assert_eq!(offer(&mut alice, "alice", 10, "b").offset, 5);
}

#[test]
fn who_says_nothing_is_disconnected() {
    let server = Server::start(&["--register-within", "1"]);
    let mut data = server.connect();
    data.send_bytes(b"PUT 1 ");
    data.expect("ERROR :Closing connection: Registration timed out (1 seconds)");
    data.expect_end();
}

#[test]
fn a_disk_that_is_full_costs_that_upload_and_nothing_else() {
    // A limit on the size of files is the full disk of those who are not root.
    let server = Server::start_after("trap '' XFSZ; ulimit -f 100", &[]);
    let (bytes, mut alice) = (many(), server.client("alice"));
    let offered = offer(&mut alice, "alice", bytes.len(), "a");
    put(&server, &offered, &bytes).expect("ERROR :The server cannot keep the file (File too large*); nothing was kept");
    alice.ask("FILE LIST", &[":groupchat FILE END"]);
    assert_eq!(spooled(&server.folder), [""; 0]);
    server.program.expect_log("Cannot keep file 1: File too large");
    upload(&server, &mut alice, "alice", "small", b"abc");
}

#[test]
fn the_sender_may_have_left_when_the_upload_is_done() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client_with("bob", FILES);
    let offered = offer(&mut alice, "bob", 3, "a");
    let mut data = begin(&server, &mut alice, &offered, b"ab");
    bob.ask("NICK robert", &[":bob!bob@127.0.0.1 NICK :robert"]);
    alice.send("QUIT");
    alice.skip_to("ERROR *");
    server.program.expect_log("is offline (Quit)  [ alice ]");
    data.send("c352441c2");
    data.expect("OK 1");
    bob.expect_only(&[":alice!alice@127.0.0.1 FILE ANNOUNCE robert 1 3 352441c2 :a"]);
}

#[test]
fn files_still_go_when_no_more_clients_fit() {
    let server = Server::start_after("ulimit -n 64", &["--flood", "0"]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    let mut others = Vec::new();
    loop {
        let mut client = server.connect();
        client.send("PING 1");
        if client.receive().unwrap().contains("The server is full") {
            break;
        }
        others.push(client);
    }
    let id = upload(&server, &mut alice, "bob", "a.txt", b"abc");
    bob.skip_to("*shared a file: a.txt *");
    assert_eq!(download(&server, &mut bob, id), b"abc");
    assert!(others.len() > 20, "{}", others.len());
}
