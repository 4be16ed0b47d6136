//! What mail adds to `who` at the server's console: the people who are known, and not here.
//!
//! Runs in the thread `console`. The index is locked for a few names at a time.

use wire::mask::wildcard_match;
use wire::text::pluralize;

use super::store::Mail;
use crate::core::console::show;
use crate::core::server::Server;

pub fn absent(mail: &Mail, server: &Server, name: &str) {
    let (mut rows, mut after) = (Vec::new(), Some(String::new()));
    while let Some(last) = after {
        let (names, next) = mail.index().absent(&last);
        after = next;
        rows.extend(names.into_iter().filter(|(known, _)| name.is_empty() || wildcard_match(name, known)).map(
            |(known, messages)| {
                let waiting = if messages == 0 { String::new() } else { pluralize(messages, "message") + " waiting" };
                [known, waiting]
            },
        ));
    }
    if rows.is_empty() {
        return;
    }
    server.log.line(format_args!("Known, but not here: {}", rows.len()));
    show(server, &rows);
}
