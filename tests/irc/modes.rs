//! MODE with each of its letters, bans, and INVITE.

use wire::limits;

use crate::harness::Server;
use crate::limits::limit;

const NOT_OPERATOR: &str = "482 #a";

#[test]
fn modes_of_a_room_are_shown_and_changed() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    alice.ask("MODE #A", &["324 #a +nt", "329 #a 1*"]);
    let all = ":alice!alice@127.0.0.1 MODE #a +imsklov-nt sesame 7 bob bob";
    alice.ask("MODE #a +imsklov-nt sesame 7 bob bob", &[all]);
    bob.expect_only(&[all]);
    alice.ask("MODE #a", &["324 #a +iklms sesame 7", "329 #a 1*"]);
    // What is so already is not told again.
    alice.ask("MODE #a +i-n+lk 7 sesame", &[]);
    alice.ask("MODE #a +ov bob BOB", &[]);
    bob.ask("MODE #a -iiklo+n alice alice", &[":bob!bob@127.0.0.1 MODE #a -iklo+n * alice"]);
    alice.ask("MODE #a", &[":bob!bob@127.0.0.1 MODE #a -iklo+n * alice", "324 #a +mns", "329 #a 1*"]);
    alice.ask("MODE #a +i", &[NOT_OPERATOR]);
    // All of the line or nothing, when a parameter is missing.
    for incomplete in ["+ovkl", "+lk 5", "+mok bob", "-o", "+i-v+l", "+sb-o *!*@x"] {
        bob.ask(&format!("MODE #a {incomplete}"), &["461 MODE"]);
    }
    bob.ask("MODE #a +bk", &["368 #a", "461 MODE"]);
    bob.ask("MODE #a -k-l", &[]);
    bob.ask("MODE #a +-+", &[]);
    bob.ask("MODE #a :", &["324 #a +mns", "329 #a 1*"]);
}

#[test]
fn mistakes_in_modes_are_told() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = server.client("carol");
    alice.ask("MODE", &["461 MODE"]);
    alice.ask("MODE #nowhere", &["403 #nowhere"]);
    alice.ask("MODE #nowhere +i", &["403 #nowhere"]);
    alice.ask("MODE #a +iZm", &["472 Z", "*MODE #a +im"]);
    alice.ask("MODE #a +\u{e9}", &["472 \u{e9}"]);
    alice.ask("MODE #a +o nobody", &["401 nobody"]);
    alice.ask("MODE #a +v carol", &["441 carol #a"]);
    for bad in ["0", "-1", "+5", "few", "99999999999999999999999"] {
        alice.ask(&format!("MODE #a +l {bad}"), &[&format!("696 #a l {bad} :A limit is a whole number from 1 up")]);
    }
    for bad in ["@", "!", "!@", "@!"] {
        alice.ask(&format!("MODE #a +b {bad}"), &[&format!("696 #a b {bad} :*")]);
    }
    let bad_key = "696 #a k * :A key has 1 to 32 characters, no space or comma";
    let too_long = "k".repeat(limits::KEY + 1);
    for bad in ["a,b", ":a b", "::x", ":", &too_long] {
        alice.ask(&format!("MODE #a +k {bad}"), &[bad_key]);
    }
    alice.ask(&format!("MODE #a +k {}", &too_long[1..]), &["*MODE #a +k kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"]);
    bob.sync();
    bob.ask("MODE #a +ntsmikl x 3", &[NOT_OPERATOR]);
    bob.ask("MODE #a +b x", &[NOT_OPERATOR]);
    carol.ask("MODE #a +i", &["442 #a"]);
    // The key is for members.
    carol.ask("MODE #a", &["324 #a +ikmnt *", "329 #a 1*"]);
    alice.expect_nothing();
}

#[test]
fn changes_may_come_in_groups() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.join("#a");
    alice.ask("MODE #a +l 5 +k-t +zz -n", &["*MODE #a +lk-tn 5 +zz"]);
    alice.ask("MODE #a +i +s", &["*MODE #a +is"]);
    alice.ask("MODE #a +m +o", &["461 MODE"]);
    alice.ask("MODE #a", &["324 #a +ikls +zz 5", "329 #a 1*"]);
}

