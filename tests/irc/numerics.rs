//! Every numeric of the table is provoked, in a little scene of its own, and comes with the right parameters.

use wire::numeric::{
    ALL, ERR_SASLABORTED, ERR_SASLFAIL, ERR_SASLTOOLONG, ERR_UNKNOWNERROR, Numeric, RPL_LOGGEDIN, RPL_SASLMECHS,
    RPL_SASLSUCCESS, RPL_WHOISCERTFP, RPL_WHOISSECURE,
};

use crate::harness::{Client, Server};

/// What is said, by whom, and the numeric that answers the last line, without the text that the table has for it. Each
/// name is a client: `new` has not registered, all others have. `server:` gives the server's options.
type Scene = (&'static [&'static str], &'static str);

const SCENES: &[Scene] = &[
    (&["new: NICK al", "new: USER al 0 * :Al"], "001 al :Welcome to the chat, al!al@127.0.0.1"),
    (&["new: NICK al", "new: USER al 0 * :Al"], "002 al :Your host is groupchat, running groupchat-*"),
    (&["new: NICK al", "new: USER al 0 * :Al"], "003 al :This server was started at 20*Z"),
    (&["new: NICK al", "new: USER al 0 * :Al"], "004 al groupchat groupchat-* i b*v bklov"),
    (&["new: NICK al", "new: USER al 0 * :Al"], "005 al CASEMAPPING=ascii *"),
    (&["alice: MODE alice"], "221 alice +"),
    (&["bob: MODE bob +i", "alice: LUSERS"], "251 alice :There are 1 users and 1 invisible on 1 servers"),
    (&["alice: LUSERS"], "252 alice 0"),
    (&["new: PING x", "alice: LUSERS"], "253 alice 1"),
    (&["bob: JOIN #a,#b", "alice: LUSERS"], "254 alice 2"),
    (&["alice: LUSERS"], "255 alice :I have 1 clients and 0 servers"),
    (&["bob: QUIT", "alice: LUSERS"], "265 alice 1 * :Current local users 1, max *"),
    (&["alice: LUSERS"], "266 alice 1 1 :Current global users 1, max 1"),
    (&["bob: AWAY :tea", "alice: PRIVMSG bob :hello"], "301 alice bob :tea"),
    (&["alice: USERHOST alice"], "302 alice :alice=+alice@127.0.0.1"),
    (&["alice: ISON alice bob"], "303 alice :alice"),
    (&["alice: AWAY"], "305 alice"),
    (&["alice: AWAY :tea"], "306 alice"),
    (&["alice: WHOIS alice"], "311 alice alice alice 127.0.0.1 * :alice"),
    (&["alice: WHOIS alice"], "312 alice alice groupchat"),
    (&["bob: NICK rob", "alice: WHOWAS BOB"], "314 alice bob bob 127.0.0.1 * :bob"),
    (&["alice: WHO"], "315 alice *"),
    (&["alice: WHOIS alice"], "317 alice alice * 1*"),
    (&["alice: WHOIS ALICE"], "318 alice ALICE"),
    (&["alice: JOIN #a", "alice: WHOIS alice"], "319 alice alice :@#a"),
    (&["alice: LIST"], "321 alice Room"),
    (&["bob: JOIN #a", "bob: TOPIC #a :tea", "alice: LIST"], "322 alice #a 1 :tea"),
    (&["alice: LIST"], "323 alice"),
    (&["bob: JOIN #a", "bob: MODE #a +lk 5 x", "alice: MODE #a"], "324 alice #a +klnt * 5"),
    (&["bob: JOIN #a", "alice: MODE #A"], "329 alice #a 1*"),
    (&["bob: JOIN #a", "alice: TOPIC #a"], "331 alice #a"),
    (&["alice: JOIN #a", "alice: TOPIC #a :tea", "alice: TOPIC #a"], "332 alice #a :tea"),
    (&["bob: JOIN #a", "bob: TOPIC #a :tea", "alice: JOIN #a"], "333 alice #a bob 1*"),
    (&["bob: JOIN #a", "alice: JOIN #b", "alice: INVITE BOB #B"], "341 alice bob #b"),
    (&["alice: VERSION"], "351 alice groupchat-* groupchat :a group chat, one thread per client"),
    (&["alice: WHO alice"], "352 alice * alice 127.0.0.1 groupchat alice H :0 alice"),
    (&["alice: JOIN #a"], "353 alice = #a :@alice"),
    (&["alice: JOIN #a"], "366 alice #a"),
    (&["alice: JOIN #a", "alice: MODE #a +b bob", "alice: MODE #a b"], "367 alice #a bob!*@* alice 1*"),
    (&["bob: JOIN #a", "alice: MODE #a b"], "368 alice #a"),
    (&["alice: WHOWAS Bob"], "369 alice Bob"),
    (&["server: --motd Cargo.toml", "alice: MOTD"], "372 alice :- [package]"),
    (&["server: --motd Cargo.toml", "alice: MOTD"], "375 alice :- groupchat Message of the day -"),
    (&["server: --motd Cargo.toml", "alice: MOTD"], "376 alice"),
    (&["alice: TIME"], "391 alice groupchat :20*Z"),
    (&["alice: PRIVMSG bob :hello"], "401 alice bob"),
    (&["alice: TIME elsewhere"], "402 alice elsewhere"),
    (&["alice: PART #a"], "403 alice #a"),
    (&["bob: JOIN #a", "alice: PRIVMSG #a :x"], "404 alice #a :Cannot send (+n): join the room first"),
    (&["alice: JOIN {100 rooms}", "alice: JOIN #z"], "405 alice #z"),
    (&["alice: WHOWAS alice"], "406 alice alice"),
    (&["alice: PRIVMSG 1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g,h :x"], "407 alice h"),
    (&["new: PING"], "409 *"),
    (&["alice: CAP CLEAR"], "410 alice CLEAR"),
    (&["alice: privmsg"], "411 alice :No recipient given (PRIVMSG)"),
    (&["alice: PRIVMSG bob"], "412 alice"),
    (CROWD, "416 alice WHOIS"),
    (&["alice: PING {512 bytes}"], "417 alice :Line too long: *"),
    (&["alice: Dance now"], "421 alice Dance"),
    (&["alice: MOTD"], "422 alice"),
    (&["new: NICK"], "431 *"),
    (&["alice: NICK 9"], "432 alice 9 :A nick has *"),
    (&["bob: PING x", "alice: NICK Bob"], "433 alice Bob"),
    (&["bob: PING x", "alice: JOIN #a", "alice: KICK #a bob"], "441 alice bob #a"),
    (&["bob: JOIN #a", "alice: PART #a"], "442 alice #a"),
    (&["bob: JOIN #a", "alice: JOIN #a", "alice: INVITE bob #a"], "443 alice bob #a"),
    (
        &["bob: JOIN #a", "alice: JOIN #a", "bob: MODE #a +b alice", "alice: NICK al"],
        "447 alice al :You cannot change your nick while you, or that nick, are banned in #a",
    ),
    (&["new: JOIN #a"], "451 *"),
    (&["alice: join"], "461 alice JOIN"),
    (&["alice: USER a 0 * :A"], "462 alice"),
    (&["server: --password x", "new: NICK al", "new: USER al 0 * :Al"], "464 al"),
    (&["bob: JOIN #a", "bob: MODE #a +l 1", "alice: JOIN #a"], "471 alice #a"),
    (&["alice: JOIN #a", "alice: MODE #a +z"], "472 alice z"),
    (&["bob: JOIN #a", "bob: MODE #a +i", "alice: JOIN #a"], "473 alice #a"),
    (&["bob: JOIN #a", "bob: MODE #a +b alice", "alice: JOIN #a"], "474 alice #a"),
    (
        &["bob: JOIN #a", "bob: MODE #a +k x", "alice: JOIN #a y"],
        "475 alice #a :Cannot join (+k): this is the wrong key",
    ),
    (&["alice: JOIN #a", "alice: MODE {64 bans}", "alice: MODE #a +b x"], "478 alice #a b"),
    (&["bob: JOIN #a", "alice: JOIN #a", "alice: TOPIC #a :x"], "482 alice #a"),
    (&["alice: MODE alice +o"], "501 alice"),
    (&["bob: PING x", "alice: MODE bob"], "502 alice"),
    (&["alice: JOIN #a", "alice: MODE #a +l x"], "696 alice #a l x :A limit is a whole number from 1 up"),
];

