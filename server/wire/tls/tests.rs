//! Two ends over loopback: what one seals the other opens, and whoever is not who they have to be gets nothing.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::stream::Stream;

fn identity(folder: &TempDir, name: &str) -> Identity {
    Identity::load_or_make(&folder.path().join(format!("{name}.pem")), name).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

/// What a client and a server make of each other.
type Shaken = (Result<(Stream, Proof), Refused>, io::Result<Stream>);

fn meet(server: Identity, connector: &Connector, trust: Trust) -> Shaken {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let acceptor = Acceptor::new(server).unwrap();
    let address = listener.local_addr().unwrap();
    let accepting = thread::spawn(move || {
        let socket = listener.accept().unwrap().0;
        let tls = acceptor.accept(&socket, soon())?;
        let stream = Stream::new(socket);
        stream.secure(Box::new(tls));
        Ok(stream)
    });
    let socket = TcpStream::connect(address).unwrap();
    let connected = connector.connect(&socket, "localhost", trust, soon()).map(|(tls, proof)| {
        let stream = Stream::new(socket);
        stream.secure(Box::new(tls));
        (stream, proof)
    });
    (connected, accepting.join().unwrap())
}

/// A client and a server that have met.
fn pair() -> (Stream, Stream) {
    let folder = TempDir::new().unwrap();
    let (ours, theirs) = (identity(&folder, "client"), identity(&folder, "server"));
    let key = (ours.fingerprint(), theirs.fingerprint());
    let (client, server) = meet(theirs, &Connector::new(ours, None).unwrap(), Trust::Pin(key.1));
    let (client, server) = (client.unwrap().0, server.unwrap());
    assert_eq!((server.channel().unwrap().peer(), client.channel().unwrap().peer()), (Some(key.0), Some(key.1)));
    (client, server)
}

fn many_bytes() -> Vec<u8> {
    (0..500_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn much_goes_in_both_directions_at_once() {
    let (client, server) = pair();
    let bytes = many_bytes();
    thread::scope(|scope| {
        for (stream, piece) in [(&client, 512), (&server, 128 * 1024)] {
            let mut writer = stream;
            let bytes = &bytes;
            scope.spawn(move || writer.write_all(bytes).unwrap());
            let mut reader = stream;
            scope.spawn(move || {
                let (mut read, mut space) = (Vec::new(), vec![0; piece]);
                while read.len() < bytes.len() {
                    match reader.read(&mut space) {
                        Ok(count) => read.extend_from_slice(&space[..count]),
                        Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
                    }
                }
                assert!(read == *bytes);
            });
        }
    });
}

#[test]
fn large_records_wait_for_a_reader_who_takes_little() {
    let (client, server) = pair();
    let bytes = many_bytes();
    thread::scope(|scope| {
        // Two threads write, and no record of one gets into one of the other.
        for _ in 0..2 {
            scope.spawn(|| bytes.chunks(40_000).for_each(|piece| (&client).write_all(piece).unwrap()));
        }
        let (mut read, mut space) = (0, vec![0; 20_000]);
        while read < 2 * bytes.len() {
            // As many as it can get of what has come: less than it holds of decrypted text is left for later.
            let most = [1, 7, 20_000][read % 3];
            match (&server).read(&mut space[..most]) {
                Ok(count) => read += count,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
            }
        }
    });
}

#[test]
fn a_reader_who_waits_keeps_nobody_from_writing() {
    let (client, server) = pair();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut answer = [0; 6];
            (&client).read_exact(&mut answer).unwrap();
            answer
        });
        // The answer comes only when the question has gone out beside the read that waits for it.
        let mut question = [0; 8];
        (&client).write_all(b"question").unwrap();
        (&server).read_exact(&mut question).unwrap();
        (&server).write_all(b"answer").unwrap();
        assert_eq!(&waiting.join().unwrap(), b"answer");
    });
}

#[test]
fn the_end_is_the_end_whether_it_was_announced_or_not() {
    for announced in [true, false] {
        let (client, server) = pair();
        (&server).write_all(b"last").unwrap();
        if announced {
            let mut end = Vec::new();
            server.channel().unwrap().encrypt_end(&mut end);
            server.socket().write_all(&end).unwrap();
        }
        drop(server);
        let mut read = Vec::new();
        (&client).read_to_end(&mut read).unwrap();
        assert_eq!(read, b"last");
    }
}

