//! Chat mode: while one is in a multicast room, what is typed goes there; Ctrl-D leads back.
//!
//! Run by the main thread; the state is locked for a moment at a time, and never while the room's lock is waited for.

use super::impair::Faults;
use super::member::Member;
use crate::directory::Place;
use crate::state::Client;
use std::net::Ipv4Addr;
use std::sync::Arc;
use wire::datagram::NewCipher;
use wire::text::pluralize;

/// What the command line says about multicast.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The address of the interface; 0.0.0.0 lets the system choose.
    pub interface: Ipv4Addr,
    pub faults: Faults,
    /// Makes the cipher of an encrypted room; `None` in a build without TLS.
    pub cipher: Option<NewCipher>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { interface: Ipv4Addr::UNSPECIFIED, faults: Faults::default(), cipher: None }
    }
}

/// Enters a room, turns to it, and leaves the one before; whether we are there then.
pub fn enter(client: &Client, place: Place) -> bool {
    let here = client.lock().room.as_ref().is_some_and(|member| member.place.id == place.id);
    if here {
        client.lock().screen.tell(&format!("You are in {} already", place.name));
        return true;
    }
    let settings = client.multicast;
    let member = match Member::enter(client, place, settings.interface, settings.faults, settings.cipher) {
        Ok(member) => member,
        Err(why) => {
            client.lock().screen.tell(&why);
            return false;
        }
    };
    let mut state = client.lock();
    let place = &member.place;
    state
        .screen
        .tell(&format!("You are in {} at {}; Ctrl-D leads back, /who and /stats tell more", place.name, place.address));
    if !member.is_sealed() {
        state.screen.tell("The room is open: everybody on this network can read it, and write in anybody's name");
    }
    let before = state.room.replace(member);
    state.room_before.clone_from(&before);
    state.show_prompt();
    drop(state);
    if let Some(before) = before {
        say_goodbye(client, &before);
        client.lock().room_before = None;
    }
    true
}

/// Leaves the room, if one is in one; false when not.
pub fn leave(client: &Client) -> bool {
    // It stays in the state until it is left: whoever ends the program meanwhile finds it there, and says goodbye.
    let Some(member) = client.lock().room.clone() else { return false };
    say_goodbye(client, &member);
    let mut state = client.lock();
    state.room = None;
    state.show_prompt();
    true
}

/// The same without waiting for anybody, and without a word to the user, who has gone.
pub fn leave_at_once(client: &Client) {
    let mut state = client.lock();
    let rooms = [state.room.take(), state.room_before.take()];
    drop(state);
    rooms.iter().flatten().for_each(|member| member.leave_at_once(client));
}

fn say_goodbye(client: &Client, member: &Member) {
    member.leave(client);
    client.lock().screen.tell(&format!("You left {}", member.place.name));
}

/// A line that is typed in a room: what goes to everybody there, and a few commands. True when it was for the room.
pub fn typed(client: &Client, line: &str) -> bool {
    let Some(member) = client.lock().room.clone() else { return false };
    match line.trim() {
        "" => {}
        "/who" => who(client, &member),
        "/stats" => stats(client, &member),
        word if word.starts_with('/') && !word.starts_with("//") => return false,
        "tata" | "exit" => {
            leave(client);
            return false;
        }
        _ => member.say(client, line.strip_prefix('/').filter(|rest| rest.starts_with('/')).unwrap_or(line)),
    }
    true
}

fn who(client: &Client, member: &Arc<Member>) {
    let members = member.members();
    let mut state = client.lock();
    let count = members.len() + 1;
    state.screen.tell(&format!("{} of {}: you", pluralize(count, "member"), member.place.name));
    for (nick, heard) in members {
        state.screen.tell(&format!("    {nick}, heard {} s ago", heard.as_secs()));
    }
}

fn stats(client: &Client, member: &Arc<Member>) {
    let (counts, arrivals) = member.counts();
    let mut state = client.lock();
    for (what, count) in [
        ("messages said", counts.said),
        ("datagrams sent", counts.sent),
        ("datagrams received", arrivals.received),
        ("messages shown", counts.shown),
        ("messages missed at first and repaired", counts.repaired),
        ("messages lost for good", counts.lost),
        ("messages that came again", counts.duplicates),
        ("messages repeated for who missed them", counts.retransmitted),
        ("datagrams lost on purpose", arrivals.dropped),
        ("datagrams damaged", arrivals.damaged),
        ("datagrams of other programs or rooms", arrivals.foreign),
        ("datagrams without a good seal", arrivals.forged),
        ("datagrams without use", counts.ignored),
    ] {
        state.screen.tell(&format!("{count:>8}  {what}"));
    }
}
