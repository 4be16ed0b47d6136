//! The wing directory: where multicast rooms meet. What is said in these rooms the server never sees.
//!
//! Its verbs run in client threads, under the registry's lock, which they let go while they wait for the disk. The table
//! has a lock of its own, which is taken only after the registry's.
//!
//! - [`verbs`]: GETDIR, MAKEROOM, DELETEROOM
//! - [`table`]: the rooms; [`file`]: the same on the disk; [`limits`]: every number
//!
//! Hooks: verbs.

mod file;
mod limits;
mod table;
mod verbs;

use std::path::Path;
use std::sync::Arc;

use crate::core::context::{Command, Wing};
use crate::core::log::Log;

pub struct Directory(verbs::Rooms);

impl Directory {
    /// With `encrypted`, rooms get keys: the server has TLS, by which to hand them out. An error is one sentence.
    pub fn open(data: &Path, log: &Log, encrypted: bool) -> Result<Arc<Self>, String> {
        let (file, table, warnings) = file::DirectoryFile::open(data)?;
        warnings.iter().for_each(|warning| log.line(warning));
        Ok(Arc::new(Directory(verbs::Rooms { table: table.into(), file, encrypted })))
    }
}

impl Wing for Directory {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        let [get, make, delete] = [(); 3].map(|()| Arc::clone(&self));
        vec![
            Command::new("GETDIR", 0, move |ctx, message| get.0.getdir(ctx, message)),
            Command::new("MAKEROOM", 3, move |ctx, message| make.0.makeroom(ctx, message)).with_random_bytes(),
            Command::new("DELETEROOM", 1, move |ctx, message| delete.0.deleteroom(ctx, message)),
        ]
    }
}
