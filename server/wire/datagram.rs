//! One datagram of a multicast room: a header of 32 bytes, and what it carries.
//!
//! Pure, std only. `server/PROTOCOL.md` has the same as a table. All numbers are big-endian.
//!
//! ```text
//!  0  magic  "GCRM"        16  sender, 8 bytes
//!  4  version 1            24  number, 4 bytes
//!  5  kind                 28  CRC-32 of the whole datagram, with zeros here
//!  6  flags (1: encrypted)    32  payload, up to the end
//!  7  zero
//!  8  room, 8 bytes
//! ```

use crate::crc32::Crc32;
use crate::limits;

const MAGIC: &[u8; 4] = b"GCRM";
const VERSION: u8 = 1;
/// The highest number of a message or of another datagram.
pub const MAX_NUMBER: u32 = u32::MAX >> 1;
/// Bytes of the header.
pub const HEADER: usize = 32;
/// Where the sum stands in it.
const SUM: std::ops::Range<usize> = 28..32;

/// What a datagram is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody is new: a [`Status`].
    Join = 1,
    /// Somebody is here: a [`Status`].
    Heartbeat = 2,
    /// Somebody leaves: a [`Status`].
    Leave = 3,
    /// Somebody misses messages: [`Range`]s.
    Nack = 4,
    /// A [`Message`]: the first time from its sender, again from whoever has it.
    Data = 5,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Kind::Join, Kind::Heartbeat, Kind::Leave, Kind::Nack, Kind::Data].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A datagram, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The room's id in the directory.
    pub room: u64,
    /// Who has written it: a random number for each time that somebody enters.
    pub sender: u64,
    /// What it is.
    pub kind: Kind,
    /// The payload is encrypted with the room's key.
    pub encrypted: bool,
    /// Of [`Kind::Data`] the number of the message, from 1 on. The others of one sender have numbers of their own.
    pub number: u32,
    /// What it carries, opened.
    pub payload: Vec<u8>,
}

/// Why bytes are no datagram of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// Another program's, or another version's.
    Foreign,
    /// It was ours, and its sum or its form is wrong.
    Damaged,
}

/// Encrypts and decrypts the payloads of one room. The format knows no more about it, because a cipher needs a crate.
pub trait PayloadCipher: Send + Sync {
    /// Encrypts the payload in place; false when that is impossible.
    fn encrypt(&self, datagram: &mut Datagram) -> bool;

    /// Decrypts the payload in place; false when its author did not have the room's key, or it was changed.
    fn decrypt(&self, datagram: &mut Datagram) -> bool;
}

/// Makes the cipher of a room from its key.
pub type NewCipher = fn(&[u8; 32]) -> Option<Box<dyn PayloadCipher>>;

impl Datagram {
    /// The bytes before the payload, with this sum. With the sum 0 they are what a seal vouches for as well.
    pub fn header(&self, sum: u32) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(MAGIC);
        header[4..8].copy_from_slice(&[VERSION, self.kind as u8, u8::from(self.encrypted), 0]);
        header[8..16].copy_from_slice(&self.room.to_be_bytes());
        header[16..24].copy_from_slice(&self.sender.to_be_bytes());
        header[24..28].copy_from_slice(&self.number.to_be_bytes());
        header[SUM].copy_from_slice(&sum.to_be_bytes());
        header
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut sum = Crc32::default();
        sum.update(&self.header(0));
        sum.update(&self.payload);
        [&self.header(sum.value())[..], &self.payload].concat()
    }

    /// Reads what came from the wire.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (header, payload) = bytes.split_at_checked(HEADER).ok_or(Malformed::Foreign)?;
        if &header[..4] != MAGIC || header[4] != VERSION {
            return Err(Malformed::Foreign);
        }
        let kind = Kind::of(header[5]).ok_or(Malformed::Damaged)?;
        let encrypted = match header[6] {
            0 => false,
            1 => true,
            _ => return Err(Malformed::Damaged),
        };
        let (room, sender, number) = (long(&header[8..16]), long(&header[16..24]), word(&header[24..28]));
        let datagram = Datagram { room, sender, kind, encrypted, number, payload: payload.to_vec() };
        // Bytes that the fields do not hold are compared here as well.
        if !(1..=MAX_NUMBER).contains(&number) || bytes.len() > limits::DATAGRAM || datagram.encode() != bytes {
            return Err(Malformed::Damaged);
        }
        Ok(datagram)
    }
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

fn long(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |long, byte| long << 8 | u64::from(*byte))
}

/// How far the messages of somebody have come, as somebody knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Who that is.
    pub sender: u64,
    /// The number of the last message that is known of.
    pub last: u32,
    /// Up to this number nothing is missing.
    pub complete: u32,
    /// Milliseconds since its sender came.
    pub age: u32,
}

/// Somebody was heard, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Who that is.
    pub sender: u64,
    /// The number of its last datagram that is no message.
    pub number: u32,
}

/// What somebody tells of themselves and of the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Milliseconds since it came.
    pub age: u32,
    /// The number of its last message.
    pub last: u32,
    /// What it is called.
    pub nick: String,
    /// Whom it has just heard and tells so: strangers, who know by that that it is there now, and who leaves.
    pub heard: Vec<Heard>,
    /// Some of the others: so a message is missed even when its sender has gone.
    pub others: Vec<Seen>,
}

