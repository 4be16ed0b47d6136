//! The scenes of the report are played, and what README.md and the report show of them is what their windows show.
//!
//! A block of lines with `<!-- scene NAME: WINDOW -->` above it is compared with that window: its lines are there, in this
//! order. `<!-- scene NAME: WINDOW | OTHER@52 -->` is for two columns, of which the right one begins after 52 characters.
//! What is different each time counts as equal, and `...` stands for anything.
//!
//! A scene takes tmux and namespaces, and some take more programs. Without them a test says that it was skipped, and fails if
//! `SCENES=required` is set.

mod play;
mod scene;
mod stage;

use std::path::Path;
use std::{env, fs};

use crate::harness::{PATIENCE, fits, skip};
use crate::report::documents;
use crate::source::root;
use play::{Nobody, play};
use scene::{Action, Picture, Scene, Step};
use stage::{Stage, wait_for};

/// A block of a document that shows windows of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    /// Where it begins: the document and the line.
    place: String,
    scene: String,
    /// Windows, with the column at which each one's text begins.
    windows: Vec<(String, usize)>,
    lines: Vec<String>,
}

/// The blocks of a document, or what is wrong with one.
fn blocks(path: &str, document: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(mark) = line.trim().strip_prefix("<!-- scene ") else { continue };
        let place = format!("{path}:{}", number + 1);
        let windows = |mark: &str| {
            let (scene, windows) = mark.strip_suffix(" -->")?.split_once(": ")?;
            let window = |(number, text): (usize, &str)| match text.split_once('@') {
                Some((name, column)) => Some((name.to_owned(), column.parse().ok()?)),
                None => (number == 0).then(|| (text.to_owned(), 0)),
            };
            let windows: Option<Vec<_>> = windows.split(" | ").enumerate().map(window).collect();
            Some((scene.to_owned(), windows?))
        };
        let (scene, windows) = windows(mark).ok_or_else(|| format!("{place}: not `scene NAME: WINDOW`: {line}"))?;
        let Some(indent) = lines.next().and_then(|(_, line)| line.find("```")) else {
            return Err(format!("{place}: no block begins below {line}"));
        };
        let shown = lines.by_ref().map(|(_, line)| line).take_while(|line| !line.trim_start().starts_with("```"));
        let lines = shown.map(|line| line.get(indent..).unwrap_or_default().to_owned()).collect();
        blocks.push(Block { place, scene, windows, lines });
    }
    Ok(blocks)
}

/// All blocks of the documents.
fn all_blocks() -> Vec<Block> {
    let blocks = documents().into_iter().map(|(path, text)| blocks(&path, &text));
    blocks.collect::<Result<Vec<_>, _>>().unwrap_or_else(|fault| panic!("{fault}")).concat()
}

impl Block {
    /// The part of its lines that shows a window.
    fn column(&self, number: usize) -> Vec<String> {
        let begin = self.windows[number].1;
        let end = self.windows.get(number + 1).map_or(usize::MAX, |(_, column)| *column);
        let part = |line: &String| line.chars().skip(begin).take(end - begin).collect::<String>().trim_end().to_owned();
        self.lines.iter().map(part).collect()
    }

    /// What it shows that is not in the windows; `text` has their lines.
    fn fault(&self, text: impl Fn(&str) -> Option<Vec<String>>) -> Option<String> {
        self.windows.iter().enumerate().find_map(|(number, (window, _))| {
            let Some(text) = text(window) else { return Some(format!("{}: no window {window}", self.place)) };
            let mut rest = text.iter();
            let shown = self.column(number);
            let missing = shown.iter().filter(|line| !line.is_empty()).find(|line| {
                let pattern = pattern(line);
                !rest.any(|line| fits(&pattern, &in_single_spaces(line)))
            })?;
            let (place, shown, text) = (&self.place, shown.join("\n"), text.join("\n"));
            Some(format!("{place}: {window} does not show {missing:?}, in\n{shown}\n--- it shows\n{text}"))
        })
    }
}

/// A line of a transcript as a pattern: ports, times, keys, processes, paths and counted switches are different each time.
fn pattern(line: &str) -> String {
    // The process at its start, as ps and strace have it, may have a longer number, and fewer spaces before it.
    let bare = line.trim_start();
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = bare.split_at(digits);
    let is_process = !number.is_empty() && (line != bare && rest.starts_with(' ') || rest.starts_with('<'));
    let (start, line) = if is_process { ("*", rest) } else { ("", line) };
    let words: Vec<&str> = line.split(' ').collect();
    let masked = words.iter().enumerate().map(|(at, word)| match word {
        _ if word.starts_with("127.0.0.1") => (*word).to_owned(),
        // What a thread waits for in the kernel has another name in another one.
        _ if word.starts_with("futex_") => "*".to_owned(),
        _ if changes(word) || at > 0 && words[at - 1].ends_with("switches:") => "*".to_owned(),
        _ => without_long_numbers(&word.replace("...", "*").replace('…', "*")),
    });
    in_single_spaces(&(start.to_owned() + &masked.collect::<Vec<_>>().join(" ")))
}

