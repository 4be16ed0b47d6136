//! The limits of this wing, each with its unit and its reason.

/// Entries of one room's ban list: each is matched at every join.
pub const BANS: usize = 64;
/// Open invitations of one room; the oldest is forgotten first.
pub const INVITES: usize = 256;
/// Masks in one LIST or WHOIS: each is compared with every name.
pub const MASKS: usize = 4;
/// Rooms of an invisible client that count as one entry of work: each has to be looked for among those of the client that
/// asks.
pub const ROOMS_PER_WORK: usize = 4;
