use super::*;

/// A limit as PROTOCOL.md writes it.
trait Written {
    fn written(&self) -> String;
}

impl Written for usize {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for u16 {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for u32 {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for u64 {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for Duration {
    fn written(&self) -> String {
        let text = format!("{self:?}");
        let unit = text.find(|c: char| !c.is_ascii_digit()).expect("a duration has a unit");
        format!("{} {}", &text[..unit], &text[unit..])
    }
}

macro_rules! rows {
    ($($name:ident),* $(,)?) => { [$((stringify!($name), $name.written())),*] };
}

#[test]
fn protocol_md_and_this_file_agree() {
    let rows = rows![
        LINE,
        CLIENT_TAGS,
        SERVER_TAGS,
        NICK,
        USER,
        HOST,
        ROOM,
        KEY,
        TOPIC,
        AWAY,
        REASON,
        REALNAME,
        SERVER_NAME,
        REPEATED,
        MASK,
        SOURCE,
        TARGETS,
        ROOMS_PER_CLIENT,
        BANS,
        INVITES,
        NAMES_PER_KEY,
        MAX_CLIENTS,
        MAX_PER_IP,
        GLOBAL_BUFFER,
        REPLY_CHUNK,
        OUTBOX,
        ANSWER,
        BATCH,
        OUTBOX_KEEP,
        LOG_LINES,
        FILE_NAME,
        KNOWN_NAMES,
        MAILBOX,
        MAIL,
        MAIL_BATCH,
        MAX_FILE,
        SPOOL_QUOTA,
        FILE_DAYS,
        FILES,
        FILES_PER_SENDER,
        SPOOL_SHARE,
        FILE_RECIPIENTS,
        TRANSFERS,
        PLACES,
        PLACE_PORT,
        TOKEN,
        TOKEN_LIFE,
        COPY_BUFFER,
        DATA_STALL,
        DATA_SLOW,
        DATA_MINUTE,
        UPLOAD_REST,
        REGISTRATION,
        PING_INTERVAL,
        OUTBOX_STALL,
        OUTBOX_LEFT,
        OUTBOX_RETRY,
        OUTBOX_WARM,
        GATHER_SHARE,
        GATHER_LEAST,
        GATHER_MOST,
        READ_NAP,
        LINGER,
        LOG_PAUSE,
        SHUTDOWN_FLUSH,
        SHUTDOWN_PAUSE,
        ACCEPT_PAUSE,
        FLOOD_RATE,
        FLOOD_BURST,
        CLIENT_STACK,
        READ_BUFFER
    ];
    let source = include_str!("../limits.rs");
    let declared = source.lines().filter(|line| line.starts_with("pub const ")).count();
    assert_eq!(declared, rows.len(), "a limit is missing from this test");
    let document = include_str!("../../PROTOCOL.md");
    for (name, value) in rows {
        let row = format!("| `{name}` | {value} |");
        assert!(document.contains(&row), "PROTOCOL.md has no row {row:?}");
    }
}

#[test]
fn the_longest_lines_fit() {
    let kick = SOURCE + "KICK ".len() + ROOM + 1 + NICK + " :\r\n".len() + REASON;
    let topic = 1 + SERVER_NAME + " 332 ".len() + NICK + 1 + ROOM + " :\r\n".len() + TOPIC;
    let ban = 1 + SERVER_NAME + " 367 ".len() + NICK + 1 + ROOM + 1 + MASK + 1 + NICK + 1 + 20 + 2;
    for length in [kick, topic, ban] {
        assert!(length <= LINE, "{length}");
    }
}