/// Messages that somebody misses, `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Whose messages.
    pub sender: u64,
    /// The number of the first one.
    pub first: u32,
    /// The number of the last one.
    pub last: u32,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What its sender is called.
    pub nick: String,
    /// What it says.
    pub text: String,
}

/// Bytes of a [`Heard`].
const HEARD_ENTRY: usize = 12;
/// Bytes of a [`Seen`].
const SEEN: usize = 20;
/// Bytes of a [`Range`].
const RANGE: usize = 16;
/// Entries of [`Status::heard`] at most.
pub const HEARD: usize = 16;
/// Entries of [`Status::others`] that fit.
pub const OTHERS: usize = (limits::DATAGRAM_PAYLOAD - 4 - 4 - 1 - limits::NICK - 1 - HEARD_ENTRY * HEARD) / SEEN;
/// Ranges of a [`Kind::Nack`] that fit.
pub const RANGES: usize = limits::DATAGRAM_PAYLOAD / RANGE;
/// Bytes of text that fit one message, whatever its sender is called.
pub const TEXT: usize = limits::DATAGRAM_PAYLOAD - 1 - limits::NICK;

impl Status {
    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = [self.age.to_be_bytes(), self.last.to_be_bytes()].concat();
        put_nick(&mut bytes, &self.nick);
        let heard = &self.heard[..self.heard.len().min(HEARD)];
        bytes.push(u8::try_from(heard.len()).unwrap_or_default());
        heard.iter().for_each(|heard| put_entry(&mut bytes, heard.sender, [heard.number]));
        for Seen { sender, last, complete, age } in self.others.iter().take(OTHERS) {
            put_entry(&mut bytes, *sender, [*last, *complete, *age]);
        }
        bytes
    }

    /// Reads a payload.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.split_at_checked(8)?;
        let (nick, rest) = take_nick(rest)?;
        let (count, rest) = rest.split_first()?;
        let (heard, entries) = rest.split_at_checked(HEARD_ENTRY * usize::from(*count))?;
        let heard = entries_of::<HEARD_ENTRY, 1>(heard)?.map(|(sender, [number])| Heard { sender, number }).collect();
        let seen = |(sender, [last, complete, age]): (u64, [u32; 3])| Seen { sender, last, complete, age };
        let others: Vec<Seen> = entries_of::<SEEN, 3>(entries)?.map(seen).collect();
        let (age, last) = (word(&numbers[..4]), word(&numbers[4..]));
        let has_numbers = last <= MAX_NUMBER && others.iter().all(|seen| seen.last.max(seen.complete) <= MAX_NUMBER);
        has_numbers.then_some(Status { age, last, nick, heard, others })
    }
}

impl Message {
    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_nick(&mut bytes, &self.nick);
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    /// Reads a payload.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (nick, text) = take_nick(bytes)?;
        Some(Message { nick, text: str::from_utf8(text).ok()?.to_owned() })
    }
}

/// The payload of a [`Kind::Nack`].
pub fn encode_ranges(ranges: &[Range]) -> Vec<u8> {
    let mut bytes = Vec::new();
    ranges.iter().take(RANGES).for_each(|range| put_entry(&mut bytes, range.sender, [range.first, range.last]));
    bytes
}

/// Reads it.
pub fn decode_ranges(bytes: &[u8]) -> Option<Vec<Range>> {
    let ranges = entries_of::<RANGE, 2>(bytes)?.map(|(sender, [first, last])| Range { sender, first, last });
    let ranges: Vec<Range> = ranges.collect();
    ranges.iter().all(|range| range.first <= range.last).then_some(ranges)
}

fn put_nick(bytes: &mut Vec<u8>, nick: &str) {
    let nick = crate::text::truncate(nick, limits::NICK);
    bytes.push(u8::try_from(nick.len()).unwrap_or_default());
    bytes.extend_from_slice(nick.as_bytes());
}

/// A nick, which has to be one, and what follows it.
fn take_nick(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (nick, rest) = rest.split_at_checked(usize::from(*length))?;
    let nick = str::from_utf8(nick).ok().filter(|nick| crate::names::is_nick(nick))?;
    Some((nick.to_owned(), rest))
}

fn put_entry<const WORDS: usize>(bytes: &mut Vec<u8>, sender: u64, words: [u32; WORDS]) {
    bytes.extend_from_slice(&sender.to_be_bytes());
    words.iter().for_each(|word| bytes.extend_from_slice(&word.to_be_bytes()));
}

/// Entries of so many bytes: a sender, and so many words.
fn entries_of<const SIZE: usize, const WORDS: usize>(
    bytes: &[u8],
) -> Option<impl Iterator<Item = (u64, [u32; WORDS])>> {
    let (entries, rest) = bytes.as_chunks::<SIZE>();
    let words = |entry: &[u8; SIZE]| std::array::from_fn(|index| word(&entry[8 + 4 * index..][..4]));
    rest.is_empty().then(|| entries.iter().map(move |entry| (long(&entry[..8]), words(entry))))
}

#[cfg(test)]
mod tests;
