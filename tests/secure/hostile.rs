//! Whatever else bytes can be on a port that speaks TLS: it ends that connection, and nobody else notices.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use crate::harness::{Client, Server};

/// The beginning of a `ClientHello` as every TLS library sends it: a record of 512 bytes, most of which do not come.
const BEGUN: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7, 7, 7, 7];

/// Two people in a room, one over TLS, hear each other, and have heard nothing else.
#[track_caller]
fn expect_talk(alice: &mut Client, tesla: &mut Client) {
    alice.send("PRIVMSG #a :still there?");
    tesla.expect(":alice!alice@127.0.0.1 PRIVMSG #a :still there?");
    tesla.send("PRIVMSG #a :I am");
    alice.expect(":tesla!tesla@127.0.0.1 PRIVMSG #a :I am");
}

fn two_in_a_room(server: &Server) -> (Client, Client) {
    let (mut alice, mut tesla) = (server.client("alice"), server.client_with_key("tesla", "tesla"));
    alice.join("#a");
    tesla.join("#a");
    alice.sync();
    (alice, tesla)
}

/// The server ends the connection, whatever it says before.
#[track_caller]
fn expect_cut(mut client: Client) {
    client.half_close();
    while !client.receive_bytes(4096).is_empty() {}
}

#[test]
fn bytes_that_are_no_handshake_end_that_connection() {
    let server = Server::start(&[]);
    let (mut alice, mut tesla) = two_in_a_room(&server);
    let endless = vec![22; 100_000];
    let too_long = [&[22, 3, 1, 0xff, 0xff][..], &vec![1; 70_000]].concat();
    let alert = [21, 3, 3, 0, 2, 2, 40];
    let server_hello = [22, 3, 3, 0, 4, 2, 0, 0, 0];
    let empty_record = [22, 3, 3, 0, 0];
    let huge_hello = [22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff];
    let text = b"\x16 and then plain text\r\nNICK eve\r\nUSER eve 0 * :eve\r\n";
    let shapes: [&[u8]; 8] = [&endless, &too_long, &alert, &server_hello, &empty_record, &huge_hello, text, BEGUN];
    for bytes in shapes {
        let mut client = server.connect();
        // The server may have had enough before all of it is written.
        let _ = client.write(bytes);
        expect_cut(client);
        expect_talk(&mut alice, &mut tesla);
    }
    alice.ask("ISON eve", &["303 :"]);
}

#[test]
fn bytes_that_are_no_record_end_that_session() {
    let server = Server::start(&[]);
    let (mut alice, mut tesla) = two_in_a_room(&server);
    // A hello in the middle, which once began a renegotiation; plain text; a record that was not sealed by the key; one
    // that is cut short.
    let sealed_by_nobody = [&[23, 3, 3, 0, 64][..], &[7; 64]].concat();
    let shapes: [(&[u8], &str); 5] = [
        (&[22, 3, 3, 0, 4, 0, 0, 0, 0], "Bad TLS: *"),
        (&[20, 3, 3, 0, 1, 1], "Bad TLS: *"),
        (b"PRIVMSG #a :in clear\r\n", "Bad TLS: *"),
        (&sealed_by_nobody, "Bad TLS: *"),
        (&sealed_by_nobody[..30], "Connection closed"),
    ];
    for (bytes, reason) in shapes {
        let mut eve = server.client_with_key("eve", "eve");
        eve.join("#a");
        eve.socket().write_all(bytes).unwrap();
        if reason == "Bad TLS: *" {
            // She is told by an alert, in a record of its own, and nothing follows.
            let mut raw = Vec::new();
            eve.socket().read_to_end(&mut raw).unwrap();
            assert!(raw.starts_with(&[23, 3, 3, 0, 19]) && raw.len() == 5 + 19, "{raw:?}");
        }
        let _ = eve.socket().shutdown(Shutdown::Write);
        for person in [&mut alice, &mut tesla] {
            person.expect(":eve!eve@127.0.0.1 JOIN #a");
            person.expect(&format!(":eve!eve@127.0.0.1 QUIT :{reason}"));
        }
        expect_talk(&mut alice, &mut tesla);
    }
}

#[test]
fn handshakes_that_never_end_hold_up_nobody() {
    const MANY: usize = 300;
    let server = Server::start(&["--register-within", "3600"]);
    let (mut alice, mut tesla) = two_in_a_room(&server);
    let mut begun: Vec<_> = (0..MANY).map(|_| server.connect()).collect();
    for (number, client) in begun.iter_mut().enumerate() {
        client.send_bytes(&BEGUN[..=number % BEGUN.len()]);
    }
    expect_talk(&mut alice, &mut tesla);
    // Others come meanwhile, and shake hands.
    server.client_with_key("carl", "carl").ask("ISON tesla", &["303 :tesla"]);
    drop(begun);
    server.wait_until(&mut alice, "their end", |server| {
        server.program.count_log("is offline (Connection closed)") >= MANY
    });
    expect_talk(&mut alice, &mut tesla);
}

#[test]
fn a_handshake_that_dribbles_has_the_time_of_a_registration() {
    let server = Server::start(&["--register-within", "1"]);
    let (mut alice, mut tesla) = two_in_a_room(&server);
    let (mut slow, start) = (server.connect(), Instant::now());
    // The largest record there is, a byte now and then, until the server has had enough.
    let mut record = [22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc].into_iter().chain(std::iter::repeat(1));
    while slow.write(&[record.next().unwrap()]).is_ok() && start.elapsed() < Duration::from_secs(8) {
        expect_talk(&mut alice, &mut tesla);
    }
    assert!(start.elapsed() < Duration::from_secs(8), "nobody ends it");
    server.program.expect_log("is offline (Registration timed out (1 seconds))");
}
