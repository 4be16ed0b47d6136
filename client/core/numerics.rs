//! Numeric replies as sentences for people.
//!
//! Pure; the receiver thread calls it with the state locked.

use super::model::is_room;
use super::modes;
use wire::numeric::{self as n, Numeric};

/// Numerics that are of no interest to a person in a chat, or that only end a list.
#[rustfmt::skip]
const SILENT: &[Numeric] = &[
    n::RPL_WELCOME, n::RPL_YOURHOST, n::RPL_CREATED, n::RPL_MYINFO, n::RPL_ISUPPORT,
    n::RPL_LUSERCLIENT, n::RPL_LUSEROP, n::RPL_LUSERUNKNOWN, n::RPL_LUSERCHANNELS, n::RPL_LUSERME, n::RPL_LOCALUSERS,
    n::RPL_GLOBALUSERS, n::RPL_WHOISSERVER, n::RPL_ENDOFWHO, n::RPL_ENDOFWHOIS, n::RPL_LISTSTART, n::RPL_LISTEND,
    n::RPL_CREATIONTIME, n::RPL_ENDOFBANLIST, n::RPL_ISON, n::RPL_TOPICWHOTIME, n::RPL_NAMREPLY, n::RPL_ENDOFNAMES,
    n::RPL_MOTDSTART, n::RPL_ENDOFMOTD, n::ERR_NOMOTD,
];

/// Numerics that other servers send at login: unique id, statistics, the host that is shown.
const SILENT_ELSEWHERE: &[u16] = &[42, 250, 396];

/// Numerics that say that we are not in a room, or did not get in.
#[rustfmt::skip]
const REFUSALS: [Numeric; 7] = [
    n::ERR_NOSUCHCHANNEL, n::ERR_TOOMANYCHANNELS, n::ERR_NOTONCHANNEL, n::ERR_CHANNELISFULL, n::ERR_INVITEONLYCHAN,
    n::ERR_BANNEDFROMCHAN, n::ERR_BADCHANNELKEY,
];

/// The same of other servers: a bad mask or name (476, 479), registered names only (477).
const REFUSALS_ELSEWHERE: [u16; 3] = [476, 477, 479];
const NO_NAMES: [u16; 2] = [476, 479];

/// Refusals outside the 400s and 500s: try again later (263), a mode (696), a recipient who wants no messages from us
/// (716), no leave or no way to do it (972).
const REFUSALS_ABOVE: [u16; 4] = [263, n::ERR_INVALIDMODEPARAM.code, 716, 972];

/// Takes the place of [`n::BOUND`] where we have shown no key.
const WITHOUT_KEY: &str = "Nick belongs to a key";

/// Takes the place of the text of a 475, which not all servers word so that one can tell them apart.
pub const WRONG_KEY: &str = "wrong key";

/// The parameters of a numeric, as they are meant on a connection in plain text or in TLS.
pub fn in_plain<'a>(is_plain: bool, code: u16, params: &[&'a str]) -> Vec<&'a str> {
    let mut params = params.to_vec();
    let is_bound = is_plain && code == n::ERR_NICKNAMEINUSE.code;
    params.last_mut().filter(|last| is_bound && **last == n::BOUND).into_iter().for_each(|last| *last = WITHOUT_KEY);
    params
}

/// The numeric in words; `None` when there is nothing to say. `params` come without our own name.
pub fn sentence(code: u16, params: &[&str]) -> Option<String> {
    if SILENT.iter().any(|silent| silent.code == code) || SILENT_ELSEWHERE.contains(&code) {
        return None;
    }
    let [first, second, third] = [0, 1, 2].map(|index| params.get(index).copied().unwrap_or_default());
    let last = params.last().copied().unwrap_or_default();
    let numeric = n::ALL.iter().find(|numeric| numeric.code == code).copied();
    Some(match numeric {
        Some(n::RPL_AWAY) if last == n::OFFLINE => format!("{first} is offline and gets it later"),
        Some(n::RPL_AWAY) => format!("{first} is away: {last}"),
        Some(n::RPL_UNAWAY) => "You are no longer away".to_owned(),
        Some(n::RPL_NOWAWAY) => "You are away; people who write to you are told".to_owned(),
        Some(n::RPL_WHOISUSER) => format!("{first} is {second}@{third} ({last})"),
        Some(n::RPL_WHOISSECURE) => format!("{first} speaks TLS"),
        Some(n::RPL_WHOISCERTFP) => format!("{first} has the key {}", last.rsplit(' ').next().unwrap_or_default()),
        Some(n::RPL_WHOISIDLE) => format!("{first} has said nothing for {second} s"),
        Some(n::RPL_WHOISCHANNELS) => format!("{first} is in {last}"),
        Some(n::RPL_LIST) => {
            let topic = if params.len() > 2 { last } else { "" };
            format!("{first:<20} {second:>4} here   {topic}").trim_end().to_owned()
        }
        Some(n::RPL_NOTOPIC) => format!("{first} has no topic"),
        Some(n::RPL_TOPIC) => format!("Topic of {first}: {last}"),
        Some(n::RPL_INVITING) => format!("{first} is invited to {second}"),
        Some(n::RPL_WHOREPLY) => who(params),
        Some(n::RPL_CHANNELMODEIS) => modes::of_room(first, &params[1.min(params.len())..]),
        Some(n::RPL_UMODEIS) => modes::of_user(first),
        Some(n::RPL_BANLIST) => format!("{first} is closed to {second}"),
        Some(n::RPL_MOTD) => last.to_owned(),
        _ if NO_NAMES.contains(&code) => format!("There can be no room called {first} here"),
        _ => numeric.and_then(|numeric| error(numeric, first, second, last)).unwrap_or_else(|| params.join(" ")),
    })
}

