//! The fingerprint of a certificate: by it people and programs know a key again.
//!
//! Pure, std only: the server also looks after the names of keys when it cannot speak TLS itself.

use std::fmt;
use std::str::FromStr;

/// The SHA-256 of a certificate in DER, as `openssl x509 -noout -fingerprint -sha256` prints it. It is
/// written in 64 lower-case hexadecimal digits, which is how IRC shows it (276).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = &'static str;

    /// Reads it in any case, with or without the colons that some programs write.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a fingerprint has 64 digits of 0-9 and a-f (colons between them are allowed)";
        let digits = text.replace(':', "");
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(WRONG);
        }
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| WRONG)?;
        }
        Ok(Fingerprint(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written_here_and_elsewhere() {
        let fingerprint = Fingerprint(std::array::from_fn(|index| u8::try_from(index * 8).unwrap()));
        let text = fingerprint.to_string();
        assert!(text.starts_with("0008101820") && text.len() == 64);
        assert_eq!(text.parse(), Ok(fingerprint));
        let elsewhere: Vec<_> = fingerprint.0.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(elsewhere.join(":").parse(), Ok(fingerprint));
        for wrong in ["", "00", &text[1..], &format!("{text}00"), &format!("g{}", &text[1..]), &"é".repeat(32)] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
