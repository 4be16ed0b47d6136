//! What a client needs to know of a server's line, found without copying a byte.
//!
//! Thread: the generator's only one. No locks.

pub enum Line<'a> {
    /// The text of a PRIVMSG.
    Message(&'a [u8]),
    /// The token that the server wants back.
    Ping(&'a [u8]),
    /// The token that we sent.
    Pong(&'a [u8]),
    Numeric(u16),
    /// The server says why it hangs up.
    Error(&'a [u8]),
    Other,
}

pub fn parse(line: &[u8]) -> Line<'_> {
    let rest = match line.strip_prefix(b":") {
        Some(prefixed) => cut(prefixed).1,
        None => line,
    };
    let (command, parameters) = cut(rest);
    match command {
        b"PRIVMSG" => Line::Message(last(parameters)),
        b"PING" => Line::Ping(last(parameters)),
        b"PONG" => Line::Pong(last(parameters)),
        b"ERROR" => Line::Error(last(parameters)),
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Line::Numeric([a, b, c].into_iter().fold(0, |n, digit| n * 10 + u16::from(digit - b'0')))
        }
        _ => Line::Other,
    }
}

/// The last parameter; `InspIRCd` leaves its colon out where the grammar allows.
fn last(mut parameters: &[u8]) -> &[u8] {
    loop {
        if let Some(text) = parameters.strip_prefix(b":") {
            return text;
        }
        let (word, rest) = cut(parameters);
        if rest.is_empty() {
            return word;
        }
        parameters = rest;
    }
}

/// Splits at the first space.
fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b' ') {
        Some(space) => (&bytes[..space], &bytes[space + 1..]),
        None => (bytes, &[]),
    }
}
