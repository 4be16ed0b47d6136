//! What the mail index knows of a stored message. The name of its file says it, so that the server need not read the
//! files when it starts (Maildir's way): `<id>,T=<time>,S=<bytes>,P=<party>,C=<checksum>`, the
//! party with `-` instead of `:`.
//!
//! Pure.

use std::fmt;
use std::sync::Arc;

use super::limits;
use crate::core::msgid::Msgid;
use crate::core::party::Party;

/// A stored message, but for its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    pub id: Msgid,
    /// When it was stored, in seconds since 1970 by the clock of the data folder.
    pub time: u64,
    /// Bytes of its file.
    pub size: usize,
    /// Who answers for it; `None` for a message that an older server has stored.
    pub party: Option<Arc<Party>>,
    /// The CRC-32 of its file; `None` for a message that an older server has stored.
    pub crc: Option<u32>,
    /// It is to a connected client, and found room only beyond that for messages which wait.
    pub passing: bool,
}

impl StoredMessage {
    /// The place that it takes on the disk.
    pub fn blocks(&self) -> usize {
        self.size.max(1).div_ceil(limits::BLOCK)
    }

    /// What the name of a file says; `None` if it is not the name of such a file.
    pub fn parse(name: &str) -> Option<Self> {
        let mut fields = name.split(',');
        let id = Msgid::parse(fields.next()?)?;
        let mut message = StoredMessage { id, time: 0, size: 0, party: None, crc: None, passing: false };
        for field in fields {
            match field.split_once('=')? {
                ("T", time) => message.time = time.parse().ok()?,
                ("S", size) => message.size = size.parse().ok()?,
                ("P", party) => message.party = Some(party.replace('-', ":").parse().ok().map(Arc::new)?),
                ("C", crc) => message.crc = Some(u32::from_str_radix(crc, 16).ok()?),
                _ => return None,
            }
        }
        (message.to_string() == name).then_some(message)
    }
}

/// The name of its file. The id comes first, so that names sort as the ids do.
impl fmt::Display for StoredMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},T={},S={}", self.id, self.time, self.size)?;
        // Windows takes no colon in the name of a file.
        let mut party = self.party.iter().map(|party| party.to_string().replace(':', "-"));
        party.try_for_each(|party| write!(f, ",P={party}"))?;
        self.crc.iter().try_for_each(|crc| write!(f, ",C={crc:08x}"))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use wire::fingerprint::Fingerprint;

    use super::*;

    #[test]
    fn the_name_of_a_file_says_all_that_is_known_of_it() {
        let id = Msgid { run: 0x06_612e_fa99_2b24, number: 2 };
        let message = StoredMessage { id, time: 1_795_704_261, size: 113, party: None, crc: None, passing: false };
        assert_eq!(message.to_string(), "06612efa992b24-0000000002,T=1795704261,S=113");
        let key = Party::Key(Fingerprint([0xab; 32]));
        for party in [None, Some(key), Some(Party::of(Ipv6Addr::LOCALHOST.into()))] {
            for crc in [None, Some(0x75fb_84a8), Some(7)] {
                let message = StoredMessage { party: party.map(Arc::new), crc, ..message.clone() };
                assert_eq!(StoredMessage::parse(&message.to_string()), Some(message.clone()));
                assert!(message.to_string().len() <= 255, "no file system takes more");
                assert!(!message.to_string().contains(':'), "Windows takes none");
            }
        }
        for wrong in ["", "x", "06612efa992b24-0000000002", "06612efa992b24-0000000002,T=1", "../x,T=1,S=1"] {
            assert_eq!(StoredMessage::parse(wrong), None, "{wrong}");
        }
        let name = message.to_string();
        for wrong in [",C=5", ",C=+0000005", ",P=x", ",P=1.2.3.4,P=1.2.3.4", ",X=1", ","] {
            assert_eq!(StoredMessage::parse(&(name.clone() + wrong)), None, "{wrong}");
        }
        assert_eq!(StoredMessage::parse(&name.replace("T=", "T=0")), None);
    }

    #[test]
    fn a_message_takes_whole_blocks() {
        let blocks = |size| {
            StoredMessage { size, ..StoredMessage::parse("00000000000001-0000000001,T=1,S=0").unwrap() }.blocks()
        };
        assert_eq!([0, 1, 4096, 4097, 8704].map(blocks), [1, 1, 1, 2, 3]);
    }
}
