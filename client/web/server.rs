//! The server of the page: one thread accepts, one thread per connection reads requests and answers them.
//!
//! Nothing here waits with a lock held: a page that stands still holds its own thread, until its time is over.

use super::feed::{Feed, Next};
use super::files;
use super::guard::Guard;
use super::http::{Answer, Connection, Refusal, Request};
use super::json::{real_name, shown};
use super::limits::{BODY, QUESTION_ANSWER, STREAMS};
use super::lines::{Line, carry_out};
use super::places::{Place, Places};
use super::room::settings;
use super::snapshot::{conversation, snapshot};
use crate::core::ask;
use crate::core::client::Client;
use crate::files::Files;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The page itself: its path, its type, its text.
const PAGE: [(&str, &str, &str); 3] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_str!("page/page.js")),
];

/// What the threads share.
pub struct Server {
    pub client: Arc<Client>,
    pub files: Arc<Files>,
    pub feed: Arc<Feed>,
    pub guard: Guard,
    pub places: Arc<Places>,
}

/// Accepts connections as long as the client runs.
pub fn accept_loop(server: &Arc<Server>, listener: &TcpListener) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Out of descriptors, as a rule; some may be free soon.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        let Ok(place) = server.places.enter(&stream) else { continue };
        let share = Arc::clone(server);
        let serve = move || serve(&share, stream, place);
        // Without a thread the connection is closed.
        let _ = thread::Builder::new().name("page".to_owned()).spawn(serve);
    }
}

fn serve(server: &Server, stream: TcpStream, mut place: Place) {
    let Ok(mut connection) = Connection::new(stream) else { return };
    connection_loop(server, &mut connection, &mut place);
    connection.end();
}

/// Answers requests until the connection ends, or something is wrong with one of them.
fn connection_loop(server: &Server, connection: &mut Connection, place: &mut Place) {
    loop {
        let (sent, stays) = match connection.next_request() {
            Ok(None) => return,
            Ok(Some(request)) => match respond(server, connection, place, &request) {
                Ok(sent) => (sent, request.stays),
                Err(refusal) => {
                    // Its body was perhaps not read, and would be taken for the next request. A stranger gets one answer.
                    let stays = request.stays && request.length == 0 && !matches!(refusal.status, 403 | 503);
                    (connection.answer(&refusal.into(), &Request { stays, ..request }), stays)
                }
            },
            Err(refusal) => (connection.answer(&refusal.into(), &Request::default()), false),
        };
        if sent.is_err() || !stays {
            return;
        }
    }
}

/// Answers one request, or refuses it. The inner result is that of writing.
fn respond(
    server: &Server,
    connection: &mut Connection,
    place: &mut Place,
    request: &Request,
) -> Result<io::Result<()>, Refusal> {
    let Server { client, feed, guard, .. } = server;
    guard.check_names(request)?;
    let is_get = matches!(&*request.method, "GET" | "HEAD");
    if let Some(&(_, kind, text)) = PAGE.iter().find(|(path, ..)| *path == request.path) {
        // It tells nothing, and loads the rest with the token.
        let page = Answer { status: 200, kind, body: text.as_bytes().to_vec() };
        return if is_get { Ok(connection.answer(&page, request)) } else { Err(wrong_method()) };
    }
    guard.check_token(request)?;
    if !place.trust() {
        return Err(Refusal::new(503, "Too many windows are open; close one"));
    }
    let (is_post, none) = (request.method == "POST", json!({}));
    let _answering = is_post.then(|| feed.answering());
    let value = match &*request.path {
        "/events" if is_get => return stream(server, connection, request),
        "/conversation" if is_get => {
            let name = request.parameter("name").ok_or_else(|| missing("name"))?;
            let has_events = request.parameter("events").as_deref() != Some("none");
            conversation(client, feed, &name, has_events)
                .ok_or_else(|| Refusal::new(404, format!("You are not in {name}")))?
        }
        "/room" if is_get => {
            let name = request.parameter("name").ok_or_else(|| missing("name"))?;
            let name = real_name(&client.lock().model, &name);
            settings(client, &name)?
        }
        "/lines" if is_post => {
            let value = json_of(connection, request)?;
            let text = value["text"].as_str().ok_or_else(|| missing("text"))?;
            let conversation = place_of(client, &value)?;
            let (conversation, id, is_sure) = (conversation.as_deref(), value["id"].as_u64(), value["is_sure"] == true);
            let leads_to = carry_out(client, &Line { conversation, id, text, is_sure })?;
            json!({ "conversation": leads_to.map(|name| shown(&name)) })
        }
        "/answer" if is_post => {
            answer(client, &json_of(connection, request)?)?;
            none
        }
        "/read" if is_post => {
            let value = json_of(connection, request)?;
            let name = place_of(client, &value)?.ok_or_else(|| missing("conversation"))?;
            client.lock().mark_read(&name);
            none
        }
        "/files" if is_post => {
            files::send(client, &server.files, connection, request)?;
            none
        }
        "/events" | "/conversation" | "/room" | "/answer" | "/lines" | "/read" | "/files" => return Err(wrong_method()),
        path => match path.strip_prefix("/files/") {
            Some(id) if is_get => return files::fetch(feed, id, connection, request),
            Some(_) => return Err(wrong_method()),
            None => return Err(Refusal::new(404, "There is nothing at that address")),
        },
    };
    Ok(connection.answer(&Answer::json(200, &value), request))
}

