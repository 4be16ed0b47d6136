//! Tests of the model: who is where, what is unread, and what a server cannot make it keep.

use super::super::event::Manner;
use super::super::limits::{NAME, SCROLLBACK};
use super::*;

#[test]
fn a_relayed_text_fits_one_line() {
    let mut model = Model { nick: "albert".into(), ..Model::default() };
    for address in [None, Some("user@host".to_owned())] {
        model.address = address;
        let text = "x".repeat(model.text_space("#lobby"));
        let source = model.address.as_ref().map_or("s".repeat(limits::SOURCE - 2), |at| format!("albert!{at}"));
        assert_eq!(format!(":{source} PRIVMSG #lobby :{text}\r\n").len(), limits::LINE);
    }
}

fn said(from: &str, conversation: &str) -> Arc<Event> {
    let kind = Kind::Said { from: from.into(), text: "hi".into(), manner: Manner::Text };
    Arc::new(Event::at(conversation, kind))
}

#[test]
fn conversations_know_who_is_there_and_what_is_unread() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    for line in [
        ":me!m@h JOIN #lab",
        ":srv 353 me = #lab :@tesla +bob carl",
        ":TESLA!t@h NICK nik",
        ":bob!b@h QUIT :bye",
        ":nik!t@h KICK #lab carl",
        ":dora!d@h JOIN #lab",
        ":dora!d@h PART #lab",
    ] {
        model.follow(&Message::parse(line).unwrap());
    }
    assert_eq!(model.find("#LAB").unwrap().members.values().collect::<Vec<_>>(), ["me", "nik"]);
    model.follow(&Message::parse(":me!m@h JOIN #lab").unwrap());
    assert_eq!(model.find("#LAB").unwrap().members.values().collect::<Vec<_>>(), ["me"], "nik may have left meanwhile");
    model.record(&said("nik", "#lab"));
    assert_eq!(model.find("#lab").map(|lab| (lab.unread, lab.scrollback.len())), Some((1, 1)));
    model.set_target(Some("#lab"));
    (0..=SCROLLBACK).for_each(|_| model.record(&said("nik", "#lab")));
    assert_eq!(model.find("#lab").map(|lab| (lab.unread, lab.scrollback.len())), Some((0, SCROLLBACK)));
    assert!(model.forget("#LAB") && model.target().is_none() && !model.is_in("#lab"));
}

#[test]
fn members_have_ranks() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    let mut ranks = |lines: &[&str]| {
        lines.iter().for_each(|line| model.follow(&Message::parse(line).unwrap()));
        let mut ranks: Vec<_> =
            model.find("#lab").unwrap().ranks.iter().map(|(nick, marks)| format!("{marks}{nick}")).collect();
        ranks.sort();
        ranks.join(" ")
    };
    assert_eq!(ranks(&[":me!m@h JOIN #lab", ":srv 353 me = #lab :~@Tesla +bob carl me"]), "+bob ~@tesla");
    assert_eq!(ranks(&[":TESLA!t@h MODE #LAB +ov-v+bq Bob Bob Bob x!*@* *!*@*"]), "@bob ~@tesla");
    assert_eq!(ranks(&[":x!t@h MODE #lab -q+v tesla tesla", ":x!t@h MODE #lab +o nobody"]), "@+tesla @bob");
    assert_eq!(ranks(&[":TESLA!t@h NICK nik", ":bob!b@h PART #lab", ":bob!b@h JOIN #lab"]), "@+nik");
    assert_eq!(ranks(&[":srv 353 me = #lab :nik @me", ":srv 353 me = #lab :@@+"]), "@me");
    assert_eq!(ranks(&[":me!m@h JOIN #lab"]), "");
}

#[test]
fn conversations_have_our_own_words_and_the_news_of_their_people() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    [":me!m@h JOIN #lab", ":tesla!t@h JOIN #lab", ":me!m@h JOIN #dev"]
        .iter()
        .for_each(|line| model.follow(&Message::parse(line).unwrap()));
    let we_said = |text: &str| Kind::WeSaid { text: text.into(), manner: Manner::Text, is_elsewhere: true };
    model.record(&Arc::new(Event::at("tesla", we_said("hi"))));
    model.record(&Arc::new(Event::at("#lab", we_said("hello"))));
    model.record(&Arc::new(Kind::Left { nick: "Tesla".into(), reason: String::new() }.into()));
    let kept: Vec<_> =
        model.conversations().iter().map(|known| (&*known.name, known.unread, known.scrollback.len())).collect();
    assert_eq!(kept, [("#lab", 0, 2), ("#dev", 0, 0), ("tesla", 0, 2)]);
}

