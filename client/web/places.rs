//! Places for connections: many for those that have shown the token, a few for strangers.
//!
//! Shared by the accept thread and the threads of connections. Its lock is held for a moment; no other is taken under it.

use super::limits::{CONNECTIONS, STRANGERS};
use std::collections::VecDeque;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub struct Places {
    taken: Mutex<Taken>,
    /// A connection has ended.
    given_back: Condvar,
}

#[derive(Default)]
struct Taken {
    /// Connections, each with a thread.
    all: usize,
    /// Those of them that have shown the token.
    trusted: usize,
    /// Those that have not, the oldest first.
    strangers: VecDeque<(u64, TcpStream)>,
    last: u64,
}

/// The place of a connection, given back in the end.
pub struct Place {
    places: Arc<Places>,
    number: u64,
    is_trusted: bool,
}

impl Places {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection. Where there are too many strangers the oldest is disconnected: the page shows the
    /// token at once, and whoever holds places without it must not keep it out. Waits for the threads of such to end.
    pub fn enter(self: &Arc<Self>, stream: &TcpStream) -> io::Result<Place> {
        let stream = stream.try_clone()?;
        let mut taken = self.lock();
        if taken.strangers.len() >= STRANGERS {
            let oldest = taken.strangers.pop_front();
            oldest.into_iter().for_each(|(_, stream)| _ = stream.shutdown(Shutdown::Both));
        }
        let is_full = |taken: &mut Taken| taken.all >= CONNECTIONS + 2 * STRANGERS;
        let waited = self.given_back.wait_while(taken, is_full);
        let mut taken = waited.unwrap_or_else(PoisonError::into_inner);
        (taken.all, taken.last) = (taken.all + 1, taken.last + 1);
        let number = taken.last;
        taken.strangers.push_back((number, stream));
        Ok(Place { places: Arc::clone(self), number, is_trusted: false })
    }
}

impl Place {
    /// It has shown the token; false when there are too many that have.
    pub fn trust(&mut self) -> bool {
        let mut taken = self.places.lock();
        if !self.is_trusted && taken.trusted < CONNECTIONS {
            self.is_trusted = true;
            taken.trusted += 1;
            taken.strangers.retain(|(known, _)| *known != self.number);
        }
        self.is_trusted
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        taken.trusted -= usize::from(self.is_trusted);
        taken.strangers.retain(|(known, _)| *known != self.number);
        self.places.given_back.notify_one();
    }
}
