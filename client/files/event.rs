//! What happens to files, and the one place where that becomes a sentence.
//!
//! Pure. Made by the receiver thread, commands and the threads of transfers.

use super::offer::{Comes, Offer};
use crate::core::event::{Sentence, WingEvent};
use std::path::PathBuf;
use wire::files::readable_size;
use wire::names;
use wire::text::{pluralize, table};

/// Something that happened to a file.
pub enum FileEvent {
    /// Somebody shares a file with us, or with a room.
    Offered { offer: Offer, comes: Comes },
    /// Somebody has fetched our file.
    Received { by: String, name: String },
    /// Somebody does not want our file.
    Declined { by: String, name: String },
    /// We do not want a file.
    WeDeclined { name: String },
    /// Its sender took a file back.
    Withdrawn { by: String, name: String },
    /// An attempt to send a file, or to fetch it, begins; the peer may be unknown.
    Started { name: String, is_upload: bool, peer: String, size: u64 },
    /// The same after a break.
    Resumed { name: String, per_cent: u64 },
    /// How far it is: `1.2 of 2.7 MiB, 45 %`.
    Progress { name: String, figures: String },
    /// An attempt has failed, and another one follows.
    Interrupted { name: String, why: String },
    /// We have sent a file; `how` says in which time.
    Sent { name: String, size: u64, crc: u32, target: String, how: String },
    /// An earlier attempt had sent it.
    AlreadySent { name: String, target: String },
    /// We have fetched a file.
    Saved { id: u64, name: String, from: String, path: PathBuf, size: u64, crc: u32, how: String },
    /// The user has stopped sending a file.
    Cancelled { name: String },
    /// The user has stopped a download.
    Stopped { name: String, id: u64 },
    /// A transfer has failed: why.
    Failed(String),
    /// The list that the user asked for.
    List(Vec<Offer>),
}

impl WingEvent for FileEvent {
    fn sentence(&self) -> Option<Sentence> {
        Some(Sentence::Answer(match self {
            FileEvent::Offered { offer, comes } => return Some(Sentence::News(offered(offer, *comes))),
            FileEvent::Received { by, name } => return Some(Sentence::News(format!("{by} has {name} now"))),
            FileEvent::Declined { by, name } => return Some(Sentence::News(format!("{by} does not want {name}"))),
            FileEvent::Withdrawn { by, name } => return Some(Sentence::News(format!("{by} took {name} back"))),
            FileEvent::List(items) if items.is_empty() => "No file was sent to you or by you".to_owned(),
            FileEvent::List(items) => return Some(Sentence::Lines(rows(items))),
            FileEvent::Started { name, is_upload: true, peer, size } => {
                format!("Sending {name} ({}) to {peer}", readable_size(*size))
            }
            FileEvent::Started { name, peer, size, .. } => {
                format!("Fetching {name} ({}){}", readable_size(*size), from(peer))
            }
            FileEvent::Resumed { name, per_cent } => format!("Going on with {name} at {per_cent} %"),
            FileEvent::Progress { name, figures } => format!("{name}: {figures}"),
            FileEvent::Interrupted { name, why } => format!("{name} is interrupted ({why}); trying again"),
            FileEvent::Sent { name, size, crc, target, how } => {
                format!("Sent {name} ({}, CRC-32 {crc:08x}) to {target} {how}", pluralize(*size, "byte"))
            }
            FileEvent::AlreadySent { name, target } => format!("{name} is with {target} already"),
            FileEvent::Saved { name, from: peer, path, size, crc, how, .. } => {
                let (path, size) = (path.display(), pluralize(*size, "byte"));
                format!("Received {name}{}: {path} ({size}, CRC-32 {crc:08x}) {how}", from(peer))
            }
            FileEvent::Cancelled { name } => format!("{name} is cancelled"),
            FileEvent::Stopped { name, id } if name.is_empty() => format!("File {id} is stopped; {}", go_on(*id)),
            FileEvent::Stopped { name, id } => format!("{name} is stopped; {}", go_on(*id)),
            FileEvent::WeDeclined { name } => format!("You declined {name}"),
            FileEvent::Failed(why) => why.clone(),
        }))
    }
}

/// The ways to go on with a download that does not run.
pub fn go_on(id: u64) -> String {
    format!("/get {id} goes on with it, /decline {id} refuses it for good")
}

fn from(peer: &str) -> String {
    if peer.is_empty() { String::new() } else { format!(" from {peer}") }
}

fn offered(offer: &Offer, comes: Comes) -> String {
    let Offer { id, sender, target, name, .. } = offer;
    let hint = match comes {
        Comes::ByItself => String::new(),
        Comes::WhenAskedFor => format!("; /get {id} fetches it"),
        Comes::NotToday => format!("; no more of theirs comes by itself today, but /get {id} fetches it"),
    };
    let size = readable_size(offer.size);
    if names::is_room(target) {
        format!("{sender} shared {name} ({size}) with {target}{hint}")
    } else {
        format!("{sender} sends you {name} ({size}){hint}")
    }
}

/// The list as a table.
fn rows(items: &[Offer]) -> Vec<String> {
    let heads = ["ID", "FROM", "TO", "SIZE", "STATE", "NAME"].map(str::to_owned);
    let row = |item: &Offer| {
        let Offer { id, sender, target, size, state, name, .. } = item;
        [id.to_string(), sender.clone(), target.clone(), readable_size(*size), state.to_string(), name.clone()]
    };
    let rows: Vec<_> = std::iter::once(heads).chain(items.iter().map(row)).collect();
    table(&rows, &[0, 3])
}
