//! Without the feature: no session can be made, so none of its functions is ever called.

use std::convert::Infallible;
use std::io::{self, Write};

/// See the feature `tls`.
pub struct Session(Infallible);

impl Session {
    /// See the feature `tls`.
    pub fn begin() -> io::Result<Self> {
        Err(io::Error::other("built without TLS"))
    }

    /// See the feature `tls`.
    pub fn open(&mut self, _sealed: &[u8], _text: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    /// See the feature `tls`.
    pub fn seal(&mut self, _text: &[u8]) -> io::Result<()> {
        match self.0 {}
    }

    /// See the feature `tls`.
    pub fn send(&mut self, _socket: &mut impl Write) -> io::Result<()> {
        match self.0 {}
    }

    /// See the feature `tls`.
    pub fn agreed(&self) -> Option<String> {
        match self.0 {}
    }
}
