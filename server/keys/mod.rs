//! The wing keys: a name belongs to the key that has it first, and the same key is the same person.
//!
//! A client shows its key by a certificate, with TLS. Without TLS no client has one; then the wing only keeps bound
//! names from being taken. Its hooks run in client threads. The table has a lock of its own, which is taken only after
//! the registry's; disk calls happen while neither is held.
//!
//! - [`table`]: which name belongs to which key
//! - [`folder`]: the same on the disk
//! - [`takeover`]: a name goes from one client to another with the same key
//! - [`limits`]: every number
//!
//! Hooks: the verbs REGAIN and RELEASE; `release` at the console; known names; may a client take a name; the answer to a
//! PING; it has a name for good.

mod folder;
mod limits;
mod table;
mod takeover;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use wire::fail::Fail;
use wire::fingerprint::Fingerprint;
use wire::message::Message;
use wire::names::{casefold, is_nick};
use wire::numeric::{self, BOUND};

use crate::core::context::{Command, CommandContext, Wing};
use crate::core::log::{Log, Trouble};
use crate::core::operator::ConsoleCommand;
use crate::core::party::{Party, network};
use crate::core::registration;
use crate::core::server::Server;
use crate::data::clock::Clock;

use folder::KeyFolder;
pub use folder::release;
use table::{Applicant, Bound, KeyTable};
use takeover::Takeover;

#[derive(Debug, Args)]
pub struct KeyOptions {
    /// Take a name from the key that has it, and end; a server that is running need not be stopped
    #[arg(long, value_name = "NAME")]
    pub release: Option<String>,
}

pub struct Keys {
    table: Mutex<KeyTable>,
    folder: KeyFolder,
    takeover: Takeover,
    clock: Arc<Clock>,
    /// A client's requests could fill the console with it.
    not_stored: Trouble,
}

impl Keys {
    /// An error is one sentence.
    pub fn open(data: &Path, clock: Arc<Clock>, log: &Log) -> Result<Arc<Self>, String> {
        let (folder, table, warnings) = KeyFolder::open(data)?;
        warnings.iter().for_each(|warning| log.line(warning));
        let (table, takeover, not_stored) = (Mutex::new(table), Takeover::default(), Trouble::default());
        Ok(Arc::new(Keys { table, folder, takeover, clock, not_stored }))
    }

    fn table(&self) -> MutexGuard<'_, KeyTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks on the disk whether a name was released while the server runs; then the table forgets its owner.
    fn refresh(&self, ctx: &mut CommandContext<'_>, name: &str) {
        let owner = self.table().stored_owner(name);
        if let Some(owner) = owner
            && ctx.on_disk(|_| self.folder.is_released(name))
        {
            self.table().release(name, owner);
            ctx.server.log.line(format_args!("The name {name} was released; whoever takes it next has it"));
        }
    }

    /// The same as `--release`, at the console.
    fn release(&self, server: &Server, nick: &str) -> Result<(), String> {
        let name = casefold(nick);
        let owner = self.table().owner(&name).ok_or_else(|| format!("No key has the name {nick}"))?;
        server.log.line(server.disk.pass(|| release(self.folder.data(), nick))?);
        self.table().release(&name, owner);
        if let Some(client) = server.registry().holder(nick) {
            let nick = client.nick();
            server.log.line(format_args!("{nick} is here, and has the name until they leave; kick {nick} ends that"));
        }
        Ok(())
    }

