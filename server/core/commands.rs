//! The one table of verbs: what each needs, and the function that carries it out.
//!
//! Runs in the thread of the client that sent the line, under the registry's lock.

use std::borrow::Cow;

use wire::fail::Fail;
use wire::limits::{CLIENT_TAGS, LINE};
use wire::lines::{Line, Part};
use wire::message::Message;
use wire::numeric;
use wire::os;

use super::context::{Command, CommandContext, Connection, RANDOM};
use super::{messages, names, registration, rooms};

/// Every verb of the core, the frequent ones first.
pub fn table() -> Vec<Command> {
    vec![
        Command::new("PRIVMSG", 0, messages::privmsg),
        Command::new("NOTICE", 0, messages::notice),
        Command::new("TAGMSG", 0, messages::tagmsg),
        Command::new("PING", 0, registration::ping).before_registration(),
        Command::new("PONG", 0, registration::pong).before_registration(),
        Command::new("JOIN", 1, rooms::join),
        Command::new("PART", 1, rooms::part),
        Command::new("NAMES", 0, names::names),
        Command::new("AWAY", 0, messages::away),
        Command::new("CAP", 1, registration::cap).before_registration(),
        Command::new("PASS", 1, registration::pass).before_registration(),
        Command::new("NICK", 0, registration::nick).before_registration(),
        Command::new("USER", 4, registration::user).before_registration(),
        Command::new("QUIT", 0, registration::quit).before_registration(),
    ]
}

/// What the session has to know of a line that was carried out.
pub struct Outcome {
    pub registered: bool,
    /// The server has asked for the line.
    pub flood_exempt: bool,
    /// Tokens that the line has cost beyond its first.
    pub cost: u32,
    /// Lines that it has completed.
    pub lines: u32,
    /// Why the session ends, if it does.
    pub leaving: Option<String>,
}

/// Carries out one line, or says what is wrong with it.
pub fn run(connection: &Connection, line: &Line<'_>) -> Outcome {
    let text = match line {
        Line::Complete(bytes) => String::from_utf8_lossy(bytes),
        Line::TooLong(_) => Cow::Borrowed(""),
    };
    let message = Message::parse(&text);
    let (server, wings) = (&connection.server, &connection.wings);
    let find = |verb: &str| wings.commands.iter().find(|command| verb.eq_ignore_ascii_case(command.verb));
    let known = message.as_ref().and_then(|message| find(message.verb));
    let fault = match &text {
        Cow::Owned(_) => Some(("INVALID_UTF8", "Your message was not UTF-8; it was not carried out")),
        text if text.contains('\0') => {
            Some(("INVALID_MESSAGE", "Your message held a NUL byte; it was not carried out"))
        }
        Cow::Borrowed(_) => None,
    };
    // Before the lock is taken, since it is a read of a file.
    let random = if known.is_some_and(|command| command.draws) { os::random() } else { Ok([0; RANDOM]) };
    let mut ctx =
        CommandContext::enter(server, wings, connection.id, random.as_ref().map_or([0; RANDOM], |bytes| *bytes));
    // A line that is too long has no verb.
    ctx.me_mut().rejected += u64::from(known.is_none() || fault.is_some());
    if let Line::TooLong(part) = line {
        let most = match part {
            Part::Tags => format!("{CLIENT_TAGS} bytes of tags"),
            Part::Message => format!("{LINE} bytes"),
        };
        let text = format!("Line too long: {most} at most; it was not carried out");
        ctx.reply_text(numeric::ERR_INPUTTOOLONG, &[], &text);
    } else if let Some((code, text)) = fault.filter(|_| message.is_some()) {
        // UTF8ONLY. The verb is one of the table, or `*`: the client may have sent anything.
        let verb = known.map_or("*", |command| command.verb);
        ctx.replies.fail(Fail { verb, code, context: None, text });
    } else if let (Some(command), Err(error)) = (known, random) {
        let text = format!("The server has no random numbers ({error}); try again later");
        ctx.reply_text(numeric::ERR_UNKNOWNERROR, &[command.verb], &text);
    } else if let Some(message) = message {
        carry_out(&mut ctx, known, &message);
    }
    // Nobody's flood shall stand before the lines of all.
    ctx.give_way();
    // When `ctx` is dropped, the replies are sent and the registry is unlocked.
    let (registered, flood_exempt, cost) = (ctx.me().registered, ctx.flood_exempt, ctx.total_cost());
    Outcome { registered, flood_exempt, cost, lines: ctx.lines, leaving: ctx.leaving.take() }
}

fn carry_out(ctx: &mut CommandContext<'_>, known: Option<&Command>, message: &Message<'_>) {
    let registered = ctx.me().registered;
    match known {
        Some(command) if !registered && !command.always => ctx.reply(numeric::ERR_NOTREGISTERED, &[]),
        None if !registered => ctx.reply(numeric::ERR_NOTREGISTERED, &[]),
        None => ctx.reply(numeric::ERR_UNKNOWNCOMMAND, &[message.verb]),
        Some(command) if message.params.len() < command.needs => ctx.need_more_params(command.verb),
        Some(command) => (command.run)(ctx, message),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::core::broadcaster::broadcaster_loop;
    use crate::core::context::Wings;
    use crate::core::limits;
    use crate::core::listener::accept_loop;
    use crate::core::log::Log;
    use crate::core::options::Options;
    use crate::core::server::Server;

    /// A server of the core alone, with one verb more.
    fn start() -> SocketAddr {
        let (log, _) = Log::start(false).unwrap();
        let (events, global_buffer) = mpsc::sync_channel(limits::GLOBAL_BUFFER);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(Server::new(Options::of(&[]), log, events));
        let mut commands = table();
        commands.push(Command::new("PANIC", 0, |_, _| panic!("a test asked for it")));
        let wings = Arc::new(Wings::plug_in(Vec::new(), commands));
        thread::spawn(move || broadcaster_loop(&global_buffer));
        thread::spawn(move || accept_loop(&listener, &server, &wings, &mpsc::channel().0));
        address
    }

    /// Registers, joins #a, and returns what comes after that.
    fn join(address: SocketAddr, nick: &str) -> impl Iterator<Item = String> + use<> {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(socket, "NICK {nick}\r\nUSER {nick} 0 * :x\r\nJOIN #a\r\n").unwrap();
        if nick == "bob" {
            write!(socket, "PANIC\r\n").unwrap();
        }
        let mut lines = BufReader::new(socket).lines().map_while(Result::ok);
        lines.find(|line| line.contains(" 366 "));
        lines
    }

    #[test]
    fn a_panic_ends_that_session_only_and_is_cleaned_up() {
        let address = start();
        let mut alice = join(address, "alice");
        let mut bob = join(address, "bob");
        assert_eq!(bob.next().as_deref(), Some("ERROR :Closing connection: Internal error"));
        assert_eq!(bob.next(), None);
        assert_eq!(alice.next().as_deref(), Some(":bob!bob@127.0.0.1 JOIN #a"));
        assert_eq!(alice.next().as_deref(), Some(":bob!bob@127.0.0.1 QUIT :Internal error"));
        // The thread that panicked held the lock: the chat, and the name, are to be had all the same.
        let mut bob = join(address, "bob");
        assert_eq!(bob.next().as_deref(), Some("ERROR :Closing connection: Internal error"));
        assert_eq!(alice.next().as_deref(), Some(":bob!bob@127.0.0.1 JOIN #a"));
    }
}
