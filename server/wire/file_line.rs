//! The lines of the verb `FILE`: a client's requests, and the server's lines.
//!
//! Pure. Both ends build and read them here, so that they cannot disagree.

use std::fmt;

/// A client's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRequest<'a> {
    /// `OFFER <reference> <target> <size> :<name>`: may this file be sent? The answer repeats the reference.
    Offer {
        /// A word of the client's own.
        reference: &'a str,
        /// A room or a nick.
        target: &'a str,
        /// Bytes.
        size: u64,
        /// As its owner calls it.
        name: &'a str,
    },
    /// `FETCH <id>`: asks for a token to download it.
    Fetch(u64),
    /// `GOT <id>`: the client has the whole file.
    Got(u64),
    /// `CANCEL <id>`: the sender withdraws the file. From a recipient it means `DECLINE`, without a word to anybody.
    Cancel(u64),
    /// `DECLINE <id>`: a recipient does not want the file.
    Decline(u64),
    /// `LIST`
    List,
}

/// Why a request cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRequest<'a> {
    /// A parameter is missing.
    Incomplete,
    /// The request with this reference or id is wrong: how.
    Invalid(&'a str, &'static str),
}

impl<'a> FileRequest<'a> {
    /// Reads the parameters of a line `FILE` from a client.
    pub fn parse(params: &[&'a str]) -> Result<Self, BadRequest<'a>> {
        let (&subcommand, params) = params.split_first().ok_or(BadRequest::Incomplete)?;
        let subcommand = subcommand.to_ascii_uppercase();
        if subcommand == "LIST" {
            return Ok(FileRequest::List);
        }
        let &context = params.first().ok_or(BadRequest::Incomplete)?;
        let id = || decimal(context).ok_or(BadRequest::Invalid(context, "A file is named by its number"));
        match (subcommand.as_str(), params) {
            ("OFFER", [reference, target, size, name, ..]) => {
                let size = decimal(size).ok_or(BadRequest::Invalid(context, "The size is a number of bytes"))?;
                Ok(FileRequest::Offer { reference, target, size, name })
            }
            ("OFFER", _) => Err(BadRequest::Incomplete),
            ("FETCH", _) => Ok(FileRequest::Fetch(id()?)),
            ("GOT", _) => Ok(FileRequest::Got(id()?)),
            ("CANCEL", _) => Ok(FileRequest::Cancel(id()?)),
            ("DECLINE", _) => Ok(FileRequest::Decline(id()?)),
            _ => Err(BadRequest::Invalid(context, "FILE knows OFFER, FETCH, GOT, CANCEL, DECLINE and LIST")),
        }
    }

    /// The parameters of the line `FILE`.
    pub fn params(&self) -> Vec<String> {
        match *self {
            FileRequest::Offer { reference, target, size, name } => {
                vec!["OFFER".into(), reference.into(), target.into(), size.to_string(), name.into()]
            }
            FileRequest::Fetch(id) => vec!["FETCH".into(), id.to_string()],
            FileRequest::Got(id) => vec!["GOT".into(), id.to_string()],
            FileRequest::Cancel(id) => vec!["CANCEL".into(), id.to_string()],
            FileRequest::Decline(id) => vec!["DECLINE".into(), id.to_string()],
            FileRequest::List => vec!["LIST".into()],
        }
    }
}

/// A decimal number and nothing else.
pub fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// The state of a file in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Its upload is not complete.
    Partial,
    /// The client has sent it, and the server has all of it.
    Sent,
    /// It is for the client, who has fetched it.
    Received,
    /// It is for the client, who has not fetched it yet.
    New,
}

impl FileState {
    const WORDS: [(FileState, &'static str); 4] = [
        (FileState::Partial, "partial"),
        (FileState::Sent, "sent"),
        (FileState::Received, "had"),
        (FileState::New, "new"),
    ];

    fn parse(word: &str) -> Option<Self> {
        FileState::WORDS.iter().find(|(_, known)| *known == word).map(|(state, _)| *state)
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FileState::WORDS[*self as usize].1)
    }
}

/// A line of the server. `Announce`, `Got`, `Cancelled` and `Declined` come with a person as their source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileLine<'a> {
    /// `PUT <reference> <id> <token> <offset> <crc>`: the answer to `OFFER`.
    Put {
        /// That of the offer.
        reference: &'a str,
        /// The server's number for the file.
        id: u64,
        /// Opens the data connection.
        token: &'a str,
        /// Bytes that the server has from an earlier attempt.
        offset: u64,
        /// The CRC-32 of those bytes.
        crc: u32,
    },
    /// `GET <id> <token> <size> <crc> :<name>`: the answer to `FETCH`.
    Get {
        /// The server's number for the file.
        id: u64,
        /// Opens the data connection.
        token: &'a str,
        /// Bytes.
        size: u64,
        /// The CRC-32 of the whole file.
        crc: u32,
        /// The file's name.
        name: &'a str,
    },
    /// `ITEM <id> <sender> <target> <size> <crc> <state> :<name>`: a row of the list.
    Item {
        /// The server's number for the file.
        id: u64,
        /// A nick.
        sender: &'a str,
        /// A room or a nick.
        target: &'a str,
        /// Bytes.
        size: u64,
        /// The CRC-32 of the whole file; 0 while the server has not all of it.
        crc: u32,
        /// How far it has come.
        state: FileState,
        /// The file's name.
        name: &'a str,
    },
    /// `END`: the end of the list.
    End,
    /// `ANNOUNCE <target> <id> <size> <crc> :<name>`: somebody shares a file.
    Announce {
        /// A room or the client's nick.
        target: &'a str,
        /// The server's number for the file.
        id: u64,
        /// Bytes.
        size: u64,
        /// The CRC-32 of the whole file.
        crc: u32,
        /// The file's name.
        name: &'a str,
    },
    /// `GOT <nick> <id> :<name>`: the source of the line has fetched the client's file.
    Got {
        /// The client's nick.
        target: &'a str,
        /// The server's number for the file.
        id: u64,
        /// The file's name.
        name: &'a str,
    },
    /// `CANCEL <target> <id> :<name>`: the sender of a file has withdrawn it.
    Cancelled {
        /// A room or the client's nick.
        target: &'a str,
        /// The server's number for the file.
        id: u64,
        /// The file's name.
        name: &'a str,
    },
    /// `DECLINE <nick> <id> :<name>`: the source of the line does not want a file; to its sender and to the source.
    Declined {
        /// The nick of the file's sender.
        target: &'a str,
        /// The server's number for the file.
        id: u64,
        /// The file's name.
        name: &'a str,
    },
}