    /// Whether the client's key may have a name; an error is the text of 433.
    fn allow(&self, ctx: &mut CommandContext<'_>, name: &str) -> Result<(), &'static str> {
        let key = ctx.me().key;
        if !self.table().allow(name, key) {
            self.refresh(ctx, name);
        }
        if self.table().allow(name, key) { Ok(()) } else { Err(BOUND) }
    }

    /// REGAIN: as NICK, but another client with the same key is not asked whether it still needs the name.
    fn regain(&self, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
        if let Some(nick) = message.param(0).filter(|nick| is_nick(nick)) {
            let name = casefold(nick);
            // Before the other client has to go for nothing.
            if let Err(refusal) = registration::may_rename(ctx, nick) {
                return ctx.replies.refuse(nick, &refusal);
            }
            if let Err(text) = self.allow(ctx, &name).and_then(|()| takeover::regain(ctx, &name)) {
                return ctx.reply_text(numeric::ERR_NICKNAMEINUSE, &[nick], text);
            }
        }
        registration::nick(ctx, message);
    }

    /// RELEASE: the owner of a name gives it up. What waits for it must not come to the next owner, so nothing may.
    fn give_up(&self, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
        let nick = message.params[0];
        let name = casefold(nick);
        self.refresh(ctx, &name);
        let owner = self.table().owner(&name).filter(|owner| Some(owner.key) == ctx.me().key);
        let (id, wings) = (ctx.id, ctx.wings);
        let holder = ctx.registry.holder(&name).map(|client| client.id);
        let refusal = match owner {
            None => Some(("NOT_YOURS", format!("{nick} does not belong to your key"))),
            Some(_) if holder == Some(id) => {
                Some(("IN_USE", format!("You are called {nick} now; take another name first, then give this one up")))
            }
            Some(_) if holder.is_some() => {
                Some(("IN_USE", format!("Another connection with your key is called {nick}; change its name first")))
            }
            Some(_) if wings.keep_for(&name) => Some((
                "NOT_EMPTY",
                format!("Messages or files are kept for {nick}; take the name, read them, and cancel the files first"),
            )),
            Some(_) => None,
        };
        let refusal = refusal.or_else(|| self.release_for_good(ctx, nick, &name).err());
        if let Some((code, text)) = refusal {
            return ctx.replies.fail(Fail { verb: "RELEASE", code, context: Some(nick), text: &text });
        }
        ctx.log(format_args!("has given up the name {name}"));
        ctx.replies.notice(&format!("{nick} belongs to your key no longer; whoever takes the name next has it"));
    }

    /// Nobody owns the name any more: first for those wings that would keep something for its owner, so that nothing can
    /// come in between that the next owner would get.
    fn release_for_good(
        &self,
        ctx: &mut CommandContext<'_>,
        nick: &str,
        name: &str,
    ) -> Result<(), (&'static str, String)> {
        let wings = ctx.wings;
        let unavailable = |ctx: &CommandContext<'_>, error: &dyn fmt::Display| {
            let line = format_args!("The name {name} cannot be given up for good: {error}");
            self.not_stored.report(&ctx.server.log, ctx.inputs.instant, line);
            ("UNAVAILABLE", format!("{nick} cannot be given up now: the server's disk fails; try again later"))
        };
        let forgotten = ctx.on_disk(|_| wings.list.iter().try_for_each(|wing| wing.released(name)));
        forgotten.map_err(|error| unavailable(ctx, &error))?;
        if wings.keep_for(name) || ctx.registry.holder(name).is_some() {
            return Err(("IN_USE", format!("{nick} was used just now; try again")));
        }
        let owner = self.table().owner(name).filter(|owner| Some(owner.key) == ctx.me().key);
        owner.into_iter().for_each(|owner| self.table().release(name, owner));
        let written = ctx.on_disk(|_| self.folder.forget(name, || self.knows(name)));
        written.map_err(|error| unavailable(ctx, &error))
    }

    /// Writes the owner of a name down, and when it was bound, if it was never used again. False when the disk fails.
    fn store(&self, ctx: &mut CommandContext<'_>, name: &str, key: Fingerprint, once: Option<u64>) -> bool {
        let stored = ctx.on_disk(|_| self.folder.store(name, key, once));
        if let Err(error) = &stored {
            let line = format_args!("The key of {name} cannot be stored: {error}");
            self.not_stored.report(&ctx.server.log, ctx.inputs.instant, line);
        }
        stored.is_ok()
    }

    /// Removes the file of a name that has given way to another one.
    fn forget(&self, ctx: &mut CommandContext<'_>, name: &str) {
        ctx.server.log.line(format_args!("The name {name} is forgotten: it was never used again"));
        if let Err(error) = ctx.on_disk(|_| self.folder.forget(name, || self.knows(name))) {
            ctx.server.log.line(format_args!("The name {name} will be back at the next start: {error}"));
        }
    }

