//! The one table of numeric replies: code, name and text of every numeric that the server can send.
//!
//! Constants only. Codes and names are those of RFC 2812, section 5, and of the Modern IRC client
//! protocol. A test provokes each of them, so an entry without a use is found.

/// A numeric reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numeric {
    /// The three digits on the wire.
    pub code: u16,
    /// Its name in the field's documents.
    pub name: &'static str,
    /// The text that stands last in it; where it is empty, each reply has a text of its own.
    pub text: &'static str,
}

macro_rules! numerics {
    ($($name:ident = $code:literal $text:literal;)*) => {
        $(
            #[doc = concat!("Numeric ", $code, ".")]
            pub const $name: Numeric = Numeric { code: $code, name: stringify!($name), text: $text };
        )*
        /// Every numeric, by code.
        pub const ALL: &[Numeric] = &[$($name),*];
    };
}

numerics! {
    RPL_WELCOME = 1 "";
    RPL_YOURHOST = 2 "";
    RPL_CREATED = 3 "";
    RPL_MYINFO = 4 "";
    RPL_ISUPPORT = 5 "are supported by this server";
    RPL_UMODEIS = 221 "";
    RPL_LUSERCLIENT = 251 "";
    RPL_LUSEROP = 252 "operators online";
    RPL_LUSERUNKNOWN = 253 "connections not yet registered";
    RPL_LUSERCHANNELS = 254 "rooms open";
    RPL_LUSERME = 255 "";
    RPL_LOCALUSERS = 265 "";
    RPL_GLOBALUSERS = 266 "";
    RPL_WHOISCERTFP = 276 "";
    RPL_AWAY = 301 "";
    RPL_USERHOST = 302 "";
    RPL_ISON = 303 "";
    RPL_UNAWAY = 305 "You are no longer marked as away";
    RPL_NOWAWAY = 306 "You are marked as away";
    RPL_WHOISUSER = 311 "";
    RPL_WHOISSERVER = 312 "A group chat, one thread per client";
    RPL_WHOWASUSER = 314 "";
    RPL_ENDOFWHO = 315 "End of WHO list";
    RPL_WHOISIDLE = 317 "seconds idle, signon time";
    RPL_ENDOFWHOIS = 318 "End of WHOIS list";
    RPL_WHOISCHANNELS = 319 "";
    RPL_LISTSTART = 321 "Users  Topic";
    RPL_LIST = 322 "";
    RPL_LISTEND = 323 "End of LIST";
    RPL_CHANNELMODEIS = 324 "";
    RPL_CREATIONTIME = 329 "";
    RPL_NOTOPIC = 331 "No topic is set";
    RPL_TOPIC = 332 "";
    RPL_TOPICWHOTIME = 333 "";
    RPL_INVITING = 341 "";
    RPL_VERSION = 351 "";
    RPL_WHOREPLY = 352 "";
    RPL_NAMREPLY = 353 "";
    RPL_ENDOFNAMES = 366 "End of NAMES list";
    RPL_BANLIST = 367 "";
    RPL_ENDOFBANLIST = 368 "End of ban list";
    RPL_ENDOFWHOWAS = 369 "End of WHOWAS";
    RPL_MOTD = 372 "";
    RPL_MOTDSTART = 375 "";
    RPL_ENDOFMOTD = 376 "End of MOTD command";
    RPL_TIME = 391 "";
    ERR_UNKNOWNERROR = 400 "";
    ERR_NOSUCHNICK = 401 "No such nick";
    ERR_NOSUCHSERVER = 402 "No such server";
    ERR_NOSUCHCHANNEL = 403 "No such room";
    ERR_CANNOTSENDTOCHAN = 404 "";
    ERR_TOOMANYCHANNELS = 405 "You are in too many rooms; leave one first";
    ERR_WASNOSUCHNICK = 406 "There was no such nick";
    ERR_TOOMANYTARGETS = 407 "Too many targets; nobody got the message";
    ERR_NOORIGIN = 409 "No origin given; PING wants a word to send back";
    ERR_INVALIDCAPCMD = 410 "Invalid CAP command";
    ERR_NORECIPIENT = 411 "";
    ERR_NOTEXTTOSEND = 412 "No text to send";
    ERR_TOOMANYMATCHES = 416 "Too much to show; ask for less, by names or masks";
    ERR_INPUTTOOLONG = 417 "";
    ERR_UNKNOWNCOMMAND = 421 "Unknown command";
    ERR_NOMOTD = 422 "There is no message of the day";
    ERR_NONICKNAMEGIVEN = 431 "No nick given";
    ERR_ERRONEUSNICKNAME = 432 "";
    ERR_NICKNAMEINUSE = 433 "Nick is already in use";
    ERR_USERNOTINCHANNEL = 441 "They are not in that room";
    ERR_NOTONCHANNEL = 442 "You are not in that room";
    ERR_USERONCHANNEL = 443 "is already in that room";
    ERR_CANTCHANGENICK = 447 "";
    ERR_NOTREGISTERED = 451 "You have not registered; send NICK and USER first";
    ERR_NEEDMOREPARAMS = 461 "Not enough parameters";
    ERR_ALREADYREGISTERED = 462 "You are already registered";
    ERR_PASSWDMISMATCH = 464 "Password missing or wrong";
    ERR_CHANNELISFULL = 471 "Cannot join (+l): the room is full";
    ERR_UNKNOWNMODE = 472 "is not a mode of rooms here";
    ERR_INVITEONLYCHAN = 473 "Cannot join (+i): the room is by invitation only";
    ERR_BANNEDFROMCHAN = 474 "Cannot join (+b): you are banned from the room";
    ERR_BADCHANNELKEY = 475 "";
    ERR_BANLISTFULL = 478 "The ban list is full; remove a ban first";
    ERR_CHANOPRIVSNEEDED = 482 "You are not an operator of that room";
    ERR_UMODEUNKNOWNFLAG = 501 "Unknown user mode";
    ERR_USERSDONTMATCH = 502 "You can see and change only your own modes";
    RPL_WHOISSECURE = 671 "is using a secure connection";
    ERR_INVALIDMODEPARAM = 696 "";
    RPL_LOGGEDIN = 900 "";
    RPL_SASLSUCCESS = 903 "SASL authentication successful";
    ERR_SASLFAIL = 904 "";
    ERR_SASLTOOLONG = 905 "SASL message too long";
    ERR_SASLABORTED = 906 "SASL authentication aborted";
    RPL_SASLMECHS = 908 "are the SASL mechanisms";
}