fn wrong_method() -> Refusal {
    Refusal::new(405, "That address takes no request of this method")
}

fn missing(what: &str) -> Refusal {
    Refusal::new(400, format!("The request has no {what}"))
}

fn json_of(connection: &mut Connection, request: &Request) -> Result<Value, Refusal> {
    let body = connection.body(request, BODY)?;
    serde_json::from_slice(&body).map_err(|error| Refusal::new(400, format!("The body is no JSON: {error}")))
}

/// The conversation that a request is about; `null` for none.
fn place_of(client: &Client, value: &Value) -> Result<Option<String>, Refusal> {
    match value.get("conversation") {
        Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(real_name(&client.lock().model, name))),
        _ => Err(missing("conversation")),
    }
}

/// Answers a question of the client.
fn answer(client: &Client, value: &Value) -> Result<(), Refusal> {
    let number = value["number"].as_u64().ok_or_else(|| missing("number"))?;
    let text = value["text"].as_str().ok_or_else(|| missing("text"))?;
    if text.len() > QUESTION_ANSWER || text.contains(char::is_control) {
        return Err(Refusal::new(422, "That is no answer: it is too long, or there is a control character in it"));
    }
    let is_first = ask::answer(client, number, text);
    if is_first { Ok(()) } else { Err(Refusal::new(409, "That question is answered already")) }
}

/// Sends what happens, line by line, as long as the page takes it (RFC 9112, section 7.1).
fn stream(server: &Server, connection: &mut Connection, request: &Request) -> Result<io::Result<()>, Refusal> {
    let follower = server.feed.follow();
    let why = || format!("The chat is open in {STREAMS} windows already; close one of them");
    let follower = follower.ok_or_else(|| Refusal::new(503, why()))?;
    let mut number = match request.parameter("after") {
        Some(number) => Some(number.parse().map_err(|_| Refusal::new(400, "The number is none"))?),
        None => None,
    };
    let begun = connection.begin(200, "application/x-ndjson", "Transfer-Encoding: chunked\r\n", false);
    if begun.is_err() || request.method == "HEAD" {
        return Ok(begun.and(Err(io::ErrorKind::ConnectionAborted.into())));
    }
    let hello = format!("{}\n", json!({ "type": "hello", "run": server.guard.run }));
    if let Err(error) = send_chunk(connection, &hello) {
        return Ok(Err(error));
    }
    loop {
        let text = match number.map(|number| follower.after(number)) {
            None | Some(Next::Lost) => {
                let (text, last) = snapshot(&server.client, &server.feed);
                number = Some(last);
                text
            }
            Some(Next::Beat) if connection.is_closed() => return Ok(Ok(())),
            Some(Next::End) => {
                // Without the end of the chunks a browser takes what came last for broken.
                let ended = connection.stream().write_all(b"0\r\n\r\n");
                return Ok(ended.and(Err(io::ErrorKind::ConnectionAborted.into())));
            }
            Some(Next::Beat) => "{\"type\":\"beat\"}\n".to_owned(),
            Some(Next::Lines(lines)) => {
                number = number.map(|number| number + lines.len() as u64);
                lines.concat()
            }
        };
        if let Err(error) = send_chunk(connection, &text) {
            return Ok(Err(error));
        }
    }
}

fn send_chunk(connection: &mut Connection, text: &str) -> io::Result<()> {
    connection.stream().write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())
}
