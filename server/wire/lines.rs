//! A bounded line buffer: bytes from a socket go in, complete lines come out.
//!
//! It calls no socket itself, so that the `read` stays visible in the loop that owns it; used by
//! the client threads of the server and by the receiver thread of the client.

use crate::limits;

/// The next thing in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end.
    Complete(&'a [u8]),
    /// A line of which this part exceeds its limit: reported once, as early as possible; the rest of it is skipped.
    TooLong(Part),
}

/// The two parts of a line that have a limit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// At most as many bytes as the buffer was made for.
    Tags,
    /// At most [`limits::LINE`] bytes.
    Message,
}

/// Cuts a stream of bytes at CR or LF, in bounded memory.
///
/// Both ends count, because a CR inside a relayed line would be a line end to some receivers.
/// Empty lines are skipped, so CR LF is one end and not two.
#[derive(Debug)]
pub struct LineBuffer {
    /// Bytes `start..end` are read and not yet taken.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes from `start` on that are known to hold no line end, so that none is looked at twice.
    searched: usize,
    /// The rest of a line that was too long is still to be skipped.
    skipping: bool,
    /// Longest tag section accepted, in bytes.
    max_tags: usize,
}

impl LineBuffer {
    /// A buffer for lines of up to `max_tags` bytes of tags and [`limits::LINE`] bytes of message.
    pub fn new(max_tags: usize) -> Self {
        let bytes = vec![0; limits::READ_BUFFER];
        LineBuffer { bytes, start: 0, end: 0, searched: 0, skipping: false, max_tags }
    }

    /// Where the next `read` may put its bytes; never empty once [`Self::next_line`] returned `None`.
    pub fn space(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        &mut self.bytes[self.end..]
    }

