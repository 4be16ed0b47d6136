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

use crate::harness::{fits, skip};
use crate::source::{files, root};
use play::{Nobody, play};
use scene::Scene;
use stage::Stage;

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

/// All blocks of README.md and the report.
fn all_blocks() -> Vec<Block> {
    let readme = ("README.md".to_owned(), fs::read_to_string(root().join("README.md")).unwrap());
    let documents = files("report", ".md").into_iter().chain([readme]);
    let blocks = documents.map(|(path, text)| blocks(&path, &text));
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
                !rest.any(|line| fits(&pattern, line))
            })?;
            let (place, shown, text) = (&self.place, shown.join("\n"), text.join("\n"));
            Some(format!("{place}: {window} does not show {missing:?}, in\n{shown}\n--- it shows\n{text}"))
        })
    }
}

/// A line of a transcript as a pattern: ports, times, keys, processes and paths are different each time.
fn pattern(line: &str) -> String {
    let changes = |word: &str| {
        let word = word.trim_matches(['(', '[', ']', ')', ',', '.', ';']);
        let is_time = word.len() >= 5 && word.bytes().all(|byte| byte.is_ascii_digit() || b":-.".contains(&byte));
        let is_key = word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        word.starts_with('/') || is_time || is_key
    };
    let word = |word: &str| match word {
        _ if word.starts_with("127.0.0.1") => word.to_owned(),
        _ if changes(word) => "*".to_owned(),
        _ => word.replace("...", "*").replace('…', "*"),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
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
    let faults: Vec<String> =
        all_blocks().iter().filter(|block| block.scene == name).filter_map(|block| block.fault(text)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
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
    task_4 "task-4",
}

#[test]
fn each_scene_is_played_by_a_test() {
    let names = scene::names().unwrap();
    let not_played: Vec<_> = names.iter().filter(|name| !PLAYED.contains(&name.as_str())).collect();
    assert!(not_played.is_empty(), "add to tests/scenes.rs: {not_played:?}");
}

#[test]
fn each_block_shows_a_scene_that_exists() {
    let names = scene::names().unwrap();
    let faults: Vec<_> = all_blocks().into_iter().filter(|block| !names.contains(&block.scene)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
