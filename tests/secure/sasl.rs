//! AUTHENTICATE: clients that want to hear that their certificate counts.

use crate::harness::Server;

#[test]
fn a_certificate_is_an_account() {
    let server = Server::start(&[]);
    let mut tesla = server.connect_with_key("tesla");
    tesla.send("CAP LS 302");
    assert!(tesla.receive().unwrap().split([' ', ':']).any(|word| word == "sasl=EXTERNAL"));
    tesla.send("CAP REQ :sasl");
    tesla.expect(":groupchat CAP * ACK :sasl");
    // Whatever identity is asked for ("tesla", in base 64), it is that of the key.
    for identity in ["+", "dGVzbGE="] {
        tesla.send("AUTHENTICATE external");
        tesla.expect("AUTHENTICATE +");
        tesla.send(&format!("AUTHENTICATE {identity}"));
        let logged_in = tesla.receive().unwrap();
        let account = logged_in.split(' ').nth(4).unwrap();
        assert_eq!(logged_in, format!(":groupchat 900 * *!*@127.0.0.1 {account} :You are known by the key {account}"));
        server.program.expect_log(&format!("speaks TLS with key {account}"));
        tesla.expect("903 :SASL authentication successful");
    }
    tesla.send("CAP END");
    tesla.register("tesla");
}

#[test]
fn who_has_no_certificate_or_another_mechanism_hears_so() {
    let server = Server::start(&[]);
    let mut plain = server.connect();
    let no_certificate = "904 :You have shown no client certificate; connect with TLS and one";
    plain.ask("AUTHENTICATE EXTERNAL", &["AUTHENTICATE +"]);
    plain.ask("AUTHENTICATE +", &[no_certificate]);
    let others = ["908 EXTERNAL :are the SASL mechanisms", "904 :There is only the mechanism EXTERNAL"];
    // The exchange has ended: this is no answer, but the name of a mechanism.
    plain.ask("AUTHENTICATE +", &others);
    plain.ask("AUTHENTICATE PLAIN", &others);
    plain.ask("AUTHENTICATE *", &["906 :SASL authentication aborted"]);
    plain.ask(&format!("AUTHENTICATE {}", "x".repeat(401)), &["905 :SASL message too long"]);
    plain.ask("AUTHENTICATE", &["461 AUTHENTICATE :Not enough parameters"]);
    plain.register("albert");
}
