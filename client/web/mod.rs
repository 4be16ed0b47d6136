//! The chat in a window: a page that the client serves on loopback, beside the terminal.
//!
//! ```text
//!   events ──> view (any thread, state locked) ──JSON──> feed, a ring
//!                                                         │ each page at its own pace
//!   browser <──GET /events───────────── "page" thread <───┘
//!   browser ───POST /lines, /files────> "page" thread ──takes the turn──> the table of commands
//! ```
//!
//! From the bottom up; a file uses only files above it in this list.
//!
//! - [`limits`]: every limit, with its reason
//! - [`http`]: requests and answers; [`guard`]: who may ask
//! - [`address`]: the address of the page, for the terminal alone
//! - [`json`]: events as JSON; [`feed`]: the ring of them; [`view`]: the pages as a view of the model
//! - [`lines`], [`files`]: what a page sends; [`room`]: what it asks the server for
//! - [`snapshot`]: what a page begins with
//! - [`places`]: how many connections there may be
//! - [`server`]: the threads that serve pages; [`terminal`]: the one that reads the terminal beside them
//! - [`wing`]: the hooks
//!
//! It uses these hooks of the core: `view`, `capability`, `start`, `connected`, `ready` and `tick`. It stands on the files
//! wing.
//!
//! # The contract with the page
//!
//! HTTP/1.1. `Host`, and `Origin` if there is one, have to be exactly `127.0.0.1:PORT` or `localhost:PORT`. All but the
//! page itself wants `Authorization: Bearer TOKEN`; the token is what stands behind the `#` of the address, and no answer
//! holds it. An answer other than 200 is `{"error": "a sentence for the user"}`; one of 409 has a `verb`, too, for a button
//! that sends the same again with `is_sure`. The `conversation` has the `id` that its summary had; another one is refused.
//! Names in which there are characters that are not seen have them as `<U+200B>`.
//!
//! | request | body or query | answer |
//! | --- | --- | --- |
//! | `GET /`, `/page.css`, `/page.js` | | the page |
//! | `GET /events` | `after=N`: lines behind this number | lines of JSON without end; a snapshot first if that is too old |
//! | `GET /conversation` | `name=NAME` | `{id, n, name, topic, members: [nick], ranks, away: [[nick, why]], |
//! | | `events=none`: without them | events: [event]}`: what is up to `n`; `ranks` are the marks of members that have any, by folded nick: `{albert: "@"}` |
//! | `GET /room` | `name=#ROOM` | `{modes: ["+ntk", "key"], bans: [mask]}`, as the server says it now |
//! | `POST /answer` | `{number, text}`: to a question | `{}`; 409 when somebody was faster |
//! | `POST /lines` | `{conversation, id, text, is_sure}`; `null` for none | `{conversation}`: where the user is then |
//! | `POST /read` | `{conversation}` | `{}`: nothing in it is unread now, in all windows |
//! | `POST /files` | `name=NAME&conversation=NAME&id=ID`; the bytes are the body | `{}`: it is on its way |
//! | `GET /files/ID` | | a file that has come: an image as such, all others as an attachment |
//!
//! A text is what would be typed at the terminal in that conversation: a command, or text to send. A command that leads
//! elsewhere (`/join #lab`) moves neither the terminal nor other windows. 422 says that the line was refused, 503 that it
//! could not be tried. 409 says that it would leave the chat, which the user has to be asked: `is_sure` says so.
//!
//! A conversation that another wing leads without the server, such as a multicast room, has a name that no nick and no
//! room can have: `[lab] (multicast)`. A line of it goes there or is refused. When a page takes the terminal out of it, by
//! `/part` or into another one, the terminal talks to nobody.
//!
//! The page is served before the client has a connection. Whatever it asks the user meanwhile at the terminal (for a name,
//! whether to take it from another client, whether to try again) it asks the pages, too, and the first answer counts. For
//! `consent`, `y` is yes, and any other text is no.
//!
//! Lines of `/events` have a `type`, and all but `snapshot` and `beat` a number `n`, each one more than the one before:
//!
//! | type | fields |
//! | --- | --- |
//! | `hello` | `run`: comes first; where it is another one than before, another program has the port now |
//! | `snapshot` | `n`, `nick`, `server`, `is_connected`, `is_starting`: it never was, `question`: the open one or |
//! | | `null`, `target`: the conversation at the terminal, `conversations`: summaries, `notes`: events of no |
//! | | conversation, `transfers`, `blacklist`: names, `commands`: `{usage, help}`, `longest_text`, `largest_file` |
//! | `question` | `number`, `text`, `reason`: perhaps empty, `wants`: `name` or `consent`, `offer`: a name, or empty |
//! | `answered` | `number`: that question is closed, by this page, another or the terminal |
//! | `started` | `nick`: the first connection is there |
//! | `conversation` | a summary that is new or has changed: `name`, `unread`, `people`, `topic`, `is_aside`: it is such a one, |
//! | | `was`: the name that this person had before |
//! | `closed` | `name`: there is no such conversation any more |
//! | `blacklist` | `names`: all names of people of whom the user wants to see nothing |
//! | `transfers` | `list` of `{id, name, peer, is_upload, is_running, done, total, figures}`; `/cancel ID` ends one |
//! | `ended` | `why`, or empty: the client ends, and so does the stream |
//! | `presence` | `nick`, `away`: why, or `null` for here; without `nick` `/conversation` knows who is away |
//! | `beat` | nothing has happened for a while |
//! | an event | see below |
//!
//! An event has its `time` (RFC 3339), the `conversation` that it belongs to (or `conversations`, or none), and `msgid`,
//! `mentions`, `waited` (it was stored until we came), `uncertain` (it was perhaps shown before) where that is so. All but
//! the first two have a `sentence`.
//!
//! | type | fields |
//! | --- | --- |
//! | `said` | `from`, `text` (rows end with `\n`), `manner`: `text`, `action` or `notice` |
//! | `we_said` | the same, said by us in any window |
//! | `joined`, `left` | `nick` |
//! | `removed` | `nick`, by an operator |
//! | `renamed` | `old`, `new` |
//! | `topic` | `topic`; empty when it was removed |
//! | `mode` | the room's modes, or the rank of somebody there, have changed |
//! | `invited` | `by`, into `conversation` |
//! | `nick` | `nick`: our own name now |
//! | `we_joined`, `we_left` | |
//! | `connected`, `lost` | `seconds` until the next attempt |
//! | `offered` | `id`, `name`, `size`, `from`, `to_room`, `comes`: by itself; else `/get ID` fetches it |
//! | `saved` | `id`, `name`, `size`, `from`; it is at `/files/ID` |
//! | `sent` | `name`, `size`, `to` |
//! | `note` | anything else, said by its `sentence`, which has columns where `is_table`; `actions`: `[words, command]` |

mod address;
mod feed;
mod files;
mod guard;
mod http;
mod json;
mod limits;
mod lines;
mod places;
mod room;
mod server;
mod snapshot;
mod terminal;
mod view;
mod wing;

pub use terminal::WithPage;
pub use wing::{Page, PageOptions};
