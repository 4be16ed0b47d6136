//! Coming and going: CAP, PASS, NICK, USER, PING, PONG, QUIT.
//!
//! Runs in the client's thread, under the registry's lock.

use wire::limits;
use wire::message::Message;
use wire::names::{casefold, is_nick};
use wire::numeric;
use wire::text::truncate;
use wire::time::iso8601;

use super::{need_more_params, queries};
use crate::chat::Chat;
use crate::event::{Caps, Line};
use crate::keys::Bound;
use crate::mail;
use crate::registry::NotYours;
use crate::server::VERSION;

/// What 005 tells clients about this server, besides what is made of limits below.
const ISUPPORT: &[&str] =
    &["CASEMAPPING=ascii", "CHANMODES=b,k,l,imnst", "CHANTYPES=#", "ELIST=MNU", "MODES", "PREFIX=(ov)@+", "UTF8ONLY"];

pub fn pass(chat: &mut Chat<'_>, message: &Message<'_>) {
    if chat.me().registered {
        return chat.reply(numeric::ERR_ALREADYREGISTERED, &[]);
    }
    chat.me_mut().password = message.param(0).map(str::to_owned);
}

pub fn nick(chat: &mut Chat<'_>, message: &Message<'_>) {
    let Some(wanted) = message.param(0) else {
        return chat.reply(numeric::ERR_NONICKNAMEGIVEN, &[]);
    };
    if !is_nick(wanted) {
        let text =
            format!("A nick has 1 to {} letters, digits or -[]\\`_^{{|}} and starts with no digit or -", limits::NICK);
        return chat.reply_text(numeric::ERR_ERRONEUSNICKNAME, &[wanted], &text);
    }
    let (before, registered) = (chat.me().source(), chat.me().registered);
    if chat.me().nick.as_deref() == Some(wanted) {
        return;
    }
    let old = chat.me().nick.clone();
    match take(chat, wanted) {
        Ok(()) => {}
        Err(NotYours::InUse) => return chat.reply(numeric::ERR_NICKNAMEINUSE, &[wanted]),
        Err(NotYours::Bound) => return chat.reply_text(numeric::ERR_NICKNAMEINUSE, &[wanted], numeric::BOUND),
    }
    chat.replies.rename(wanted);
    if registered {
        chat.me_mut().renamed = true;
        chat.registry.files.rename(old.as_deref().unwrap_or_default(), wanted);
        chat.tell_peers(Line::new(format_args!(":{before} NICK {wanted}")));
        chat.log(format_args!("was called {} before", old.as_deref().unwrap_or_default()));
        if let Some(told) = bind(chat) {
            chat.replies.notice(&told);
        }
        mail::arrive(chat);
    } else {
        welcome_when_ready(chat);
    }
}

/// Gives the client a name. What the table refuses, the disk may allow: a name can be released while the server runs.
fn take(chat: &mut Chat<'_>, nick: &str) -> Result<(), NotYours> {
    let taken = chat.registry.take_nick(chat.id, nick);
    let folded = casefold(nick);
    let owner = chat.registry.keys.stored_owner(&folded).filter(|_| taken == Err(NotYours::Bound));
    let Some(owner) = owner else { return taken };
    if chat.unlocked(|server| server.key_folder.is_released(&folded)) {
        chat.registry.keys.release(&folded, owner);
    }
    chat.registry.take_nick(chat.id, nick)
}

