//! Chat mode: while the user is in a multicast room, lines that are typed go there; Ctrl-D leads back.
//!
//! Run by the main thread. The wing's lock and the state's are held for a moment at a time, never both, and never while
//! the room's lock is waited for.

use super::impair::Faults;
use super::member::Member;
use crate::core::arguments::ANSWER;
use crate::core::client::{Client, Command, Wing, is_script};
use crate::directory::listing::{LISTING, MulticastRoom, rooms, without_mark};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wire::datagram::NewCipher;
use wire::names::eq_ignore_case;
use wire::text::pluralize;

/// The options about multicast rooms on the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct MulticastOptions {
    /// The address of the interface for multicast rooms; the system chooses one unless given
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0")]
    pub iface: Ipv4Addr,
    #[command(flatten)]
    pub faults: Faults,
}

/// The wing.
pub struct Multicast {
    options: MulticastOptions,
    /// Makes the cipher of an encrypted room; `None` in a build without TLS.
    cipher: Option<NewCipher>,
    memberships: Mutex<Memberships>,
}

/// The rooms in which we are members.
#[derive(Default)]
struct Memberships {
    /// Lines that are typed go there.
    current: Option<Arc<Member>>,
    /// The room before, while it is being left.
    before: Option<Arc<Member>>,
}

impl Multicast {
    pub fn new(options: &MulticastOptions, cipher: Option<NewCipher>) -> Self {
        Multicast { options: options.clone(), cipher, memberships: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Memberships> {
        self.memberships.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Option<Arc<Member>> {
        self.lock().current.clone()
    }

    /// `/chat ROOM`; waits for the answer, since the lines that follow are meant for that room.
    fn chat(&self, client: &Client, name: &str) {
        let name = without_mark(name);
        // Listings that still come are shown before.
        drop(client.wait_for_answers(ANSWER));
        let number = client.request(LISTING, name, "GETDIR", &[name]);
        let answer = client.wait_for_answers(ANSWER).pending.take(number);
        let found = rooms(&answer.map(|request| request.rows).unwrap_or_default());
        let room = found.into_iter().find(|room| eq_ignore_case(&room.name, name));
        let is_there = room.is_some_and(|room| self.enter(client, room));
        if !is_there && is_script() {
            // A script cannot see that it is not in the room, and would go on talking elsewhere.
            self.back(client);
            let mut state = client.lock();
            state.set_target(None);
            state.failure = Some(format!("the room {name} was not entered"));
        }
    }

    /// Enters a room, turns to it, and leaves the one before; whether we are there then.
    fn enter(&self, client: &Client, room: MulticastRoom) -> bool {
        if self.current().is_some_and(|member| member.room.id == room.id) {
            client.note(format!("You are in {} already", room.name));
            return true;
        }
        let member = match Member::enter(client, room, self.options.iface, self.options.faults, self.cipher) {
            Ok(member) => member,
            Err(why) => {
                client.note(why);
                return false;
            }
        };
        let room = &member.room;
        client.note(format!(
            "You are in {} at {}; Ctrl-D leads back, /who and /stats tell more",
            room.name, room.address
        ));
        if !member.is_sealed() {
            client.note("The room is open: everybody on this network can read it, and write in anybody's name");
        }
        client.lock().set_detour(Some(format!("[{}]", room.name)));
        let mut memberships = self.lock();
        let before = memberships.current.replace(member);
        memberships.before.clone_from(&before);
        drop(memberships);
        if let Some(before) = before {
            say_goodbye(client, &before);
            self.lock().before = None;
        }
        true
    }
}

impl Wing for Multicast {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        let help = "Talk in a multicast room; there /who and /stats tell more, and Ctrl-D leads back";
        let run = move |client: &Client, name: &str| self.chat(client, name);
        vec![Command::new("/chat", "ROOM", &[], help, run)]
    }

    /// A line that is typed in a room is said there, except a few commands.
    fn typed(&self, client: &Client, line: &str) -> bool {
        let Some(member) = self.current() else { return false };
        match line.trim() {
            "" => {}
            "/who" => who(client, &member),
            "/stats" => stats(client, &member),
            word if word.starts_with('/') && !word.starts_with("//") => return false,
            "tata" | "exit" => {
                self.back(client);
                return false;
            }
            _ => member.say(client, line.strip_prefix('/').filter(|rest| rest.starts_with('/')).unwrap_or(line)),
        }
        true
    }

    /// Leaves the room.
    fn back(&self, client: &Client) -> bool {
        // It stays where it is until it is left: a thread that ends the program meanwhile finds it there, and says
        // goodbye.
        let Some(member) = self.current() else { return false };
        say_goodbye(client, &member);
        self.lock().current = None;
        client.lock().set_detour(None);
        true
    }

    fn finish(&self, client: &Client) -> Option<String> {
        self.back(client);
        None
    }

    /// Leaves without waiting for anybody.
    fn abandon(&self, client: &Client) {
        let Memberships { current, before } = std::mem::take(&mut *self.lock());
        [current, before].iter().flatten().for_each(|member| member.leave_at_once(client));
    }
}

fn say_goodbye(client: &Client, member: &Member) {
    member.leave(client);
    client.note(format!("You left {}", member.room.name));
}

fn who(client: &Client, member: &Member) {
    let members = member.members();
    let mut state = client.lock();
    let count = members.len() + 1;
    state.note(format!("{} of {}: you", pluralize(count, "member"), member.room.name));
    for (nick, heard) in members {
        state.note(format!("    {nick}, heard {} s ago", heard.as_secs()));
    }
}

fn stats(client: &Client, member: &Member) {
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
        state.note(format!("{count:>8}  {what}"));
    }
}
