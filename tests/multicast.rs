//! Multicast rooms, with real programs on hosts of their own.
//!
//! - [`lab`]: these hosts
//! - [`intruder`]: somebody on the network who is no member

mod intruder;
pub mod lab;

use std::time::Instant;

use wire::numeric::ERR_PASSWDMISMATCH;

use crate::client::person::Person;
use crate::harness::{PATIENCE, skip};
use lab::Lab;

/// A figure that `/stats` shows.
#[track_caller]
fn figure(person: &mut Person, what: &str) -> u64 {
    let line = person.skip_to(&format!("*  {what}"));
    line.trim_start().split(' ').next().unwrap().parse().unwrap()
}

/// tesla, albert and clara, who all know each other: whom one does not know yet one hears from the present on.
#[track_caller]
fn three(lab: &Lab, options: &[&str]) -> [Person; 3] {
    let mut tesla = lab.person(1, "tesla", options);
    let mut albert = lab.person(2, "albert", options);
    tesla.skip_to("[lab] albert joined the conversation");
    let mut clara = lab.person(3, "clara", options);
    tesla.skip_to("[lab] clara joined the conversation");
    albert.skip_to("[lab] clara joined the conversation");
    await_members(&mut albert, 3);
    await_members(&mut clara, 3);
    [tesla, albert, clara]
}

/// Asks who is there until so many are: they show themselves after random pauses.
#[track_caller]
fn await_members(person: &mut Person, count: usize) {
    let members = if count == 1 { "member" } else { "members" };
    let (complete, deadline) = (format!("{count} {members} of lab: you"), Instant::now() + PATIENCE);
    loop {
        person.type_line("/who");
        let line = person.skip_to("* of lab: you");
        if line == complete {
            return;
        }
        assert!(Instant::now() < deadline, "{line}");
    }
}

/// Asks for a figure until it is so large.
#[track_caller]
fn await_figure(person: &mut Person, what: &str, least: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        person.type_line("/stats");
        let count = figure(person, what);
        person.skip_to("*  datagrams without use");
        if count >= least {
            return;
        }
        assert!(Instant::now() < deadline, "{count} {what}");
    }
}

/// Whoever comes second wants to make the room, too.
const MADE_BEFORE: &str = "line 1 (/makeroom lab 239.1.2.3 4000): There is a room lab already";

#[test]
fn three_hosts_lose_a_fifth_of_everything_and_no_message() {
    const MESSAGES: usize = 1000;
    const NAMES: [&str; 3] = ["tesla", "albert", "clara"];
    let Some(lab) = Lab::with(3, "a") else { return };
    let mut people = three(&lab, &["--loss", "20"]);
    for person in &mut people {
        let lines: String = (1..=MESSAGES).map(|number| format!("number {number}\n")).collect();
        person.type_bytes(lines.as_bytes());
    }
    for (person, own) in people.iter_mut().zip(NAMES) {
        let mut heard = NAMES.map(|_| 0);
        while heard.iter().sum::<usize>() < 2 * MESSAGES {
            let line = person.skip_to("[lab] *: number *");
            let (nick, number) = line.strip_prefix("[lab] ").unwrap().split_once(": number ").unwrap();
            let sender = NAMES.iter().position(|name| *name == nick).unwrap();
            heard[sender] += 1;
            assert_eq!(number.parse(), Ok(heard[sender]), "{own} hears {nick} out of order, or twice");
        }
        let expected = NAMES.map(|name| if name == own { 0 } else { MESSAGES });
        assert_eq!(heard, expected);
    }
    let mut sent = 0;
    for person in &mut people {
        person.type_line("/stats");
        sent += figure(person, "datagrams sent");
        assert_eq!(figure(person, "messages shown"), 2 * MESSAGES as u64);
        assert!(figure(person, "messages missed at first and repaired") > 0);
        assert_eq!(figure(person, "messages lost for good"), 0);
    }
    // Each message has to reach two: with a loss of a fifth that takes 1.39 datagrams, if nobody had to ask.
    println!(
        "{sent} datagrams for {} messages to two members each: {}.{:02} for each message, and 1.39 were ideal",
        3 * MESSAGES,
        sent / (3 * MESSAGES as u64),
        sent * 100 / (3 * MESSAGES as u64) % 100
    );
}