#[test]
fn what_was_changed_on_the_way_is_not_read() {
    let (client, server) = pair();
    let mut encrypted = Vec::new();
    client.channel().unwrap().encrypt(b"pay albert 10", &mut encrypted).unwrap();
    encrypted[10] ^= 1;
    client.socket().write_all(&encrypted).unwrap();
    let error = (&server).read(&mut [0; 512]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    // Whoever has sent it is told so, and gets nothing else.
    assert_eq!((&server).write(b"what now?").unwrap(), 9);
    let told = (&client).read(&mut [0; 512]).unwrap_err();
    assert_eq!(told.to_string(), "received fatal alert: BadRecordMac");
}

#[test]
fn a_server_with_another_key_is_refused_before_it_knows_who_calls() {
    let folder = TempDir::new().unwrap();
    let (client, server, eve) = (identity(&folder, "client"), identity(&folder, "server"), identity(&folder, "eve"));
    let pin = server.fingerprint();
    assert_eq!(identity(&folder, "server").fingerprint(), pin, "a key is made once");
    let connector = Connector::new(client, None).unwrap();
    let (client, _) = meet(server.clone(), &connector, Trust::TrustOnFirstUse);
    assert_eq!(client.unwrap().1, Proof { fingerprint: pin, by_authority: false });
    let (client, server_of_eve) = meet(eve.clone(), &connector, Trust::Pin(pin));
    assert!(matches!(client, Err(Refused::Changed(shown)) if shown == eve.fingerprint()));
    assert!(server_of_eve.is_err(), "the handshake ends before the client shows its certificate");
    let (client, _) = meet(server, &connector, Trust::Authority);
    assert!(matches!(client, Err(Refused::Unverified(_))), "it has signed for itself");
    // Whoever shows the server's certificate without having its key.
    let thief = Identity { key: eve.key, ..identity(&folder, "server") };
    let unusable = Acceptor::new(thief).unwrap_err();
    assert_eq!(unusable, "the key does not belong to the certificate; check --cert and --key");
}

#[test]
fn an_authority_vouches_for_a_name() {
    let folder = TempDir::new().unwrap();
    let (authority_key, server_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| folder.path().join(name));
    fs::write(&ca, authority.pem()).unwrap();
    fs::write(&key, server_key.serialize_pem()).unwrap();
    for (name, is_vouched) in [("localhost", true), ("elsewhere", false)] {
        let signed = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&server_key, &issuer).unwrap();
        fs::write(&cert, signed.pem()).unwrap();
        let server = Identity::load(&cert, &key).unwrap();
        let connector = Connector::new(identity(&folder, "client"), Some(&ca)).unwrap();
        let (client, _) = meet(server.clone(), &connector, Trust::Authority);
        assert_eq!(client.is_ok_and(|(_, proof)| proof.by_authority), is_vouched, "{name}");
        let (client, _) = meet(server, &connector, Trust::TrustOnFirstUse);
        assert_eq!(client.unwrap().1.by_authority, is_vouched);
    }
    for (file, text) in [(&ca, "no certificate"), (&cert, "")] {
        fs::write(file, text).unwrap();
        assert!(Connector::new(identity(&folder, "client"), Some(file)).is_err());
        assert!(Identity::load(file, &key).unwrap_err().ends_with("there is no certificate"));
    }
}

#[test]
fn a_peer_that_is_silent_or_speaks_plain_text_is_found_out() {
    let folder = TempDir::new().unwrap();
    let connector = Connector::new(identity(&folder, "client"), None).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = || TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let shake = |socket: &TcpStream, deadline| {
        connector.connect(socket, "127.0.0.1", Trust::TrustOnFirstUse, deadline).map(drop).unwrap_err()
    };
    let socket = connect();
    let mut peer = listener.accept().unwrap().0;
    peer.set_nodelay(true).unwrap();
    let speaking = thread::spawn(move || {
        assert!(peer.read(&mut [0; 4096]).unwrap() > 5);
        b"ERROR :What do you mean?\r\n".iter().try_for_each(|byte| peer.write_all(&[*byte]))
    });
    assert!(matches!(shake(&socket, soon()), Refused::PlainText(text) if text == "ERROR :What do you mean?"));
    speaking.join().unwrap().unwrap();
    let socket = connect();
    let lost = shake(&socket, Instant::now() + Duration::from_millis(20));
    assert!(matches!(lost, Refused::Lost(error) if error.kind() == ErrorKind::TimedOut));
    let (socket, peer) = (connect(), listener.accept().unwrap().0);
    let acceptor = Acceptor::new(identity(&folder, "server")).unwrap();
    let dribbling = thread::spawn(move || (&socket).write_all(&[22, 3]).map(|()| socket));
    let lost = acceptor.accept(&peer, Instant::now() + Duration::from_millis(20)).unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::TimedOut);
    drop(dribbling.join().unwrap());
}

#[test]
fn a_key_is_private_and_made_once() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("deep/identity.pem");
    let makers: Vec<_> = (0..8)
        .map(|_| {
            let file = file.clone();
            thread::spawn(move || Identity::load_or_make(&file, "x").unwrap().fingerprint())
        })
        .collect();
    let made: Vec<_> = makers.into_iter().map(|maker| maker.join().unwrap()).collect();
    assert!(made.iter().all(|key| *key == made[0]), "{made:?}");
    let permissions = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((permissions(&file), permissions(file.parent().unwrap())), (0o600, 0o700));
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing else is left there");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let refused = Identity::load_or_make(&file, "x").unwrap_err();
    assert!(refused.starts_with("others may read the key in ") && refused.contains("chmod 600"), "{refused}");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    for damaged in ["", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"] {
        fs::write(&file, damaged).unwrap();
        let refused = Identity::load_or_make(&file, "x").unwrap_err();
        assert!(refused.contains("holds no usable key") && refused.ends_with("a new one is made"), "{refused}");
    }
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/nowhere/key.pem", &file).unwrap();
    assert!(Identity::load_or_make(&file, "x").unwrap_err().starts_with("cannot read the key in "));
}
