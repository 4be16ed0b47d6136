//! The wing irc: what stock IRC clients ask for beyond the core.
//!
//! Its verbs and hooks run in client threads, under the registry's lock. It keeps its state with the rooms, the
//! memberships and the clients that it belongs to; only what WHOWAS remembers has a lock of its own.
//!
//! - [`modes`]: the modes of a room and the ranks of its members; the table from which 004, 005 and MODE follow
//! - [`mode`]: the verb MODE
//! - [`rooms`]: TOPIC, INVITE, KICK
//! - [`lists`]: NAMES, LIST
//! - [`who`]: WHO, WHOIS
//! - [`whowas`]: WHOWAS, and what it remembers
//! - [`away`]: AWAY, told to others
//! - [`users`]: user mode +i
//! - [`queries`]: USERHOST, ISON, LUSERS, MOTD, VERSION, TIME
//! - [`welcome`]: 004 and 005
//! - [`console`]: `op` at the server's console
//!
//! Hooks: verbs and capabilities; the welcome; whether a client may see, enter and write into a room; a new member;
//! a nick that is given up.

mod away;
mod console;
mod limits;
mod lists;
mod mode;
mod modes;
mod queries;
mod rooms;
mod users;
mod welcome;
mod who;
mod whowas;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Args;
use wire::message::Message;
use wire::names::eq_ignore_case;
use wire::text::printable;

use crate::core::client::Client;
use crate::core::context::{Command, CommandContext, Wing};
use crate::core::event::{Caps, ClientId, Line, Recipients};
use crate::core::operator::ConsoleCommand;
use crate::core::replies::Refusal;
use crate::core::room::Room;

use modes::{Flags, Modes, Rank, check_key};
use users::InvisibleCount;
use whowas::FormerClients;

#[derive(Debug, Args)]
pub struct IrcOptions {
    /// A text file shown to everyone who connects
    #[arg(long, value_name = "FILE")]
    pub motd: Option<PathBuf>,
}

pub struct Irc {
    /// The lines of the message of the day.
    motd: Vec<String>,
    invisible: InvisibleCount,
    former: FormerClients,
}

impl Irc {
    /// An error is one sentence.
    pub fn open(options: &IrcOptions) -> Result<Arc<Self>, String> {
        let text = match &options.motd {
            None => String::new(),
            Some(path) => fs::read_to_string(path)
                .map_err(|error| format!("cannot read the message of the day from {}: {error}", path.display()))?,
        };
        let motd = text.lines().map(|line| printable(line).into_owned()).collect();
        Ok(Arc::new(Irc { motd, invisible: InvisibleCount::default(), former: FormerClients::default() }))
    }
}

const CAPABILITIES: &[(&str, Caps)] = &[
    ("away-notify", away::AWAY_NOTIFY),
    ("extended-join", Caps::EXTENDED_JOIN),
    ("invite-notify", rooms::INVITE_NOTIFY),
    ("multi-prefix", lists::MULTI_PREFIX),
    ("userhost-in-names", lists::USERHOST_IN_NAMES),
];

impl Wing for Irc {
    fn console(self: Arc<Self>) -> Vec<ConsoleCommand> {
        vec![ConsoleCommand::new("op", "NAME #room", "Make somebody an operator of a room", console::op)]
    }

