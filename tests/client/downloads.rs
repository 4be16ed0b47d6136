//! Receiving files, from a server that does what the test says.

use std::fs;

use wire::crc32::crc32;

use super::person::{Home, WELCOME};
use super::scripted_server::{ScriptedServer, Session};

const TEXT: &[u8] = b"123456789";

/// Gives what is fetched next, from `offset` on.
#[track_caller]
fn give(server: &ScriptedServer, session: &mut Session, id: u64, name: &str, bytes: &[u8], offset: usize) {
    answer(session, id, name, bytes);
    let mut data = server.accept();
    data.expect(&format!("GET {id} token {offset}"));
    data.send(&format!("OK {}", bytes.len() - offset));
    data.send_bytes(&bytes[offset..]);
    data.expect_end();
}

/// Answers what is fetched next.
#[track_caller]
fn answer(session: &mut Session, id: u64, name: &str, bytes: &[u8]) {
    session.expect(&format!("FILE FETCH {id}"));
    session.answer_ping();
    session.send(&format!(":srv FILE GET {id} token {} {:08x} :{name}", bytes.len(), crc32(bytes)));
}

#[track_caller]
fn expect_got(session: &mut Session, id: u64) {
    session.expect(&format!("FILE GOT {id}"));
    session.answer_ping();
}

fn files_in(home: &Home, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(home.path().join(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn small_files_come_by_themselves_and_hide_no_others() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &["--downloads", "in/box"]);
    for (id, target, notice, file) in [
        (7, "#lobby", "albert shared a.txt (9 bytes) with #lobby", "a.txt"),
        (8, "tesla", "albert sends you a.txt (9 bytes)", "a (1).txt"),
        (9, "tesla", "albert sends you a.txt (9 bytes)", "a (2).txt"),
    ] {
        let announcement = format!(":albert!a@h FILE ANNOUNCE {target} {id} 9 cbf43926 :../a.txt");
        session.send(&announcement);
        // A letter may come twice.
        session.send(&announcement);
        tesla.expect_line(notice);
        give(&server, &mut session, id, "../a.txt", TEXT, 0);
        expect_got(&mut session, id);
        tesla.expect_line("Fetching a.txt (9 bytes) from albert");
        tesla.expect_line(&format!("Received a.txt from albert: in/box/{file} (9 bytes, CRC-32 cbf43926) in *"));
        assert_eq!(fs::read(home.path().join("in/box").join(file)).unwrap(), TEXT);
    }
    assert_eq!(files_in(&home, "in/box"), ["a (1).txt", "a (2).txt", "a.txt"]);
}

#[test]
fn a_name_is_only_a_name() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    let name = "..\\../etc/.\u{1b}[2Jphoto\u{202e}gpj.exe";
    session.send(&format!(":al\u{7}bert!a@h FILE ANNOUNCE tesla 7 9 cbf43926 :{name}"));
    give(&server, &mut session, 7, name, TEXT, 0);
    expect_got(&mut session, 7);
    tesla.expect_line("albert sends you [2Jphotogpj.exe (9 bytes)");
    tesla.skip_to("Received [2Jphotogpj.exe from albert: downloads/[2Jphotogpj.exe *");
    assert_eq!(files_in(&home, "downloads"), ["[2Jphotogpj.exe"]);
    session.send(&format!(":eve!a@h FILE GOT tesla 3 :{name}"));
    tesla.expect_line("eve has [2Jphotogpj.exe now");
}