/// Those of wings, whose own tests provoke them: a full mailbox, and keys.
const OF_WINGS: [Numeric; 9] = [
    ERR_UNKNOWNERROR,
    RPL_WHOISCERTFP,
    RPL_WHOISSECURE,
    RPL_LOGGEDIN,
    RPL_SASLSUCCESS,
    ERR_SASLFAIL,
    ERR_SASLTOOLONG,
    ERR_SASLABORTED,
    RPL_SASLMECHS,
];

/// Enough people in enough rooms that to show them all, sixteen times, takes more than may be.
const CROWD: &[&str] = &[
    "a: JOIN {100 long rooms}",
    "b: JOIN {100 long rooms}",
    "c: JOIN {100 long rooms}",
    "d: JOIN {100 long rooms}",
    "e: JOIN {100 long rooms}",
    "f: JOIN {100 long rooms}",
    "g: JOIN {100 long rooms}",
    "h: JOIN {100 long rooms}",
    "i: JOIN {100 long rooms}",
    "j: JOIN {100 long rooms}",
    "k: JOIN {100 long rooms}",
    "l: JOIN {100 long rooms}",
    "m: JOIN {100 long rooms}",
    "n: JOIN {100 long rooms}",
    "o: JOIN {100 long rooms}",
    "p: JOIN {100 long rooms}",
    "alice: WHOIS {16 masks}",
];

