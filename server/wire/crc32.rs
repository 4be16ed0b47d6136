//! CRC-32, the checksum of files and datagrams: finds damage, not deceit.
//!
//! Pure; called by whichever thread has the bytes. The polynomial is that of IEEE 802.3, bits
//! reflected, as in gzip (RFC 1952, section 8), so `gzip -lv` and `python3 -c "import zlib"` can check it.

/// Bytes that one step takes: a table for each lets a processor look them up side by side.
const STRIDE: usize = 16;

/// `TABLES[k][b]` is what the byte `b` does to the sum, `k` bytes later.
const TABLES: [[u32; 256]; STRIDE] = tables();

const fn tables() -> [[u32; 256]; STRIDE] {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 };
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

/// A sum over bytes that come piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crc32(u32);

impl Default for Crc32 {
    fn default() -> Self {
        Crc32(u32::MAX)
    }
}

impl Crc32 {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<STRIDE>();
        let mut sum = self.0;
        for block in blocks {
            let mut mixed = *block;
            mixed.iter_mut().zip(sum.to_le_bytes()).for_each(|(byte, of_sum)| *byte ^= of_sum);
            sum = 0;
            for (byte, table) in mixed.iter().zip(TABLES.iter().rev()) {
                sum ^= table[usize::from(*byte)];
            }
        }
        for byte in rest {
            sum = sum >> 8 ^ TABLES[0][usize::from(sum.to_le_bytes()[0] ^ byte)];
        }
        self.0 = sum;
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
        fn the_pieces_do_not_matter(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut sum = Crc32::default();
            sum.update(first);
            sum.update(second);
            prop_assert_eq!(sum.value(), crc32(&bytes));
            // Bit by bit, as the definition has it.
            let slow = bytes.iter().fold(u32::MAX, |sum, byte| {
                (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ (0xedb8_8320 * (sum & 1)))
            });
            prop_assert_eq!(crc32(&bytes), !slow);
        }
    }
}