#[test]
fn large_files_wait_and_those_of_the_blacklisted_do_not_show() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &["--auto-accept", "8"]);
    tesla.ask("/black troll", &["You will see nothing more from troll; *"]);
    session.expect("ISON troll");
    session.answer_ping();
    session.send(":troll!t@h FILE ANNOUNCE tesla 6 1 00000000 :x");
    session.send(":albert!a@h FILE ANNOUNCE tesla 7 9 cbf43926 :a.txt");
    tesla.expect_line("albert sends you a.txt (9 bytes); /get 7 fetches it");
    tesla.type_line("/get 7");
    give(&server, &mut session, 7, "a.txt", TEXT, 0);
    expect_got(&mut session, 7);
    tesla.skip_to("Received a.txt from albert: downloads/a.txt *");
    tesla.type_line("/get 12");
    session.expect("FILE FETCH 12");
    session.send(":srv FAIL FILE NO_SUCH_FILE 12 :There is no file 12");
    tesla.expect_line("File 12 does not come: There is no file 12");
}

#[test]
fn what_waited_is_fetched_at_login() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla", "--auto-accept", "100"]);
    let items = [
        "7 albert tesla 9 cbf43926 new :a.txt",
        "8 albert tesla 9 cbf43926 had :b.txt",
        "9 albert tesla 101 cbf43926 new :c.txt",
        "10 tesla albert 9 cbf43926 sent :d.txt",
    ];
    let mut session = server.accept_with_files(&items);
    give(&server, &mut session, 7, "a.txt", TEXT, 0);
    expect_got(&mut session, 7);
    tesla.skip_to("Received a.txt from albert: downloads/a.txt *");
    tesla.type_line("/files");
    session.expect("FILE LIST");
    session.answer_ping();
    items.iter().for_each(|item| session.send(&format!(":srv FILE ITEM {item}")));
    session.send(":srv FILE END");
    tesla.skip_to("ID  FROM    TO           SIZE  STATE  NAME");
    tesla.expect_lines(&[
        " 7  albert  tesla     9 bytes  new    a.txt",
        " 8  albert  tesla     9 bytes  had    b.txt",
        " 9  albert  tesla   101 bytes  new    c.txt",
        "10  tesla   albert    9 bytes  sent   d.txt",
    ]);
    // The file that we have is not fetched again.
    tesla.type_line("/get 9");
    session.expect("FILE FETCH 9");
}

#[test]
fn a_broken_download_goes_on_where_it_was() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    session.send(":albert!a@h FILE ANNOUNCE tesla 7 9 cbf43926 :a.txt");
    answer(&mut session, 7, "a.txt", TEXT);
    let mut data = server.accept();
    data.expect("GET 7 token 0");
    data.send("OK 9");
    data.send_bytes(b"1234");
    drop(data);
    tesla.expect_lines(&["albert sends you a.txt (9 bytes)", "Fetching a.txt (9 bytes) from albert"]);
    tesla.expect_line("a.txt is interrupted (*); trying again");
    give(&server, &mut session, 7, "a.txt", TEXT, 4);
    expect_got(&mut session, 7);
    // A progress line may come before, when the machine is very busy.
    tesla.skip_to("Going on with a.txt at 44 %");
    tesla.expect_line("Received a.txt from albert: downloads/a.txt (9 bytes, CRC-32 cbf43926) in *");
    assert_eq!(files_in(&home, "downloads"), ["a.txt"]);
}

#[test]
fn a_download_survives_both_ends() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &["--auto-accept", "0"]);
    tesla.type_line("/get 7");
    answer(&mut session, 7, "a.txt", TEXT);
    let mut data = server.accept();
    data.expect("GET 7 token 0");
    data.send("OK 9");
    data.send_bytes(b"1234");
    drop((data, session));
    tesla.skip_to("Connection lost *");
    // The server is back: the client asks by itself.
    let mut session = server.accept();
    session.expect_registration("tesla");
    session.send(":srv CAP tesla ACK :groupchat.local/files");
    session.send(":srv 001 tesla :Welcome");
    let mut lines: Vec<_> = (0..3).map(|_| session.receive().unwrap()).collect();
    lines.sort();
    assert!(lines.contains(&"JOIN #lobby".to_owned()) && lines.contains(&"FILE LIST".to_owned()), "{lines:?}");
    tesla.signal("KILL");
    drop((tesla, session));
    let item = ["7 albert tesla 9 cbf43926 new :a.txt"];
    let mut tesla = home.start(&["--nick", "tesla", "--auto-accept", "0"]);
    let mut session = server.accept_with_files(&item);
    give(&server, &mut session, 7, "a.txt", TEXT, 4);
    expect_got(&mut session, 7);
    tesla.skip_to("Received a.txt from albert: downloads/a.txt (9 bytes, CRC-32 cbf43926) in *");
    assert_eq!(files_in(&home, "downloads"), ["a.txt"]);
}

