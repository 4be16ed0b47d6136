//! What is too much, too slow or no HTTP gets a status that says so, and costs nobody else anything.

use serde_json::json;

use crate::client::person::Home;
use crate::harness::{PATIENCE, Server};

use super::with_page;

#[test]
fn what_is_no_request_gets_400() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let host = &page.host;
    for garbage in [
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "NICK mel\r\nUSER mel 0 * :mel\r\n",
        &format!("GET / HTTP/1.1\r\nHost: {host}\r\nno colon\r\n\r\n"),
        &format!("GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n"),
        &format!("GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
        &format!("GET / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        &page.request("POST", "/lines", "{\"conversation\":"),
        &page.request("POST", "/lines", "[]"),
        &page.request("POST", "/lines", &"[".repeat(50_000)),
        &page.request("POST", "/lines", "{\"conversation\":7,\"text\":\"x\"}"),
        &page.request("POST", "/lines", "{\"text\":\"x\"}"),
        &page.request("POST", "/read", "{\"conversation\":null}"),
        &page.request("GET", "/events?after=x", ""),
        &page.request("GET", "/conversation", ""),
        &page.request("POST", "/files?name=x", "y"),
    ] {
        page.send(garbage).expect_refusal(400);
    }
    assert_eq!(page.get("/").status, 200);
}

#[test]
fn addresses_and_methods_that_there_are_not_get_404_and_405() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    for missing in
        ["/x", "/index.html", "/../../etc/passwd", "/files/7", "/files/../x", "/files/x", "/conversation?name=%23x"]
    {
        page.get(missing).expect_refusal(404);
    }
    for (method, target) in [
        ("POST", "/"),
        ("PUT", "/lines"),
        ("GET", "/lines"),
        ("DELETE", "/files/7"),
        ("OPTIONS", "/lines"),
        ("POST", "/events"),
    ] {
        let answer = page.send(&page.request(method, target, ""));
        answer.expect_refusal(405);
        assert!(answer.head.contains("\r\nallow: "), "{}", answer.head);
    }
}

#[test]
fn what_is_too_long_gets_413_and_431() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let long = |count| "x".repeat(count);
    page.send(&format!("GET /{} HTTP/1.1\r\n", long(20_000))).expect_refusal(431);
    page.send(&format!("GET / HTTP/1.1\r\nX: {}", long(20_000))).expect_refusal(431);
    page.send(&format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100))).expect_refusal(431);
    page.post("/lines", &long(200_000)).expect_refusal(413);
    let head = page.request("POST", "/files?name=x&conversation=bob", "");
    page.send(&head.replace("Content-Length: 0", "Content-Length: 99999999999")).expect_refusal(413);
    page.send(&head.replace("Content-Length: 0", "Content-Length: 99999999999999999999999")).expect_refusal(413);
    assert!(page.line("#lobby", &long(17_000)).unwrap_err().contains("too long"));
}

#[test]
fn a_request_that_does_not_come_gets_408() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let mut slow = [page.connect(), page.connect()];
    slow[0].write(b"GET / HT");
    slow[1].write(page.request("POST", "/lines", "").replace("Content-Length: 0", "Content-Length: 9").as_bytes());
    for connection in &mut slow {
        connection.stream().set_read_timeout(None).unwrap();
        connection.answer().expect_refusal(408);
        connection.expect_end();
    }
}

#[test]
fn a_connection_is_for_many_requests() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let mut connection = page.connect();
    let (get, head) = (page.request("GET", "/", ""), page.request("HEAD", "/page.js", ""));
    connection.write(
        [&*get, &page.request("POST", "/read", "{\"conversation\":\"#lobby\"}"), &page.request("GET", "/x", ""), &get]
            .concat()
            .as_bytes(),
    );
    let statuses: Vec<_> = (0..4).map(|_| connection.answer().status).collect();
    assert_eq!(statuses, [200, 200, 404, 200]);
    connection.write(head.as_bytes());
    let (status, fields) = connection.head();
    assert!(status == 200 && fields.contains("content-type: text/javascript") && !fields.contains("content-length: 0"));
    connection.write(get.replace("Host", "Connection: close\r\nHost").as_bytes());
    assert_eq!(connection.answer().status, 200);
    connection.expect_end();
}

#[test]
fn too_many_connections_get_503_and_then_there_is_room_again() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let request = page.request("GET", "/conversation?name=%23lobby", "");
    let ask = || {
        let mut connection = page.connect();
        connection.write(request.as_bytes());
        (connection.answer(), connection)
    };
    let open: Vec<_> = (0..32).map(|_| ask()).collect();
    assert!(open.iter().all(|(answer, _)| answer.status == 200));
    let (answer, mut more) = ask();
    assert!(answer.expect_refusal(503).contains("windows"));
    more.expect_end();
    drop(open);
    // A thread needs a moment to notice.
    while page.send(&request).status == 503 {}
}

#[test]
fn connections_without_the_token_keep_nobody_out() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let mut events = page.follow(None);
    events.skip_to(&json!({ "type": "snapshot" }));
    let mut held: Vec<_> = (0..100).map(|_| page.connect()).collect();
    held.iter_mut().step_by(2).for_each(|connection| connection.try_to_write(b"GET / HTTP/1.1\r\n"));
    assert_eq!(page.line("#lobby", "still here"), Ok("#lobby".into()));
    events.skip_to(&json!({ "type": "we_said", "text": "still here" }));
    // The oldest ones have been disconnected.
    held[0].stream().set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(held[0].stream().peek(&mut [0]).unwrap_or_default(), 0);
}

#[test]
fn a_refused_connection_is_closed() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let mut connection = page.connect();
    connection.write(page.request("GET", "/events", "").replace(&page.token, "x").as_bytes());
    connection.answer().expect_refusal(403);
    connection.expect_end();
}

#[test]
fn too_many_streams_leave_room_for_requests() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = with_page(&home, "mel");
    let mut streams: Vec<_> = (0..5).map(|_| page.follow(None)).collect();
    assert!(page.get("/events").expect_refusal(503).contains("5 windows"));
    assert_eq!(page.get("/conversation?name=%23lobby").status, 200);
    // One that was left gives its place back when the next one comes, and the others go on.
    drop(streams.remove(2));
    page.follow(None).skip_to(&json!({ "type": "snapshot" }));
    page.line("#lobby", "all of us").unwrap();
    streams.iter_mut().for_each(|events| _ = events.skip_to(&json!({ "type": "we_said", "text": "all of us" })));
}