impl<'a> FileLine<'a> {
    /// Reads the parameters of a line `FILE` from a server; `None` when it is not one of these.
    pub fn parse(params: &[&'a str]) -> Option<Self> {
        let hex = |text: &str| u32::from_str_radix(text, 16).ok();
        Some(match *params {
            ["PUT", reference, id, token, offset, crc] => {
                FileLine::Put { reference, id: decimal(id)?, token, offset: decimal(offset)?, crc: hex(crc)? }
            }
            ["GET", id, token, size, crc, name] => {
                FileLine::Get { id: decimal(id)?, token, size: decimal(size)?, crc: hex(crc)?, name }
            }
            ["ITEM", id, sender, target, size, crc, state, name] => {
                let (id, size, crc, state) = (decimal(id)?, decimal(size)?, hex(crc)?, FileState::parse(state)?);
                FileLine::Item { id, sender, target, size, crc, state, name }
            }
            ["END", ..] => FileLine::End,
            ["ANNOUNCE", target, id, size, crc, name] => {
                FileLine::Announce { target, id: decimal(id)?, size: decimal(size)?, crc: hex(crc)?, name }
            }
            ["GOT", target, id, name] => FileLine::Got { target, id: decimal(id)?, name },
            ["CANCEL", target, id, name] => FileLine::Cancelled { target, id: decimal(id)?, name },
            ["DECLINE", target, id, name] => FileLine::Declined { target, id: decimal(id)?, name },
            _ => return None,
        })
    }
}

/// Writes the line without its source and its end.
impl fmt::Display for FileLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileLine::Put { reference, id, token, offset, crc } => {
                write!(f, "FILE PUT {reference} {id} {token} {offset} {crc:08x}")
            }
            FileLine::Get { id, token, size, crc, name } => {
                write!(f, "FILE GET {id} {token} {size} {crc:08x} :{name}")
            }
            FileLine::Item { id, sender, target, size, crc, state, name } => {
                write!(f, "FILE ITEM {id} {sender} {target} {size} {crc:08x} {state} :{name}")
            }
            FileLine::End => f.write_str("FILE END"),
            FileLine::Announce { target, id, size, crc, name } => {
                write!(f, "FILE ANNOUNCE {target} {id} {size} {crc:08x} :{name}")
            }
            FileLine::Got { target, id, name } => write!(f, "FILE GOT {target} {id} :{name}"),
            FileLine::Cancelled { target, id, name } => write!(f, "FILE CANCEL {target} {id} :{name}"),
            FileLine::Declined { target, id, name } => write!(f, "FILE DECLINE {target} {id} :{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn both_ends_agree_on_lines() {
        let (id, size, crc, name, target, token) = (7, 12, 0xab, "a b.txt", "#lab", "f00");
        let item = |state| FileLine::Item { id, sender: "tesla", target, size, crc, state, name };
        for line in [
            FileLine::Put { reference: "u1", id, token, offset: 5, crc },
            FileLine::Get { id, token, size, crc, name },
            item(FileState::Partial),
            item(FileState::Sent),
            item(FileState::Received),
            item(FileState::New),
            FileLine::End,
            FileLine::Announce { target, id, size, crc, name },
            FileLine::Got { target, id, name },
            FileLine::Cancelled { target, id, name },
            FileLine::Declined { target, id, name },
        ] {
            let written = line.to_string();
            let message = Message::parse(&written).unwrap();
            assert_eq!((message.verb, FileLine::parse(&message.params)), ("FILE", Some(line)), "{written}");
        }
        assert_eq!(FileLine::parse(&["GOT", "a", "+7", "x"]), None);
    }

    #[test]
    fn both_ends_agree_on_requests() {
        let offer = FileRequest::Offer { reference: "u1", target: "#lab", size: 5, name: "a b.txt" };
        let others = [FileRequest::Fetch(1), FileRequest::Got(2), FileRequest::Cancel(3), FileRequest::Decline(4)];
        for request in others.into_iter().chain([offer, FileRequest::List]) {
            let params = request.params();
            let params: Vec<&str> = params.iter().map(String::as_str).collect();
            assert_eq!(FileRequest::parse(&params), Ok(request));
        }
        assert_eq!(FileRequest::parse(&["offer", "u1", "a", "5"]), Err(BadRequest::Incomplete));
        assert_eq!(FileRequest::parse(&["FETCH"]), Err(BadRequest::Incomplete));
        assert!(matches!(FileRequest::parse(&["FETCH", "x"]), Err(BadRequest::Invalid("x", _))));
        assert!(matches!(FileRequest::parse(&["OFFER", "u1", "a", "-5", "b"]), Err(BadRequest::Invalid("u1", _))));
        assert!(matches!(FileRequest::parse(&["DANCE", "x"]), Err(BadRequest::Invalid("x", _))));
    }
}
