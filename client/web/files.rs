//! Files through the page: what it sends is kept in a private folder until it has arrived; what has come can be had.
//!
//! Run by the thread of a connection, with no lock but the feed's for a moment.

use super::feed::Feed;
use super::http::{Connection, Refusal, Request};
use super::json::real_name;
use super::limits::FILE;
use super::lines;
use crate::core::client::Client;
use crate::core::settings;
use crate::files::Files;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use wire::files::{readable_size, safe_name};
use wire::{disk, limits, os};

/// The types of images that a page shows, by the bytes that such a file begins with. WebP has its own behind a length.
const IMAGES: [(&str, usize, &[u8]); 5] = [
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/webp", 8, b"WEBPVP8"),
];

/// Anything else is for the disk alone.
const OTHER: &str = "application/octet-stream";

/// Takes a file that a page sends, and gives it to the files wing.
pub fn send(
    client: &Arc<Client>,
    files: &Arc<Files>,
    connection: &mut Connection,
    request: &Request,
) -> Result<(), Refusal> {
    let parameter = |name: &str| {
        let given = request.parameter(name).filter(|given| !given.is_empty());
        given.ok_or_else(|| Refusal::new(400, format!("A file needs its {name} in the query")))
    };
    let (name, target) = (safe_name(&parameter("name")?), parameter("conversation")?);
    lines::check_begun(client)?;
    let target = real_name(&client.lock().model, &target);
    let id = request.parameter("id").and_then(|id| id.parse().ok());
    lines::check_place(client, Some(&target), id)?;
    if client.lock().model.may_be_another(&target) {
        let why = format!("{name} is not sent: {target} had left, and may be somebody else; write to them first");
        return Err(Refusal::new(422, why));
    }
    if client.lock().model.is_aside(&target) {
        let why = format!("{name} is not sent: files go through the server, and {target} is not there");
        return Err(Refusal::new(422, why));
    }
    if request.length > FILE {
        let most = readable_size(FILE);
        return Err(Refusal::new(413, format!("{name} is not sent: it is larger than {most}; /file sends it")));
    }
    let unwritable = |error: io::Error| Refusal::new(503, format!("{name} is not sent: it cannot be kept: {error}"));
    let folder = folder().map_err(unwritable)?;
    remove_old(files, &folder);
    let path = new_file(&folder, &name).map_err(unwritable)?;
    let kept = keep(connection, request, &path).and_then(|()| {
        // A large file takes a while.
        lines::check_place(client, Some(&target), id)?;
        lines::check_way(client, Some(&target))?;
        let sent = files.send(client, &path, &target);
        sent.map_err(|why| Refusal::new(422, why))
    });
    match kept {
        Ok(()) => remove_when_sent(Arc::clone(client), Arc::clone(files), path),
        Err(_) => remove(&path),
    }
    kept
}

/// Removes a file as soon as the server has it, or will never have it. A thread of its own waits for that.
fn remove_when_sent(client: Arc<Client>, files: Arc<Files>, path: PathBuf) {
    let wait = move || {
        drop(client.wait_while(Duration::MAX, |_| files.lock().is_sending(&path)));
        if !files.is_sending(&path) {
            remove(&path);
        }
    };
    // Without a thread it is removed later.
    let _ = thread::Builder::new().name("page file".to_owned()).spawn(wait);
}

fn keep(connection: &mut Connection, request: &Request, path: &Path) -> Result<(), Refusal> {
    let unwritable = |error: io::Error| Refusal::new(503, format!("The file cannot be kept: {error}"));
    let file = os::private_file(OpenOptions::new().write(true).create_new(true)).open(path).map_err(unwritable)?;
    let mut file = io::BufWriter::with_capacity(limits::COPY_BUFFER, file);
    connection.copy_body(request, &mut file)?;
    file.flush().map_err(unwritable)
}

