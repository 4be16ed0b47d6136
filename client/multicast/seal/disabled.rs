//! Without the feature: there are no seals.

use std::convert::Infallible;
use wire::datagram::Datagram;

/// See the feature `tls`.
pub struct Seal(Infallible);

impl Seal {
    /// See the feature `tls`.
    pub fn new(_key: &[u8; 32]) -> Option<Self> {
        None
    }

    /// See the feature `tls`.
    pub fn close(&self, _datagram: &mut Datagram) -> bool {
        match self.0 {}
    }

    /// See the feature `tls`.
    pub fn open(&self, _datagram: &mut Datagram) -> bool {
        match self.0 {}
    }
}