#[test]
fn a_room_is_left_and_others_notice_and_strangers_are_counted() {
    let Some(lab) = Lab::with(3, "b") else { return };
    let [mut tesla, mut albert, mut clara] = three(&lab, &[]);
    // Two clients on one host hear each other as well.
    let mut carl = lab.person(3, "carl", &[]);
    for person in [&mut tesla, &mut albert, &mut clara] {
        person.skip_to("[lab] carl joined the conversation");
    }
    carl.type_line("is this one host?");
    for person in [&mut tesla, &mut albert, &mut clara] {
        person.expect_line("[lab] carl: is this one host?");
    }
    clara.type_line("//it is");
    for person in [&mut carl, &mut albert, &mut tesla] {
        person.skip_to("[lab] clara: /it is");
    }
    // What goes to the server goes there still.
    albert.ask("/getdir", &["ROOM  ADDRESS         OWNER", "lab   239.1.2.3:4000  tesla"]);
    await_members(&mut albert, 4);
    albert.expect_lines(&["    carl, heard * s ago", "    clara, heard * s ago", "    tesla, heard * s ago"]);
    albert.type_line("/black tesla");
    albert.skip_to("You will see nothing more from tesla; *");
    tesla.type_line("does nobody listen?");
    clara.skip_to("[lab] tesla: does nobody listen?");
    clara.type_line("I do");
    assert_eq!(albert.skip_to("[lab] *: *"), "[lab] clara: I do");
    albert.type_line("/unblock tesla");
    // Another program on the same group, and somebody who has no key.
    let noise = "for i in 1 2 3; do printf 'what is this' > /dev/udp/239.1.2.3/4000; done";
    assert!(lab.on(2, "bash").args(["-c", noise]).status().unwrap().success());
    albert.type_line("still there?");
    tesla.skip_to("[lab] albert: still there?");
    tesla.type_line("/stats");
    assert_eq!(figure(&mut tesla, "datagrams of other programs or rooms"), 3);
    carl.end_input();
    carl.skip_to("You left lab");
    carl.expect_refused(MADE_BEFORE);
    tesla.skip_to("[lab] carl left the conversation");
    tesla.type_line("tata");
    tesla.skip_to("You left lab");
    tesla.expect_goodbye();
    albert.skip_to("[lab] tesla left the conversation");
}

#[test]
fn a_server_is_found_by_an_address_with_a_zone() {
    let Some(mut lab) = Lab::with(1, "z") else { return };
    let address = "fe80::64";
    let Some(port) = lab.serve_on_link(address, "fe80::65") else {
        skip("there is no IPv6 here");
        return;
    };
    let index = lab.interface(1);
    let mut met = false;
    for zone in ["eth0", &index] {
        let server = format!("[{address}%{zone}]:{port}");
        let mut tesla = lab.start_calling(&server, 1, "tesla", &["--nick", "tesla"]);
        // By whichever zone, it is the same server with the same key.
        let first = tesla.read().unwrap();
        assert_eq!(first.starts_with("First contact with [fe80::"), !met, "{first}");
        met = true;
        tesla.type_line("tata");
        tesla.skip_to("DISCONNECTED!!");
    }
    let mut lost = lab.start_calling(&format!("[{address}%nowhere]:{port}"), 1, "tesla", &["--nick", "tesla"]);
    lost.expect_failure("there is no host of the name in *%nowhere]*; check --server");
}

