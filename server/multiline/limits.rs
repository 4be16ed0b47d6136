//! The limits of this wing, each with its unit and its reason.

/// Rows of one message: a long page, and half of what a client may send at once.
pub const MULTILINE_ROWS: usize = 100;
/// Bytes of its text, with a byte for each line break: those of a full page of code. An open batch keeps them in memory.
pub const MULTILINE_BYTES: usize = 8192;
