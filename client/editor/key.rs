//! From the bytes that a terminal sends to keys (ECMA-48; xterm's "ctlseqs").
//!
//! Pure. The main thread feeds it with what it reads.

use super::limits::{PASTE, SEQUENCE};

/// A key, or a combination of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Alt(char),
    Enter,
    AltEnter,
    Tab,
    BackTab,
    Backspace,
    AltBackspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    WordLeft,
    WordRight,
    Escape,
    /// Text that was pasted in one piece, with whatever a terminal makes of the ends of its lines.
    Paste(String),
    /// A paste that was too long, so that it is dropped as a whole.
    LongPaste,
}

/// What comes behind the escape character when a paste ends.
const PASTE_END: &[u8] = b"\x1b[201~";
const CTRL_C: u8 = 3;

/// Collects bytes until they are keys.
#[derive(Default)]
pub struct Parser {
    bytes: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// The start of some bytes.
enum Start {
    /// A key, or nothing that means anything, of this length.
    Known(Option<Key>, usize),
    /// More has to come.
    Incomplete,
}

impl Parser {
    /// Takes the bytes of one read; the keys in them.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        // A terminal that never ends a paste must not take all keys away.
        if self.paste.is_some() && bytes == [CTRL_C] {
            self.paste = None;
            return Vec::new();
        }
        self.bytes.extend_from_slice(bytes);
        let mut keys = Vec::new();
        loop {
            if self.paste.is_some() {
                match self.pasted() {
                    Some(key) => keys.push(key),
                    None => return keys,
                }
            }
            if self.bytes.starts_with(b"\x1b[200~") {
                self.bytes.drain(..PASTE_END.len());
                self.paste = Some(Vec::new());
                continue;
            }
            match start(&self.bytes) {
                _ if self.bytes.is_empty() => return keys,
                Start::Known(key, length) => {
                    self.bytes.drain(..length);
                    keys.extend(key);
                }
                Start::Incomplete if self.bytes.len() > SEQUENCE => self.bytes.clear(),
                Start::Incomplete => return keys,
            }
        }
    }

    /// Moves what has come of a paste; all of it, once it has ended.
    fn pasted(&mut self) -> Option<Key> {
        let paste = self.paste.as_mut()?;
        let end = self.bytes.windows(PASTE_END.len()).position(|part| part == PASTE_END);
        // The start of the mark may have come without its end.
        let length = end.unwrap_or(self.bytes.len().saturating_sub(PASTE_END.len() - 1));
        paste.extend(self.bytes.drain(..length));
        paste.truncate(PASTE + 1);
        end?;
        self.bytes.drain(..PASTE_END.len());
        let paste = self.paste.take()?;
        Some(if paste.len() > PASTE {
            Key::LongPaste
        } else {
            Key::Paste(String::from_utf8_lossy(&paste).into_owned())
        })
    }

    /// Whether a sequence has begun, so that more should come at once.
    pub fn is_incomplete(&self) -> bool {
        self.paste.is_none() && !self.bytes.is_empty()
    }

    /// Nothing more came: a lone escape character is the Escape key, and the start of anything else is dropped.
    pub fn give_up(&mut self) -> Option<Key> {
        let bytes = std::mem::take(&mut self.bytes);
        (bytes == b"\x1b").then_some(Key::Escape)
    }
}

fn start(bytes: &[u8]) -> Start {
    let key = |key| Start::Known(Some(key), 1);
    match *bytes {
        [] => Start::Incomplete,
        [0x1b, ref rest @ ..] => escaped(rest),
        [b'\r' | b'\n', ..] => key(Key::Enter),
        [b'\t', ..] => key(Key::Tab),
        [0x7f | 0x08, ..] => key(Key::Backspace),
        [0, ..] => Start::Known(None, 1),
        [byte @ 1..=0x1a, ..] => key(Key::Ctrl(char::from(byte - 1 + b'a'))),
        [byte @ 0x1c..=0x1f, ..] => key(Key::Ctrl(char::from(byte + 0x40))),
        _ => character(bytes),
    }
}