#[test]
fn every_numeric_of_the_table_is_provoked() {
    for numeric in ALL {
        if OF_WINGS.contains(numeric) {
            continue;
        }
        let code = format!("{:03}", numeric.code);
        let scene = SCENES.iter().find(|(_, answer)| answer.starts_with(&code));
        play(*numeric, scene.unwrap_or_else(|| panic!("no scene provokes {numeric:?}")));
    }
    assert_eq!(SCENES.len() + OF_WINGS.len(), ALL.len(), "a numeric is provoked that is not in the table");
}

fn play(numeric: Numeric, (script, answer): &Scene) {
    let options = script[0].strip_prefix("server: ");
    let server = Server::start(&options.map_or(Vec::new(), |options| options.split(' ').collect()));
    let mut clients: Vec<(&str, Client)> = Vec::new();
    let mut answers = Vec::new();
    for line in &script[usize::from(options.is_some())..] {
        let (name, said) = line.split_once(": ").unwrap();
        if !clients.iter().any(|(known, _)| *known == name) {
            let client = match name {
                "new" => server.connect(),
                _ => server.client(name),
            };
            clients.push((name, client));
        }
        let (_, client) = clients.iter_mut().find(|(known, _)| *known == name).unwrap();
        client.send(&written_out(said));
        answers = client.sync();
    }
    let text = if numeric.text.is_empty() { String::new() } else { format!(" :{}", numeric.text) };
    let whole = format!(":groupchat {answer}{text}");
    let came = answers.iter().any(|line| crate::harness::fits(&whole, line));
    assert!(came, "{script:?} gave\n{answers:#?}\nand not {whole:?}");
}

/// A line of a script, in which what is too long for the table stands in braces.
fn written_out(said: &str) -> String {
    let list = |count: usize, separator: &str| (0..count).map(|n| format!("{separator}{n}")).collect::<String>();
    let long_rooms: Vec<String> = (0..100).map(|n| format!("#{n:r>63}")).collect();
    let masks: Vec<String> = (1..=16).map(|n| "*".repeat(n)).collect();
    said.replace("{100 rooms}", &list(100, ",#"))
        .replace("{100 long rooms}", &long_rooms.join("\r\nJOIN "))
        .replace("{16 masks}", &masks.join(","))
        .replace("{512 bytes}", &"x".repeat(512))
        .replace("{64 bans}", &format!("#a +{}{}", "b".repeat(64), list(64, " ")))
}
