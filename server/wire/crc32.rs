//! CRC-32, the checksum of files and datagrams: finds damage, not deceit.
//!
//! Touches no lock; called by whichever thread has the bytes. The polynomial is that of IEEE 802.3, bits
//! reflected, as in gzip (RFC 1952, section 8), so `gzip -lv` and `python3 -c "import zlib"` can check it.

use std::io::{self, ErrorKind, Read};

use crate::limits;

/// Bytes that one step takes: a table for each lets a processor look them up side by side.
const STRIDE: usize = 16;
/// Bytes of a lane. Three lanes of a long piece are summed up side by side: a step has to wait
/// for the one before it, but not for those of other lanes.
const LANE: usize = 4096;

const POLYNOMIAL: u32 = 0xedb8_8320;

/// `TABLES[k][b]` is what the byte `b` does to the sum, `k` bytes later.
static TABLES: [[u32; 256]; STRIDE] = tables();

const fn tables() -> [[u32; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = sum >> 1 ^ (POLYNOMIAL * (sum & 1));
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut later = 1;
    while later < STRIDE {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[later - 1][byte];
            tables[later][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        later += 1;
    }
    tables
}

/// What each bit of a sum has become when a lane of zeros has followed: a sum is linear, so the rest
/// follows from the bits.
static AFTER_LANE: [u32; 32] = after_lane();

const fn after_lane() -> [u32; 32] {
    // After one zero bit, squared until it is after as many as a lane has.
    let mut after = [0; 32];
    after[0] = POLYNOMIAL;
    let mut bit = 1;
    while bit < 32 {
        after[bit] = 1 << (bit - 1);
        bit += 1;
    }
    let mut zeros = 1;
    while zeros < 8 * LANE {
        let mut twice = [0; 32];
        let mut bit = 0;
        while bit < 32 {
            twice[bit] = apply(&after, after[bit]);
            bit += 1;
        }
        after = twice;
        zeros *= 2;
    }
    after
}

const fn apply(after: &[u32; 32], sum: u32) -> u32 {
    let mut result = 0;
    let mut bit = 0;
    while bit < 32 {
        result ^= after[bit] * (sum >> bit & 1);
        bit += 1;
    }
    result
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
        let (triples, rest) = bytes.as_chunks::<{ 3 * LANE }>();
        for triple in triples {
            let (lanes, _) = triple.as_chunks::<LANE>();
            let [first, second, third] = [0, 1, 2].map(|lane| lanes[lane].as_chunks::<STRIDE>().0);
            let mut sums = (self.0, 0, 0);
            for ((first, second), third) in first.iter().zip(second).zip(third) {
                sums = (step(sums.0, first), step(sums.1, second), step(sums.2, third));
            }
            self.0 = apply(&AFTER_LANE, apply(&AFTER_LANE, sums.0) ^ sums.1) ^ sums.2;
        }
        let (blocks, rest) = rest.as_chunks::<STRIDE>();
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