#[test]
fn no_server_can_fill_the_memory() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    let follow = |model: &mut Model, line: &str| model.follow(&Message::parse(line).unwrap());
    follow(&mut model, ":me!m@h JOIN nowhere");
    assert_eq!(model.conversations.len(), 0, "that is no room");
    (0..2 * ROOMS).for_each(|number| follow(&mut model, &format!(":me!m@h JOIN #r{number}")));
    assert_eq!(model.rooms().count(), ROOMS);
    (0..=MEMBERS).for_each(|number| follow(&mut model, &format!(":srv 353 me = #r1 :n{number} @n{number}")));
    assert_eq!(model.conversations.iter().map(|room| room.members.len()).sum::<usize>(), MEMBERS);
    follow(&mut model, &format!(":n7!n@h NICK {}", "x".repeat(NAME + 1)));
    assert_eq!(model.find("#r1").unwrap().members.len(), MEMBERS - ROOMS);
    // Long messages in all rooms, and a short one in another.
    model.record(&said("x", "#r0"));
    let text = "x".repeat(8000);
    let long = Kind::Said { from: "x".into(), text, manner: Manner::Text };
    let long = Arc::new(Event::at("#r1", long));
    (0..=SCROLLBACK_BYTES / 8000).for_each(|_| model.record(&long));
    (2..ROOMS).for_each(|number| {
        let shared = Kind::Said { from: "x".into(), text: "y".repeat(8000), manner: Manner::Text };
        let event = Arc::new(Event::at(&format!("#r{number}"), shared));
        (0..100).for_each(|_| model.record(&event));
    });
    let kept: usize = model.conversations.iter().map(|room| room.bytes).sum();
    let counted: usize = model.conversations.iter().flat_map(|room| &room.scrollback).map(|event| event.size()).sum();
    assert!((SCROLLBACK_BYTES / 2..=SCROLLBACK_BYTES).contains(&kept) && kept == counted, "{kept} {counted}");
    assert_eq!(model.find("#r0").unwrap().scrollback.len(), 1);
}

#[test]
fn strangers_cannot_fill_the_memory() {
    let mut model = Model { target: Some("p0".into()), ..Model::default() };
    model.enter("#lab");
    (0..=PEOPLE).for_each(|number| model.record(&said("x", &format!("p{number}"))));
    assert_eq!(model.conversations.len(), 1 + PEOPLE);
    assert!(model.find("p0").is_some() && model.find("p1").is_none() && model.find("#lab").is_some());
}

#[test]
fn people_with_a_new_connection_come_back_once() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    let mut follow = |line: &str| model.follow(&Message::parse(line).unwrap());
    [":me!m@h JOIN #lab", ":me!m@h JOIN #dev", ":srv 353 me = #lab :@Tesla bob"].into_iter().for_each(&mut follow);
    follow(&format!(":tesla!t@h QUIT :{}", numeric::REPLACED));
    follow(":bob!b@h QUIT :bye");
    assert!(!model.find("#lab").unwrap().members.contains_key("tesla"));
    let returns = |model: &mut Model| ["#dev", "#LAB", "#lab"].map(|room| model.has_returned(room, "tesla"));
    assert_eq!(returns(&mut model), [false, true, false]);
    assert!(!model.has_returned("#lab", "bob"));
}

#[test]
fn those_who_are_away_are_known_as_long_as_they_are_in_a_room_with_us() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    let lines =
        [":me!m@h JOIN #lab", ":me!m@h JOIN #dev", ":srv 353 me = #lab :@Tesla bob carl", ":srv 353 me = #dev :bob"];
    let mut follow = |line: &str| {
        model.follow(&Message::parse(line).unwrap());
        ["tesla", "bob", "carl", "nik", "dora"].map(|nick| model.presence.away(nick).map(str::to_owned))
    };
    lines.iter().for_each(|line| _ = follow(line));
    let known = |known: [Option<&str>; 5]| known.map(|reason| reason.map(str::to_owned));
    follow(":tesla!t@h AWAY :tea");
    follow(":bob!b@h AWAY :lunch");
    follow(":dora!d@h AWAY :nobody here");
    assert_eq!(follow(":carl!c@h AWAY :x"), known([Some("tea"), Some("lunch"), Some("x"), None, None]));
    assert_eq!(follow(":carl!c@h AWAY"), known([Some("tea"), Some("lunch"), None, None, None]));
    assert_eq!(follow(":TESLA!t@h NICK nik"), known([None, Some("lunch"), None, Some("tea"), None]));
    assert_eq!(follow(":bob!b@h PART #dev"), known([None, Some("lunch"), None, Some("tea"), None]));
    assert_eq!(follow(":me!m@h KICK #lab bob"), known([None, None, None, Some("tea"), None]));
    assert_eq!(follow(":nik!t@h QUIT :bye"), known([None; 5]));
    follow(":carl!c@h AWAY :x");
    model.forget("#lab");
    assert_eq!(model.presence.away("carl"), None, "nothing is told about them any more");
}

