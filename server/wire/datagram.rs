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
    pub fn header(&self, checksum: u32) -> Vec<u8> {
        let kind = [VERSION, self.kind as u8, u8::from(self.encrypted), 0];
        let ids = [self.room.to_be_bytes(), self.sender.to_be_bytes()].concat();
        let numbers = [self.number.to_be_bytes(), checksum.to_be_bytes()].concat();
        [&MAGIC[..], &kind, &ids, &numbers].concat()
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut checksum = Crc32::default();
        checksum.update(&self.header(0));
        checksum.update(&self.payload);
        [&self.header(checksum.value()), &self.payload[..]].concat()
    }

    /// Parses bytes from the wire.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() < HEADER || bytes[..4] != *MAGIC || bytes[4] != VERSION {
            return Err(Malformed::Foreign);
        }
        let datagram = Self::fields(&bytes[5..]).ok_or(Malformed::Damaged)?;
        // Encoding again checks the checksum, and that flags and the unused byte have no other value.
        let is_valid = datagram.number > 0 && bytes.len() <= DATAGRAM && datagram.encode() == bytes;
        is_valid.then_some(datagram).ok_or(Malformed::Damaged)
    }

    /// Parses what follows magic and version, but for the checksum.
    fn fields(mut bytes: &[u8]) -> Option<Self> {
        let [kind, flags, _] = bytes.split_off(..3)? else { return None };
        let mut kinds = [Kind::Join, Kind::Heartbeat, Kind::Leave, Kind::Nack, Kind::Data].into_iter();
        let (kind, encrypted) = (kinds.find(|known| *known as u8 == *kind)?, *flags == 1);
        let (room, sender, number) = (take_u64(&mut bytes)?, take_u64(&mut bytes)?, take_number(&mut bytes)?);
        Some(Datagram { room, sender, kind, encrypted, number, payload: bytes.get(4..)?.to_vec() })
    }
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
        let acks = &self.acks[..self.acks.len().min(ACKS)];
        let mut bytes = [self.age.to_be_bytes(), self.last.to_be_bytes()].concat();
        bytes.extend(nick_bytes(&self.nick));
        bytes.push(u8::try_from(acks.len()).unwrap_or_default());
        bytes.extend(acks.iter().flat_map(|ack| entry_bytes(ack.sender, [ack.number])));
        let reports = self.reports.iter().take(REPORTS);
        bytes.extend(reports.flat_map(|report| entry_bytes(report.sender, [report.last, report.complete, report.age])));
        bytes
    }

    /// Parses a payload; `None` when it is malformed.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let (age, last) = (take_u32(&mut bytes)?, take_number(&mut bytes)?);
        let nick = take_nick(&mut bytes)?;
        let (mut acks, mut reports) = (Vec::new(), Vec::new());
        for _ in 0..*bytes.split_off_first()? {
            acks.push(StatusAck { sender: take_u64(&mut bytes)?, number: take_u32(&mut bytes)? });
        }
        while !bytes.is_empty() {
            let (sender, last, complete) = (take_u64(&mut bytes)?, take_number(&mut bytes)?, take_number(&mut bytes)?);
            reports.push(PeerReport { sender, last, complete, age: take_u32(&mut bytes)? });
        }
        Some(Status { age, last, nick, acks, reports })
    }
}

impl Utterance {
    /// The bytes of the payload.
    pub fn encode(&self) -> Vec<u8> {
        [&nick_bytes(&self.nick), self.text.as_bytes()].concat()
    }

    /// Parses a payload; `None` when it is malformed.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        Some(Utterance { nick: take_nick(&mut bytes)?, text: str::from_utf8(bytes).ok()?.to_owned() })
    }
}

/// The bytes of the payload of a NACK.
pub fn encode_ranges(ranges: &[Range]) -> Vec<u8> {
    ranges.iter().take(RANGES).flat_map(|range| entry_bytes(range.sender, [range.first, range.last])).collect()
}

/// Parses the payload of a NACK; `None` when it is malformed.
pub fn decode_ranges(mut bytes: &[u8]) -> Option<Vec<Range>> {
    let mut ranges = Vec::new();
    while !bytes.is_empty() {
        let (sender, first, last) = (take_u64(&mut bytes)?, take_u32(&mut bytes)?, take_u32(&mut bytes)?);
        ranges.push(Range { sender, first, last });
    }
    ranges.iter().all(|range| range.first <= range.last).then_some(ranges)
}

/// A nick with its length in front.
fn nick_bytes(nick: &str) -> Vec<u8> {
    let nick = crate::text::truncate(nick, limits::NICK).as_bytes();
    [&[u8::try_from(nick.len()).unwrap_or_default()], nick].concat()
}

fn entry_bytes<const WORDS: usize>(sender: u64, words: [u32; WORDS]) -> Vec<u8> {
    [&sender.to_be_bytes(), words.map(u32::to_be_bytes).as_flattened()].concat()
}

// Each of these takes a value from the front of the bytes; `None` when they are too short, or it is not valid.

fn take_nick(bytes: &mut &[u8]) -> Option<String> {
    let length = *bytes.split_off_first()?;
    let nick = str::from_utf8(bytes.split_off(..usize::from(length))?).ok()?;
    crate::names::is_nick(nick).then(|| nick.to_owned())
}

/// The number of a message.
fn take_number(bytes: &mut &[u8]) -> Option<u32> {
    take_u32(bytes).filter(|number| *number <= MAX_NUMBER)
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    bytes.split_off(..4)?.try_into().ok().map(u32::from_be_bytes)
}

fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    bytes.split_off(..8)?.try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests;
