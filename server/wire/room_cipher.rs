//! The encryption of a multicast room's payloads: ChaCha20-Poly1305 (RFC 8439) by ring, with the key from the
//! directory.
//!
//! Pure: no thread, no lock. Compiled with the feature `tls` only, since the key is handed out over TLS only.

use crate::datagram::{Datagram, Kind, MAX_NUMBER, PayloadCipher};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// Set in the nonce of a control datagram, since DATA datagrams are numbered separately.
const CONTROL: u32 = MAX_NUMBER + 1;

/// The cipher with this key; `None` only when ring refuses the key.
pub fn new(key: &[u8; 32]) -> Option<Box<dyn PayloadCipher>> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).ok()?;
    Some(Box::new(LessSafeKey::new(key)))
}

impl PayloadCipher for LessSafeKey {
    /// Any member encrypts a retransmission to the same bytes as the author did: same nonce, same plain text. So no
    /// nonce is ever used for two texts.
    fn encrypt(&self, datagram: &mut Datagram) -> bool {
        datagram.encrypted = true;
        let Some(nonce) = nonce(datagram) else { return false };
        let header = datagram.header(0);
        self.seal_in_place_append_tag(nonce, Aad::from(header), &mut datagram.payload).is_ok()
    }

    fn decrypt(&self, datagram: &mut Datagram) -> bool {
        let Some(nonce) = nonce(datagram).filter(|_| datagram.encrypted) else { return false };
        let header = datagram.header(0);
        let Ok(text) = self.open_in_place(nonce, Aad::from(header), &mut datagram.payload) else { return false };
        let length = text.len();
        datagram.payload.truncate(length);
        datagram.encrypted = false;
        true
    }
}

/// The nonce: sender, number and whether it is a control datagram, which together name one datagram of the room.
/// `None` for a number that is too high for that.
fn nonce(datagram: &Datagram) -> Option<Nonce> {
    let mark = if datagram.kind == Kind::Data { 0 } else { CONTROL };
    let number = Some(datagram.number).filter(|number| *number <= MAX_NUMBER)? | mark;
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
            encrypted: false,
            number: 9,
            payload: b"the meeting is at noon".to_vec(),
        }
    }

    #[test]
    fn only_the_key_decrypts_and_no_change_goes_unnoticed() {
        let (cipher, other) = (new(&[7; 32]).unwrap(), new(&[8; 32]).unwrap());
        let mut encrypted = datagram();
        assert!(cipher.encrypt(&mut encrypted));
        assert!(!encrypted.payload.windows(7).any(|window| window == b"meeting"));
        let mut again = datagram();
        assert!(cipher.encrypt(&mut again) && again == encrypted, "a retransmission has the same bytes");
        assert!(!other.decrypt(&mut encrypted.clone()));
        let changed: [fn(&mut Datagram); 6] = [
            |datagram| datagram.room = 1,
            |datagram| datagram.sender = 1,
            |datagram| datagram.number = 1,
            |datagram| datagram.kind = Kind::Nack,
            |datagram| datagram.payload[0] ^= 1,
            |datagram| datagram.encrypted = false,
        ];
        for change in changed {
            let mut changed = encrypted.clone();
            change(&mut changed);
            assert!(!cipher.decrypt(&mut changed));
        }
        // A message and a control datagram of the same number have different nonces.
        let (mut message, mut control) = (datagram(), Datagram { kind: Kind::Nack, ..datagram() });
        assert!(cipher.encrypt(&mut message) && cipher.encrypt(&mut control));
        let length = datagram().payload.len();
        assert_ne!(message.payload[..length], control.payload[..length]);
        assert!(cipher.decrypt(&mut encrypted) && encrypted == datagram());
        assert!(!cipher.encrypt(&mut Datagram { number: CONTROL, ..datagram() }), "no nonce is used twice");
    }
}