    fn commands(self: Arc<Self>) -> Vec<Command> {
        let [mode, lusers, motd, former] = [(); 4].map(|()| Arc::clone(&self));
        vec![
            Command::new("NAMES", 0, lists::names),
            Command::new("LIST", 0, lists::list),
            Command::new("TOPIC", 1, rooms::topic),
            Command::new("INVITE", 2, rooms::invite),
            Command::new("KICK", 2, rooms::kick),
            Command::new("MODE", 1, move |ctx, message| mode::mode(&mode.invisible, ctx, message)),
            Command::new("WHO", 0, who::who),
            Command::new("WHOIS", 1, who::whois),
            Command::new("WHOWAS", 0, move |ctx, message| whowas::whowas(&former.former, ctx, message)),
            Command::new("AWAY", 0, away::away),
            Command::new("USERHOST", 1, queries::userhost),
            Command::new("ISON", 1, queries::ison),
            Command::new("LUSERS", 0, move |ctx, _| queries::lusers(&lusers.invisible, ctx)),
            Command::new("MOTD", 0, move |ctx, message| queries::motd(&motd.motd, ctx, message)),
            Command::new("VERSION", 0, queries::version),
            Command::new("TIME", 0, queries::time),
        ]
    }

    fn capabilities(&self) -> &'static [(&'static str, Caps)] {
        CAPABILITIES
    }

    fn welcome(&self, ctx: &mut CommandContext<'_>) {
        welcome::welcome(ctx);
        queries::lusers(&self.invisible, ctx);
        queries::motd(&self.motd, ctx, &Message::default());
    }

    fn gave_up_nick(&self, client: &Client, old: &str, new: Option<&str>) {
        if client.registered && new.is_none_or(|new| !eq_ignore_case(old, new)) {
            self.former.remember(client, old, SystemTime::now());
        }
    }

    fn may_see(&self, room: &Room, client: ClientId) -> bool {
        room.has(client) || !Modes::of(room).flags.has(Flags::SECRET)
    }

    fn may_join(&self, room: Option<&Room>, client: &Client, key: Option<&str>) -> Result<(), Refusal> {
        match room {
            Some(room) => Modes::of(room).may_join(room.members().len(), client, key),
            // Rather no room than one that is open to all.
            None => key.map_or(Ok(()), check_key),
        }
    }

    fn joined(&self, ctx: &mut CommandContext<'_>, name: &str, key: Option<&str>) {
        let id = ctx.id;
        let Some(room) = ctx.registry.room_mut(name) else { return };
        let inherited = Modes::of_mut(room).entered(id);
        let is_alone = room.members().len() == 1;
        let recipients = room.recipients(None);
        if let Some(rank) = Rank::of_mut(room, id) {
            *rank = if is_alone { Rank { operator: true, ..inherited } } else { inherited };
        }
        if is_alone && let Some(key) = key {
            // Under the same lock under which the room was made, so that nobody has come in without it.
            Modes::of_mut(room).key = Some(key.into());
            ctx.replies.server_line(format_args!("MODE {name} +k {key}"));
        }
        if ctx.me().away.is_some() {
            let recipients = Recipients { except: Some(id), ..recipients.clone() };
            let may_speak = ctx.may_speak_in(name, &ctx.me().source());
            ctx.send_to(recipients, away::line(ctx.me(), may_speak, ctx.inputs.now));
        }
        // The first of a room learns of it by NAMES.
        let letters = inherited.letters();
        if !is_alone && !letters.is_empty() {
            let nicks = [ctx.me().nick()].repeat(letters.len()).join(" ");
            let (server, now) = (ctx.server.name(), ctx.inputs.now);
            let line = Line::new(now, format_args!(":{server} MODE {name} +{letters} {nicks}"));
            ctx.send_to(recipients, line);
        }
        rooms::send_topic(ctx, name);
    }

    /// What the other client was in a room, the newcomer is when it enters.
    fn replaces(&self, ctx: &mut CommandContext<'_>, other: ClientId) {
        let rooms = ctx.registry.client(other).map_or(Vec::new(), |other| other.rooms.clone());
        for name in rooms {
            let Some(room) = ctx.registry.room_mut(&name) else { continue };
            let rank = Rank::of(room, other);
            Modes::of_mut(room).invite(ctx.id, rank);
        }
    }

    fn may_speak(&self, room: &Room, client: Option<ClientId>, source: &str) -> Option<Result<(), &'static str>> {
        Some(Modes::may_speak(room, client, source))
    }
}
