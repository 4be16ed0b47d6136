//! The place of a data connection in the table of files, given back when the guard is dropped.
//!
//! Belongs to the thread of the connection, which takes the table's lock for a moment at a time.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use wire::os::is_out_of_descriptors;
use wire::stream::Stream;

use super::ids::FileId;
use super::limits;
use super::shared_file::SharedFile;
use super::store::Files;
use super::tokens::TokenScope;
use crate::core::admission::TooMany;
use crate::core::context::Connection;
use crate::core::party::Party;

pub const BAD_TOKEN: &str = "This token is not, or no longer, good; ask for another one";

pub const ENDED: &str = "The upload was ended: cancelled, or begun again";

pub struct TransferGuard<'a> {
    pub files: &'a Files,
    pub connection: &'a Connection,
    pub stream: &'a Stream,
    pub id: FileId,
    /// The party among whose data connections this one counts.
    party: Option<Party>,
}

impl<'a> TransferGuard<'a> {
    /// Counts the connection as a transfer. A busy server refuses it before it redeems its token, which stays good.
    pub fn enter(files: &'a Files, connection: &'a Connection, stream: &'a Stream, id: FileId) -> Result<Self, String> {
        let (ip, most_per_ip) = (connection.address.ip(), connection.server.options.max_per_ip);
        let most = most(connection);
        let entered = files.table().transfers.add(ip, most, most_per_ip);
        entered.map_err(|bound| match bound {
            TooMany::InAll => format!("The server carries {most} files at this moment; try again later"),
            TooMany::FromAddress => format!("Your address has {most_per_ip} files under way; try again later"),
        })?;
        Ok(TransferGuard { files, connection, stream, id, party: None })
    }

    /// Redeems the token, unless the party that asked for it has too many data connections: then it stays good.
    pub fn redeem(&mut self, token: &str, puts: bool) -> Result<TokenScope, String> {
        let Connection { id: client, address, socket, server, .. } = self.connection;
        let mut table = self.files.table();
        let file = table.get(self.id);
        let found = file.and_then(|file| file.tokens.find(token, puts, socket.is_secure(), Instant::now()));
        let Some(party) = found.map(|token| token.party) else {
            drop(table);
            server.log.client(*address, None, format_args!("is refused: no good token for file {}", self.id));
            return Err(BAD_TOKEN.into());
        };
        if !table.accounts.begin_transfer(party, most(self.connection)) {
            return Err("You, or others at your address, have too many files under way; try again later".into());
        }
        self.party = Some(party);
        let redeemed = table.change(self.id, |file| {
            let scope = file.tokens.take(token)?.scope;
            Some((scope, file.connect(*client, Arc::clone(socket), puts)))
        });
        drop(table);
        let (scope, older) = redeemed.flatten().ok_or(BAD_TOKEN)?;
        server.registry().detach(*client);
        older.iter().for_each(|socket| socket.shutdown(Shutdown::Both));
        Ok(scope)
    }

    /// Looks at the file, unless it was removed.
    pub fn with<T>(&self, look: impl FnOnce(&mut SharedFile) -> T) -> Option<T> {
        self.files.table().change(self.id, look)
    }

    /// Looks at the file while this is the connection that uploads it.
    pub fn uploading<T>(&self, look: impl FnOnce(&mut SharedFile) -> T) -> Result<T, String> {
        let client = self.connection.id;
        let looked = self.with(|file| file.is_uploaded_by(client).then(|| look(file)));
        looked.flatten().ok_or_else(|| ENDED.into())
    }

    /// Removes the file: its bytes are of no use. The connection itself goes on, to say why.
    pub fn give_up(&self) {
        let client = self.connection.id;
        let mut removed = self.files.table().remove_if(self.id, |file| file.is_uploaded_by(client));
        removed.iter_mut().for_each(|file| file.disconnect(client));
        self.files.discard(&self.connection.server, removed);
    }

    /// The disk fails, perhaps for a while: the console says so. Returns the sentence for the client.
    pub fn cannot(&self, what: &str, error: &io::Error) -> String {
        self.report(format_args!("Cannot {what} file {}: {error}", self.id));
        format!("The server cannot {what} the file now; try again later")
    }

    fn report(&self, line: fmt::Arguments<'_>) {
        self.files.spool_fails.report(&self.connection.server.log, Instant::now(), line);
    }

    /// The disk fails: the console says so, and the file is removed, so that others have room. It is kept when nothing
    /// but a descriptor is missing, as for a moment one may.
    pub fn disk_failed(&self, error: &io::Error) -> String {
        if is_out_of_descriptors(error) {
            return self.cannot("keep", error) + ", and offer the file again";
        }
        self.report(format_args!("Cannot keep file {}: {error}; its upload is given up", self.id));
        self.give_up();
        format!("The server cannot keep the file ({error}); nothing was kept")
    }
}

/// Data connections at once: each opens a file, and half of the descriptors in reserve are for them.
fn most(connection: &Connection) -> usize {
    limits::TRANSFERS.min(connection.server.descriptors.transfers())
}

impl Drop for TransferGuard<'_> {
    fn drop(&mut self) {
        let mut table = self.files.table();
        table.transfers.remove(self.connection.address.ip());
        self.party.into_iter().for_each(|party| table.accounts.end_transfer(party));
        table.change(self.id, |file| file.disconnect(self.connection.id));
    }
}
