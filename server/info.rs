//! The info of a file in the spool: a text with a line for each thing that has happened to the file.
//!
//! Pure functions, called by whoever reads or writes the spool.
//!
//! ```text
//! offer 1764030000 3355443 tesla!tesla@127.0.0.1 #lab :photo.jpg
//! done 1a2b3c4d albert clara         it is whole, has this sum and is for these
//! told                               it was announced; behind it stand the letters that did it, if any:
//! told albert 0650e5b2a1c3f0-000000000a clara 0650e5b2a1c3f0-000000000b
//! got albert                         he has it
//! out clara                          she does not want it
//! ```

use std::iter;

use crate::entry::{Entry, FileId};
use crate::letter::Msgid;
use crate::mail::Handed;
use crate::person::Recipient;

/// The first line.
pub fn offer(entry: &Entry) -> String {
    let Entry { offered, source, target, size, name, .. } = entry;
    format!("offer {offered} {size} {source} {target} :{name}")
}

/// It is whole, and for these.
pub fn done(crc: u32, names: &[String]) -> String {
    format!("done {crc:08x} {}", names.join(" "))
}

/// It was announced, by these letters.
pub fn told(letters: &[Handed]) -> String {
    letters.iter().fold("told".to_owned(), |line, (name, id)| format!("{line} {name} {id}"))
}

/// Somebody has it.
pub fn got(name: &str) -> String {
    format!("got {name}")
}

/// Somebody does not want it.
pub fn out(name: &str) -> String {
    format!("out {name}")
}

/// What an info says, or what is wrong with it.
pub fn read(id: FileId, info: &str) -> Result<Entry, String> {
    let mut lines = info.lines();
    let mut entry = lines.next().and_then(|line| offered(id, line)).ok_or("its first line is not an offer")?;
    for line in lines {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let what = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (what, u32::from_str_radix(what.1, 16)) {
            (("done", _), Ok(crc)) => {
                entry.crc = Some(crc);
                entry.recipients = words.map(Recipient::new).collect();
            }
            (("told", name), _) => {
                let words: Vec<_> = iter::once(name).chain(words).collect();
                let letters = words.as_chunks().0.iter();
                entry.letters = letters.filter_map(|[name, id]| Some(((*name).into(), Msgid::parse(id)?))).collect();
                entry.told = true;
            }
            (("got", name), _) => {
                let recipients = entry.recipients.iter_mut().filter(|recipient| recipient.person.is(name));
                recipients.for_each(|recipient| recipient.had = true);
            }
            (("out", name), _) => entry.recipients.retain(|recipient| !recipient.person.is(name)),
            _ => return Err(format!("it has the line {line:?}")),
        }
    }
    Ok(entry)
}

fn offered(id: FileId, line: &str) -> Option<Entry> {
    let (head, name) = line.split_once(" :")?;
    let mut words = head.split(' ');
    let [verb, offered, size, source, target] = std::array::from_fn(|_| words.next().unwrap_or_default());
    let entry = Entry::new(id, offered.parse().ok()?, source, target, size.parse().ok()?, name);
    (verb == "offer" && !target.is_empty() && words.next().is_none()).then_some(entry)
}
