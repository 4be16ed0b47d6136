//! One connection's bytes, in plain text or under TLS.
//!
//! Thread: the generator's only one. The socket never blocks; no locks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use crate::session::{RECORD, Session};

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Plain,
    Tls,
}

impl Transport {
    /// What it adds to the title of a case.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Tls => " under TLS 1.3",
        }
    }
}

pub struct Stream {
    pub socket: TcpStream,
    session: Option<Session>,
}

/// What one read brought.
pub struct Got {
    /// Bytes of text; none does not mean the end.
    pub text: usize,
    /// Whether the socket may have more.
    pub more: bool,
}

impl Stream {
    pub fn connect(address: SocketAddr, transport: Transport) -> io::Result<Self> {
        let session = match transport {
            Transport::Plain => None,
            Transport::Tls => Some(Session::begin()?),
        };
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, session })
    }

    /// Reads once. The end is an error, `UnexpectedEof`.
    pub fn read(&mut self, space: &mut [u8]) -> io::Result<Got> {
        let Some(session) = &mut self.session else {
            let count = some(self.socket.read(space)?)?;
            return Ok(Got { text: count, more: count == space.len() });
        };
        // What is sealed comes to the end of the space, and its text, which may be a record longer, to the beginning.
        let most = space.len().saturating_sub(RECORD) / 2;
        let (text, sealed) = space.split_at_mut(space.len() - most);
        let count = some(self.socket.read(sealed)?)?;
        Ok(Got { text: session.open(&sealed[..count], text)?, more: count == most })
    }

    /// Sends as much as the socket takes; the next "writable" event has to go on with the rest.
    pub fn send(&mut self, unsent: &mut Vec<u8>) -> io::Result<()> {
        match self.try_send(unsent) {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => Ok(()),
            other => other,
        }
    }

    fn try_send(&mut self, unsent: &mut Vec<u8>) -> io::Result<()> {
        if let Some(session) = &mut self.session {
            session.seal(unsent)?;
            unsent.clear();
            return session.send(&mut self.socket);
        }
        while !unsent.is_empty() {
            match self.socket.write(unsent) {
                Ok(written) => drop(unsent.drain(..written)),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// What was agreed on in a full TLS handshake that is done.
    pub fn agreed(&self) -> Option<String> {
        self.session.as_ref().and_then(Session::agreed)
    }
}

fn some(count: usize) -> io::Result<usize> {
    if count == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(count) }
}
