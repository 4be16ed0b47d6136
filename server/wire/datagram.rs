//! The datagrams of a multicast room: a header of 32 bytes and a payload that depends on the kind.
//!
//! Pure functions: no thread of their own, no lock. `server/PROTOCOL.md` has the same as tables. Numbers are
//! big-endian.
//!
//! ```text
//!  0  magic  "GCRM"           16  sender, 8 bytes
//!  4  version 1               24  number, 4 bytes
//!  5  kind                    28  CRC-32 of the whole datagram, computed with zeros here
//!  6  flags (1: encrypted)    32  payload, up to the end
//!  7  zero
//!  8  room, 8 bytes
//! ```

use crate::crc32::Crc32;
use crate::limits;

const MAGIC: &[u8; 4] = b"GCRM";
const VERSION: u8 = 1;
/// The highest number of a datagram; the bit above tells the nonces of DATA and control datagrams apart.
pub const MAX_NUMBER: u32 = u32::MAX >> 1;
/// Bytes of the header.
pub const HEADER: usize = 32;
/// Where the checksum stands in the header.
const CHECKSUM: std::ops::Range<usize> = 28..32;
/// Bytes that encryption adds to a payload: the authentication tag of ChaCha20-Poly1305.
const TAG: usize = 16;
/// Bytes of a datagram at most: with the headers of IP and UDP it passes unfragmented wherever the MTU is 1,280 bytes,
/// which IPv6 requires of every link.
pub const DATAGRAM: usize = 1200;
/// Bytes of a payload at most, before it is encrypted.
pub const DATAGRAM_PAYLOAD: usize = DATAGRAM - HEADER - TAG;

/// The kind of a datagram. All but DATA are control datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The sender is new. Carries a [`Status`].
    Join = 1,
    /// The sender is present. Carries a [`Status`].
    Heartbeat = 2,
    /// The sender leaves. Carries a [`Status`].
    Leave = 3,
    /// The sender asks for missing messages. Carries [`Range`]s.
    Nack = 4,
    /// A message. Carries an [`Utterance`]; first sent by its author, retransmitted by any member that has it.
    Data = 5,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Kind::Join, Kind::Heartbeat, Kind::Leave, Kind::Nack, Kind::Data].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The room's id in the directory.
    pub room: u64,
    /// The author's id: a random number, drawn anew each time that a member enters a room.
    pub sender: u64,
    /// The kind, which says how to read the payload.
    pub kind: Kind,
    /// The payload is encrypted with the room's key.
    pub encrypted: bool,
    /// The sequence number, from 1 on. DATA and control datagrams of a sender are numbered separately.
    pub number: u32,
    /// The payload, as `encrypted` says.
    pub payload: Vec<u8>,
}

/// Why received bytes are not a datagram of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// They come from another program, or from another version of this one.
    Foreign,
    /// The header is ours, but the checksum, a field or the length is wrong.
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
    /// The bytes before the payload. With a checksum of 0 they are also the associated data of the encryption.
    pub fn header(&self, checksum: u32) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(MAGIC);
        header[4..8].copy_from_slice(&[VERSION, self.kind as u8, u8::from(self.encrypted), 0]);
        header[8..16].copy_from_slice(&self.room.to_be_bytes());
        header[16..24].copy_from_slice(&self.sender.to_be_bytes());
        header[24..28].copy_from_slice(&self.number.to_be_bytes());
        header[CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
        header
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut checksum = Crc32::default();
        checksum.update(&self.header(0));
        checksum.update(&self.payload);
        [&self.header(checksum.value())[..], &self.payload].concat()
    }

    /// Parses bytes from the wire.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (header, payload) = bytes.split_at_checked(HEADER).ok_or(Malformed::Foreign)?;
        if &header[..4] != MAGIC || header[4] != VERSION {
            return Err(Malformed::Foreign);
        }
        let kind = Kind::of(header[5]).ok_or(Malformed::Damaged)?;
        let (room, sender, number) = (u64_of(&header[8..16]), u64_of(&header[16..24]), u32_of(&header[24..28]));
        let datagram = Datagram { room, sender, kind, encrypted: header[6] == 1, number, payload: payload.to_vec() };
        // Encoding again checks the checksum, and that flags and the unused byte have no other value.
        if !(1..=MAX_NUMBER).contains(&number) || bytes.len() > DATAGRAM || datagram.encode() != bytes {
            return Err(Malformed::Damaged);
        }
        Ok(datagram)
    }
}

fn u32_of(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn u64_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The reporting member's knowledge of a third member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerReport {
    /// The third member's id.
    pub sender: u64,
    /// The highest message number of that member that the reporter has heard of.
    pub last: u32,
    /// The reporter has all messages up to this number.
    pub complete: u32,
    /// Milliseconds since that member joined.
    pub age: u32,
}