#[test]
fn what_is_meant_for_one_person_is_not_said_in_the_room() {
    let Some(lab) = Lab::with(2, "p") else { return };
    let mut mel = lab.person(1, "mel", &[]);
    let mut albert = lab.person(2, "albert", &[]);
    mel.skip_to("[lab] albert joined the conversation");
    await_members(&mut albert, 2);
    // Through the server it goes to albert alone, whichever way he talks.
    mel.ask("@albert: psst", &["(to albert) psst"]);
    albert.skip_to("mel (to you): psst");
    mel.ask("&lobby hello", &["(to #lobby) hello"]);
    albert.expect_line("mel: hello");
    mel.ask(r"\sleep\0", &["You are awake"]);
    for (typed, usage) in [
        ("@ albert psst", "@NAME text"),
        (" @albert psst", "@NAME text"),
        ("& lobby psst", "&room text"),
        ("! INFO", "!INFO"),
        (r"\ sleep 5", r"\sleep\TIME"),
    ] {
        mel.ask(typed, &[&format!("Usage: {usage}; nothing was sent (/say TEXT sends it as it is)")]);
    }
    // Commands about a conversation of the chat mean nothing here.
    for command in ["/me", "/topic", "/kick"] {
        mel.ask(&format!("{command} albert x"), &[&format!("{command} does not work in [lab]; Ctrl-D leads back")]);
    }
    mel.ask("/file Cargo.toml", &["*you are in [lab]; Ctrl-D leads back to the chat, or name somebody *"]);
    mel.ask("/invite albert", &["Nothing was sent: you are in [lab]; Ctrl-D leads back to the chat"]);
    mel.ask("/foo", &["Unknown command /foo, try /help"]);
    await_members(&mut mel, 2);
    mel.expect_line("    albert, heard * s ago");
    mel.ask("!info", &["2 members of lab: you", "    albert, heard * s ago"]);
    mel.ask("/help", &["In this room, text goes to everybody here, *"]);
    mel.skip_to("These work here, too; *");
    let mut listed = Vec::new();
    while !listed.last().is_some_and(|line: &String| line.starts_with("/help ")) {
        listed.push(mel.read().unwrap());
    }
    assert!(listed.iter().any(|line| line.starts_with("/msg ")), "{listed:?}");
    assert!(!listed.iter().any(|line| line.starts_with("/topic ") || line.starts_with("/me ")), "{listed:?}");
    // Text is text, and /say says what looks like a command.
    for (typed, said) in [("/say @albert", "@albert"), ("//x", "/x"), (r"\o/", r"\o/"), ("!!!", "!!!")] {
        mel.type_line(typed);
        albert.expect_line(&format!("[lab] mel: {said}"));
    }
    // Who goes elsewhere leaves, whether or not that works: the next line, typed already perhaps, is for that place.
    mel.type_line("/part");
    mel.skip_to("You left lab");
    for (typed, target, next) in [
        ("/to albert", "albert", "(to you): for you alone"),
        ("/join #attic", "#attic", ""),
        ("/to no body", "", ""),
        ("/ to albert", "", ""),
        ("/chat nosuch", "", ""),
    ] {
        mel.type_line("/chat lab");
        mel.skip_to("You are in lab at *");
        await_members(&mut mel, 2);
        mel.type_bytes(format!("{typed}\nfor you alone\n").as_bytes());
        mel.skip_to("You left lab");
        if target.is_empty() {
            mel.skip_to("Nothing was sent: you are talking to nobody; *");
        } else {
            mel.skip_to(&format!("You are now talking to {target}"));
        }
        if !next.is_empty() {
            albert.skip_to(&format!("mel {next}"));
        }
    }
    mel.ask("/to #lobby", &["You are now talking to #lobby"]);
    mel.type_line("/chat lab");
    mel.skip_to("You are in lab at *");
    mel.type_line("/part");
    mel.skip_to("You left lab");
    mel.type_line("back in the lobby");
    albert.skip_to("mel: back in the lobby");
    assert!(!albert.has_seen("[lab] mel: for you alone"));
}

