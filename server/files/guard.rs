//! The place of a data connection in the table of files, given back when the guard is dropped.
//!
//! Belongs to the thread of the connection, which takes the table's lock for a moment at a time.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use wire::stream::Stream;

use super::limits;
use super::shared_file::{FileId, SharedFile, TokenScope};
use super::store::Files;
use crate::core::admission::TooMany;
use crate::core::context::Connection;

pub const BAD_TOKEN: &str = "This token is not, or no longer, good; ask for another one";

pub struct TransferGuard<'a> {
    pub files: &'a Files,
    pub connection: &'a Connection,
    pub stream: &'a Stream,
    pub id: FileId,
}

impl<'a> TransferGuard<'a> {
    /// Counts the connection as a transfer. A busy server refuses it before it redeems its token, which stays good.
    pub fn enter(files: &'a Files, connection: &'a Connection, stream: &'a Stream, id: FileId) -> Result<Self, String> {
        let (ip, most_per_ip) = (connection.address.ip(), connection.server.options.max_per_ip);
        let entered = files.table().transfers.add(ip, limits::TRANSFERS, most_per_ip);
        entered.map_err(|bound| match bound {
            TooMany::InAll => format!("The server carries {} files at this moment; try again later", limits::TRANSFERS),
            TooMany::FromAddress => format!("Your address has {most_per_ip} files under way; try again later"),
        })?;
        Ok(TransferGuard { files, connection, stream, id })
    }

    /// Redeems the token.
    pub fn redeem(&self, token: &str, puts: bool) -> Result<TokenScope, String> {
        let Connection { id: client, address, socket, server, .. } = self.connection;
        let redeemed = self.with(|file| {
            let scope = file.redeem(token, puts, socket.is_secure(), Instant::now())?;
            Some((scope, file.connect(*client, Arc::clone(socket), puts)))
        });
        let Some((scope, older)) = redeemed.flatten() else {
            server.log.client(*address, None, format_args!("is refused: no good token for file {}", self.id));
            return Err(BAD_TOKEN.into());
        };
        server.registry().detach(*client);
        older.iter().for_each(|socket| socket.shutdown(Shutdown::Both));
        Ok(scope)
    }

    /// Looks at the file, unless it was removed.
    pub fn with<T>(&self, look: impl FnOnce(&mut SharedFile) -> T) -> Option<T> {
        self.files.table().entries.get_mut(&self.id).map(look)
    }

    /// Looks at the file while this is the connection that uploads it.
    pub fn uploading<T>(&self, look: impl FnOnce(&mut SharedFile) -> T) -> Result<T, String> {
        let client = self.connection.id;
        let looked = self.with(|file| file.is_uploaded_by(client).then(|| look(file)));
        looked.flatten().ok_or_else(|| "The upload was ended: cancelled, or begun again".into())
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
        self.connection.server.log.line(format_args!("Cannot {what} file {}: {error}", self.id));
        format!("The server cannot {what} the file; try again later")
    }

    /// The disk fails: the console says so, and the file is removed, so that others have room.
    pub fn disk_failed(&self, error: &io::Error) -> String {
        let log = &self.connection.server.log;
        log.line(format_args!("Cannot keep file {}: {error}; its upload is given up", self.id));
        self.give_up();
        format!("The server cannot keep the file ({error}); nothing was kept")
    }
}

impl Drop for TransferGuard<'_> {
    fn drop(&mut self) {
        let mut table = self.files.table();
        table.transfers.remove(self.connection.address.ip());
        if let Some(file) = table.entries.get_mut(&self.id) {
            file.disconnect(self.connection.id);
        }
    }
}