/// The client's name belongs to its key from now on, if it has one. With an answer there is something to tell.
fn bind(chat: &mut Chat<'_>) -> Option<String> {
    let key = chat.me().key?;
    let nick = chat.me().nick().to_owned();
    let name = casefold(&nick);
    // Its own name, too, can have been released meanwhile: then it is bound anew.
    if let Some(owner) = chat.registry.keys.stored_owner(&name)
        && chat.unlocked(|server| server.key_folder.is_released(&name))
    {
        chat.registry.keys.release(&name, owner);
    }
    match chat.registry.keys.bind(&name, key) {
        Bound::Already | Bound::Theirs => return None,
        Bound::TooMany => return Some(format!("{nick} is not bound to your key: there are too many names already")),
        Bound::New => {}
    }
    let owner = chat.registry.keys.owner(&name)?;
    if let Err(error) = chat.unlocked(|server| server.key_folder.store(&name, key)) {
        chat.registry.keys.release(&name, owner);
        chat.server.log.line(format_args!("The key of {name} cannot be stored: {error}"));
        return Some(format!("{nick} could not be bound to your key: the server's disk fails"));
    }
    chat.registry.keys.mark_stored(&name);
    chat.log(format_args!("has the name for the key {key}"));
    Some(format!("{nick} belongs to your key from now on; nobody else can take the name"))
}

pub fn user(chat: &mut Chat<'_>, message: &Message<'_>) {
    if chat.me().user.is_some() {
        return chat.reply(numeric::ERR_ALREADYREGISTERED, &[]);
    }
    let (Some(user), Some(realname)) = (message.param(0), message.param(3)) else {
        return need_more_params(chat, "USER");
    };
    // What could be mistaken for a part of `nick!user@host`, or for a mask, is left out.
    let plain: String = user.chars().filter(|c| c.is_ascii_alphanumeric() || "-._[]\\`^{|}".contains(*c)).collect();
    let plain = if plain.is_empty() { "user" } else { truncate(&plain, limits::USER) };
    let realname = truncate(realname, limits::REALNAME).to_owned();
    let plain = plain.to_owned();
    let me = chat.me_mut();
    (me.user, me.realname) = (Some(plain), realname);
    welcome_when_ready(chat);
}

pub fn quit(chat: &mut Chat<'_>, message: &Message<'_>) {
    let reason = message.param(0).map_or("Quit".into(), |reason| format!("Quit: {}", truncate(reason, limits::REASON)));
    chat.leaving = Some(reason);
}

pub fn ping(chat: &mut Chat<'_>, message: &Message<'_>) {
    match message.param(0) {
        Some(token) => chat.replies.line(format_args!(":{0} PONG {0} :{token}", chat.server.name)),
        None => chat.reply(numeric::ERR_NOORIGIN, &[]),
    }
}

/// That a line came at all is what counts, which the session has noted, unless this confirms letters.
/// Some clients put a server's name in front of the token.
pub fn pong(chat: &mut Chat<'_>, message: &Message<'_>) {
    if let Some(token) = message.params.last() {
        mail::confirm(chat, token);
    }
}

pub fn cap(chat: &mut Chat<'_>, message: &Message<'_>) {
    let subcommand = message.params[0];
    let registering = !chat.me().registered;
    match subcommand.to_ascii_uppercase().as_str() {
        "LS" => {
            let version: u32 = message.param(1).and_then(|version| version.parse().ok()).unwrap_or_default();
            chat.me_mut().negotiating = registering;
            if version >= 302 {
                chat.me_mut().cap_302 = true;
                chat.me_mut().caps.set(Caps::CAP_NOTIFY, true);
            }
            answer_cap(chat, "LS", &cap_names(|_| true));
        }
        "LIST" => {
            let mine = chat.me().caps;
            answer_cap(chat, "LIST", &cap_names(|cap| mine.has(cap)));
        }
        "REQ" => {
            let Some(&wanted) = message.params.get(1) else { return need_more_params(chat, "CAP") };
            chat.me_mut().negotiating = registering;
            request(chat, wanted);
        }
        "END" => {
            chat.me_mut().negotiating = false;
            if registering {
                welcome_when_ready(chat);
            }
        }
        _ => chat.reply(numeric::ERR_INVALIDCAPCMD, &[subcommand]),
    }
}

