//! The journal of a file in the spool: a text with a line for each thing that has happened to the file.
//!
//! Pure functions, called by the threads that read or write the spool.
//!
//! ```text
//! offer 1764030000 3355443 tesla!tesla@127.0.0.1 #lab :photo.jpg
//! done 1a2b3c4d albert clara         it is complete, has this sum and these recipients
//! told                               it was announced, perhaps by these stored messages:
//! told albert 0650e5b2a1c3f0-000000000a clara 0650e5b2a1c3f0-000000000b
//! got albert                         he has received it
//! out clara                          she has declined it
//! ```

use std::iter;

use super::person::Person;
use super::shared_file::{FileId, SharedFile};
use crate::core::msgid::Msgid;
use crate::mail::store::Stored;

/// The first line.
pub fn offer(entry: &SharedFile) -> String {
    let SharedFile { offered, source, target, size, name, .. } = entry;
    format!("offer {offered} {size} {source} {target} :{name}")
}

/// It is complete, and for these recipients.
pub fn done(crc: u32, names: &[String]) -> String {
    format!("done {crc:08x} {}", names.join(" "))
}

/// It was announced, by these stored messages.
pub fn announced(messages: &[Stored]) -> String {
    messages.iter().fold("told".to_owned(), |line, (name, id)| format!("{line} {name} {id}"))
}

/// Somebody has received it.
pub fn received(name: &str) -> String {
    format!("got {name}")
}

/// Somebody has declined it.
pub fn declined(name: &str) -> String {
    format!("out {name}")
}

/// The file that a journal describes, or what is wrong with the journal.
pub fn read(id: FileId, journal: &str) -> Result<SharedFile, String> {
    let mut lines = journal.lines();
    let mut entry = lines.next().and_then(|line| offered(id, line)).ok_or("its first line is not an offer")?;
    for line in lines {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let what = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (what, u32::from_str_radix(what.1, 16)) {
            (("done", _), Ok(crc)) => {
                entry.crc = Some(crc);
                entry.recipients = words.map(Person::new).collect();
            }
            (("told", name), _) => {
                let words: Vec<_> = iter::once(name).chain(words).collect();
                let messages = words.as_chunks().0.iter();
                entry.announcements =
                    messages.filter_map(|[name, id]| Some(((*name).into(), Msgid::parse(id)?))).collect();
                entry.announced = true;
            }
            (("got", name), _) => {
                let recipients = entry.recipients.iter_mut().filter(|recipient| recipient.is(name));
                recipients.for_each(|recipient| recipient.received = true);
            }
            (("out", name), _) => entry.recipients.retain(|recipient| !recipient.is(name)),
            _ => return Err(format!("it has the line {line:?}")),
        }
    }
    Ok(entry)
}

fn offered(id: FileId, line: &str) -> Option<SharedFile> {
    let (head, name) = line.split_once(" :")?;
    let mut words = head.split(' ');
    let [verb, offered, size, source, target] = std::array::from_fn(|_| words.next().unwrap_or_default());
    let entry = SharedFile::new(id, offered.parse().ok()?, source, target, size.parse().ok()?, name);
    (verb == "offer" && !target.is_empty() && words.next().is_none()).then_some(entry)
}
