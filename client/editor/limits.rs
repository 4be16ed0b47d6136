//! The limits of the editor, each with its unit and its reason.
//!
//! Constants only: no thread, no lock.

use std::time::Duration;

// --- The line -----------------------------------------------------------------------------------

/// Bytes of text that is being edited: the input loop takes no longer line.
pub const TEXT: usize = 60 * 1024;
/// Changes that can be undone: more than anybody counts.
pub const UNDO: usize = 100;
/// Bytes of one paste; a longer one is refused. A text of that size is better sent as a file.
pub const PASTE: usize = 1024 * 1024;
/// Lines of a paste that go into the line without a question.
pub const PASTED_LINES: usize = 3;
/// Bytes of a paste that go into the line without a question: about ten messages.
pub const PASTED_BYTES: usize = 4096;
/// Bytes of one sequence: the longest, in which a terminal says what it can do, has about 60.
pub const SEQUENCE: usize = 256;
/// How long the rest of a sequence may take after its escape character; then that was the Escape key.
pub const ESCAPE: Duration = Duration::from_millis(50);
/// The same for a string in which a terminal answers: on a slow line that is long, and nobody types one.
pub const STRING: Duration = Duration::from_secs(1);

// --- What is remembered -------------------------------------------------------------------------

/// Lines of the history that are kept.
pub const HISTORY: usize = 2000;
/// Files of pastes that are kept, since the last of them may still be on their way.
pub const PASTES: usize = 20;
/// Lines that are drawn again when the window gets another size: the highest windows have fewer rows.
pub const RECENT: usize = 200;
/// Messages of one conversation that wait until the user turns to it; the scrollback keeps no more.
pub const UNSEEN: usize = 500;
/// Completions among which one can go round.
pub const CANDIDATES: usize = 200;

// --- The screen ---------------------------------------------------------------------------------

/// Names that are said of those who came or left, before the others are counted.
pub const NAMED: usize = 2;
/// People who are counted in one line; then another one begins, since a server may let any number come.
pub const PASSERS: usize = 2000;
/// Conversations with unread messages that the prompt names; the others are counted.
pub const UNREAD_NAMED: usize = 3;
/// The window's size where the terminal does not say it.
pub const SIZE: (usize, usize) = (80, 24);
/// The bell does not ring more often.
pub const BELL: Duration = Duration::from_secs(1);
