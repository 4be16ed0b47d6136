//! Somebody on the way between client and server, who keeps all that passes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Listens on a port of its own, passes everything on in both directions, and remembers it.
pub struct Recorder {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    pub fn before(server: SocketAddr) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heard);
        // It ends with the tests' process.
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let server = TcpStream::connect(server).unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to, all) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(&all));
                    thread::spawn(move || pass_on(from, to, &all));
                }
            }
        });
        Recorder { address, heard }
    }

    /// Whether these bytes have passed.
    pub fn has_heard(&self, bytes: &[u8]) -> bool {
        self.heard.lock().unwrap().windows(bytes.len()).any(|window| window == bytes)
    }

    /// How many bytes have passed.
    pub fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, heard: &Mutex<Vec<u8>>) {
    let mut bytes = vec![0; 64 * 1024];
    let mut pass = || -> io::Result<usize> {
        let count = from.read(&mut bytes)?;
        heard.lock().unwrap().extend_from_slice(&bytes[..count]);
        to.write_all(&bytes[..count])?;
        Ok(count)
    };
    while pass().is_ok_and(|count| count > 0) {}
    let _ = to.shutdown(Shutdown::Write);
}