/// Turns capabilities on and off: all that are named, or none.
fn request(chat: &mut Chat<'_>, wanted: &str) {
    let mut caps = chat.me().caps;
    for word in wanted.split_ascii_whitespace() {
        let (name, on) = word.strip_prefix('-').map_or((word, true), |name| (name, false));
        match Caps::ALL.iter().find(|(known, _)| *known == name) {
            Some(&(_, Caps::CAP_NOTIFY)) if !on && chat.me().cap_302 => return answer_cap(chat, "NAK", wanted),
            Some(&(_, cap)) => caps.set(cap, on),
            None => return answer_cap(chat, "NAK", wanted),
        }
    }
    answer_cap(chat, "ACK", wanted);
    chat.me_mut().caps = caps;
    chat.capabilities_changed();
}

fn answer_cap(chat: &mut Chat<'_>, subcommand: &str, caps: &str) {
    let nick = chat.me().nick().to_owned();
    chat.replies.line(format_args!(":{} CAP {nick} {subcommand} :{caps}", chat.server.name));
}

fn cap_names(wanted: impl Fn(Caps) -> bool) -> String {
    let names: Vec<_> = Caps::ALL.iter().filter(|(_, cap)| wanted(*cap)).map(|(name, _)| *name).collect();
    names.join(" ")
}

/// Ends the registration once nick and user are there and no negotiation is open.
fn welcome_when_ready(chat: &mut Chat<'_>) {
    let me = chat.me();
    if me.nick.is_none() || me.user.is_none() || me.negotiating {
        return;
    }
    if chat.server.password.is_some() && me.password != chat.server.password {
        chat.reply(numeric::ERR_PASSWDMISMATCH, &[]);
        chat.leaving = Some("Password missing or wrong".into());
        return;
    }
    // Before the welcome: what is acknowledged holds.
    let told = bind(chat);
    chat.registry.mark_registered(chat.id);
    chat.log(format_args!("has taken a name"));
    let (name, source) = (chat.server.name.clone(), chat.me().source());
    chat.reply_text(numeric::RPL_WELCOME, &[], &format!("Welcome to the chat, {source}"));
    chat.reply_text(numeric::RPL_YOURHOST, &[], &format!("Your host is {name}, running {VERSION}"));
    let started = iso8601(chat.server.started);
    chat.reply_text(numeric::RPL_CREATED, &[], &format!("This server was started at {started}"));
    chat.replies.bare(numeric::RPL_MYINFO, &[&name, VERSION, "i", "biklmnostv", "bklov"]);
    for tokens in isupport().chunks(12) {
        chat.reply(numeric::RPL_ISUPPORT, &tokens.iter().map(String::as_str).collect::<Vec<_>>());
    }
    queries::lusers(chat, &Message::default());
    queries::motd(chat, &Message::default());
    if let Some(told) = told {
        chat.replies.notice(&told);
    }
    mail::arrive(chat);
}

/// The tokens of 005.
fn isupport() -> Vec<String> {
    let mut tokens: Vec<String> = ISUPPORT.iter().copied().map(String::from).collect();
    let numbers = [
        ("AWAYLEN=", limits::AWAY),
        ("CHANLIMIT=#:", limits::ROOMS_PER_CLIENT),
        ("CHANNELLEN=", limits::ROOM),
        ("HOSTLEN=", limits::HOST),
        ("KEYLEN=", limits::KEY),
        ("KICKLEN=", limits::REASON),
        ("MAXLIST=b:", limits::BANS),
        ("NICKLEN=", limits::NICK),
        ("TOPICLEN=", limits::TOPIC),
        ("USERLEN=", limits::USER),
    ];
    tokens.extend(numbers.map(|(name, number)| format!("{name}{number}")));
    let most = limits::TARGETS;
    tokens.push(format!("TARGMAX=JOIN:,KICK:,LIST:,NAMES:1,NOTICE:{most},PART:,PRIVMSG:{most},TAGMSG:{most},WHOIS:1"));
    tokens
}
