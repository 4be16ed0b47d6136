//! With the feature: an AEAD by ring.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use wire::datagram::{Datagram, Kind};

/// Set in a nonce for all that is no message: those have numbers of their own.
const CONTROL: u32 = 1 << 31;

/// The key of a room.
pub struct Seal(LessSafeKey);

impl Seal {
    /// `None` only when the system cannot use the key.
    pub fn new(key: &[u8; 32]) -> Option<Self> {
        UnboundKey::new(&CHACHA20_POLY1305, key).ok().map(|key| Seal(LessSafeKey::new(key)))
    }

    /// Seals the payload; false when that cannot be. A message that is repeated is sealed as it was the first time, by
    /// whomever: the same bytes under the same nonce.
    pub fn close(&self, datagram: &mut Datagram) -> bool {
        datagram.sealed = true;
        let Some(nonce) = nonce(datagram) else { return false };
        let header = datagram.header(0);
        self.0.seal_in_place_append_tag(nonce, Aad::from(header), &mut datagram.payload).is_ok()
    }

    /// Opens the payload; false when somebody without the key has written it, or changed it.
    pub fn open(&self, datagram: &mut Datagram) -> bool {
        let Some(nonce) = nonce(datagram).filter(|_| datagram.sealed) else { return false };
        let header = datagram.header(0);
        let Ok(opened) = self.0.open_in_place(nonce, Aad::from(header), &mut datagram.payload) else { return false };
        let length = opened.len();
        datagram.payload.truncate(length);
        datagram.sealed = false;
        true
    }
}

/// The nonce: no other datagram of the room has this sender and this number.
fn nonce(datagram: &Datagram) -> Option<Nonce> {
    let mark = if datagram.kind == Kind::Data { 0 } else { CONTROL };
    let number = Some(datagram.number).filter(|number| number & CONTROL == 0)? | mark;
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&datagram.sender.to_be_bytes());
    nonce[8..].copy_from_slice(&number.to_be_bytes());
    Some(Nonce::assume_unique_for_key(nonce))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram() -> Datagram {
        Datagram {
            room: 7,
            sender: 8,
            kind: Kind::Data,
            sealed: false,
            number: 9,
            payload: b"the meeting is at noon".to_vec(),
        }
    }

    #[test]
    fn whoever_has_the_key_opens_it_and_nobody_else() {
        let (seal, other) = (Seal::new(&[7; 32]).unwrap(), Seal::new(&[8; 32]).unwrap());
        let mut sealed = datagram();
        assert!(seal.close(&mut sealed));
        assert!(!sealed.payload.windows(7).any(|window| window == b"meeting"));
        let mut again = datagram();
        assert!(seal.close(&mut again) && again == sealed, "who repeats it seals the same");
        assert!(!other.open(&mut sealed.clone()));
        let changed: [fn(&mut Datagram); 6] = [
            |datagram| datagram.room = 1,
            |datagram| datagram.sender = 1,
            |datagram| datagram.number = 1,
            |datagram| datagram.kind = Kind::Nack,
            |datagram| datagram.payload[0] ^= 1,
            |datagram| datagram.sealed = false,
        ];
        for change in changed {
            let mut changed = sealed.clone();
            change(&mut changed);
            assert!(!seal.open(&mut changed));
        }
        // A message and another datagram of the same number are sealed under nonces of their own.
        let (mut message, mut other) = (datagram(), Datagram { kind: Kind::Nack, ..datagram() });
        assert!(seal.close(&mut message) && seal.close(&mut other));
        let length = datagram().payload.len();
        assert_ne!(message.payload[..length], other.payload[..length]);
        assert!(seal.open(&mut sealed) && sealed == datagram());
        assert!(!seal.close(&mut Datagram { number: CONTROL, ..datagram() }), "no nonce is used twice");
    }
}
