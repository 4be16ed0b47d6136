//! Another site in the same browser, and another user of the same machine, see nothing and do nothing.

use std::net::{Ipv6Addr, TcpListener, TcpStream};

use crate::client::person::Home;
use crate::harness::{Server, skip};

use super::with_page;

#[test]
fn a_forged_host_or_origin_gets_403() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, page) = with_page(&home, "mel");
    let port = page.host.split_once(':').unwrap().1;
    let body = "{\"conversation\":\"#lobby\",\"text\":\"forged\"}";
    let request = page.request("POST", "/lines", body);
    for host in [
        &*format!("evil.example:{port}"),
        "127.0.0.1",
        "evil.example",
        &format!("127.0.0.1:{port}.evil.example"),
        &format!("[::1]:{port}"),
        &format!("0.0.0.0:{port}"),
    ] {
        page.send(&request.replace(&format!("Host: {}", page.host), &format!("Host: {host}"))).expect_refusal(403);
        page.send(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).expect_refusal(403);
    }
    for origin in [
        "http://evil.example",
        "null",
        "file://",
        &format!("https://{}", page.host),
        &format!("http://{}.evil.example", page.host),
        "http://127.0.0.1:1",
    ] {
        page.send(&request.replace("Authorization", &format!("Origin: {origin}\r\nAuthorization"))).expect_refusal(403);
    }
    // The other way to name this host is another origin.
    page.send(&request.replace("Authorization", &format!("Origin: http://localhost:{port}\r\nAuthorization")))
        .expect_refusal(403);
    page.send(&request.replace(&format!("Host: {}\r\n", page.host), "")).expect_refusal(400);
    let own = page.send(&request.replace("Authorization", &format!("Origin: http://{}\r\nAuthorization", page.host)));
    assert_eq!(own.status, 200);
    mel.expect_line("(to #lobby) forged");
}

#[test]
fn a_wrong_or_missing_token_gets_403() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, page) = with_page(&home, "mel");
    let requests = [
        ("GET", "/events"),
        ("GET", "/conversation?name=%23lobby"),
        ("POST", "/lines"),
        ("POST", "/read"),
        ("POST", "/files?name=x&conversation=mel"),
        ("GET", "/files/1"),
        ("GET", "/x"),
    ];
    for (method, target) in requests {
        let request = page.request(method, target, "{\"conversation\":\"#lobby\",\"text\":\"forged\"}");
        let field = format!("Authorization: Bearer {}\r\n", page.token);
        for wrong in [
            "",
            "Authorization: Bearer \r\n",
            "Authorization: Bearer 00000000000000000000000000000000\r\n",
            &format!("Cookie: token={}\r\n", page.token),
            &field.to_ascii_uppercase(),
            &format!("{field}{field}"),
        ] {
            page.send(&request.replace(&field, wrong)).expect_refusal(403);
        }
        page.send(&request.replace(&field, "").replace(target, &format!("{target}?token={}", page.token)))
            .expect_refusal(403);
    }
    page.line("#lobby", "own").unwrap();
    mel.expect_line("(to #lobby) own");
}

#[test]
fn no_answer_holds_the_token_and_none_is_for_another_site() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let mut events = page.follow(None);
    let snapshot = events.next();
    let everything =
        [snapshot.to_string(), page.follow(Some(0)).skip_to(&serde_json::json!({"n": snapshot["n"]})).to_string()];
    assert!(snapshot["notes"].to_string().contains("Welcome"), "{snapshot}");
    assert!(!everything.concat().contains(&page.token));
    for target in ["/", "/page.css", "/page.js", "/conversation?name=%23lobby", "/x"] {
        let answer = page.get(target);
        let text = format!("{}{}", answer.head, String::from_utf8_lossy(&answer.body));
        assert!(!text.contains(&page.token), "{target}");
        for field in [
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "content-security-policy: default-src 'none'",
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: no-referrer",
        ] {
            assert!(answer.head.contains(field), "{target} has no {field}");
        }
        assert!(!answer.head.contains("access-control") && !answer.head.contains("unsafe"), "{}", answer.head);
    }
    // Not from another machine: this one has many addresses.
    let port: u16 = page.host.split_once(':').unwrap().1.parse().unwrap();
    assert!(TcpStream::connect(("127.0.0.2", port)).is_err());
}

#[test]
fn a_port_that_is_taken_is_one_sentence() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let port = server.addresses[0].port().to_string();
    let mut mel = home.start(&["--nick", "mel", "--gui", &port]);
    mel.expect_failure(&format!("the page cannot be served on port {port}: *; choose another, or leave it out"));
    // A browser takes `localhost` for the other address first.
    let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else { return skip("there is no IPv6 here") };
    let port = other.local_addr().unwrap().port().to_string();
    let mut mel = home.start(&["--nick", "mel", "--gui", &port]);
    mel.expect_failure(&format!("the page cannot be served on port {port}: *; choose another, or leave it out"));
    drop(other);
    let (_mel, page) = with_page(&home, "mel");
    let port: u16 = page.host.rsplit(':').next().unwrap().parse().unwrap();
    assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).is_ok());
}