    /// Says that `read` put `count` bytes into [`Self::space`].
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
        if self.end == self.bytes.len() {
            let most = (self.max_tags + limits::LINE).next_power_of_two();
            self.bytes.resize((self.bytes.len() * 2).min(most), 0);
        }
    }

    /// The next complete line, or `None` when more bytes are needed.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        loop {
            let unread = &self.bytes[self.start + self.searched..self.end];
            let found = unread.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let Some(offset) = found else {
                self.searched = self.end - self.start;
                return self.overlong_so_far().map(Line::TooLong);
            };
            let from = self.start;
            let to = from + self.searched + offset;
            self.start = to + 1;
            self.searched = 0;
            if std::mem::take(&mut self.skipping) || from == to {
                continue;
            }
            let line = &self.bytes[from..to];
            return Some(self.too_long(line).map_or(Line::Complete(line), Line::TooLong));
        }
    }

    /// The bytes behind the last line that was taken, from the byte on that ended it: for a connection
    /// on which no lines follow.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.start.saturating_sub(1)..self.end]
    }

    /// Drops an unfinished line that is already too long; its part the first time.
    fn overlong_so_far(&mut self) -> Option<Part> {
        let part = self.too_long(&self.bytes[self.start..self.end]);
        if !self.skipping && part.is_none() {
            return None;
        }
        self.start = self.end;
        self.searched = 0;
        part.filter(|_| !std::mem::replace(&mut self.skipping, true))
    }

    fn too_long(&self, line: &[u8]) -> Option<Part> {
        let tags = match line {
            [b'@', ..] => line.iter().position(|&byte| byte == b' ').map_or(line.len(), |space| space + 1),
            _ => 0,
        };
        let line_end = 2;
        if tags > self.max_tags {
            Some(Part::Tags)
        } else {
            (line.len() - tags + line_end > limits::LINE).then_some(Part::Message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feed(buffer: &mut LineBuffer, mut bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Vec::new();
        while !bytes.is_empty() {
            let space = buffer.space();
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            buffer.filled(count);
            bytes = &bytes[count..];
            while let Some(line) = buffer.next_line() {
                lines.push(match line {
                    Line::Complete(line) => Some(line.to_vec()),
                    Line::TooLong(_) => None,
                });
            }
        }
        lines
    }

    #[test]
    fn ends_may_be_lf_crlf_or_cr() {
        let mut buffer = LineBuffer::new(limits::CLIENT_TAGS);
        let lines = feed(&mut buffer, b"a\nb\r\nc\rd\r\n\n\r\ne");
        let expected: Vec<_> = ["a", "b", "c", "d"].map(|line| Some(line.as_bytes().to_vec())).into();
        assert_eq!(lines, expected);
        assert_eq!(feed(&mut buffer, b"f\n"), [Some(b"ef".to_vec())]);
    }

    #[test]
    fn longest_line_passes_and_one_more_byte_does_not() {
        let mut buffer = LineBuffer::new(limits::CLIENT_TAGS);
        let longest = vec![b'x'; limits::LINE - 2];
        assert_eq!(feed(&mut buffer, &[&longest[..], b"\r\n"].concat()), [Some(longest.clone())]);
        assert_eq!(feed(&mut buffer, &[&longest[..], b"y\r\nz\n"].concat()), [None, Some(b"z".to_vec())]);
    }

    #[test]
    fn tags_have_a_limit_of_their_own() {
        let mut buffer = LineBuffer::new(limits::CLIENT_TAGS);
        let mut tagged = vec![b'@'];
        tagged.resize(limits::CLIENT_TAGS - 1, b'a');
        tagged.push(b' ');
        tagged.resize(limits::CLIENT_TAGS + limits::LINE - 2, b'b');
        assert_eq!(feed(&mut buffer, &[&tagged[..], b"\n"].concat()), [Some(tagged.clone())]);
        tagged.insert(1, b'a');
        assert_eq!(feed(&mut buffer, &[&tagged[..], b"\n"].concat()), [None]);
        let part = |line: &[u8]| LineBuffer::new(limits::CLIENT_TAGS).too_long(line);
        assert_eq!(part(&tagged), Some(Part::Tags));
        assert_eq!(part(&tagged[..limits::CLIENT_TAGS]), None, "the space may follow");
        assert_eq!(part(&tagged[2..]), Some(Part::Message));
        tagged.remove(1);
        tagged.push(b'b');
        assert_eq!(part(&tagged), Some(Part::Message));
    }

    #[test]
    fn a_mebibyte_without_an_end_is_told_once_and_takes_little_memory() {
        let mut buffer = LineBuffer::new(limits::CLIENT_TAGS);
        assert_eq!(feed(&mut buffer, &vec![b'x'; 1 << 20]), [None]);
        assert!(buffer.bytes.len() <= 8192);
        assert_eq!(feed(&mut buffer, b"rest\nnext\n"), [Some(b"next".to_vec())]);
    }

    #[test]
    fn what_follows_a_line_is_not_lost() {
        for (bytes, rest) in [("PUT\nbody\n", "\nbody\n"), ("PUT\r\nbody", "\r\nbody"), ("\n\nPUT\r", "\r")] {
            let mut buffer = LineBuffer::new(limits::CLIENT_TAGS);
            buffer.space()[..bytes.len()].copy_from_slice(bytes.as_bytes());
            buffer.filled(bytes.len());
            assert_eq!(buffer.next_line(), Some(Line::Complete(b"PUT")));
            assert_eq!(buffer.rest(), rest.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn how_the_bytes_arrive_changes_nothing(
            bytes in proptest::collection::vec(any::<u8>(), 0..3000),
            cut in 1usize..700,
        ) {
            let mut whole = LineBuffer::new(limits::CLIENT_TAGS);
            let mut pieces = LineBuffer::new(limits::CLIENT_TAGS);
            let at_once = feed(&mut whole, &bytes);
            let in_pieces: Vec<_> = bytes.chunks(cut).flat_map(|piece| feed(&mut pieces, piece)).collect();
            prop_assert_eq!(at_once, in_pieces);
        }
    }
}
