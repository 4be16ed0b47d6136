//! What mail adds to `who` at the server's console: the people who are known, and not here.
//!
//! Runs in the thread `console`. The index is locked for a few names at a time.

use wire::mask::wildcard_match;
use wire::text::pluralize;

use super::store::Mail;
use crate::core::console::show;
use crate::core::server::Server;

/// Names in one row of the console: of the longest ones about two fit 80 columns, of usual ones six.
const ROW: usize = 72;

pub fn absent(mail: &Mail, server: &Server, name: &str) {
    let (mut all, mut after) = (Vec::new(), Some(String::new()));
    while let Some(last) = after {
        let (names, next) = mail.index().absent(&last);
        after = next;
        let asked = names.into_iter().filter(|(known, _)| name.is_empty() || wildcard_match(name, known));
        all.extend(asked.map(|(known, messages)| match messages {
            0 => known,
            count => format!("{known} ({})", pluralize(count, "message")),
        }));
    }
    if all.is_empty() {
        return;
    }
    server.log.line(format_args!("Known, but not here: {}", all.len()));
    show(server, &rows(&all));
}

/// As many names in each row as fit it.
fn rows(names: &[String]) -> Vec<[String; 1]> {
    let mut rows = Vec::<[String; 1]>::new();
    for name in names {
        match rows.last_mut().filter(|[row]| row.len() + name.len() < ROW) {
            Some([row]) => row.extend([", ", name]),
            None => rows.push([name.clone()]),
        }
    }
    rows
}