#[test]
fn a_damaged_file_gets_a_second_try_and_no_third() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    session.send(":albert!a@h FILE ANNOUNCE tesla 7 9 cbf43926 :a.txt");
    for _ in 0..2 {
        answer(&mut session, 7, "a.txt", TEXT);
        let mut data = server.accept();
        data.expect("GET 7 token 0");
        data.send("OK 9");
        data.send_bytes(b"12345678x");
    }
    tesla.skip_to("a.txt is interrupted (it came damaged); trying again");
    tesla.skip_to("a.txt came damaged twice (its CRC-32 is wrong), and is removed");
    assert!(files_in(&home, "downloads").is_empty());
}

#[test]
fn a_download_ends_when_either_side_cancels_it() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    for id in [7, 8] {
        session.send(&format!(":albert!a@h FILE ANNOUNCE tesla {id} 9 cbf43926 :a.txt"));
        answer(&mut session, id, "a.txt", TEXT);
        let mut data = server.accept();
        data.expect(&format!("GET {id} token 0"));
        data.send("OK 9");
        data.send_bytes(b"1234");
        tesla.expect_lines(&["albert sends you a.txt (9 bytes)", "Fetching a.txt (9 bytes) from albert"]);
        if id == 7 {
            session.send(":albert!a@h FILE CANCEL tesla 7 :a.txt");
            tesla.expect_line("albert took a.txt back");
        } else {
            tesla.ask("/decline 8", &[]);
            session.expect("FILE DECLINE 8");
            session.answer_ping();
            session.send(":tesla!t@h FILE DECLINE albert 8 :a.txt");
            tesla.expect_line("You declined a.txt");
        }
        data.expect_end();
    }
    assert!(files_in(&home, "downloads").is_empty());
}

#[test]
fn a_cancelled_download_waits_for_get_also_in_the_next_run() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    session.send(":albert!a@h FILE ANNOUNCE tesla 7 9 cbf43926 :a.txt");
    answer(&mut session, 7, "a.txt", TEXT);
    let mut data = server.accept();
    data.expect("GET 7 token 0");
    data.send("OK 9");
    data.send_bytes(b"1234");
    tesla.expect_lines(&["albert sends you a.txt (9 bytes)", "Fetching a.txt (9 bytes) from albert"]);
    tesla.ask("/cancel 7", &["a.txt is stopped; /get 7 goes on with it, /decline 7 refuses it for good"]);
    // The server hears nothing of it.
    data.expect_end();
    let ways = "a.txt is not coming just now; /get 7 goes on with it, /decline 7 refuses it for good";
    tesla.ask("/cancel 7", &[ways]);
    tesla.type_line("tata");
    session.expect("QUIT");
    drop(session);
    tesla.expect_refused(&format!("line 2 (/cancel 7): {ways}"));
    let item = ["7 albert tesla 9 cbf43926 new :a.txt"];
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = server.accept_with_files(&item);
    tesla.expect_line("albert sends you a.txt (9 bytes); /get 7 fetches it");
    tesla.skip_to(WELCOME);
    tesla.type_line("/get 7");
    session.expect("FILE FETCH 7");
    session.answer_ping();
    session.send(&format!(":srv FILE GET 7 token 9 {:08x} :a.txt", crc32(TEXT)));
    let mut data = server.accept();
    let request = data.expect("GET 7 token *");
    let offset: usize = request.rsplit(' ').next().unwrap().parse().unwrap();
    data.send(&format!("OK {}", TEXT.len() - offset));
    data.send_bytes(&TEXT[offset..]);
    expect_got(&mut session, 7);
    tesla.skip_to("Received a.txt from albert: downloads/a.txt (9 bytes, CRC-32 cbf43926) in *");
    assert_eq!(files_in(&home, "downloads"), ["a.txt"]);
    tesla.ask("/decline 7", &["You have a.txt already; /cancel 7 takes it off your list"]);
    tesla.ask("/cancel 7", &["The server is asked to cancel file 7"]);
    session.expect("FILE CANCEL 7");
}

