//! 004 and 005: what clients can count on.
//!
//! Runs in the client's thread, under the registry's lock.

use wire::limits::{AWAY, HOST, KEY, NICK, REASON, ROOM, TOPIC, USER};
use wire::numeric;

use super::limits::{BANS, MASKS};
use super::modes::{Flags, WITH_PARAMETER};
use crate::core::context::CommandContext;
use crate::core::limits::{ROOMS_PER_CLIENT, TARGETS};
use crate::core::server::VERSION;

/// Tokens in one line: RFC 2812 allows 15 parameters, of which the nick and the text are two.
const TOKENS: usize = 12;

pub fn welcome(ctx: &mut CommandContext<'_>) {
    let flags = flags();
    let with_parameter = String::from_iter(WITH_PARAMETER);
    let mut letters: Vec<char> = flags.chars().chain(with_parameter.chars()).collect();
    letters.sort_unstable();
    let letters = String::from_iter(letters);
    ctx.replies.bare(numeric::RPL_MYINFO, &[ctx.server.name(), VERSION, "i", &letters, &with_parameter]);
    send_isupport(ctx);
}

/// The letters of the modes without a parameter.
fn flags() -> String {
    Flags::ALL.iter().map(|(letter, _)| letter).collect()
}

/// 005.
pub fn send_isupport(ctx: &mut CommandContext<'_>) {
    for tokens in isupport(ctx.server.name()).chunks(TOKENS) {
        ctx.reply(numeric::RPL_ISUPPORT, &tokens.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

fn isupport(network: &str) -> Vec<String> {
    let flags = flags();
    vec![
        "CASEMAPPING=ascii".into(),
        format!("CHANMODES=b,k,l,{flags}"),
        "CHANTYPES=#".into(),
        "ELIST=MNU".into(),
        "MODES".into(),
        // A network of one server.
        format!("NETWORK={network}"),
        "PREFIX=(ov)@+".into(),
        "UTF8ONLY".into(),
        format!("AWAYLEN={AWAY}"),
        format!("CHANLIMIT=#:{ROOMS_PER_CLIENT}"),
        format!("CHANNELLEN={ROOM}"),
        format!("HOSTLEN={HOST}"),
        format!("KEYLEN={KEY}"),
        format!("KICKLEN={REASON}"),
        format!("MAXLIST=b:{BANS}"),
        format!("NICKLEN={NICK}"),
        format!("TOPICLEN={TOPIC}"),
        format!("USERLEN={USER}"),
        // Each condition of LIST, and each name in WHOIS, may be a mask.
        format!(
            "TARGMAX=JOIN:,KICK:,LIST:{MASKS},NAMES:{TARGETS},NOTICE:{TARGETS},PART:,PRIVMSG:{TARGETS},TAGMSG:{TARGETS},\
             WHOIS:{MASKS},WHOWAS:{TARGETS}"
        ),
    ]
}
