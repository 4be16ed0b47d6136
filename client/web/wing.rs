//! The hooks: a view beside the terminal, and the server, from the start of the client on.
//!
//! The main thread makes it and calls all hooks but `tick`.

use super::address::Address;
use super::feed::Feed;
use super::files;
use super::guard::Guard;
use super::json;
use super::limits::PORTS;
use super::server::{Server, accept_loop};
use super::view::PageView;
use crate::core::client::{Client, Wing};
use crate::core::presence::AWAY_NOTIFY;
use crate::core::state::State;
use crate::core::view::View;
use crate::files::Files;
use serde_json::json;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The options of the page on the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct PageOptions {
    /// Also show the chat in a browser on this machine; the port is any that is free unless one is given
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "0")]
    pub gui: Option<u16>,
}

/// The wing.
pub struct Page {
    feed: Arc<Feed>,
    files: Arc<Files>,
    /// Until the server takes them.
    start: Mutex<Option<(Vec<TcpListener>, Guard)>>,
}

/// Takes a port at both addresses that `localhost` stands for: another user of the machine shall not have one of them.
fn listen(port: u16) -> io::Result<(Vec<TcpListener>, Guard)> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(second) => listeners.push(second),
        Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
        // There is no IPv6 here.
        Err(_) => {}
    }
    Ok((listeners, Guard::new(port)?))
}

impl Page {
    /// Takes the port; an error is one sentence.
    pub fn plug_in(options: &PageOptions, files: &Arc<Files>) -> Result<Option<Arc<Self>>, String> {
        let Some(port) = options.gui else { return Ok(None) };
        // One that the system chooses may be taken at the other address.
        let tries = if port == 0 { PORTS } else { 1 };
        let bound = (1..tries).find_map(|_| listen(port).ok()).map_or_else(|| listen(port), Ok);
        let start = bound.map_err(|error| {
            format!("the page cannot be served on port {port}: {error}; choose another, or leave it out")
        })?;
        let (feed, files) = (Arc::default(), Arc::clone(files));
        Ok(Some(Arc::new(Page { feed, files, start: Mutex::new(Some(start)) })))
    }
}

impl Wing for Page {
    fn view(&self) -> Option<Box<dyn View>> {
        Some(Box::new(PageView { feed: Arc::clone(&self.feed), files: Arc::clone(&self.files) }))
    }

    /// The lists of people say who is away.
    fn capability(&self) -> Option<&'static str> {
        Some(AWAY_NOTIFY)
    }

    fn start(&self, client: &Client, state: &mut State) {
        let start = self.start.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some((listeners, guard)), Some(client)) = (start, client.share()) else { return };
        let (feed, files) = (Arc::clone(&self.feed), Arc::clone(&self.files));
        let address = Address(guard.address());
        let server = Arc::new(Server { client, files, feed, guard, places: Arc::default() });
        let accept = |listener| {
            let server = Arc::clone(&server);
            let accept = move || accept_loop(&server, &listener);
            thread::Builder::new().name("page accept".to_owned()).spawn(accept)
        };
        match listeners.into_iter().try_for_each(|listener| accept(listener).map(drop)) {
            Ok(()) => state.emit(address),
            Err(error) => state.note(format!("There is no page: no thread can be started: {error}")),
        }
    }

    fn connected(&self, _: &Client, state: &mut State, is_first: bool) {
        if is_first {
            self.feed.lock().push(json!({ "type": "started", "nick": json::clean(&state.model.nick) }));
            self.feed.signal();
        }
    }

    /// The files wing goes on with what it was sending, so the rest is left over.
    fn ready(&self, _: &Client, _: &mut State) {
        files::clean(&self.files);
    }

    /// Members come and go without an event where they are on the blacklist, or when a room names those who are there.
    fn tick(&self, _: &Client, state: &mut State) -> Option<Duration> {
        let mut lines = self.feed.lock();
        let before = lines.last;
        lines.compare(&state.model);
        if lines.last != before {
            self.feed.signal();
        }
        None
    }
}
