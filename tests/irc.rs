//! What only stock IRC clients ask for.
//!
//! - [`welcome`]: the whole welcome, and what 005 says
//! - [`rooms`]: operators, keys, secret rooms, LIST, TOPIC, KICK
//! - [`modes`]: MODE, bans, INVITE
//! - [`notify`]: away-notify, extended-join, invite-notify
//! - [`whowas`]: who has had a nick
//! - [`silence`]: members that may not speak
//! - [`queries`]: WHO, WHOIS, USERHOST, ISON, LUSERS, MOTD, VERSION, TIME
//! - [`costs`]: long answers, masks, and what else could keep others waiting
//! - [`capabilities`]: multi-prefix, userhost-in-names
//! - [`bad_input`]: parameters that are no words
//! - [`numerics`]: every numeric of the table is provoked

mod bad_input;
mod capabilities;
mod costs;
mod modes;
mod notify;
mod numerics;
mod queries;
mod rooms;
mod silence;
mod welcome;
mod whowas;