/// Where files from pages are kept until they have arrived.
fn folder() -> io::Result<PathBuf> {
    let folder = settings::folder()?.join("from-page");
    disk::make_private(&folder)?;
    Ok(folder)
}

/// A path with this name, in a folder of its own: the others see the name.
fn new_file(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let number = u64::from_le_bytes(os::random()?);
    let own = folder.join(format!("{number:016x}"));
    disk::make_private(&own)?;
    Ok(own.join(name))
}

/// Removes what earlier runs of the client have left.
pub fn clean(files: &Files) {
    // Without the folder there is nothing.
    let _ = folder().map(|folder| remove_old(files, &folder));
}

/// Removes what has arrived, or will not. What another run of the client goes on with is old, but not for long.
fn remove_old(files: &Files, folder: &Path) {
    let owned = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let held = |own: &PathBuf| fs::read_dir(own).into_iter().flatten().flatten().map(|entry| entry.path()).next();
    for own in owned.collect::<Vec<_>>() {
        match held(&own) {
            Some(path) if !files.is_sending(&path) && is_old(&path) => remove(&path),
            // It is empty, unless a file has just been put into it.
            None => _ = fs::remove_dir(own),
            Some(_) => {}
        }
    }
}

/// Whether nobody has written it for an hour, as another client of this user may be doing.
fn is_old(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age.as_secs() > 3600))
}

/// Removes a file with its folder. One that cannot be removed stays.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
    path.parent().into_iter().for_each(|own| _ = fs::remove_dir(own));
}

/// Sends a file that has come.
pub fn fetch(feed: &Feed, id: &str, connection: &mut Connection, request: &Request) -> Result<io::Result<()>, Refusal> {
    let received = id.parse().ok().and_then(|id| feed.lock().received(id));
    let received = received.ok_or_else(|| Refusal::new(404, "That file has not come, or not in this run"))?;
    let gone = || Refusal::new(404, format!("{} is not there any more", received.name));
    // It is where the user's own files are, so it may be anything by now.
    let is_file = fs::symlink_metadata(&received.path).is_ok_and(|metadata| metadata.is_file());
    let mut file = File::open(&received.path).ok().filter(|_| is_file).ok_or_else(gone)?;
    let length = file.metadata().map_err(|_| gone())?.len();
    let mut start = Vec::new();
    (&mut file).take(16).read_to_end(&mut start).map_err(|_| gone())?;
    let kind = kind_of(&start);
    let place = if kind == OTHER { "attachment" } else { "inline" };
    let name = encoded(&received.name);
    let more = format!("Content-Length: {length}\r\nContent-Disposition: {place}; filename*=UTF-8''{name}\r\n");
    let sent = connection.begin(200, kind, &more, request.stays);
    if sent.is_err() || request.method == "HEAD" {
        return Ok(sent);
    }
    let mut rest = start.chain(file).take(length);
    Ok(io::copy(&mut rest, connection.stream()).and_then(|count| {
        // The length was promised.
        if count == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }))
}

fn kind_of(start: &[u8]) -> &'static str {
    let is = |&&(_, at, mark): &&(&str, usize, &[u8])| start.get(at..).is_some_and(|rest| rest.starts_with(mark));
    IMAGES.iter().find(is).map_or(OTHER, |(kind, ..)| kind)
}

/// A name for a header field (RFC 8187).
fn encoded(name: &str) -> String {
    name.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_content() {
        for (start, kind) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", "image/webp"),
        ] {
            assert_eq!(kind_of(start), kind);
        }
        for other in [&b"<svg xmlns"[..], b"<html>", b"", b"\x89PN", b"RIFF1234WAVE", b"%PDF-1.7"] {
            assert_eq!(kind_of(other), OTHER);
        }
    }

    #[test]
    fn names_fit_a_header_field() {
        assert_eq!(encoded("a b\"\r\n;\u{e9}.png"), "a%20b%22%0D%0A%3B%C3%A9.png");
    }
}
