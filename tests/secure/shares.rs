//! A key that owns its client's name answers for what the client uses, wherever it is and however it is called.

use wire::crc32::crc32;

use crate::files::{Offered, offer};
use crate::harness::{Client, Server};

/// Sends a whole file over TLS.
#[track_caller]
fn upload(server: &Server, client: &mut Client, name: &str, bytes: &[u8]) {
    let Offered { id, token, .. } = offer(client, "albert", bytes.len(), name);
    let mut data = server.connect_with_key("of-no-name");
    data.send(&format!("PUT {id} {token} 0"));
    data.send_bytes(bytes);
    data.send(&format!("{:08x}", crc32(bytes)));
    data.expect(&format!("OK {id}"));
    client.sync();
}

#[test]
fn a_key_has_a_share_of_the_spool_by_whatever_name() {
    let options = ["--spool-quota", "4000"];
    let mut server = Server::start(&options);
    let _albert = server.client_with_key("albert", "albert");
    drop(server.client_with_known_key("nikola", "tesla"));
    let mut tesla = server.client_with_known_key("tesla", "tesla");
    upload(&server, &mut tesla, "a", &[1; 900]);
    let text =
        "With it your key has more than its share of the room for files; cancel one first (FILE LIST shows them)";
    let refused = format!(":groupchat FAIL FILE TOO_MANY r :{text}");
    tesla.ask("FILE OFFER r albert 2201 :b", &[&refused]);
    tesla.send("NICK nikola");
    tesla.skip_to(":tesla!* NICK :nikola");
    tesla.sync();
    tesla.ask("FILE OFFER r albert 2201 :b", &[&refused]);
    // Somebody else at the same address.
    let mut clara = server.client_with_key("clara", "clara");
    upload(&server, &mut clara, "c", &[2; 100]);
    server.program.stop();
    let server = Server::start_in(&server.folder, &options);
    let mut tesla = server.client_with_key("tesla", "tesla");
    tesla.ask("FILE OFFER r albert 2201 :b", &[&refused]);
}

#[test]
fn new_keys_have_no_shares_of_their_own() {
    let server = Server::start(&["--spool-quota", "4000"]);
    let _albert = server.client_with_key("albert", "albert");
    upload(&server, &mut server.client_with_key("mallory", "mallory"), "a", &[1; 900]);
    let text = "With it your address has more than its share of the room for files; cancel one first (FILE LIST shows \
                them)";
    let refused = format!(":groupchat FAIL FILE TOO_MANY r :{text}");
    for number in 0..3 {
        let name = format!("mallory{number}");
        server.client_with_key(&name, &name).ask("FILE OFFER r albert 2201 :b", &[&refused]);
    }
    let mut back = server.client_with_known_key("mallory0", "mallory0");
    upload(&server, &mut back, "b", &[1; 2201]);
}
