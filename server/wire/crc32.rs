//! CRC-32, the checksum of files and datagrams: finds damage, not deceit.
//!
//! Touches no lock; called by whichever thread has the bytes. The polynomial is that of IEEE 802.3, bits
//! reflected, as in gzip (RFC 1952, section 8), so `gzip -lv` and `python3 -c "import zlib"` can check it.

use std::io::{self, ErrorKind, Read};

use crate::limits;

/// Bytes that one step takes: a table for each lets a processor look them up side by side.
const STRIDE: usize = 16;

const POLYNOMIAL: u32 = 0xedb8_8320;

/// `TABLES[k][b]` is the effect of the byte `b` on the sum, `k` bytes later.
static TABLES: [[u32; 256]; STRIDE] = tables();

const fn tables() -> [[u32; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 * STRIDE {
            sum = sum >> 1 ^ (POLYNOMIAL * (sum & 1));
            // The last of its eight bits completes a byte.
            tables[bit / 8][byte] = sum;
            bit += 1;
        }
        byte += 1;
    }
    tables
}

/// The sum after sixteen more bytes.
fn step(sum: u32, block: &[u8; STRIDE]) -> u32 {
    let number = u128::from_le_bytes(*block) ^ u128::from(sum);
    number.to_le_bytes().iter().zip(TABLES.iter().rev()).fold(0, |sum, (byte, table)| sum ^ table[usize::from(*byte)])
}

/// A sum over bytes that come piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crc32(u32);

impl Default for Crc32 {
    fn default() -> Self {
        Crc32(u32::MAX)
    }
}

impl Crc32 {
    /// Reads to the end: how many bytes came, and their sum.
    pub fn of(input: &mut impl Read) -> io::Result<(u64, Self)> {
        let (mut length, mut sum) = (0, Crc32::default());
        let mut buffer = vec![0; limits::COPY_BUFFER];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => return Ok((length, sum)),
                Ok(count) => {
                    sum.update(&buffer[..count]);
                    length += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<STRIDE>();
        self.0 = blocks.iter().fold(self.0, step);
        for byte in rest {
            self.0 = self.0 >> 8 ^ TABLES[0][usize::from(self.0.to_le_bytes()[0] ^ byte)];
        }
    }

    /// The sum of all bytes so far; written as eight hexadecimal digits (`{:08x}`).
    pub fn value(self) -> u32 {
        !self.0
    }
}

/// The sum of some bytes.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = Crc32::default();
    sum.update(bytes);
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_sums() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the check value of the catalogue of CRCs");
        assert_eq!(crc32(&[0; 32]), 0x190a_55ad);
        assert_eq!(crc32(b"The quick brown fox jumps over the lazy dog"), 0x414f_a339);
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(bytes in proptest::collection::vec(any::<u8>(), 0..30_000), cut in 0usize..30_000) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut sum = Crc32::default();
            sum.update(first);
            sum.update(second);
            prop_assert_eq!(sum.value(), crc32(&bytes));
            let of = Crc32::of(&mut first.chain(second)).unwrap();
            prop_assert_eq!(of, (bytes.len() as u64, sum));
            // Bit by bit, as the definition has it.
            let slow = bytes.iter().fold(u32::MAX, |sum, byte| {
                (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ (POLYNOMIAL * (sum & 1)))
            });
            prop_assert_eq!(crc32(&bytes), !slow);
        }
    }
}
