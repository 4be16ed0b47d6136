//! HTTP/1.1 as far as the page needs it: reading requests within limits of bytes and time, and writing answers.
//!
//! Run by the thread of a connection, which blocks in each `read` and `write`; no lock. The grammar is httparse's.

use super::limits::{FIELDS, HEAD, IDLE, LINGER, LINGER_BYTES, REQUEST, STALL, WRITE};
use serde_json::json;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// What a client asks.
#[derive(Default)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: String,
    /// Names in small letters.
    pub fields: Vec<(String, Vec<u8>)>,
    /// Bytes of the body.
    pub length: u64,
    /// The connection is for more requests.
    pub stays: bool,
}

/// Why a request is not carried out: a status of HTTP, and a sentence for the user.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    pub why: String,
    /// What the user may do all the same: the words for a button.
    pub verb: Option<String>,
}

/// An answer that is whole before it is sent.
pub struct Answer {
    pub status: u16,
    pub kind: &'static str,
    pub body: Vec<u8>,
}

/// A connection of a browser.
pub struct Connection {
    stream: TcpStream,
    /// Bytes that were read and belong to no request yet.
    bytes: Vec<u8>,
}

/// Fields of every answer. The page runs no script but its own, is shown in no frame, and tells nobody where it is.
const FIELDS_OF_ALL: &str = "Cache-Control: no-store\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Cross-Origin-Opener-Policy: same-origin\r\n\
    X-Frame-Options: DENY\r\n\
    Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'\r\n";

impl Request {
    /// The values of all fields of this name.
    pub fn all(&self, name: &str) -> Vec<&[u8]> {
        self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value).collect()
    }

    /// A parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(known, _)| *known == name).and_then(|(_, value)| decoded(value))
    }

    fn parse(head: &httparse::Request<'_, '_>) -> Result<Self, Refusal> {
        let target = head.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let fields = head.headers.iter().map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec())).collect();
        let (method, path, query) = (head.method.unwrap_or_default().to_owned(), path.to_owned(), query.to_owned());
        let mut request = Request { method, path, query, fields, ..Request::default() };
        if !request.all("transfer-encoding").is_empty() {
            return Err(Refusal::new(400, "Send the body with a Content-Length"));
        }
        request.length = match &request.all("content-length")[..] {
            [] => 0,
            [length] if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
                let length = str::from_utf8(length).ok().and_then(|length| length.parse().ok());
                length.ok_or_else(|| Refusal::new(413, "That is too long"))?
            }
            _ => return Err(Refusal::new(400, "The Content-Length is no number")),
        };
        let connection = request.all("connection").concat().to_ascii_lowercase();
        let has_word = |word: &str| connection.split(|byte| b" ,".contains(byte)).any(|known| known == word.as_bytes());
        request.stays = head.version == Some(1) && !has_word("close");
        Ok(request)
    }
}

/// Text from a query, in which `%41` stands for a byte (RFC 3986, section 2.1).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(16 * digit()? + digit()?).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

impl Refusal {
    pub fn new(status: u16, why: impl Into<String>) -> Self {
        Refusal { status, why: why.into(), verb: None }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Answer::json(refusal.status, &json!({ "error": refusal.why, "verb": refusal.verb }))
    }
}

