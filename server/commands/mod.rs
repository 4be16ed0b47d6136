//! The one table of verbs: what each needs, and the function that carries it out.
//!
//! Everything below runs in the thread of the client who sent the line, under the registry's lock,
//! which some let go while they wait for the disk.

mod directory;
mod files;
mod listings;
mod messages;
mod modes;
mod queries;
mod registration;
mod rooms;

use std::borrow::Cow;

use wire::limits;
use wire::lines::Line;
use wire::message::Message;
use wire::names::eq_ignore_case;
use wire::numeric;

use crate::chat::Chat;
use crate::event::ClientId;
use crate::server::Server;

/// A verb of the protocol.
struct Command {
    verb: &'static str,
    /// Parameters that it cannot do without.
    needs: usize,
    /// Whether it is for those who have not registered yet, too.
    always: bool,
    run: fn(&mut Chat<'_>, &Message<'_>),
}

const fn command(verb: &'static str, needs: usize, run: fn(&mut Chat<'_>, &Message<'_>)) -> Command {
    Command { verb, needs, always: false, run }
}

const fn before_registration(verb: &'static str, needs: usize, run: fn(&mut Chat<'_>, &Message<'_>)) -> Command {
    Command { verb, needs, always: true, run }
}

/// Every verb that the server knows, the frequent ones first.
const COMMANDS: &[Command] = &[
    command("PRIVMSG", 0, messages::privmsg),
    command("NOTICE", 0, messages::notice),
    command("TAGMSG", 0, messages::tagmsg),
    before_registration("PING", 0, registration::ping),
    before_registration("PONG", 0, registration::pong),
    command("JOIN", 1, rooms::join),
    command("PART", 1, rooms::part),
    command("NAMES", 0, listings::names),
    command("LIST", 0, listings::list),
    command("TOPIC", 1, rooms::topic),
    command("INVITE", 2, rooms::invite),
    command("KICK", 2, rooms::kick),
    command("MODE", 1, modes::mode),
    command("WHO", 0, listings::who),
    command("WHOIS", 1, listings::whois),
    command("USERHOST", 1, queries::userhost),
    command("ISON", 1, queries::ison),
    command("AWAY", 0, messages::away),
    command("FILE", 1, files::file),
    command("GETDIR", 0, directory::getdir),
    command("MAKEROOM", 3, directory::makeroom),
    command("DELETEROOM", 1, directory::deleteroom),
    command("LUSERS", 0, queries::lusers),
    command("MOTD", 0, queries::motd),
    command("VERSION", 0, queries::version),
    command("TIME", 0, queries::time),
    before_registration("CAP", 1, registration::cap),
    before_registration("PASS", 1, registration::pass),
    before_registration("NICK", 0, registration::nick),
    before_registration("USER", 4, registration::user),
    before_registration("QUIT", 0, registration::quit),
    #[cfg(test)]
    command("PANIC", 0, |_, _| panic!("a test asked for it")),
];

/// What the session has to know of a line that was carried out.
pub struct Outcome {
    pub registered: bool,
    /// The server has asked for the line.
    pub is_free: bool,
    /// Why the session ends, if it does.
    pub leaving: Option<String>,
}

/// Carries out one line, or says what is wrong with it.
pub fn run(server: &Server, client: ClientId, line: &Line<'_>) -> Outcome {
    let text = match line {
        Line::Complete(bytes) => String::from_utf8_lossy(bytes),
        Line::TooLong => Cow::Borrowed(""),
    };
    let message = Message::parse(&text);
    let fault = match &text {
        Cow::Owned(_) => Some(("INVALID_UTF8", "Your message was not UTF-8; it was not carried out")),
        text if text.contains('\0') => {
            Some(("INVALID_MESSAGE", "Your message held a NUL byte; it was not carried out"))
        }
        Cow::Borrowed(_) => None,
    };
    let mut chat = Chat::enter(server, client);
    if *line == Line::TooLong {
        let text = format!("Line too long: {} bytes at most; it was not carried out", limits::LINE);
        chat.reply_text(numeric::ERR_INPUTTOOLONG, &[], &text);
    } else if let Some(message) = message {
        carry_out(&mut chat, &message, fault);
    }
    // When `chat` goes, the replies are sent and the registry is unlocked.
    Outcome { registered: chat.me().registered, is_free: chat.is_free, leaving: chat.leaving.take() }
}

fn carry_out(chat: &mut Chat<'_>, message: &Message<'_>, fault: Option<(&str, &str)>) {
    let known = COMMANDS.iter().find(|command| message.verb.eq_ignore_ascii_case(command.verb));
    if let Some((code, text)) = fault {
        // A standard reply (`IRCv3` standard replies; UTF8ONLY) for what no numeric says. The verb is
        // one of the table, or `*`: what the client sent may be anything.
        let (server, verb) = (&chat.server.name, known.map_or("*", |command| command.verb));
        return chat.replies.line(format_args!(":{server} FAIL {verb} {code} :{text}"));
    }
    let registered = chat.me().registered;
    match known {
        Some(command) if !registered && !command.always => chat.reply(numeric::ERR_NOTREGISTERED, &[]),
        None if !registered => chat.reply(numeric::ERR_NOTREGISTERED, &[]),
        None => chat.reply(numeric::ERR_UNKNOWNCOMMAND, &[message.verb]),
        Some(command) if message.params.len() < command.needs => need_more_params(chat, command.verb),
        Some(command) => (command.run)(chat, message),
    }
}

fn need_more_params(chat: &mut Chat<'_>, verb: &str) {
    chat.reply(numeric::ERR_NEEDMOREPARAMS, &[verb]);
}

/// The items of a list with commas, each once.
fn distinct(list: &str) -> Vec<&str> {
    let mut items: Vec<&str> = Vec::new();
    for item in list.split(',').filter(|item| !item.is_empty()) {
        if !items.iter().any(|other| eq_ignore_case(other, item)) {
            items.push(item);
        }
    }
    items
}

/// Hands over the words, with spaces between them, in as few lines as hold them whole. One buffer
/// serves for all lines: what a thread allocates at once its allocator keeps for it.
fn each_line(words: impl Iterator<Item = String>, most: usize, mut send: impl FnMut(&str)) {
    let mut line = String::with_capacity(most);
    for word in words {
        if !line.is_empty() && line.len() + 1 + word.len() > most {
            send(&line);
            line.clear();
        }
        line.extend([if line.is_empty() { "" } else { " " }, &word]);
    }
    if !line.is_empty() {
        send(&line);
    }
}