/// A row of the table that `/who` prints. The last parameter is a hop count and the real name.
fn who(params: &[&str]) -> String {
    let &[room, user, host, _, nick, flags, last] = params else { return params.join(" ") };
    let away = if flags.starts_with('G') { "away" } else { "here" };
    let operator = if flags.contains('@') { "operator" } else { "" };
    let real_name = last.split_once(' ').map_or("", |(_, name)| name);
    // About one person there may be no room.
    let room = if room == "*" { String::new() } else { format!("{room}  ") };
    format!("{room}{nick:<20} {away} {operator:<8} {user}@{host} ({real_name})")
}

fn error(numeric: Numeric, first: &str, second: &str, last: &str) -> Option<String> {
    Some(match numeric {
        n::ERR_NOSUCHNICK if !is_room(first) => format!("Nobody is called {first}"),
        n::ERR_NOSUCHNICK | n::ERR_NOSUCHCHANNEL => format!("There is no room {first}"),
        n::ERR_CANNOTSENDTOCHAN => format!("You cannot send to {first}: {last} (nothing was sent)"),
        n::ERR_UNKNOWNERROR | n::ERR_CANTCHANGENICK => last.to_owned(),
        n::ERR_INPUTTOOLONG => "That line was too long for the server (nothing was sent)".to_owned(),
        n::ERR_UNKNOWNCOMMAND => format!("The server does not know the command {first}"),
        n::ERR_ERRONEUSNICKNAME => format!("The server does not take {first} as a name: {last}"),
        n::ERR_NICKNAMEINUSE if last == n::BOUND => format!("The name {first} belongs to another key than yours"),
        n::ERR_NICKNAMEINUSE if last == WITHOUT_KEY => format!(
            "The name {first} belongs to a key, and plain text shows none: connect with TLS, without --plain, if it is yours"
        ),
        n::ERR_NICKNAMEINUSE if last == n::HELD => format!(
            "The name {first} is in use by another client of yours; a client started with --take-over takes it from there"
        ),
        n::ERR_NICKNAMEINUSE if last == n::TOO_OFTEN => {
            format!("The name {first} has gone to and fro between clients of yours too often; wait five minutes")
        }
        n::ERR_NICKNAMEINUSE => format!("The name {first} is taken"),
        n::ERR_USERNOTINCHANNEL => format!("{first} is not in {second}"),
        n::ERR_NOTONCHANNEL => format!("You are not in {first}"),
        n::ERR_USERONCHANNEL => format!("{first} is in {second} already"),
        n::ERR_TOOMANYCHANNELS => format!("You cannot enter {first}: you are in too many rooms"),
        n::ERR_CHANNELISFULL => format!("You cannot enter {first}: it is full"),
        n::ERR_INVITEONLYCHAN => format!("You cannot enter {first}: it is by invitation only"),
        n::ERR_BANNEDFROMCHAN => format!("You cannot enter {first}: you are banned"),
        n::ERR_BADCHANNELKEY if last == WRONG_KEY => format!("You cannot enter {first}: it has another key than that"),
        n::ERR_BADCHANNELKEY => format!("You cannot enter {first} without its key: /join {first} KEY"),
        n::ERR_INVALIDMODEPARAM => format!("Not done in {first}: {last}"),
        n::ERR_CHANOPRIVSNEEDED => format!("You do not run {first}"),
        _ => return None,
    })
}

/// Whether a numeric says that something that we asked for is not done.
pub fn refuses(code: u16) -> bool {
    (400..600).contains(&code) && code != n::ERR_NOMOTD.code || REFUSALS_ABOVE.contains(&code)
}

