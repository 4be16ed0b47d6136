//! The limits of room modes, each with its unit and its reason.

/// Entries of one room's ban list: each is matched at every join.
pub const BANS: usize = 64;
/// Open invitations of one room; the oldest is forgotten first.
pub const INVITES: usize = 256;
