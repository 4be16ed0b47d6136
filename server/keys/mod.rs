//! The wing keys: a name belongs to the key that has it first.
//!
//! A client shows its key by a certificate, with TLS. Without TLS no client has one; then the wing only keeps bound
//! names from being taken. Its hooks run in client threads. The table has a lock of its own, which is taken only after
//! the registry's; disk calls happen while neither is held.
//!
//! - [`table`]: which name belongs to which key
//! - [`folder`]: the same on the disk
//! - [`limits`]: every number
//!
//! Hooks: known names; may a client take a name; it has a name for good.

mod folder;
mod limits;
mod table;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use wire::names::casefold;
use wire::numeric::BOUND;

use crate::core::context::{CommandContext, Wing};
use crate::core::log::Log;

use folder::KeyFolder;
pub use folder::release;
use table::{Bound, KeyTable};

#[derive(Debug, Args)]
pub struct KeyOptions {
    /// Take a name from the key that has it, and end; a server that is running need not be stopped
    #[arg(long, value_name = "NAME")]
    pub release: Option<String>,
}

pub struct Keys {
    table: Mutex<KeyTable>,
    folder: KeyFolder,
}

impl Keys {
    /// An error is one sentence.
    pub fn open(data: &Path, log: &Log) -> Result<Arc<Self>, String> {
        let (folder, table, warnings) = KeyFolder::open(data)?;
        warnings.iter().for_each(|warning| log.line(warning));
        Ok(Arc::new(Keys { table: Mutex::new(table), folder }))
    }

    fn table(&self) -> MutexGuard<'_, KeyTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks on the disk whether a name was released while the server runs; then the table forgets its owner.
    fn refresh(&self, ctx: &mut CommandContext<'_>, name: &str) {
        let owner = self.table().stored_owner(name);
        if let Some(owner) = owner
            && ctx.without_lock(|_| self.folder.is_released(name))
        {
            self.table().release(name, owner);
        }
    }
}

impl Wing for Keys {
    /// A bound name belongs to somebody, even if mail has forgotten it for a new name.
    fn knows(&self, folded: &str) -> bool {
        self.table().owner(folded).is_some()
    }

    fn may_take_nick(&self, ctx: &mut CommandContext<'_>, nick: &str) -> Result<(), &'static str> {
        let (name, key) = (casefold(nick), ctx.me().key);
        if !self.table().allow(&name, key) {
            self.refresh(ctx, &name);
        }
        if self.table().allow(&name, key) { Ok(()) } else { Err(BOUND) }
    }

    fn named(&self, ctx: &mut CommandContext<'_>) -> Option<String> {
        let key = ctx.me().key?;
        let nick = ctx.me().nick().to_owned();
        let name = casefold(&nick);
        // Its own name, too, can have been released meanwhile: then it is bound anew.
        self.refresh(ctx, &name);
        let bound = self.table().bind(&name, key);
        if bound == Bound::TooMany {
            return Some(format!("{nick} is not bound to your key: there are too many names already"));
        }
        let owner = self.table().owner(&name).filter(|_| bound == Bound::New)?;
        if let Err(error) = ctx.without_lock(|_| self.folder.store(&name, key)) {
            self.table().release(&name, owner);
            ctx.server.log.line(format_args!("The key of {name} cannot be stored: {error}"));
            return Some(format!("{nick} could not be bound to your key: the server's disk fails"));
        }
        self.table().mark_stored(&name);
        ctx.log(format_args!("has the name for the key {key}"));
        Some(format!("{nick} belongs to your key from now on; nobody else can take the name"))
    }
}

#[cfg(test)]
mod tests {
    use wire::fingerprint::Fingerprint;

    use super::*;

    #[test]
    fn a_bound_name_is_known() {
        let data = tempfile::tempdir().unwrap();
        let keys = Keys::open(data.path(), &Log::start(false).unwrap().0).unwrap();
        assert!(!keys.knows("tesla"));
        keys.table().bind("tesla", Fingerprint([7; 32]));
        assert!(keys.knows("tesla"));
    }
}
