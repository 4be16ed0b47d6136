//! Without the feature: no value of these types can be made, so none of their functions is ever called.

use std::convert::Infallible;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

use super::{Proof, Refused, Trust};
use crate::fingerprint::Fingerprint;
use crate::stream::SecureChannel;

/// Whether this build can speak TLS.
pub const BUILT_IN: bool = false;

const NOT_BUILT_IN: &str = "this program was built without TLS; build it with --features tls";

/// See the feature `tls`.
#[derive(Debug, Clone, Copy)]
pub struct Identity(Infallible);

impl Identity {
    /// See the feature `tls`.
    pub fn load_or_make(_file: &Path, _name: &str) -> Result<Self, String> {
        Err(NOT_BUILT_IN.into())
    }

    /// See the feature `tls`.
    pub fn load(_certificate: &Path, _key: &Path) -> Result<Self, String> {
        Err(NOT_BUILT_IN.into())
    }

    /// See the feature `tls`.
    pub fn fingerprint(&self) -> Fingerprint {
        match self.0 {}
    }
}

/// See the feature `tls`.
#[derive(Debug)]
pub struct Acceptor(Infallible);

impl Acceptor {
    /// See the feature `tls`.
    pub fn new(identity: Identity) -> Result<Self, String> {
        match identity.0 {}
    }

    /// See the feature `tls`.
    pub fn accept(&self, _socket: &TcpStream, _deadline: Instant) -> io::Result<Tls> {
        match self.0 {}
    }
}

/// See the feature `tls`.
#[derive(Debug)]
pub struct Connector(Infallible);

impl Connector {
    /// See the feature `tls`.
    pub fn new(identity: Identity, _authorities: Option<&Path>) -> Result<Self, String> {
        match identity.0 {}
    }

    /// See the feature `tls`.
    pub fn connect(&self, _: &TcpStream, _host: &str, _: Trust, _: Instant) -> Result<(Tls, Proof), Refused> {
        match self.0 {}
    }
}

/// See the feature `tls`.
#[derive(Debug)]
pub struct Tls(Infallible);

impl SecureChannel for Tls {
    fn peer(&self) -> Option<Fingerprint> {
        match self.0 {}
    }

    fn read(&self, _: &mut [u8], _: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        match self.0 {}
    }

    fn encrypt(&self, _: &[u8], _: &mut Vec<u8>) -> io::Result<usize> {
        match self.0 {}
    }

    fn encrypt_end(&self, _: &mut Vec<u8>) {
        match self.0 {}
    }
}