/// Columns of a table may be wider.
fn in_single_spaces(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether it is a time, a date, a key, or a path.
fn changes(word: &str) -> bool {
    let word = word.trim_matches(['(', '[', ']', ')', ',', '.', ';']);
    let is_time = word.len() >= 5
        && word.contains([':', '-'])
        && word.bytes().all(|byte| byte.is_ascii_digit() || b":-.".contains(&byte));
    let is_key = word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_path = word.strip_prefix('/').is_some_and(|rest| rest.contains('/'));
    is_time || is_key || is_path
}

/// A word with `*` for each number of five digits and more, as ports that the system chooses.
fn without_long_numbers(word: &str) -> String {
    let mut pattern = String::new();
    let mut rest = word;
    while let Some(begin) = rest.find(|char: char| char.is_ascii_digit()) {
        let length = rest[begin..].bytes().take_while(u8::is_ascii_digit).count();
        let number = &rest[begin..begin + length];
        pattern += &rest[..begin];
        pattern += if length < 5 { number } else { "*" };
        rest = &rest[begin + length..];
    }
    pattern + rest
}

/// Plays a scene, and compares all blocks that show it.
fn plays(name: &str) {
    let scene = Scene::load(name).unwrap();
    let missing = scene.missing().map(|tool| format!("there is no {tool}"));
    let missing = missing.or_else(|| (!Stage::can_be_apart()).then(|| "no namespaces can be made".to_owned()));
    if let Some(missing) = missing {
        assert!(env::var("SCENES").as_deref() != Ok("required"), "{missing}");
        return skip(&missing);
    }
    let programs = Path::new(env!("CARGO_BIN_EXE_chat-server")).parent().unwrap();
    let stage = Stage::open(programs, true).unwrap();
    play(&scene, &stage, &mut Nobody).unwrap_or_else(|fault| panic!("{fault}"));
    let text = |window: &str| Some(stage.text(&scene.windows[scene.window(window)?]).unwrap());
    let blocks = all_blocks();
    let faults = || -> Vec<String> {
        blocks.iter().filter(|block| block.scene == name).filter_map(|block| block.fault(text)).collect()
    };
    // The last lines may still be on their way.
    let _ = wait_for("the text", PATIENCE, || Ok(faults().is_empty().then_some(())));
    assert!(faults().is_empty(), "{}", faults().join("\n"));
}

/// A test for each scene, so that a failure names it.
macro_rules! scenes {
    ($($test:ident $name:literal,)*) => {
        $(#[test]
        fn $test() {
            plays($name);
        })*

        const PLAYED: &[&str] = &[$($name),*];
    };
}

scenes! {
    first_contact "first-contact",
    first_talk "first-talk",
    task_1 "task-1",
    task_2 "task-2",
    task_3 "task-3",
    task_4 "task-4",
    file "file",
    group "group",
    changed_key "changed-key",
    flood "flood",
    irssi "irssi",
    multicast "multicast",
    page "page",
    recovery "recovery",
    room "room",
    tcpdump "tcpdump",
    tcpdump_tls "tcpdump-tls",
    seeds "seeds",
}

#[test]
fn each_scene_is_played_by_a_test() {
    let names = scene::names().unwrap();
    let not_played: Vec<_> = names.iter().filter(|name| !PLAYED.contains(&name.as_str())).collect();
    assert!(not_played.is_empty(), "add to tests/scenes.rs: {not_played:?}");
}

#[test]
fn each_picture_is_taken_of_a_scene_and_shown() {
    let taken = |name: String| Scene::load(&name).unwrap().pictures().map(|it| it.name.clone()).collect::<Vec<_>>();
    let mut taken = scene::names().unwrap().into_iter().flat_map(taken).collect::<Vec<_>>();
    let entries = fs::read_dir(root().join("report/pictures")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut there: Vec<String> = entries.map(|name| name.into_string().unwrap().replace(".png", "")).collect();
    taken.sort();
    there.sort();
    assert_eq!(taken, there, "what scenes take pictures of, and what is in report/pictures: make screenshots");
    for scene in scene::names().unwrap().iter().map(|name| Scene::load(name).unwrap()) {
        for picture in scene.pictures() {
            let file = root().join("report/pictures").join(&picture.name).with_extension("png");
            let is_of_today = fs::read(file).unwrap().windows(scene.sum.len()).any(|part| part == scene.sum.as_bytes());
            assert!(is_of_today, "{} has changed since its picture: make screenshots TASK={}", scene.name, scene.name);
        }
    }
    let documents: String = documents().into_iter().map(|(_, text)| text).collect();
    there.retain(|name| !documents.contains(&format!("pictures/{name}.png)")));
    assert!(there.is_empty(), "neither README.md nor the report shows {there:?}");
}

#[test]
fn each_block_shows_a_scene_that_exists() {
    let names = scene::names().unwrap();
    let faults: Vec<_> = all_blocks().into_iter().filter(|block| !names.contains(&block.scene)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_is_different_each_time_counts_as_equal() {
    for (shown, now) in [
        ("Client (127.0.0.1, 42988) connected", "Client (127.0.0.1, 57310) connected"),
        ("Its key has the fingerprint 1741e67cdf7f...", "Its key has the fingerprint fa01fa01fa01"),
        ("09:30 [2026-11-25 09:32 UTC] tesla: Hi", "23:59 [2027-01-01 00:00 UTC] tesla: Hi"),
        ("remembers it in /home/tesla/known_servers", "remembers it in /tmp/x"),
        ("    138 log             futex_do_wait     00:00:00", "   1380 log             futex_wait    00:00:01"),
        ("18<client> accept4(3, sin_port=htons(41760)) = 7", "9<client> accept4(3, sin_port=htons(52000)) = 7"),
        ("receiver voluntary_ctxt_switches: 5", "receiver voluntary_ctxt_switches: 17"),
    ] {
        assert!(fits(&pattern(shown), now), "{shown:?} is {:?}", pattern(shown));
    }
    for (shown, now) in [
        ("2 here: albert, tesla", "3 here: albert, tesla"),
        ("#lobby> /name bert", "#lobby> /nick bert"),
        ("Bob is offline", "Bob added offline"),
        ("listening on 127.0.0.1:6667", "listening on 127.0.0.1:7000"),
    ] {
        assert!(!fits(&pattern(shown), now), "{shown:?} is {:?}", pattern(shown));
    }
}

#[test]
fn a_fault_in_a_block_is_found() {
    let document = "Text.\n\n  <!-- scene s: a | b@8 -->\n  ```text\n  one     two\n          three\n  ```\n";
    let [block] = &blocks("x.md", document).unwrap()[..] else { panic!() };
    assert_eq!((&*block.place, &*block.scene), ("x.md:3", "s"));
    let shown = |windows: [&[&str]; 2]| {
        let text = |name: &str| Some(windows[usize::from(name == "b")].iter().copied().map(str::to_owned).collect());
        block.fault(text).map(|fault| fault.lines().next().unwrap().to_owned())
    };
    assert_eq!(shown([&["zero", "one"], &["two", "more", "three"]]), None);
    assert_eq!(shown([&["one"], &["three", "two"]]).as_deref(), Some("x.md:3: b does not show \"three\", in"));
    assert_eq!(shown([&[], &["two", "three"]]).as_deref(), Some("x.md:3: a does not show \"one\", in"));
    assert_eq!(block.fault(|_| None).as_deref(), Some("x.md:3: no window a"));
    for wrong in ["<!-- scene s -->\n```\n```", "<!-- scene s: a -->\ntext", "<!-- scene s: a | b -->\n```\n```"] {
        assert!(blocks("x.md", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_line_that_is_no_step_is_named() {
    let good = "title t\nneeds cat\nwindow a@b 80x24 A window\n# it\na> text  with > signs\na: C-d\na? x * y\na$\n";
    let scene = Scene::parse("s", &format!("{good}picture p dark a\n")).unwrap();
    assert_eq!(scene.windows[0].person, "b");
    assert_eq!(scene.steps[0].action, Action::Enter { window: 0, text: "text  with > signs".to_owned() });
    assert_eq!(scene.steps[2].action, Action::Wait { window: 0, pattern: "*x * y*".to_owned() });
    let picture = Picture { name: "p".to_owned(), is_dark: true, windows: vec![0] };
    assert_eq!(scene.steps[4], Step { line: 9, action: Action::Picture(picture) });
    let of_a_window = ["c> text", "a", "a!", "a: ", "a? ", "a$ text", "window a 80x24 Again", "acquainted a"];
    for wrong in
        [&of_a_window[..], &["words", "picture", "picture p light", "window d 80 D", "window e 80", "page d 80x24 D"]]
            .concat()
    {
        let fault = Scene::parse("s", &format!("{good}{wrong}\n")).err().unwrap_or_default();
        assert!(fault.starts_with("tests/scenes/s.scene:9: "), "{wrong}: {fault}");
    }
}
