//! The welcome in full, and what 005 says.

use wire::limits;

use crate::harness::Server;
use crate::limits::limit;
use crate::protocol::room_flags;

#[test]
fn the_welcome_in_full() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.send("NICK alice");
    alice.send("USER alice 0 * :Alice Example");
    alice.nick = "alice".into();
    alice.expect_only(&[
        "001 :Welcome to the chat, alice!alice@127.0.0.1",
        concat!("002 :Your host is groupchat, running groupchat-", env!("CARGO_PKG_VERSION")),
        "003 :This server was started at 20*-*-*T*:*:*Z",
        concat!("004 groupchat groupchat-", env!("CARGO_PKG_VERSION"), " i b*v bklov"),
        "005 CASEMAPPING=ascii CHANMODES=b,k,l,i* CHANTYPES=# ELIST=MNU *",
        "005 *",
        "251 :There are 1 users and 0 invisible on 1 servers",
        "252 0",
        "253 0",
        "254 0",
        "255 :I have 1 clients and 0 servers",
        "265 1 1 :Current local users 1, max 1",
        "266 1 1 :Current global users 1, max 1",
        "422",
    ]);
}

#[test]
fn what_005_says_is_what_limits_say() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.send("NICK alice");
    alice.send("USER alice 0 * :Alice");
    alice.nick = "alice".into();
    let welcome = alice.sync();
    let of_005 = |lines: &[String]| lines.iter().filter(|line| line.contains(" 005 ")).cloned().collect::<Vec<_>>();
    alice.send("VERSION");
    assert_eq!(of_005(&alice.sync()), of_005(&welcome));
    let said = welcome.iter().filter(|line| line.contains(" 005 "));
    let tokens: Vec<&str> = said.flat_map(|line| line.split(" :").next().unwrap().split(' ').skip(3)).collect();
    let (most, masks) = (limit("TARGETS"), limit("MASKS"));
    let expected = [
        format!("AWAYLEN={}", limits::AWAY),
        "CASEMAPPING=ascii".into(),
        format!("CHANLIMIT=#:{}", limit("ROOMS_PER_CLIENT")),
        format!("CHANMODES=b,k,l,{}", room_flags().concat()),
        format!("CHANNELLEN={}", limits::ROOM),
        "CHANTYPES=#".into(),
        "ELIST=MNU".into(),
        format!("HOSTLEN={}", limits::HOST),
        format!("KEYLEN={}", limits::KEY),
        format!("KICKLEN={}", limits::REASON),
        format!("MAXLIST=b:{}", limit("BANS")),
        "MODES".into(),
        "NETWORK=groupchat".into(),
        format!("NICKLEN={}", limits::NICK),
        "PREFIX=(ov)@+".into(),
        format!(
            "TARGMAX=JOIN:,KICK:,LIST:{masks},NAMES:{most},NOTICE:{most},PART:,PRIVMSG:{most},TAGMSG:{most},\
             WHOIS:{masks},WHOWAS:{most}"
        ),
        format!("TOPICLEN={}", limits::TOPIC),
        format!("USERLEN={}", limits::USER),
        "UTF8ONLY".into(),
    ];
    let mut sorted = tokens.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
}
