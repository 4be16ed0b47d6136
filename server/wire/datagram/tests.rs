use proptest::prelude::*;

use super::*;

fn datagram() -> Datagram {
    let message = Utterance { nick: "tesla".into(), text: "na\u{ef}ve \u{1f600}".into() };
    Datagram {
        room: 7,
        sender: 0x0102_0304_0506_0708,
        kind: Kind::Data,
        encrypted: false,
        number: 9,
        payload: message.encode(),
    }
}

#[test]
fn it_comes_back_as_it_was_and_damage_is_found() {
    let bytes = datagram().encode();
    assert_eq!(
        (&bytes[..8], &bytes[16..28]),
        (&b"GCRM\x01\x05\x00\x00"[..], &b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\x09"[..])
    );
    assert_eq!(Datagram::decode(&bytes), Ok(datagram()));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(Datagram::decode(&damaged).is_err(), "bit {bit} of byte {at}");
        }
        assert!(Datagram::decode(&bytes[..at]).is_err());
    }
    let mut long = datagram();
    long.payload = vec![0; DATAGRAM + 1 - HEADER];
    assert_eq!(Datagram::decode(&long.encode()), Err(Malformed::Damaged));
    assert_eq!(Datagram::decode(b"GET / HTTP/1.1\r\nHost: somebody else's\r\n\r\n"), Err(Malformed::Foreign));
}

#[test]
fn the_fullest_ones_fit() {
    let (nick, sender) = ("n".repeat(limits::NICK), u64::MAX);
    let reports = vec![PeerReport { sender, last: 1, complete: 1, age: 2 }; REPORTS + 5];
    let acks = vec![StatusAck { sender, number: 3 }; ACKS + 5];
    let status = Status { age: 1, last: 2, nick: nick.clone(), acks, reports };
    let ranges = vec![Range { sender, first: 1, last: 2 }; RANGES + 5];
    let message = Utterance { nick, text: "x".repeat(TEXT) };
    for payload in [status.encode(), encode_ranges(&ranges), message.encode()] {
        assert!(payload.len() <= DATAGRAM_PAYLOAD, "{}", payload.len());
    }
    let decoded = Status::decode(&status.encode()).unwrap();
    assert_eq!((&decoded.acks[..], &decoded.reports[..]), (&status.acks[..ACKS], &status.reports[..REPORTS]));
    assert_eq!(decode_ranges(&encode_ranges(&ranges)).unwrap().len(), RANGES);
    assert_eq!(Utterance::decode(&message.encode()), Some(message));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Datagram::decode(&bytes);
        let _ = (Status::decode(&bytes), decode_ranges(&bytes), Utterance::decode(&bytes));
        let ours = Datagram { payload: bytes.clone(), ..datagram() };
        prop_assert_eq!(Datagram::decode(&ours.encode()), Ok(ours));
    }
}
