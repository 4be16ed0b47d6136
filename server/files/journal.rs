//! The journal of a file in the spool: a text with a line for each thing that has happened to the file.
//!
//! Pure functions, called by the threads that read or write the spool.
//!
//! ```text
//! offer 1764030000 3355443 tesla!tesla@127.0.0.1 #lab party=127.0.0.1 :photo.jpg
//! since 1764030600                   its time cannot be true: its days are counted from this one on
//! done 1a2b3c4d albert clara         it is complete, has this sum and these recipients
//! told                               it was announced, perhaps by these stored messages:
//! told albert 0650e5b2a1c3f0-000000000a clara 0650e5b2a1c3f0-000000000b
//! got albert                         he has received it
//! out clara                          she has declined it
//! ```

use std::iter;
use std::time::Instant;

use wire::names::eq_ignore_case;

use super::shared_file::SharedFile;
use crate::core::msgid::Msgid;
use crate::core::party::Party;
use crate::mail::store::Stored;

/// The first line. Earlier versions do not name the party.
pub fn offer(entry: &SharedFile) -> String {
    let SharedFile { offered, source, target, size, name, party, .. } = entry;
    let party = party.map(|party| format!(" party={party}")).unwrap_or_default();
    format!("offer {offered} {size} {source} {target}{party} :{name}")
}

/// From when on its days count, if its offer has an impossible time.
pub fn since(time: u64) -> String {
    format!("since {time}")
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

/// The file that a journal describes, with its recipients and whether they have received it; or what is wrong with the
/// journal.
pub fn read(journal: &str, now: Instant) -> Result<(SharedFile, Vec<(String, bool)>), String> {
    let mut lines = journal.lines();
    let mut entry = lines.next().and_then(|line| offered(line, now)).ok_or("its first line is not an offer")?;
    let mut recipients = if entry.is_for_a_room() { Vec::new() } else { vec![(entry.target.clone(), false)] };
    for line in lines {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let what = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (what, u32::from_str_radix(what.1, 16)) {
            (("done", _), Ok(crc)) => {
                entry.crc = Some(crc);
                recipients = words.map(|name| (name.to_owned(), false)).collect();
            }
            (("told", name), _) => {
                let words: Vec<_> = iter::once(name).chain(words).collect();
                let messages = words.as_chunks().0.iter();
                entry.announcements =
                    messages.filter_map(|[name, id]| Some(((*name).into(), Msgid::parse(id)?))).collect();
                entry.announced = true;
            }
            (("got", name), _) => {
                let found = recipients.iter_mut().filter(|(other, _)| eq_ignore_case(other, name));
                found.for_each(|(_, received)| *received = true);
            }
            (("out", name), _) => recipients.retain(|(other, _)| !eq_ignore_case(other, name)),
            (("since", time), _) => entry.offered = time.parse().map_err(|_| "its time is not a number")?,
            _ => return Err(format!("it has the line {line:?}")),
        }
    }
    Ok((entry, recipients))
}

fn offered(line: &str, now: Instant) -> Option<SharedFile> {
    let (head, name) = line.split_once(" :")?;
    let mut words = head.split(' ');
    let [verb, offered, size, source, target] = std::array::from_fn(|_| words.next().unwrap_or_default());
    let mut entry = SharedFile::new(offered.parse().ok()?, source, target, size.parse().ok()?, name, now);
    if let Some(party) = words.next() {
        entry.party = Some(party.strip_prefix("party=")?.parse::<Party>().ok()?);
    }
    (verb == "offer" && !target.is_empty() && words.next().is_none()).then_some(entry)
}
