//! Files in both directions.

use std::fs;

use serde_json::json;

use crate::client::person::Home;
use crate::harness::Server;

use super::{with_page, with_page_and};

/// The beginning of an image is enough to tell what it is.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

#[test]
fn a_file_is_sent_from_a_page_and_fetched_by_one() {
    let server = Server::start(&[]);
    let homes = [Home::calling(server.addresses[0]), Home::calling(server.addresses[0])];
    let (_mel, mels) = with_page(&homes[0], "mel");
    let (_bob, bobs) = with_page(&homes[1], "bob");
    let mut events = bobs.follow(None);
    for (name, shown, bytes, kind) in [
        ("a%20%3Cscript%3E.png", "a _script_.png", PNG, "image/png"),
        ("..%2F..%2Fx.svg", "x.svg", b"<svg onload=alert(1)>", "application/octet-stream"),
        ("page.html", "page.html", b"<script>alert(1)</script>", "application/octet-stream"),
        ("empty", "empty", b"", "application/octet-stream"),
    ] {
        let request = mels.request("POST", &format!("/files?name={name}&conversation=bob"), "");
        let mut connection = mels.connect();
        let length = format!("Content-Length: {}", bytes.len());
        connection.write(request.replace("Content-Length: 0", &length).as_bytes());
        connection.write(bytes);
        assert_eq!(connection.answer().status, 200);
        let offered = events.skip_to(&json!({ "type": "offered" }));
        assert_eq!(
            (&offered["name"], &offered["from"], &offered["comes"]),
            (&json!(shown), &json!("mel"), &json!(true))
        );
        let saved = events.skip_to(&json!({ "type": "saved" }));
        assert_eq!((&saved["name"], &saved["conversation"]), (&json!(shown), &json!("mel")));
        let answer = bobs.get(&format!("/files/{}", saved["id"]));
        assert_eq!((answer.status, &answer.body[..]), (200, bytes));
        assert!(answer.head.contains(&format!("content-type: {kind}\r\n")), "{}", answer.head);
        assert_eq!(answer.head.contains("content-disposition: attachment; "), kind != "image/png", "{}", answer.head);
        assert!(answer.head.contains("x-content-type-options: nosniff"));
    }
    let kept = homes[0].path().join("config/groupchat/from-page");
    assert!(wire::os::is_private(&fs::metadata(&kept).unwrap()));
    // What the server has is not kept.
    server.wait_until(&mut server.client("albert"), "an empty folder", |_| fs::read_dir(&kept).unwrap().count() == 0);
}

#[test]
fn a_file_that_is_not_sent_leaves_nothing() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    page.post("/files?name=x&conversation=%23other", "y").expect_refusal(422);
    let cut_off =
        page.request("POST", "/files?name=x&conversation=mel", "").replace("Content-Length: 0", "Content-Length: 9");
    let mut connection = page.connect();
    connection.write(format!("{cut_off}1234").as_bytes());
    connection.stream().shutdown(std::net::Shutdown::Write).unwrap();
    connection.answer().expect_refusal(408);
    let kept = home.path().join("config/groupchat/from-page");
    assert_eq!(fs::read_dir(kept).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_not_where_it_was_put_is_not_given_out() {
    let server = Server::start(&[]);
    let homes = [Home::calling(server.addresses[0]), Home::calling(server.addresses[0])];
    let (_mel, mels) = with_page(&homes[0], "mel");
    let (_bob, bobs) = with_page(&homes[1], "bob");
    let mut events = bobs.follow(None);
    assert_eq!(mels.post("/files?name=x.txt&conversation=bob", "text").status, 200);
    let target = format!("/files/{}", events.skip_to(&json!({ "type": "saved" }))["id"]);
    assert_eq!(bobs.get(&target).body, b"text");
    let path = homes[1].path().join("downloads/x.txt");
    fs::remove_file(&path).unwrap();
    bobs.get(&target).expect_refusal(404);
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    bobs.get(&target).expect_refusal(404);
}

#[test]
fn a_file_that_does_not_come_by_itself_is_fetched_or_declined() {
    let server = Server::start(&[]);
    let homes = [Home::calling(server.addresses[0]), Home::calling(server.addresses[0])];
    let (_mel, mels) = with_page(&homes[0], "mel");
    let (_bob, bobs) = with_page_and(&homes[1], "bob", &["--auto-accept", "0"]);
    let [mut at_mels, mut at_bobs] = [&mels, &bobs].map(|page| page.follow(None));
    for (name, wants) in [("yes.txt", true), ("no.txt", false)] {
        assert_eq!(mels.post(&format!("/files?name={name}&conversation=bob"), "text").status, 200);
        let under_way = at_mels.skip_to(&json!({ "type": "transfers" }));
        assert_eq!((&under_way["list"][0]["name"], &under_way["list"][0]["is_upload"]), (&json!(name), &json!(true)));
        at_mels.skip_to(&json!({ "type": "transfers", "list": [] }));
        let offered = at_bobs.skip_to(&json!({ "type": "offered", "name": name, "comes": false }));
        let (id, verb) = (&offered["id"], if wants { "get" } else { "decline" });
        assert_eq!(bobs.line("mel", &format!("/{verb} {id}")), Ok(json!("mel")));
        if wants {
            at_bobs.skip_to(&json!({ "type": "saved", "id": id }));
            at_mels.skip_to(&json!({ "sentence": "bob has yes.txt now" }));
        } else {
            at_bobs.skip_to(&json!({ "sentence": "You declined no.txt" }));
            at_mels.skip_to(&json!({ "sentence": "bob does not want no.txt", "conversation": "bob" }));
            bobs.get(&format!("/files/{id}")).expect_refusal(404);
        }
    }
}
