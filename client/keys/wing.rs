//! The hooks of keys: `/fingerprint`, `/release`.
//!
//! The main thread runs the command, the receiver thread collects the answer; no lock of its own.

use super::handshake::SecureDialer;
use crate::core::arguments::nick;
use crate::core::client::{Client, Command, Wing};
use crate::core::dialer::{Dialer, Handshake};
use crate::core::event::Kind;
use crate::core::state::State;
use std::path::Path;
use std::sync::Arc;
use wire::fingerprint::Fingerprint;
use wire::message::Message;
use wire::numeric;
use wire::stream::SecureChannel;

/// The kind of request that `/fingerprint NAME` makes: a WHOIS of which one line is shown.
const KEY_OF: &str = "key of";

/// The wing.
pub struct Keys {
    /// `None` where the user wants plain text.
    secure: Option<Arc<SecureDialer>>,
}

/// Makes the wing, and lets the dialer encrypt connections, unless they shall be plain. An error is one sentence.
pub fn plug_in(
    pin: Option<Fingerprint>,
    authorities: Option<&Path>,
    plain: bool,
    dialer: &mut Dialer,
) -> Result<Arc<Keys>, String> {
    let secure = if plain { None } else { Some(Arc::new(SecureDialer::new(pin, authorities)?)) };
    dialer.handshake = secure.clone().map(|secure| secure as Arc<dyn Handshake>);
    Ok(Arc::new(Keys { secure }))
}

impl Keys {
    /// `/fingerprint [NAME]`
    fn fingerprint(&self, client: &Client, whom: &str) {
        if !whom.is_empty() {
            if let Some(nick) = nick(client, whom) {
                client.request(KEY_OF, nick, "WHOIS", &[nick]);
            }
            return;
        }
        let mut state = client.lock();
        let server = state.stream.as_ref().map(|stream| stream.channel().and_then(SecureChannel::peer));
        state.note(match &self.secure {
            Some(secure) => format!("Your key:         {}", secure.fingerprint),
            None => "You have shown no key: you speak plain text, and whoever is on the way can read it".to_owned(),
        });
        match server {
            Some(Some(key)) => state.note(format!("The server's key: {key}")),
            None if self.secure.is_some() => state.note("There is no connection to the server just now"),
            _ => {}
        }
    }
}

/// `/release NAME`: the server answers in words.
fn release(client: &Client, name: &str) {
    if let Some(nick) = nick(client, name) {
        client.send("RELEASE", &[nick]);
    }
}

impl Wing for Keys {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        let help = "Show your key and the server's, or somebody's, to compare";
        let run = move |client: &Client, nick: &str| self.fingerprint(client, nick);
        let up = "Give up a name of yours, so that somebody else may have it";
        vec![Command::new("/fingerprint", "[NAME]", &[], help, run), Command::new("/release", "NAME", &[], up, release)]
    }

    /// Takes the numerics of a WHOIS that was sent for one of them alone.
    fn message(&self, _: &Client, state: &mut State, message: &Message<'_>) -> bool {
        let (Ok(code), Some(params)) = (message.verb.parse::<u16>(), message.params.get(1..)) else { return false };
        let nick = params.first().copied().unwrap_or_default();
        let Some(request) = state.pending.about(KEY_OF, nick) else { return false };
        if code == numeric::RPL_WHOISCERTFP.code {
            request.collect(params);
        } else if code == numeric::ERR_NOSUCHNICK.code {
            state.pending.end(KEY_OF, nick);
            return false;
        } else if code == numeric::RPL_ENDOFWHOIS.code
            && let Some(mut request) = state.pending.end(KEY_OF, nick)
        {
            match request.rows.pop() {
                Some(params) => state.emit(Kind::Reply { code: numeric::RPL_WHOISCERTFP.code, params }),
                None => state.note(format!("{nick} has shown no key")),
            }
        }
        // The numerics of our server, and those of others.
        matches!(code, 276 | 301 | 307 | 311..=313 | 317..=320 | 330 | 338 | 378 | 379 | 671)
    }
}