#[test]
fn at_the_directory_prompt_it_is_the_same_room() {
    let Some(lab) = Lab::with(2, "f") else { return };
    let mut mel = lab.start(1, "mel", &["--directory"]);
    mel.type_line("name mel");
    mel.type_line("makeroom lab 239.1.2.3 4000");
    mel.skip_to("The room lab is in the directory, at 239.1.2.3:4000");
    mel.type_line("bye");
    mel.skip_to("You are no longer connected to *");
    // It takes the server again to get the key, and nothing else.
    mel.ask("chat lab", &["You are connected to * as mel", "You are in lab at 239.1.2.3:4000; *"]);
    let mut albert = lab.person(2, "albert", &[]);
    await_members(&mut albert, 2);
    mel.skip_to("[lab] albert joined the conversation");
    mel.type_line("Good morning!");
    albert.skip_to("[lab] mel: Good morning!");
    albert.type_line("/name al");
    mel.skip_to("[lab] albert is now called al");
    mel.ask("/chat lab", &["You are in lab already"]);
    mel.ask("/help", &["In this room, text goes to everybody here, *", "/who *", "/stats *", "/say *", "/part *"]);
    mel.expect_line("These work here, too; *");
    mel.expect_lines(&["/connect *", "/bye *", "/quit *", "/getdir *", "/makeroom *", "/deleteroom *", "/chat *"]);
    mel.expect_lines(&["/name *", "There is no chat here, *"]);
    for (typed, command) in
        [("@albert psst", "/msg"), ("&lobby psst", "&"), ("/me waves", "/me"), (r"\sleep\5", "/sleep")]
    {
        mel.ask(typed, &[&format!("{command} is for the chat, which is not here: nothing was sent; try /help")]);
    }
    mel.ask("@ albert psst", &["/msg is for the chat, which is not here: *"]);
    mel.ask("!Info", &["2 members of lab: you", "    al, heard * s ago"]);
    mel.ask("/makeroom hall", &["Usage: /makeroom NAME ADDRESS PORT"]);
    mel.ask("/hello", &["Unknown command /hello, try /help"]);
    mel.type_line("help");
    albert.skip_to("[lab] mel: help");
    mel.ask("/makeroom attic 239.1.2.3 5000", &["The room attic is in the directory, at 239.1.2.3:5000"]);
    mel.ask("/chat attic", &["You are in attic at 239.1.2.3:5000; *", "You left lab"]);
    albert.skip_to("[lab] mel left the conversation");
    mel.ask("/chat lab", &["You are in lab at *", "You left attic"]);
    await_members(&mut albert, 2);
    // Whom albert does not want to see he does not see under another name either.
    albert.type_line("/black mel");
    albert.skip_to("You will see nothing more from mel; *");
    mel.type_line("/name melanie");
    mel.skip_to("You are now called melanie");
    mel.type_line("it is me");
    await_figure(&mut albert, "messages shown", 3);
    albert.ask("/unblock mel", &["You see mel again"]);
    mel.type_line("can you see me now?");
    albert.expect_line("[lab] melanie: can you see me now?");
    // Ctrl-C does not go without a word either.
    albert.signal("INT");
    mel.skip_to("[lab] al left the conversation");
    mel.type_line("exit");
    mel.skip_to("You left lab");
    mel.expect_refused("line 8 (@albert psst): /msg is for the chat, which is not here: *; also refused: lines 9, *");
}

#[test]
fn a_script_that_does_not_get_into_another_room_says_nothing_more() {
    let Some(lab) = Lab::with(2, "k") else { return };
    let mut albert = lab.person(1, "albert", &[]);
    for options in [&["--directory", "--nick", "script"][..], &["--nick", "script"]] {
        let mut script = lab.start(2, "script", options);
        script.type_line("/chat lab\n/chat attic\na secret for the attic");
        script.end_input();
        script.skip_to("There is no such room in the directory");
        script.skip_to("DISCONNECTED!!");
        script.expect_failure("line 2 (/chat attic): There is no such room in the directory*");
    }
    albert.type_line("/stats");
    assert_eq!(figure(&mut albert, "messages shown"), 0);
}