impl Answer {
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Answer { status, kind: "application/json", body: value.to_string().into_bytes() }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

impl Connection {
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE))?;
        Ok(Connection { stream, bytes: Vec::new() })
    }

    /// Waits for the next request and reads its head; `None` at the end of the connection.
    pub fn next_request(&mut self) -> Result<Option<Request>, Refusal> {
        let mut began = None;
        loop {
            let mut fields = [httparse::EMPTY_HEADER; FIELDS];
            let mut head = httparse::Request::new(&mut fields);
            match head.parse(&self.bytes) {
                Ok(httparse::Status::Complete(length)) => {
                    let request = Request::parse(&head)?;
                    self.bytes.drain(..length);
                    return Ok(Some(request));
                }
                Ok(httparse::Status::Partial) if self.bytes.len() < HEAD => {}
                Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                    return Err(Refusal::new(431, "The head of that request is too long"));
                }
                Err(_) => return Err(Refusal::new(400, "That is no request of HTTP/1.1")),
            }
            if !self.bytes.is_empty() {
                began.get_or_insert_with(Instant::now);
            }
            let patience = began.map_or(IDLE, |began| REQUEST.saturating_sub(began.elapsed()));
            let most = HEAD - self.bytes.len();
            match self.read(patience, most) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if is_late(&error) && began.is_some() => return Err(late()),
                Err(_) => return Ok(None),
            }
        }
    }

    /// Reads more into the buffer, at most this many bytes.
    fn read(&mut self, patience: Duration, most: usize) -> io::Result<usize> {
        if patience.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(patience))?;
        let before = self.bytes.len();
        self.bytes.resize(before + most.min(64 * 1024), 0);
        let read = loop {
            match self.stream.read(&mut self.bytes[before..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.bytes.truncate(before + read.as_ref().copied().unwrap_or(0));
        read
    }

    /// Says that the body may come, where the client waits for that (RFC 9110, section 10.1.1).
    fn invite(&mut self, request: &Request) -> Result<(), Refusal> {
        let waits = request.all("expect").iter().any(|value| value.eq_ignore_ascii_case(b"100-continue"));
        let sent = if waits { self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n") } else { Ok(()) };
        sent.map_err(|_| late())
    }

    /// Reads the whole body of a request, which is not a file.
    pub fn body(&mut self, request: &Request, most: usize) -> Result<Vec<u8>, Refusal> {
        let length = usize::try_from(request.length).ok().filter(|&length| length <= most);
        let length = length.ok_or_else(|| Refusal::new(413, "That is too long"))?;
        self.invite(request)?;
        let began = Instant::now();
        while self.bytes.len() < length {
            let patience = REQUEST.saturating_sub(began.elapsed());
            let read = self.read(patience, length - self.bytes.len());
            read.ok().filter(|&count| count > 0).ok_or_else(late)?;
        }
        Ok(self.bytes.drain(..length).collect())
    }

    /// Copies the body of a request to a file.
    pub fn copy_body(&mut self, request: &Request, file: &mut impl Write) -> Result<(), Refusal> {
        self.invite(request)?;
        let mut left = request.length;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX);
            if self.bytes.is_empty() {
                self.read(STALL, most).ok().filter(|&count| count > 0).ok_or_else(late)?;
            }
            let count = self.bytes.len().min(most);
            let unwritable = |error| Refusal::new(503, format!("The file cannot be kept: {error}"));
            file.write_all(&self.bytes[..count]).map_err(unwritable)?;
            self.bytes.drain(..count);
            left -= count as u64;
        }
        Ok(())
    }

    /// Sends an answer; the body is left out where only the head was asked for.
    pub fn answer(&mut self, answer: &Answer, request: &Request) -> io::Result<()> {
        let length = format!("Content-Length: {}\r\n", answer.body.len());
        self.begin(answer.status, answer.kind, &length, request.stays)?;
        if request.method == "HEAD" { Ok(()) } else { self.stream.write_all(&answer.body) }
    }

    /// Sends the head of an answer.
    pub fn begin(&mut self, status: u16, kind: &str, more: &str, stays: bool) -> io::Result<()> {
        let (reason, connection) = (reason(status), if stays { "keep-alive" } else { "close" });
        let allow = if status == 405 { "Allow: GET, HEAD, POST\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\n{more}{allow}\
             Connection: {connection}\r\n{FIELDS_OF_ALL}\r\n"
        );
        self.stream.write_all(head.as_bytes())
    }

    /// Whether the client has closed its side, as a browser does when a page is left.
    pub fn is_closed(&self) -> bool {
        let peek = || {
            self.stream.set_nonblocking(true)?;
            let peeked = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            peeked
        };
        peek().map_or_else(|error| error.kind() != ErrorKind::WouldBlock, |count| count == 0)
    }

    /// The stream, to send the rest of an answer.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Ends the connection. What the client still sends is dropped for a moment: a socket that is closed with bytes in it
    /// takes the answer back.
    pub fn end(mut self) {
        let (began, mut dropped) = (Instant::now(), 0);
        let _ = self.stream.shutdown(Shutdown::Write);
        while dropped < LINGER_BYTES {
            self.bytes.clear();
            match self.read(LINGER.saturating_sub(began.elapsed()), LINGER_BYTES) {
                Ok(count @ 1..) => dropped += count,
                _ => return,
            }
        }
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn late() -> Refusal {
    Refusal::new(408, "The rest of that request did not come in time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_or_missing() {
        let request = |query: &str| Request { query: query.into(), ..Request::default() };
        let name = |query: &str| request(query).parameter("name");
        assert_eq!(name("x=1&name=%23l%C3%A9+a").as_deref(), Some("#l\u{e9} a"));
        for wrong in ["", "name", "name=%", "name=%4", "name=%zz", "name=%ff", "names=x"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
