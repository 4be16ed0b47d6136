//! A client of HTTP that sends whatever a test wants, and reads what comes back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::harness::PATIENCE;

/// The address of a page, with its token.
pub struct Address {
    pub url: String,
    /// `127.0.0.1:PORT`
    pub host: String,
    pub token: String,
}

pub struct Answer {
    pub status: u16,
    /// With its names in small letters.
    pub head: String,
    pub body: Vec<u8>,
}

pub struct Connection(BufReader<TcpStream>);

impl Address {
    pub fn of(url: &str) -> Address {
        let (host, token) = url.strip_prefix("http://").unwrap().split_once("/#").unwrap();
        assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{url}");
        Address { url: url.into(), host: host.into(), token: token.into() }
    }

    pub fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Connection(BufReader::new(stream))
    }

    /// Sends a request on a connection of its own.
    pub fn send(&self, request: &str) -> Answer {
        let mut connection = self.connect();
        connection.write(request.as_bytes());
        connection.answer()
    }

    /// The head of a request with the token, and the body.
    pub fn request(&self, method: &str, target: &str, body: &str) -> String {
        let (host, token, length) = (&self.host, &self.token, body.len());
        let fields = format!("Host: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n");
        format!("{method} {target} HTTP/1.1\r\n{fields}\r\n{body}")
    }

    pub fn get(&self, target: &str) -> Answer {
        self.send(&self.request("GET", target, ""))
    }

    pub fn post(&self, target: &str, body: &str) -> Answer {
        self.send(&self.request("POST", target, body))
    }

    /// Sends a line; where the user is then, or why it was refused.
    pub fn line(&self, conversation: &str, text: &str) -> Result<Value, String> {
        let answer =
            self.post("/lines", &serde_json::json!({ "conversation": conversation, "text": text }).to_string());
        let value = answer.json();
        if answer.status == 200 {
            Ok(value["conversation"].clone())
        } else {
            Err(value["error"].as_str().unwrap().into())
        }
    }

    /// Leaves the chat, as a user does who was asked.
    #[track_caller]
    pub fn leave(&self) {
        let sure = serde_json::json!({ "conversation": null, "text": "/quit", "is_sure": true });
        assert_eq!(self.post("/lines", &sure.to_string()).status, 200);
    }

    /// Follows the events from now on.
    #[track_caller]
    pub fn follow_from_now(&self) -> Events {
        let mut events = self.follow(None);
        assert_eq!(events.next()["type"], "snapshot");
        events
    }

    /// Follows the events behind this number, or from a snapshot on.
    #[track_caller]
    pub fn follow(&self, after: Option<u64>) -> Events {
        self.try_to_follow(after).unwrap_or_else(|refused| panic!("{refused}"))
    }

    /// The same; the status if it is refused.
    pub fn try_to_follow(&self, after: Option<u64>) -> Result<Events, u16> {
        let target = after.map_or("/events".to_owned(), |after| format!("/events?after={after}"));
        let mut connection = self.connect();
        connection.write(self.request("GET", &target, "").as_bytes());
        let (status, head) = connection.head();
        let events = Events { connection, rest: String::new() };
        if status == 200 && head.contains("transfer-encoding: chunked") { Ok(events) } else { Err(status) }
    }
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// It refuses, by this status and with a sentence.
    #[track_caller]
    pub fn expect_refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}{}", self.head, String::from_utf8_lossy(&self.body));
        let sentence = self.json()["error"].as_str().unwrap().to_owned();
        assert!(sentence.len() > 10, "{sentence}");
        sentence
    }
}

impl Connection {
    pub fn write(&mut self, bytes: &[u8]) {
        self.0.get_ref().write_all(bytes).unwrap();
    }

    /// The server may have ended the connection.
    pub fn try_to_write(&mut self, bytes: &[u8]) {
        let _ = self.0.get_ref().write_all(bytes);
    }

    pub fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).unwrap() > 0, "the connection ended: {head:?}");
        }
        let status = head.strip_prefix("HTTP/1.1 ").unwrap().get(..3).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase())
    }

    pub fn answer(&mut self) -> Answer {
        let (status, head) = self.head();
        let length = head.split_once("content-length: ").unwrap().1.lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        Answer { status, head, body }
    }

    /// The server ends the connection.
    pub fn expect_end(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }

    pub fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }
}

/// A stream of events.
pub struct Events {
    pub connection: Connection,
    rest: String,
}

impl Events {
    /// The next line; beats are passed over.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        self.try_next().expect("the events ended")
    }

    /// Reads all that there is; the number of the last line.
    pub fn read_to_the_end(mut self) -> u64 {
        std::iter::from_fn(|| self.try_next()).filter_map(|line| line["n"].as_u64()).last().unwrap()
    }

    fn try_next(&mut self) -> Option<Value> {
        loop {
            if let Some((line, rest)) = self.rest.split_once('\n') {
                let value: Value = serde_json::from_str(line).unwrap();
                self.rest = rest.to_owned();
                if value["type"] == "beat" || value["type"] == "hello" {
                    continue;
                }
                return Some(value);
            }
            let mut size = String::new();
            self.connection.0.read_line(&mut size).ok().filter(|&count| count > 0)?;
            let mut chunk = vec![0; usize::from_str_radix(size.trim_end(), 16).unwrap() + 2];
            self.connection.0.read_exact(&mut chunk).ok()?;
            assert!(chunk.ends_with(b"\r\n"));
            self.rest += str::from_utf8(&chunk[..chunk.len() - 2]).unwrap();
        }
    }

    /// The stream ends in order, so that no browser takes its last line for broken.
    #[track_caller]
    pub fn expect_end(&mut self) {
        assert_eq!(self.rest, "");
        let mut rest = String::new();
        self.connection.0.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "0\r\n\r\n");
    }

    /// Reads on until a line has these fields.
    #[track_caller]
    pub fn skip_to(&mut self, fields: &Value) -> Value {
        loop {
            let value = self.next();
            if fields.as_object().unwrap().iter().all(|(name, field)| value.get(name) == Some(field)) {
                return value;
            }
        }
    }
}
