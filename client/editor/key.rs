//! From the bytes that a terminal sends to keys (ECMA-48; xterm's "ctlseqs").
//!
//! Pure. The main thread feeds it with what it reads.

use super::limits::{ESCAPE, PASTE, SEQUENCE, STRING};
use std::time::Duration;

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
    /// Bytes that are no text in UTF-8; they are dropped.
    NoText,
}

/// What comes before a paste, and behind it.
const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";
const CTRL_C: u8 = 3;
const BEL: u8 = 7;
const ESC: u8 = 0x1b;

/// Collects bytes until they are keys.
#[derive(Default)]
pub struct Parser {
    bytes: Vec<u8>,
    paste: Option<Vec<u8>>,
    /// A string is being skipped: an answer of the terminal to something that nobody has asked.
    in_string: bool,
    /// What was given up and may have been the start of a paste. The rest of that can be late on a slow line, and what is
    /// pasted must not be carried out.
    late: Vec<u8>,
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
        if !self.late.is_empty() {
            let whole = [&self.late, &*self.bytes].concat();
            if PASTE_START.starts_with(&whole) && whole != PASTE_START {
                return keys;
            }
            let late = std::mem::take(&mut self.late);
            if whole.starts_with(PASTE_START) {
                self.bytes.drain(..PASTE_START.len() - late.len());
                self.paste = Some(Vec::new());
            }
        }
        loop {
            if self.paste.is_some() {
                match self.pasted() {
                    Some(pasted) => keys.extend(pasted),
                    None => return keys,
                }
            }
            if self.in_string && !self.skip_string() {
                return keys;
            }
            if self.bytes.starts_with(PASTE_START) {
                self.bytes.drain(..PASTE_START.len());
                self.paste = Some(Vec::new());
                continue;
            }
            // OSC, DCS, APC, PM and SOS (ECMA-48, section 5.6). Alone it is a key with Alt.
            if let [ESC, b']' | b'P' | b'_' | b'^' | b'X', _, ..] = self.bytes[..] {
                self.bytes.drain(..2);
                self.in_string = true;
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
    fn pasted(&mut self) -> Option<Vec<Key>> {
        let paste = self.paste.as_mut()?;
        // Within the text the mark is a trick: its author wants what follows to be typed. Then it is not the last one before
        // the next paste, if that has come as well.
        let end = position(&self.bytes, PASTE_END).map(|first| {
            let next = position(&self.bytes[first..], PASTE_START).map_or(self.bytes.len(), |at| first + at);
            let last = self.bytes[..next].windows(PASTE_END.len()).rposition(|part| part == PASTE_END);
            last.unwrap_or(first)
        });
        // The start of the mark may have come without its end.
        let length = end.unwrap_or(self.bytes.len().saturating_sub(PASTE_END.len() - 1));
        let mut came = &self.bytes[..length];
        while let Some(at) = position(came, PASTE_END) {
            paste.extend_from_slice(&came[..at]);
            came = &came[at + PASTE_END.len()..];
        }
        paste.extend_from_slice(came);
        paste.truncate(PASTE + 1);
        self.bytes.drain(..length);
        end?;
        self.bytes.drain(..PASTE_END.len());
        let paste = self.paste.take()?;
        if paste.len() > PASTE {
            return Some(vec![Key::LongPaste]);
        }
        let text: String = paste.utf8_chunks().map(|chunk| chunk.valid()).collect();
        let is_whole = text.len() == paste.len();
        Some([Key::Paste(text)].into_iter().chain((!is_whole).then_some(Key::NoText)).collect())
    }

    /// Drops what has come of a string; whether that has ended. No control character belongs to it but the one at its end.
    fn skip_string(&mut self) -> bool {
        let end = self.bytes.iter().position(|byte| *byte < b' ').unwrap_or(self.bytes.len());
        self.bytes.drain(..end);
        let length = match self.bytes[..] {
            [] | [ESC] => return false,
            [ESC, b'\\', ..] => 2,
            [BEL, ..] => 1,
            _ => 0,
        };
        self.bytes.drain(..length);
        self.in_string = false;
        true
    }

    /// How long the rest of a sequence that has begun may take; `None` when none has.
    pub fn patience(&self) -> Option<Duration> {
        let has_begun = self.paste.is_none() && !self.bytes.is_empty();
        if self.in_string { Some(STRING) } else { has_begun.then_some(ESCAPE) }
    }

    /// Nothing more came: a lone escape character is the Escape key, and the start of anything else is dropped.
    pub fn give_up(&mut self) -> Vec<Key> {
        let bytes = std::mem::take(&mut self.bytes);
        let keys = match bytes[..] {
            _ if std::mem::take(&mut self.in_string) => Vec::new(),
            // These came behind a sequence that was given up: they were typed.
            _ if !self.late.is_empty() => bytes.iter().map(|byte| Key::Char(char::from(*byte))).collect(),
            [ESC] => vec![Key::Escape],
            [ESC, ..] => Vec::new(),
            _ => vec![Key::NoText],
        };
        let given_up = [&*self.late, &bytes].concat();
        let start = (0..given_up.len()).find(|&at| PASTE_START.starts_with(&given_up[at..]));
        self.late = start.map_or_else(Vec::new, |at| given_up[at..].to_vec());
        keys
    }
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn start(bytes: &[u8]) -> Start {
    let key = |key| Start::Known(Some(key), 1);
    match *bytes {
        [] => Start::Incomplete,
        [ESC, ref rest @ ..] => escaped(rest),
        [b'\r' | b'\n', ..] => key(Key::Enter),
        [b'\t', ..] => key(Key::Tab),
        [0x7f | 0x08, ..] => key(Key::Backspace),
        [0, ..] => Start::Known(None, 1),
        [byte @ 1..=0x1a, ..] => key(Key::Ctrl(char::from(byte - 1 + b'a'))),
        [byte @ 0x1c..=0x1f, ..] => key(Key::Ctrl(char::from(byte + 0x40))),
        _ => character(bytes),
    }
}

/// A character in UTF-8, or a byte that belongs to none.
fn character(bytes: &[u8]) -> Start {
    let first = &bytes[..bytes.len().min(4)];
    let valid = match str::from_utf8(first) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default(),
        Err(error) if error.error_len().is_none() => return Start::Incomplete,
        Err(_) => return Start::Known(Some(Key::NoText), 1),
    };
    match valid.chars().next() {
        Some(c) => Start::Known(Some(Key::Char(c)), c.len_utf8()),
        None => Start::Incomplete,
    }
}

/// What follows an escape character.
fn escaped(bytes: &[u8]) -> Start {
    let (start, escapes) = match *bytes {
        // The others may begin a string.
        [] | [b']' | b'P' | b'_' | b'^' | b'X'] => return Start::Incomplete,
        // Some terminals send Alt like this before the sequence of a key. A paste has no Alt.
        [ESC, ..] if bytes.starts_with(PASTE_START) => return Start::Known(Some(Key::Escape), 1),
        [ESC, ref rest @ ..] if rest.first().is_none_or(|next| matches!(next, b'[' | b'O')) => (escaped(rest), 1),
        [b'[', ref rest @ ..] => (control_sequence(rest), 2),
        [b'O', ref rest @ ..] => (single_shift(rest), 2),
        [b'\r' | b'\n', ..] => return Start::Known(Some(Key::AltEnter), 2),
        [0x7f | 0x08, ..] => return Start::Known(Some(Key::AltBackspace), 2),
        // A key of its own, before which Escape was pressed.
        [0..0x20, ..] => return Start::Known(Some(Key::Escape), 1),
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

/// What follows `ESC O`: in some terminals modifiers, and a character.
fn single_shift(bytes: &[u8]) -> Start {
    let length = bytes.iter().take_while(|byte| matches!(byte, b'0'..=b';')).count();
    match bytes.get(length) {
        None => Start::Incomplete,
        Some(b'M') => Start::Known(Some(Key::Enter), length + 1),
        Some(&last @ 0x40..=0x7e) => Start::Known(named(last, length > 0), length + 1),
        Some(_) => Start::Known(None, length),
    }
}

/// What follows `ESC [`: parameters, and the final character.
fn control_sequence(bytes: &[u8]) -> Start {
    // These two are followed by characters that are of no class: a function key of the Linux console, a report of the mouse.
    let count = match bytes.first() {
        Some(b'[') => 1,
        Some(b'M') => 3,
        _ => 0,
    };
    if count > 0 {
        let length = bytes.iter().take(1 + count).take_while(|byte| **byte >= b' ').count();
        return if length == bytes.len() && length <= count { Start::Incomplete } else { Start::Known(None, length) };
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
