//! A build without TLS: it says so where it matters, and gives no name away that belongs to a key.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use wire::numeric::BOUND;

use crate::client::person::{Home, WELCOME};
use crate::harness::Server;

#[test]
fn plain_text_to_others_has_to_be_asked_for() {
    for (options, hint) in [
        (&["--listen", "0.0.0.0:0"][..], "built without TLS; build it with --features tls, or say --plain always"),
        (&["--plain", "never"], "built without TLS; build it with --features tls, or nobody could connect"),
        (&["--cert", "a", "--key", "b"], "built without TLS; build it with --features tls, or leave --cert and --key"),
    ] {
        let data = TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data.path()).args(options);
        let refused = command.output().unwrap();
        let errors = String::from_utf8(refused.stderr).unwrap();
        assert!(errors.contains(hint) && errors.lines().count() == 1, "{errors}");
        assert_eq!(refused.status.code(), Some(1));
    }
}

#[test]
fn the_client_needs_no_word_about_it() {
    let server = Server::start(&[]);
    let home = Home::calling_by_default(server.addresses[0]);
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.expect_line(WELCOME);
    tesla.ask("/fingerprint", &["This client was built without tls; build it with --features tls"]);
    for options in [&["--pin", &"0".repeat(64)][..], &["--ca", "x"]] {
        home.script(options, "").expect_failure("this client was built without TLS, *--features tls");
    }
}

#[test]
fn a_name_that_belongs_to_a_key_is_not_to_be_had() {
    let folder = Arc::new(TempDir::new().unwrap());
    fs::create_dir(folder.path().join("keys")).unwrap();
    fs::write(folder.path().join("keys/tesla"), "0".repeat(64)).unwrap();
    let server = Server::start_in(&folder, &[]);
    server.connect().ask("NICK Tesla", &[&format!("433 Tesla :{BOUND}")]);
}

#[test]
fn who_speaks_tls_is_told_in_a_way_that_programs_understand() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send_bytes(&[22, 3, 1, 0, 0]);
    client.expect("ERROR :Closing connection: This server was built without TLS; connect in plain text (--plain)");
    client.expect_end();
}