/// The verb that alone can bring about a refusal, where there is such a verb.
pub fn refused_verb(code: u16) -> &'static str {
    match code {
        404 | 407 | 411 | 412 => "PRIVMSG",
        405 | 470 | 471 | 473..=475 | 477 | 479 => "JOIN",
        431..=433 | 436 | 438 | 447 => "NICK",
        _ => "",
    }
}

/// Whether a numeric says that we are not in the room it names, or did not get in.
pub fn refuses_room(code: u16) -> bool {
    REFUSALS.iter().any(|refusal| refusal.code == code) || REFUSALS_ELSEWHERE.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        for (code, params, expected) in [
            (401, &["bob", "No such nick"][..], "Nobody is called bob"),
            (401, &["#x", "No such nick or channel"], "There is no room #x"),
            (403, &["#x", "No such room"], "There is no room #x"),
            (404, &["#x", "it is moderated"], "You cannot send to #x: it is moderated (nothing was sent)"),
            (417, &["Too long"], "That line was too long for the server (nothing was sent)"),
            (421, &["FOO", "Unknown command"], "The server does not know the command FOO"),
            (433, &["bob", "Nick is already in use"], "The name bob is taken"),
            (433, &["bob", n::BOUND], "The name bob belongs to another key than yours"),
            (
                433,
                &["bob", n::HELD],
                "The name bob is in use by another client of yours; a client started with --take-over takes it from there",
            ),
            (276, &["bob", "has client certificate fingerprint 12ab"], "bob has the key 12ab"),
            (447, &["bo", "You are banned in #x"], "You are banned in #x"),
            (475, &["#x", "+k"], "You cannot enter #x without its key: /join #x KEY"),
            (301, &["bob", "lunch"], "bob is away: lunch"),
            (301, &["bob", "offline, stored"], "bob is offline and gets it later"),
            (400, &["PRIVMSG", "bob", "Not sent to bob: the mailbox is full"], "Not sent to bob: the mailbox is full"),
            (322, &["#dev", "3", "work"], "#dev                    3 here   work"),
            (332, &["#dev", "work"], "Topic of #dev: work"),
            (311, &["bob", "b", "host", "*", "Bob B"], "bob is b@host (Bob B)"),
            (
                352,
                &["#x", "b", "host", "srv", "bob", "G@", "0 Bob B"],
                "#x  bob                  away operator b@host (Bob B)",
            ),
            (475, &["#x", "+k", WRONG_KEY], "You cannot enter #x: it has another key than that"),
            (696, &["#x", "k", "*", "A key has no space"], "Not done in #x: A key has no space"),
            (479, &["&x", "Invalid channel name"], "There can be no room called &x here"),
            (324, &["#x", "+n"], "Modes of #x: +n (only members may talk)"),
            (221, &["+"], "You have no modes"),
            (367, &["#x", "troll!*@*", "bob", "1"], "#x is closed to troll!*@*"),
            (372, &["- hello"], "- hello"),
            (472, &["x", "is not a mode of rooms here"], "x is not a mode of rooms here"),
            (599, &["a", "says hi"], "a says hi"),
        ] {
            assert_eq!(sentence(code, params).as_deref(), Some(expected));
        }
    }

    #[test]
    fn plain_text_is_said_to_show_no_key() {
        let shown = |is_plain| sentence(433, &in_plain(is_plain, 433, &["bob", n::BOUND])).unwrap();
        assert_eq!(shown(false), "The name bob belongs to another key than yours");
        assert!(shown(true).contains("without --plain"));
        assert_eq!(in_plain(true, 433, &["bob", "x"]), ["bob", "x"]);
        assert!(in_plain(true, 433, &[]).is_empty());
    }

    #[test]
    fn chatter_at_login_is_silent() {
        for code in [1, 5, 251, 255, 265, 333, 353, 366, 376, 422] {
            assert_eq!(sentence(code, &["x"]), None);
        }
    }

    #[test]
    fn refusals_say_that_something_is_not_done() {
        for code in [400, 401, 403, 404, 417, 421, 432, 461, 473, 474, 475, 482, 696] {
            assert!(refuses(code), "{code}");
        }
        for code in [1, 301, 305, 332, 353, 366, 372, 422, 671, 900] {
            assert!(!refuses(code), "{code}");
        }
        let verbs = [404, 475, 433, 401].map(refused_verb);
        assert_eq!(verbs, ["PRIVMSG", "JOIN", "NICK", ""]);
    }

    #[test]
    fn no_numeric_makes_it_panic() {
        for code in 0..1000 {
            for params in [&[][..], &[""], &["a"], &["a", "b"], &["a", "b", "c", "d", "e", "f", "g"]] {
                let _ = sentence(code, params);
            }
        }
    }
}