#[test]
fn a_server_that_refuses_us_ends_no_conversation_and_who_ends_says_so() {
    let Some(mut lab) = Lab::with(2, "j") else { return };
    let mut albert = lab.person(2, "albert", &[]);
    let mut mel = lab.start(1, "mel", &["--directory", "--nick", "mel"]);
    mel.type_line("chat lab");
    mel.skip_to("You are in lab at *");
    await_members(&mut mel, 2);
    lab.serve_again(&["--password", "secret"]);
    albert.skip_to("DISCONNECTED!!");
    let refusal = ERR_PASSWDMISMATCH.text;
    let hint = format!("the server wants a password ({refusal}); give it with --password");
    albert.expect_failure(&hint);
    mel.skip_to(&format!("You are no longer connected to *: {hint}"));
    mel.type_line("/bye");
    mel.skip_to("You are not connected; connect does that");
    // Without a word from albert that would take a minute.
    await_members(&mut mel, 1);
}

#[test]
fn who_leaves_waits_for_who_is_behind() {
    let Some(lab) = Lab::with(2, "i") else { return };
    let mut tesla = lab.person(1, "tesla", &[]);
    // Alone: perhaps somebody is there who was not heard yet.
    tesla.type_line("hello?");
    tesla.type_line("/stats");
    assert_eq!(figure(&mut tesla, "datagrams received"), 0, "her own do not count");
    tesla.end_input();
    tesla.skip_to("Waiting for somebody in lab who has not shown up yet; Ctrl-C leaves at once");
    tesla.skip_to("You left lab");
    tesla.expect_goodbye();
    let mut tesla = lab.person(1, "tesla", &[]);
    let mut albert = lab.person(2, "albert", &[]);
    await_members(&mut tesla, 2);
    albert.signal("STOP");
    tesla.type_line("wait for it");
    tesla.end_input();
    tesla.skip_to("Waiting until everybody in lab has what you said; Ctrl-C leaves at once");
    albert.signal("CONT");
    albert.skip_to("[lab] tesla: wait for it");
    albert.skip_to("[lab] tesla left the conversation");
    tesla.skip_to("You left lab");
    tesla.expect_refused(MADE_BEFORE);
}

#[test]
fn a_window_that_is_closed_says_goodbye() {
    let Some(lab) = Lab::with(2, "h") else { return };
    let mut tesla = lab.person(1, "tesla", &[]);
    for _ in 0..5 {
        let mut albert = lab.person(2, "albert", &[]);
        await_members(&mut tesla, 2);
        // Both come at once: the end of the input, and the signal.
        albert.end_input();
        albert.signal("HUP");
        tesla.skip_to("[lab] albert left the conversation");
    }
}

#[test]
fn a_script_says_all_it_has_to_say() {
    let Some(lab) = Lab::with(2, "g") else { return };
    let mut albert = lab.person(1, "albert", &["--loss", "30"]);
    for round in 0..2 {
        let mut script = lab.start(2, "script", &["--nick", "script", "--loss", "30"]);
        let lines: String = (0..300).map(|number| format!("{round}-{number}\n")).collect();
        script.type_bytes(format!("/chat lab\n{lines}").as_bytes());
        script.end_input();
        for number in 0..300 {
            albert.skip_to(&format!("[lab] script: {round}-{number}"));
        }
        script.skip_to("You left lab");
        script.expect_goodbye();
        albert.skip_to("[lab] script left the conversation");
    }
    albert.type_line("/stats");
    assert_eq!(figure(&mut albert, "messages shown"), 2 * 300);
    assert_eq!(figure(&mut albert, "messages lost for good"), 0);
}