#[test]
fn a_ban_takes_an_invitation_back() {
    let server = Server::start(&[]);
    let [mut alice, mut carol, mut dave] = ["alice", "carol", "dave"].map(|nick| server.client(nick));
    alice.join("#a");
    for guest in ["carol", "dave"] {
        alice.ask(&format!("INVITE {guest} #a"), &[&format!("341 {guest} #a")]);
    }
    alice.ask("MODE #a +ib carol", &["*MODE #a +ib carol!*@*"]);
    carol.ask("JOIN #a", &["*INVITE carol #a", "474 #a"]);
    dave.ask("JOIN #a", &["*INVITE dave #a", "*JOIN #a", "353 *", "366 *"]);
    // Whom an operator invites in spite of the ban may come.
    alice.sync();
    alice.ask("INVITE carol #a", &["341 carol #a"]);
    carol.ask("JOIN #a", &["*INVITE carol #a", "*JOIN #a", "353 *", "366 *"]);
}

#[test]
fn modes_of_a_person() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.ask("MODE ALICE", &["221 +"]);
    alice.ask("MODE alice +i", &[":alice!alice@127.0.0.1 MODE alice +i"]);
    alice.ask("MODE alice +i", &[]);
    alice.ask("MODE alice", &["221 +i"]);
    alice.ask("MODE alice +x", &["501"]);
    alice.ask("MODE alice -i+wi-i", &[":alice!alice@127.0.0.1 MODE alice -i", "501"]);
    alice.ask("MODE bob", &["502"]);
    alice.ask("MODE bob +i", &["502"]);
    alice.ask("MODE nobody", &["401 nobody"]);
    bob.expect_nothing();
}

#[test]
fn what_is_closed_stays_closed() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = server.client("carol");
    let mut refused = |mode: &str, line: &str, answer: &str| {
        alice.ask(&format!("MODE #a +{mode}"), &[&format!(":alice!alice@127.0.0.1 MODE #a +{mode}")]);
        carol.ask(line, &[answer]);
        let off = mode.split(' ').next().unwrap();
        alice.send(&format!("MODE #a -{off}"));
        alice.sync();
    };
    refused("i", "JOIN #a", "473 #a");
    refused("k sesame", "JOIN #a", "475 #a *");
    refused("k sesame", "JOIN #a Sesame", "475 #a *");
    refused("l 2", "JOIN #a", "471 #a");
    alice.ask("MODE #a -n", &["*MODE #a -n"]);
    carol.ask("PRIVMSG #a :psst", &[]);
    alice.expect_only(&[":carol!carol@127.0.0.1 PRIVMSG #a :psst"]);
    alice.ask("MODE #a +n", &["*MODE #a +n"]);
    carol.ask("PRIVMSG #a :psst", &["404 #a :Cannot send (+n): join the room first"]);
    carol.ask("NOTICE #a :psst", &[]);
    alice.ask("MODE #a +ml 3", &["*MODE #a +ml 3"]);
    carol.join("#a");
    for speaker in [&mut bob, &mut carol] {
        speaker.sync();
        speaker.ask("PRIVMSG #a :?", &["404 #a :Cannot send (+m): only operators and those with voice may speak"]);
    }
    alice.ask("MODE #a +v carol", &["*JOIN #a", "*MODE #a +v carol"]);
    carol.ask("PRIVMSG #a :!", &["*MODE #a +v carol"]);
    alice.expect_only(&[":carol!carol@127.0.0.1 PRIVMSG #a :!"]);
}