#[test]
fn who_changes_their_mind_gets_what_they_asked_for_last() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    for (id, asked) in [(7, "/cancel 7\n/get 7\n/get 7\n"), (8, "/cancel 8\n/cancel 8\n/decline 8\n")] {
        session.send(&format!(":albert!a@h FILE ANNOUNCE tesla {id} 9 cbf43926 :a.txt"));
        answer(&mut session, id, "a.txt", TEXT);
        let mut data = server.accept();
        data.expect(&format!("GET {id} token 0"));
        tesla.type_bytes(asked.as_bytes());
        data.expect_end();
        if id == 7 {
            give(&server, &mut session, 7, "a.txt", TEXT, 0);
            expect_got(&mut session, 7);
            tesla.skip_to("Received a.txt from albert: downloads/a.txt *");
        } else {
            session.expect("FILE DECLINE 8");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_one_sentence() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    fs::write(home.path().join("downloads"), "a file").unwrap();
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    session.send(":albert!a@h FILE ANNOUNCE tesla 7 9 cbf43926 :a.txt");
    answer(&mut session, 7, "a.txt", TEXT);
    tesla.expect_line("albert sends you a.txt (9 bytes)");
    tesla.expect_line("a.txt cannot be saved: *");
}

#[test]
fn who_leaves_waits_for_what_is_coming() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    session.send(":albert!a@h FILE ANNOUNCE tesla 7 9 cbf43926 :a.txt");
    answer(&mut session, 7, "a.txt", TEXT);
    let mut data = server.accept();
    data.expect("GET 7 token 0");
    tesla.type_line("tata");
    tesla.skip_to("Waiting for 1 file; Ctrl-C leaves at once, and then it goes on next time");
    data.send("OK 9");
    data.send_bytes(TEXT);
    expect_got(&mut session, 7);
    session.expect("QUIT");
    drop(session);
    tesla.skip_to("Received a.txt from albert: downloads/a.txt (9 bytes, CRC-32 cbf43926) in *");
    tesla.expect_goodbye();
}

/// What is small enough to come by itself must not turn out to be large.
#[test]
fn a_file_that_is_not_the_announced_one_does_not_come() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla_with_files(&home, &[]);
    session.send(":albert!a@h FILE ANNOUNCE tesla 7 9 cbf43926 :a.txt");
    session.expect("FILE FETCH 7");
    session.answer_ping();
    session.send(":srv FILE GET 7 token 1099511627776 cbf43926 :a.txt");
    tesla.skip_to("a.txt does not come: it is not the file that was announced");
}

#[test]
fn options_of_files_are_checked_before_anything_else() {
    let home = Home::calling("127.0.0.1");
    let errors = home.start(&["--auto-accept", "much"]).expect_exit(2);
    assert!(errors.contains("in bytes, or as 64K, 100M, 4G"), "{errors}");
    let mut help = home.start(&["--help"]);
    help.skip_to("*--auto-accept <SIZE>*");
    help.skip_to("*--downloads <DIR>*");
    help.skip_to("Once connected, /help lists the commands.");
    help.expect_exit(0);
}
