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
/// Clients that WHOWAS remembers: those of the last day or two, about 100 KiB.
pub const WHOWAS: usize = 500;
/// Those of one party among them: a class behind one router.
pub const WHOWAS_OF_PARTY: usize = 100;