#[test]
fn bans_are_kept_in_full_and_listed_to_all() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.join("#a");
    for (given, full) in [("eve", "eve!*@*"), ("*@evil", "*!*@evil"), ("x!y", "x!y@*"), ("a!b@c", "a!b@c")] {
        alice.ask(&format!("MODE #a +b {given}"), &[&format!(":alice!alice@127.0.0.1 MODE #a +b {full}")]);
    }
    alice.ask("MODE #a +bb A!B@C EVE", &[]);
    let completed = [
        ("*.evil.example", "*!*@*.evil.example"),
        ("0::1", "*!*@0::1"),
        ("carl!", "carl!*@*"),
        ("!bot", "*!bot@*"),
        ("@bad", "*!*@bad"),
        ("bot@", "*!bot@*"),
        ("*", "*!*@*"),
    ];
    for (given, full) in completed {
        alice.ask(&format!("MODE #a +b {given}"), &[&format!("*MODE #a +b {full}")]);
        alice.ask(&format!("MODE #a -b {given}"), &[&format!("*MODE #a -b {full}")]);
    }
    let mut bob = server.client("bob");
    let all = ["367 #a eve!*@* alice 1*", "367 #a *!*@evil alice 1*", "367 #a x!y@* alice 1*", "367 #a a!b@c alice 1*"];
    bob.ask("MODE #A +b", &[&all[..], &["368 #a"]].concat());
    alice.ask("MODE #a -bb+b Eve *!*@evil z", &[":alice!alice@127.0.0.1 MODE #a -bb+b eve!*@* *!*@evil z!*@*"]);
    alice.ask("MODE #a -b eve", &[]);
    bob.ask("MODE #a b", &[all[2], all[3], "367 #a z!*@* alice 1*", "368 #a"]);
}

#[test]
fn a_mask_that_is_too_long_is_refused_and_not_cut() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let stars = "*".repeat(69);
    let longest = format!("*!*@{}", "x".repeat(limits::MASK - "*!*@".len()));
    let one_more = format!("{longest}x");
    let not_completed = "x".repeat(limits::MASK - "!*@*".len() + 1);
    let masks = [&format!("*!*@{stars}.evil.example"), &one_more, &not_completed, &"x".repeat(400)];
    for mask in masks {
        for sign in ['+', '-'] {
            let shown = wire::text::truncate(mask, limits::REPEATED);
            let refused = format!("696 #a b {shown} :A mask has at most {} bytes; no ban is longer", limits::MASK);
            alice.ask(&format!("MODE #a {sign}b {mask}"), &[&refused]);
        }
    }
    bob.ask("MODE #a b", &["368 #a"]);
    alice.ask(&format!("MODE #a +b {longest}"), &[&format!("*MODE #a +b {longest}")]);
    bob.sync();
    bob.ask("PRIVMSG #a :still here", &[]);
}

#[test]
fn the_ban_list_has_an_end() {
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    alice.join("#a");
    for number in 0..limit("BANS") {
        alice.ask(&format!("MODE #a +b {number}"), &[&format!("*MODE #a +b {number}!*@*")]);
    }
    alice.ask("MODE #a +b more", &["478 #a b"]);
    let removed: String = (0..limit("BANS")).map(|number| format!(" {number}")).collect();
    alice.send(&format!("MODE #a -{}{removed}", "b".repeat(limit("BANS"))));
    let told = alice.sync().concat();
    assert!((0..limit("BANS")).all(|number| told.contains(&format!(" {number}!*@*"))), "{told}");
    alice.ask("MODE #a b", &["368 #a"]);
}

#[test]
fn the_banned_stay_out_and_are_silent() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut eve = server.client("eve");
    alice.ask("MODE #a +bb eve b?b!b*@127.*", &["*MODE #a +bb eve!*@* b?b!b*@127.*"]);
    let banned = "474 #a";
    let muted = "404 #a :Cannot send (+b): you are banned from the room";
    eve.ask("JOIN #a", &[banned]);
    bob.expect("*MODE #a +bb *");
    bob.ask("PRIVMSG #a :?", &[muted]);
    // A ban is of a name, so another name is not banned.
    eve.ask("NICK eva", &["*NICK :eva"]);
    eve.nick = "eva".into();
    eve.ask("JOIN #a", &["*JOIN #a", "353 *", "366 *"]);
    eve.ask("PRIVMSG #a :hello", &[]);
    bob.expect_only(&["*JOIN #a", ":eva!eve@127.0.0.1 PRIVMSG #a :hello"]);
    alice.ask("MODE #a +b eva", &["*JOIN #a", "*PRIVMSG*", "*MODE #a +b eva!*@*"]);
    eve.ask("PRIVMSG #a :hello", &["*MODE*", muted]);
    alice.ask("MODE #a +v eva", &["*MODE #a +v eva"]);
    eve.ask("PRIVMSG #a :hello", &["*MODE #a +v eva"]);
    alice.ask("MODE #a -bb eve b?b!b*@127.*", &["*PRIVMSG #a :hello", "*MODE #a -bb eve!*@* b?b!b*@127.*"]);
    bob.sync();
    bob.ask("PRIVMSG #a :!", &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG #a :!"]);
}