/// The text of 301 when a message waits in the mailbox of a recipient that is not connected.
pub const OFFLINE: &str = "offline, stored";

/// The text of 433 when a nick belongs to another key than the client's.
pub const BOUND: &str = "Nick belongs to another key; connect with TLS and that key, or choose another nick";

/// The text of 433 when another client with the same key has a nick.
pub const HELD: &str = "Nick is in use by another connection with your key; REGAIN <nick> takes it from there";

/// The text of 433 when REGAIN takes a nick to and fro.
pub const TOO_OFTEN: &str = "Nick has gone from one connection with your key to another too often; wait five minutes";

/// The text of a NOTICE to a client that waits for the answer to NICK or REGAIN.
pub const ASKING: &str = "Another connection with your key has the nick; asking it whether it is still there";

/// Why a client is disconnected whose nick goes to another one with the same key.
pub const REPLACED: &str = "Replaced by a newer connection";

/// Why a client is disconnected that the operator of the server removes.
pub const REMOVED: &str = "Removed by the operator of the server";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn protocol_md_has_the_same_table() {
        let document = include_str!("../PROTOCOL.md");
        for Numeric { code, name, text } in ALL {
            let row = format!("| {code:03} | `{name}` | {text} |\n");
            assert!(document.contains(&row), "PROTOCOL.md has no row {row:?}");
        }
    }
}
