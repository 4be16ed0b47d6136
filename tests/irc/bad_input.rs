//! Parameters that are no words, and lines that ask for much.

use wire::message::Message;

use crate::harness::Server;
use crate::limits::limit;

/// In a reply each parameter but the last is one word, whatever stood in the request, or its reader
/// takes one for another.
#[test]
fn a_strange_parameter_does_not_shift_those_of_the_reply() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let commands = [
        ("WHOIS", 401),
        ("WHOIS", 318),
        ("WHO", 315),
        ("MODE", 401),
        ("JOIN", 403),
        ("PART", 403),
        ("TOPIC", 403),
        ("NAMES", 366),
        ("VERSION", 402),
        ("CAP", 410),
        ("TAGMSG", 401),
        ("MODE #a +o", 401),
        ("MODE #a +b", 367),
        ("INVITE bob", 403),
        ("KICK #a", 401),
    ];
    let mut shifted = Vec::new();
    for (command, code) in commands {
        for strange in [":two words", "::x", ":#two words"] {
            alice.send(&format!("{command} {strange}"));
            let mut answers = alice.sync();
            if code == 367 {
                answers.extend(bob.sync());
                alice.send("MODE #a b");
                answers.extend(alice.sync());
            }
            let count = if code == 367 { 5 } else { 3 };
            let is_wrong = |message: &Message<'_>| match message.verb {
                "MODE" => message.params.len() != 3 || message.params[2].contains(' '),
                verb => verb == code.to_string() && message.params.len() != count,
            };
            let wrong = answers.into_iter().filter(|line| is_wrong(&Message::parse(line).unwrap()));
            shifted.extend(wrong.map(|line| format!("{command} {strange} -> {line}")));
        }
    }
    assert!(shifted.is_empty(), "{shifted:#?}");
}

#[test]
fn one_line_does_not_ask_for_the_same_many_times() {
    let server = Server::start(&[]);
    let [mut alice, _bob] = server.room("#a", ["alice", "bob"]);
    alice.ask(&format!("NAMES #a{}", ",#A".repeat(150)), &["353 = #a :@alice bob", "366 #a"]);
    alice.ask(&format!("MODE #a +{}", "b".repeat(400)), &["368 #a"]);
    alice.send(&format!("WHOIS {}", "bob,BOB,".repeat(50)));
    assert_eq!(alice.sync().len(), ["311", "319", "312", "317", "318"].len());
    let unknown = |count| (0..count).map(|number| format!("n{number}")).collect::<Vec<_>>().join(",");
    alice.send(&format!("WHOIS {}", unknown(limit("TARGETS"))));
    assert_eq!(alice.sync().len(), limit("TARGETS") + 1);
    // What is too much is refused, not cut.
    alice.ask(&format!("WHOIS {}", unknown(limit("TARGETS") + 1)), &["416 WHOIS", "318 *"]);
}