#[test]
fn an_invitation_opens_the_door_once() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = server.client("carol");
    alice.ask("INVITE carol", &["461 INVITE"]);
    alice.ask("INVITE nobody #a", &["401 nobody"]);
    alice.ask("INVITE carol #nowhere", &["403 #nowhere"]);
    alice.ask("INVITE bob #a", &["443 bob #a"]);
    carol.ask("INVITE bob #a", &["442 #a"]);
    alice.ask("MODE #a +ilb 1 carol", &["*MODE #a +ilb 1 carol!*@*"]);
    carol.ask("JOIN #a", &["474 #a"]);
    bob.sync();
    bob.ask("INVITE carol #a", &[NOT_OPERATOR]);
    carol.ask("AWAY :tea", &["306"]);
    alice.ask("INVITE CAROL #A", &["341 carol #a", "301 carol :tea"]);
    carol.expect_only(&[":alice!alice@127.0.0.1 INVITE carol #a"]);
    bob.expect_nothing();
    carol.ask("JOIN #a", &["*JOIN #a", "353 *", "366 *"]);
    carol.ask("PART #a", &["*PART #a"]);
    carol.ask("JOIN #a", &["474 #a"]);
    // It is no key, and in an open room everyone may invite.
    alice.sync();
    alice.ask("MODE #a -i+k x", &["*MODE #a -i+k x"]);
    alice.ask("INVITE carol #a", &["341 carol #a", "301 carol :tea"]);
    carol.expect(":alice!alice@127.0.0.1 INVITE carol #a");
    carol.ask("JOIN #a", &["475 #a *"]);
    carol.ask("JOIN #a x", &["*JOIN #a", "353 *", "366 *"]);
}

#[test]
fn the_invitation_of_a_plain_member_opens_nothing() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = server.client("carol");
    for (mode, off, refusal) in
        [("+b carol", "-b carol", "474 #a"), ("+l 2", "-l", "471 #a"), ("+k x", "-k", "475 #a *")]
    {
        alice.ask(&format!("MODE #a {mode}"), &["*MODE #a *"]);
        bob.sync();
        bob.ask("INVITE carol #a", &["341 carol #a"]);
        carol.expect(":bob!bob@127.0.0.1 INVITE carol #a");
        carol.ask("JOIN #a", &[refusal]);
        alice.ask(&format!("MODE #a {off}"), &["*MODE #a *"]);
    }
    // Nor does it later, when the room is closed to all.
    alice.ask("MODE #a +i", &["*MODE #a +i"]);
    carol.ask("JOIN #a", &["473 #a"]);
    // Voice is no right to invite; nor does a plain invitation take back an operator's.
    alice.ask("MODE #a -i+v bob", &["*MODE #a -i+v bob"]);
    alice.ask("INVITE carol #a", &["341 carol #a"]);
    bob.sync();
    bob.ask("INVITE carol #a", &["341 carol #a"]);
    alice.ask("MODE #a +i", &["*MODE #a +i"]);
    bob.ask("INVITE carol #a", &["*MODE #a +i", NOT_OPERATOR]);
    carol.ask("JOIN #a", &["*alice*INVITE*", "*bob*INVITE*", "*JOIN #a", "353 *", "366 *"]);
}
