//! Chat mode: while the user is in a multicast room, lines that are typed go there; Ctrl-D leads back. A view whose lines
//! say themselves where they go has the room as a conversation beside others, and its lines move no other view.
//!
//! Run by the thread that carries out the line. The wing's lock and the state's are held for a moment at a time, never both, and never while
//! the room's lock is waited for.

use super::event::MembersChanged;
use super::member::{Member, MulticastOptions};
use crate::core::client::{Client, Command, Wing};
use crate::core::event::Kind;
use crate::core::grammar::{self, Input};
use crate::core::rooms as rooms_of_chat;
use crate::core::state::State;
use crate::directory::listing::{LISTING, MulticastRoom, rooms, without_mark};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wire::datagram::NewCipher;
use wire::names::eq_ignore_case;

/// Shows the counters; a command in a room alone.
const STATS: &str = "/stats";
/// Enters a room.
const CHAT: &str = "/chat";

/// What `/help` says in a room, before it lists the commands that work elsewhere, too.
const HELP: [&str; 6] = [
    "In this room, text goes to everybody here, without the server. About the room:",
    "/who                   Who is in this room; /info does the same",
    "/stats                 The counters of the protocol",
    "/say text              Say text as it is, even the word exit; //text says /text",
    "/part                  Leave this room, as Ctrl-D does",
    "These work here, too; what they send goes through the server:",
];

/// The wing.
pub struct Multicast {
    options: MulticastOptions,
    /// Makes the cipher of an encrypted room; `None` in a build without TLS.
    cipher: Option<NewCipher>,
    /// The rooms in which we are members. Lines that are typed go to the last one; those before are being left.
    members: Mutex<Vec<Arc<Member>>>,
}