    /// The client's name is its key's from now on, once that is written down; the answer is for the client.
    fn bound(&self, ctx: &mut CommandContext<'_>, nick: &str, by: Applicant) -> Option<String> {
        let (name, key) = (casefold(nick), by.key);
        let owner = self.table().owner(&name)?;
        if !self.store(ctx, &name, key, Some(by.now)) {
            self.table().release(&name, owner);
            return Some(format!("{nick} could not be bound to your key: the server's disk fails"));
        }
        self.table().mark_stored(&name);
        ctx.log(format_args!("has the name for the key {}", ctx.server.log.key(&key)));
        Some(format!("{nick} belongs to your key from now on; nobody else can take the name"))
    }
}

impl Wing for Keys {
    fn console(self: Arc<Self>) -> Vec<ConsoleCommand> {
        let release = move |server: &Server, nick: &str| self.release(server, nick);
        vec![ConsoleCommand::new("release", "NAME", "Take a name from its key; whoever takes it next has it", release)]
    }

    fn commands(self: Arc<Self>) -> Vec<Command> {
        let keys = Arc::clone(&self);
        let regain = move |ctx: &mut CommandContext<'_>, message: &Message<'_>| self.regain(ctx, message);
        let give_up = move |ctx: &mut CommandContext<'_>, message: &Message<'_>| keys.give_up(ctx, message);
        vec![Command::new("REGAIN", 0, regain).before_registration(), Command::new("RELEASE", 1, give_up)]
    }

    /// A bound name belongs to somebody, even if mail has forgotten it for a new name.
    fn knows(&self, folded: &str) -> bool {
        self.table().owner(folded).is_some()
    }

    fn may_take_nick(&self, ctx: &mut CommandContext<'_>, nick: &str) -> Result<(), &'static str> {
        let name = casefold(nick);
        self.allow(ctx, &name)?;
        self.takeover.make_way(ctx, &name)?;
        // That took its time.
        if self.table().allow(&name, ctx.me().key) { Ok(()) } else { Err(BOUND) }
    }

    fn acknowledged(&self, ctx: &mut CommandContext<'_>, token: &str) {
        takeover::acknowledged(ctx, token);
    }

    fn named(&self, ctx: &mut CommandContext<'_>) -> Option<String> {
        let key = ctx.me().key?;
        let (nick, ip) = (ctx.me().nick().to_owned(), ctx.me().address.ip());
        let name = casefold(&nick);
        // Its own name, too, can have been released meanwhile: then it is bound anew.
        self.refresh(ctx, &name);
        let (now, instant) = (self.clock.now(), ctx.inputs.instant);
        let by = Applicant { key, client: ctx.id, network: network(ip), now, instant };
        let bound = self.table().bind(&name, by, |name| {
            // Whoever takes a name that is forgotten gets what waits for it.
            ctx.registry.holder(name).is_some() || ctx.wings.keep_for(name)
        });
        // Anybody can make keys by the hundred and bind a name to each, so a key answers for itself only when it comes
        // back to its name in a later session.
        ctx.me_mut().party = if self.table().is_proven(&name, key) { Party::Key(key) } else { Party::of(ip) };
        match bound {
            Bound::Already | Bound::Theirs => None,
            Bound::Refused(why) => Some(format!("{nick} is not bound to your key: {why}")),
            Bound::Again => {
                self.store(ctx, &name, key, None);
                None
            }
            Bound::New => self.bound(ctx, &nick, by),
            Bound::InPlaceOf(forgotten) => {
                self.forget(ctx, &forgotten);
                self.bound(ctx, &nick, by)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_bound_name_is_known() {
        let data = tempfile::tempdir().unwrap();
        let clock = Clock::open(data.path(), SystemTime::now(), None).0;
        let keys = Keys::open(data.path(), clock.into(), &Log::start(false).unwrap().0).unwrap();
        assert!(!keys.knows("tesla"));
        keys.table().enter("tesla", Fingerprint([7; 32]), None, true);
        assert!(keys.knows("tesla"));
    }
}