/// A character in UTF-8; a byte that is none becomes the replacement character.
fn character(bytes: &[u8]) -> Start {
    let first = &bytes[..bytes.len().min(4)];
    let valid = match str::from_utf8(first) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default(),
        Err(error) if error.error_len().is_none() => return Start::Incomplete,
        Err(_) => return Start::Known(Some(Key::Char(char::REPLACEMENT_CHARACTER)), 1),
    };
    match valid.chars().next() {
        Some(c) => Start::Known(Some(Key::Char(c)), c.len_utf8()),
        None => Start::Incomplete,
    }
}

/// What follows an escape character.
fn escaped(bytes: &[u8]) -> Start {
    let (start, escapes) = match *bytes {
        [] => return Start::Incomplete,
        // Some terminals send Alt like this before the sequence of a key.
        [0x1b, ref rest @ ..] if rest.first().is_none_or(|next| matches!(next, b'[' | b'O')) => (escaped(rest), 1),
        [0x1b, ..] => return Start::Known(Some(Key::Escape), 1),
        [b'[', ref rest @ ..] => (control_sequence(rest), 2),
        [b'O', ref rest @ ..] => (
            match rest.first() {
                None => Start::Incomplete,
                Some(b'M') => Start::Known(Some(Key::Enter), 1),
                Some(&last) => Start::Known(named(last, false), 1),
            },
            2,
        ),
        [b'\r' | b'\n', ..] => return Start::Known(Some(Key::AltEnter), 2),
        [0x7f | 0x08, ..] => return Start::Known(Some(Key::AltBackspace), 2),
        [0..0x20, ..] => return Start::Known(None, 2),
        _ => (
            match character(bytes) {
                Start::Known(Some(Key::Char(c)), length) => Start::Known(Some(Key::Alt(c)), length),
                other => other,
            },
            1,
        ),
    };
    match start {
        Start::Known(key, length) => Start::Known(key, length + escapes),
        Start::Incomplete => Start::Incomplete,
    }
}

/// What follows `ESC [`: parameters, and the final character.
fn control_sequence(bytes: &[u8]) -> Start {
    // The function keys of the Linux console.
    if let [b'[', rest @ ..] = bytes {
        return if rest.is_empty() { Start::Incomplete } else { Start::Known(None, 2) };
    }
    let length = bytes.iter().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
    let Some(&last) = bytes.get(length) else { return Start::Incomplete };
    if !matches!(last, 0x40..=0x7e) {
        // Not of a sequence: it is a key of its own.
        return Start::Known(None, length);
    }
    let parameters = String::from_utf8_lossy(&bytes[..length]).into_owned();
    let mut parameters = parameters.split(';').map(|number| number.parse::<u32>().unwrap_or(1));
    let first = parameters.next().unwrap_or(1);
    // 1, and one for Shift, two for Alt, four for Ctrl.
    let modifiers = parameters.next().unwrap_or(1).saturating_sub(1);
    let by_words = modifiers & 0b110 != 0;
    let key = match (last, first) {
        (b'~', 1 | 7) => Some(Key::Home),
        (b'~', 4 | 8) => Some(Key::End),
        (b'~', 3) => Some(Key::Delete),
        (b'Z', _) => Some(Key::BackTab),
        (b'~', _) => None,
        _ => named(last, by_words),
    };
    Start::Known(key, length + 1)
}

/// The keys that end with the same letter in both kinds of sequences.
fn named(last: u8, by_words: bool) -> Option<Key> {
    Some(match (last, by_words) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', false) => Key::Right,
        (b'C', true) => Key::WordRight,
        (b'D', false) => Key::Left,
        (b'D', true) => Key::WordLeft,
        (b'H', _) => Key::Home,
        (b'F', _) => Key::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
