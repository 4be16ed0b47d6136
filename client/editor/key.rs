//! From the bytes that a terminal sends to keys (ECMA-48; xterm's "ctlseqs").
//!
//! Pure. The main thread feeds it with what it reads.

use super::limits::{ESCAPE, ESCAPE_BEFORE, PASTE, PASTE_HOLD, SEQUENCE, STRING};
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
pub const PASTE_END: &[u8] = b"\x1b[201~";
const CTRL_C: u8 = 3;
const BEL: u8 = 7;
const ESC: u8 = 0x1b;

/// Collects bytes until they are keys.
#[derive(Default)]
pub struct Parser {
    bytes: Vec<u8>,
    paste: Option<Pasted>,
    /// The user does not wait any longer for the end of a paste; what still comes of it is dropped.
    is_paste_lost: bool,
    /// `bytes` begins with an escape character that was handed out as the Escape key; or it is empty, and one was handed out
    /// a moment ago.
    after_escape: bool,
    /// A string is being skipped: an answer of the terminal to something that nobody has asked.
    in_string: bool,
    /// What was given up and may have been the start of a paste. The rest of that can be late on a slow line, and what is
    /// pasted must not be carried out.
    late: Vec<u8>,
}

/// A paste that is coming in.
#[derive(Default)]
struct Pasted {
    text: Vec<u8>,
    /// There was a mark of the end, which may be a trick: its author wants what follows to be typed. No person types so soon
    /// behind a paste. So what follows is held back, and when it has another mark in it, it was pasted as well.
    has_ended: bool,
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
        if bytes == [CTRL_C] && self.paste.take_if(|paste| !paste.has_ended).is_some() {
            self.is_paste_lost = true;
            return Vec::new();
        }
        if self.after_escape && self.bytes.is_empty() {
            self.after_escape = matches!(bytes, [b'0'..=b'9' | b'\r' | b'\n' | b'[' | b'O', ..]);
            if self.after_escape {
                self.late.clear();
                self.bytes.push(ESC);
            }
        }
        self.bytes.extend_from_slice(bytes);
        if self.is_paste_lost {
            let end = position(&self.bytes, PASTE_END).map(|at| at + PASTE_END.len());
            self.is_paste_lost = end.is_none();
            self.bytes.drain(..end.unwrap_or(self.bytes.len().saturating_sub(PASTE_END.len() - 1)));
        }
        if self.is_paste_lost { Vec::new() } else { self.keys() }
    }

    /// The keys in what has come.
    fn keys(&mut self) -> Vec<Key> {
        let mut keys = Vec::new();
        if !self.late.is_empty() {
            let whole = [&self.late, &*self.bytes].concat();
            if PASTE_START.starts_with(&whole) && whole != PASTE_START {
                return keys;
            }
            let late = std::mem::take(&mut self.late);
            if whole.starts_with(PASTE_START) {
                self.bytes.drain(..PASTE_START.len() - late.len());
                self.paste = Some(Pasted::default());
            }
        }
        loop {
            if let Some(paste) = &mut self.paste {
                paste.take(&mut self.bytes);
                return keys;
            }
            if self.in_string && !self.skip_string() {
                return keys;
            }
            if self.bytes.starts_with(PASTE_START) {
                self.bytes.drain(..PASTE_START.len());
                self.paste = Some(Pasted::default());
                self.after_escape = false;
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
                    self.after_escape = false;
                    keys.extend(key);
                }
                Start::Incomplete if self.bytes.len() > SEQUENCE => self.bytes.clear(),
                Start::Incomplete => return keys,
            }
        }
    }

    /// Whether a paste has begun, and more of it may come.
    pub fn is_pasting(&self) -> bool {
        self.is_paste_lost || self.paste.is_some()
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

    /// How long to wait for more until `give_up`; `None` when nothing has begun.
    pub fn patience(&self) -> Option<Duration> {
        match &self.paste {
            Some(paste) => paste.has_ended.then_some(PASTE_HOLD),
            None if self.is_paste_lost || self.in_string => Some(STRING),
            None if self.after_escape => Some(ESCAPE_BEFORE),
            None => (!self.bytes.is_empty()).then_some(ESCAPE),
        }
    }

    /// Nothing more came: a paste has ended, a lone escape character is the Escape key, and the start of anything else is
    /// dropped.
    pub fn give_up(&mut self) -> Vec<Key> {
        if self.paste.is_some() {
            let pasted = self.paste.take_if(|paste| paste.has_ended);
            return pasted.map_or_else(Vec::new, |pasted| [pasted.keys(), self.keys()].concat());
        }
        let bytes = std::mem::take(&mut self.bytes);
        let was_escape = std::mem::take(&mut self.after_escape);
        if std::mem::take(&mut self.is_paste_lost) || bytes.is_empty() && !self.in_string {
            return Vec::new();
        }
        let typed = |bytes: &[u8]| bytes.iter().map(|byte| Key::Char(char::from(*byte))).collect();
        let keys = match bytes[..] {
            _ if std::mem::take(&mut self.in_string) => Vec::new(),
            // These came behind a sequence that was given up: they were typed.
            _ if !self.late.is_empty() => typed(&bytes),
            [ESC, ref bytes @ ..] if was_escape => typed(bytes),
            [ESC] => {
                self.after_escape = true;
                vec![Key::Escape]
            }
            [ESC, ..] => Vec::new(),
            _ => vec![Key::NoText],
        };
        let given_up = [&*self.late, &bytes].concat();
        let start = (0..given_up.len()).find(|&at| PASTE_START.starts_with(&given_up[at..]));
        self.late = start.map_or_else(Vec::new, |at| given_up[at..].to_vec());
        keys
    }
}

impl Pasted {
    /// Moves what belongs to it, up to the last mark.
    fn take(&mut self, bytes: &mut Vec<u8>) {
        loop {
            let end = position(bytes, PASTE_END);
            let start = position(bytes, PASTE_START).filter(|_| self.has_ended);
            let Some(mark) = end.into_iter().chain(start).min() else { break };
            self.text.extend(bytes.drain(..mark));
            bytes.drain(..PASTE_END.len());
            self.has_ended = end == Some(mark);
        }
        if !self.has_ended {
            // The start of the mark may have come without its end.
            self.text.extend(bytes.drain(..bytes.len().saturating_sub(PASTE_END.len() - 1)));
        } else if bytes.len() > PASTE {
            // Nobody has typed that.
            self.text.append(bytes);
        }
        self.text.truncate(PASTE + 1);
    }

    fn keys(self) -> Vec<Key> {
        if self.text.len() > PASTE {
            return vec![Key::LongPaste];
        }
        let text: String = self.text.utf8_chunks().map(|chunk| chunk.valid()).collect();
        let is_whole = text.len() == self.text.len();
        [Key::Paste(text)].into_iter().chain((!is_whole).then_some(Key::NoText)).collect()
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