#[test]
fn a_conversation_that_a_wing_leads_is_none_of_a_person_or_a_room() {
    const LAB: &str = "[lab] (multicast)";
    let mut model = Model { nick: "me".into(), ..Model::default() };
    let lab = || Some(Conversation { name: LAB.into(), ..Conversation::default() });
    model.set_aside(lab());
    model.record(&said("bob", LAB));
    model.record(&said("[lab]", "[lab]"));
    assert_eq!(model.conversations().iter().map(|known| &*known.name).collect::<Vec<_>>(), ["[lab]"]);
    assert_eq!(model.conversation(LAB).map(|lab| lab.scrollback.len()), Some(1));
    assert!(is_aside_name(LAB) && !is_aside_name("[lab]") && !is_aside_name("#[a] b") && !model.is_aside("[lab]"));
    // A line of it goes to no conversation of the server, even when it has just ended.
    model.placed = Some(Placed { target: Some(LAB.into()), refused: None });
    assert!(model.away() == Some(LAB) && model.here().is_err());
    model.set_aside(lab());
    assert!(model.here().is_err());
    model.set_aside(None);
    assert_eq!((model.away(), model.here()), (None, Ok(None)));
}

#[test]
fn a_conversation_keeps_its_number_until_it_ends() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    ["#lobby", "#lab"].iter().for_each(|room| _ = model.enter(room));
    for from in ["anna", "ben", "anna"] {
        model.record(&said(from, from));
    }
    let number = |model: &Model, name: &str| {
        model.conversations().iter().find(|known| known.name == name).map(|known| known.number)
    };
    assert_eq!(["#lobby", "#lab", "anna", "ben"].map(|name| number(&model, name)), [1, 2, 3, 4].map(Some));
    assert!(!model.forget("#LAB"));
    model.record(&said("carl", "carl"));
    assert_eq!(["#lobby", "anna", "ben", "carl"].map(|name| number(&model, name)), [1, 3, 4, 5].map(Some));
    assert_eq!(model.conversations().last().map(|known| &*known.name), Some("carl"), "the last one to say something");
    model.follow(&Message::parse(":ben!b@h NICK bert").unwrap());
    assert_eq!([number(&model, "bert"), number(&model, "ben")], [Some(4), None]);
    model.enter_person("dora", true);
    assert_eq!(number(&model, "dora"), Some(2), "the user wants it");
    assert!(!model.forget("carl"));
    model.record(&said("eve", "eve"));
    assert_eq!(number(&model, "eve"), Some(6), "no stranger is where somebody else was");
}

#[test]
fn the_first_room_is_number_1_even_behind_stored_messages() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    model.record(&said("anna", "anna"));
    model.enter_person("ben", true);
    model.follow(&Message::parse(":me!m@h JOIN #lobby").unwrap());
    let numbers: Vec<_> = model.conversations().iter().map(|known| (&*known.name, known.number)).collect();
    assert_eq!(numbers, [("anna", 2), ("ben", 3), ("#lobby", 1)]);
}

#[test]
fn strangers_do_not_displace_those_with_whom_the_user_talks() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    let we_said = Kind::WeSaid { text: "hi".into(), manner: Manner::Text, is_elsewhere: true };
    model.record(&Arc::new(Event::at("anna", we_said)));
    model.enter_person("ben", true);
    (0..2 * PEOPLE).for_each(|number| model.record(&said("x", &format!("p{number}"))));
    assert_eq!(model.conversations.len(), PEOPLE);
    assert!(model.find("anna").is_some() && model.find("ben").is_some() && model.find("p0").is_none());
    (0..PEOPLE).for_each(|number| model.enter_person(&format!("q{number}"), true));
    assert_eq!(model.conversations.len(), PEOPLE);
    assert!(model.find("anna").is_none() && model.find("q0").is_some(), "the oldest one");
}

#[test]
fn one_can_ask_whether_a_name_may_be_of_somebody_else_before_it_is_said() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    model.enter_person("anna", true);
    assert!(!model.may_be_another("anna"));
    model.follow(&Message::parse(":anna!a@h QUIT :bye").unwrap());
    assert!(model.may_be_another("ANNA") && model.take_doubt("Anna") && !model.may_be_another("anna"));
    assert!(!model.take_doubt("anna"));
}

#[test]
fn a_name_that_is_taken_over_has_one_conversation() {
    let mut model = Model { nick: "me".into(), ..Model::default() };
    for from in ["ben", "anna", "anna"] {
        model.record(&said(from, from));
    }
    model.follow(&Message::parse(":anna!a@h NICK ben").unwrap());
    let [only] = model.conversations() else { panic!("there is one") };
    assert_eq!((&*only.name, only.number, only.unread, only.scrollback.len()), ("ben", 3, 3, 3));
    assert_eq!(only.bytes, only.scrollback.iter().map(|event| event.size()).sum::<usize>());
    model.follow(&Message::parse(":ben!a@h NICK BEN").unwrap());
    assert_eq!(model.conversations().len(), 1);
}