impl Multicast {
    pub fn new(options: &MulticastOptions, cipher: Option<NewCipher>) -> Self {
        Multicast { options: options.clone(), cipher, members: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Option<Arc<Member>> {
        self.lock().last().cloned()
    }

    /// `/chat ROOM`; waits for the answer, since the lines that follow are meant for that room.
    fn chat(&self, client: &Client, name: &str) {
        let name = without_mark(name);
        // Listings that still come are shown before.
        drop(client.wait_for_answers());
        let number = client.request(LISTING, name, "GETDIR", &[name]);
        let answer = client.wait_for_answers().pending.take(number);
        let found = rooms(&answer.map(|request| request.rows).unwrap_or_default());
        let room = found.into_iter().find(|room| eq_ignore_case(&room.name, name));
        let is_there = room.is_some_and(|room| self.enter(client, room).map_err(|why| client.refuse(why)).is_ok());
        if !is_there {
            if is_of_terminal(client) && Self::is_here(client) {
                self.back(client);
            }
            rooms_of_chat::not_moved(client);
            let mut state = client.lock();
            match &mut state.model.placed {
                // The server has said why.
                Some(_) => state.refuse(format!("The room {name} was not entered")),
                None => state.script.refuse_current(&format!("the room {name} was not entered")),
            }
        }
    }

    /// Enters a room, turns to it, and leaves the one before. An error is one sentence.
    fn enter(&self, client: &Client, room: MulticastRoom) -> Result<(), String> {
        let before = self.current();
        if let Some(member) = before.as_ref().filter(|member| member.room.id == room.id) {
            client.note(format!("You are in {} already", room.name));
            turn_to(client, member);
            return Ok(());
        }
        let member = Member::enter(client, room, &self.options, self.cipher)?;
        let MulticastRoom { name, address, .. } = &member.room;
        let way = if is_of_terminal(client) { "Ctrl-D leads back, " } else { "" };
        client.note(format!("You are in {name} at {address}; {way}/who and /stats tell more"));
        if member.cipher.is_none() {
            client.note("The room is open: everybody on this network can read it, and write in anybody's name");
        }
        turn_to(client, &member);
        self.lock().push(member);
        before.iter().for_each(|before| self.leave(client, before));
        Ok(())
    }

    /// Leaves a room. It stays where it is until it is left: a thread that ends the program meanwhile finds it there,
    /// and says goodbye.
    fn leave(&self, client: &Client, member: &Arc<Member>) {
        member.leave(client);
        client.note(format!("You left {}", member.room.name));
        self.lock().retain(|other| !Arc::ptr_eq(other, member));
    }

    /// Leaves the room for another place, to which the line leads that was typed. It is not for this wing.
    fn leave_for(&self, client: &Client) -> bool {
        self.back(client);
        false
    }

    /// Leaves the room.
    fn back(&self, client: &Client) -> bool {
        let Some(member) = self.current() else { return false };
        self.leave(client, &member);
        let mut state = client.lock();
        state.model.set_aside(None);
        if state.model.detour.take().is_some() && state.model.placed.is_some() {
            not_there(&mut state);
        }
        state.emit(MembersChanged);
        true
    }

    /// Whether a line that is carried out, or the end of the input, is meant for the room.
    fn is_here(client: &Client) -> bool {
        client.lock().model.away().is_some()
    }
}

/// The line that is carried out leads into the room: the user goes on there, in the view that it came from.
fn turn_to(client: &Client, member: &Member) {
    let mut state = client.lock();
    let model = &mut state.model;
    let detour = format!("[{}]", member.room.name);
    match &mut model.placed {
        None => model.detour = Some(detour),
        Some(placed) => {
            placed.target = Some(member.conversation.clone());
            // The terminal was in the room before.
            if model.detour.take_if(|before| *before != detour).is_some() {
                not_there(&mut state);
            }
        }
    }
}

/// Another view has taken the terminal out of the room. Its next lines are meant for that room, and may be typed already:
/// they must not go to those with whom the user was talking before.
fn not_there(state: &mut State) {
    state.model.set_target(None);
    state.emit(Kind::TalkingTo(None));
}

fn is_of_terminal(client: &Client) -> bool {
    client.lock().model.placed.is_none()
}

impl Wing for Multicast {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        let help = "Talk in a multicast room; there /who and /stats tell more, and Ctrl-D leads back";
        let run = move |client: &Client, name: &str| self.chat(client, name);
        vec![Command::new(CHAT, "ROOM", &[], help, run).leading_elsewhere()]
    }

    /// Text that is typed in a room is said there, and a few commands are about the room. All others mean what they mean
    /// elsewhere, or are refused there.
    fn typed(&self, client: &Client, line: Option<&str>) -> bool {
        if !Self::is_here(client) {
            return false;
        }
        let (Some(member), Some(line)) = (self.current(), line) else { return self.back(client) };
        match grammar::parse(&client.commands, line) {
            Input::Empty => {}
            Input::Text(text) => say(client, &member, text),
            // The next lines are meant for another place, whether or not the user gets there. A view whose lines say where
            // they go is there by then, and the others stay.
            Input::Run(command, _) if is_of_terminal(client) && command.leads_elsewhere && command.name != CHAT => {
                return self.leave_for(client);
            }
            Input::Incomplete(command) | Input::Mistyped(command, _)
                if is_of_terminal(client) && command.leads_elsewhere =>
            {
                return self.leave_for(client);
            }
            Input::Run(command, arguments) => match (command.name, arguments) {
                ("/say", text) => say(client, &member, text),
                ("/who", "") | ("/info", _) => member.who(client),
                ("/part", "") => return self.back(client),
                ("/help", "") => {
                    HELP.iter().for_each(|line| client.note(*line));
                    return false;
                }
                _ => return false,
            },
            Input::Unknown(word) if word.eq_ignore_ascii_case(STATS) => member.stats(client),
            _ => return false,
        }
        true
    }

    fn finish(&self, client: &Client) -> Option<String> {
        self.back(client);
        None
    }

    /// Leaves without waiting for anybody.
    fn abandon(&self, client: &Client) {
        let members = std::mem::take(&mut *self.lock());
        members.iter().rev().for_each(|member| member.leave_at_once(client));
    }
}

/// Says text that may have several rows, each of which is a message here.
fn say(client: &Client, member: &Member, text: &str) {
    text.lines().filter(|row| !row.trim().is_empty()).for_each(|row| member.say(client, row));
}