/// Tells a member that one of its statuses was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusAck {
    /// The id of the member whose status it was.
    pub sender: u64,
    /// The number of that status.
    pub number: u32,
}

/// The payload of JOIN, HEARTBEAT and LEAVE: the sender's own state, and its view of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Milliseconds since the sender joined.
    pub age: u32,
    /// The number of the sender's last message.
    pub last: u32,
    /// The sender's nick.
    pub nick: String,
    /// Statuses received since the last own one: of strangers, which learn that this member is live, and of those
    /// that leave, which learn that they may.
    pub acks: Vec<StatusAck>,
    /// Some of the other members. From these a receiver learns of messages that it misses even when their author has
    /// left.
    pub reports: Vec<PeerReport>,
}

/// Missing messages of one sender, from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The author of the messages.
    pub sender: u64,
    /// The first missing number.
    pub first: u32,
    /// The last missing number.
    pub last: u32,
}

/// The payload of DATA: a message with the nick that its author had then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// The author's nick.
    pub nick: String,
    /// The text.
    pub text: String,
}

/// Bytes of a [`StatusAck`].
const ACK: usize = 12;
/// Bytes of a [`PeerReport`].
const REPORT: usize = 20;
/// Bytes of a [`Range`].
const RANGE: usize = 16;
/// Entries of [`Status::acks`] at most: a handful of members may meet at the same time.
pub const ACKS: usize = 16;
/// Entries of [`Status::reports`] that fit beside the longest nick and all [`ACKS`].
pub const REPORTS: usize = (DATAGRAM_PAYLOAD - 4 - 4 - 1 - limits::NICK - 1 - ACK * ACKS) / REPORT;
/// Ranges that fit a NACK.
pub const RANGES: usize = DATAGRAM_PAYLOAD / RANGE;
/// Bytes of text that fit a message beside the longest nick.
pub const TEXT: usize = DATAGRAM_PAYLOAD - 1 - limits::NICK;

impl Status {
    /// The bytes of the payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = [self.age.to_be_bytes(), self.last.to_be_bytes()].concat();
        put_nick(&mut bytes, &self.nick);
        let acks = &self.acks[..self.acks.len().min(ACKS)];
        bytes.push(u8::try_from(acks.len()).unwrap_or_default());
        acks.iter().for_each(|ack| put_entry(&mut bytes, ack.sender, [ack.number]));
        for PeerReport { sender, last, complete, age } in self.reports.iter().take(REPORTS) {
            put_entry(&mut bytes, *sender, [*last, *complete, *age]);
        }
        bytes
    }

    /// Parses a payload; `None` when it is malformed.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.split_at_checked(8)?;
        let (nick, rest) = take_nick(rest)?;
        let (count, rest) = rest.split_first()?;
        let (acks, reports) = rest.split_at_checked(ACK * usize::from(*count))?;
        let acks = entries_of::<ACK, 1>(acks)?.map(|(sender, [number])| StatusAck { sender, number }).collect();
        let report = |(sender, [last, complete, age]): (u64, [u32; 3])| PeerReport { sender, last, complete, age };
        let reports: Vec<PeerReport> = entries_of::<REPORT, 3>(reports)?.map(report).collect();
        let (age, last) = (u32_of(&numbers[..4]), u32_of(&numbers[4..]));
        let is_valid =
            last <= MAX_NUMBER && reports.iter().all(|report| report.last.max(report.complete) <= MAX_NUMBER);
        is_valid.then_some(Status { age, last, nick, acks, reports })
    }
}

impl Utterance {
    /// The bytes of the payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_nick(&mut bytes, &self.nick);
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    /// Parses a payload; `None` when it is malformed.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (nick, text) = take_nick(bytes)?;
        Some(Utterance { nick, text: str::from_utf8(text).ok()?.to_owned() })
    }
}

/// The bytes of the payload of a NACK.
pub fn encode_ranges(ranges: &[Range]) -> Vec<u8> {
    let mut bytes = Vec::new();
    ranges.iter().take(RANGES).for_each(|range| put_entry(&mut bytes, range.sender, [range.first, range.last]));
    bytes
}

/// Parses the payload of a NACK; `None` when it is malformed.
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

/// Splits a valid nick from the bytes that follow it.
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

/// Parses a list of entries: each is `SIZE` bytes long, a sender and then `WORDS` numbers.
fn entries_of<const SIZE: usize, const WORDS: usize>(
    bytes: &[u8],
) -> Option<impl Iterator<Item = (u64, [u32; WORDS])>> {
    let (entries, rest) = bytes.as_chunks::<SIZE>();
    let words = |entry: &[u8; SIZE]| std::array::from_fn(|index| u32_of(&entry[8 + 4 * index..][..4]));
    rest.is_empty().then(|| entries.iter().map(move |entry| (u64_of(&entry[..8]), words(entry))))
}

#[cfg(test)]
mod tests;
